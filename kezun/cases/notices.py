"""Who should know what happened to a case: a notice each, written with the event, in the same transaction.

Whoever acts is not told of it, nor is anybody who is named in the case. A notice holds no personal data: it
names the case by number and says what happened; the mail that may follow says no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kezun.cases import levels, standing
from kezun.cases.doing import Doing, after
from kezun.cases.models import Notice, Petition, Preference
from kezun.cases.rules.quiet import send_at
from kezun.org.models import Assignment, Person, valid_on
from kezun.org.scope import roles

Wanted = tuple[str, Iterable[int | None]]  # what is said, to whom

SAYS: dict[str, str | Promise] = {
    "assigned": _("%(no)s waits to be taken at %(unit)s."),
    "returned": _("%(no)s was sent back to you."),
    "sent_back": _("%(no)s was sent back to work: the result needs more."),
    "proposed": _("%(no)s waits for your verification."),
    "verified": _("%(no)s was verified; the answer can be given."),
    "asked": _("An exception is asked for in %(no)s; you can decide it."),
    "granted": _("What you asked for in %(no)s was granted."),
    "refused": _("What you asked for in %(no)s was refused."),
    "escalated": _("%(no)s runs out of time: act by %(act_by)s."),
    "overdue": _("%(no)s is late: it had to be done by %(act_by)s."),
    "reopened": _("%(no)s was opened again."),
    "withdrawn": _("%(no)s was withdrawn: nothing more is to be done."),
    "closed": _("%(no)s, which you registered, is closed."),
    "merged": _("%(no)s was merged into another case."),
    "joined": _("Another case was merged into %(no)s; the earlier deadline holds."),
    "parted": _("A case was taken out of %(no)s again."),
    "recomputed": _("The deadline of %(no)s was worked out anew: act by %(act_by)s."),
}


def text_of(notice: Notice) -> str:
    """What a notice says, in the page's language."""
    held = {"no": "", "unit": "", "act_by": ""} | notice.data
    said = str(SAYS.get(notice.code, _("Something happened in %(no)s.")))
    return str(said % held)


@after
def told(doing: Doing) -> None:
    """Write the notices of this verb."""
    past = isinstance(doing.actor, standing.Ledger)  # nobody is told now of what happened long ago
    about = None if past else ABOUT.get(doing.verb)
    found: dict[tuple[int, str], None] = {}
    if about is not None:
        for code, people in about(doing):
            found |= {(person, code): None for person in people if person is not None}
    if found:
        send(doing, list(found))


def send(doing: Doing, wanted: list[tuple[int, str]]) -> None:
    """Notices (person, code) about what a verb did; nobody is told of their own doing."""
    silent = {doing.person.pk} if doing.person else set()
    if doing.verb != "escalate":  # whom a ladder reaches has been sifted before
        silent |= standing.named(doing.case)
    codes = {person: code for person, code in reversed(wanted) if person not in silent}
    people = Person.objects.filter(pk__in=codes, is_active=True).select_related("notice_preference")
    data = _data(doing, "assigned" in codes.values())
    Notice.objects.bulk_create(
        [_notice(doing, person, codes[person.pk], data) for person in people], ignore_conflicts=True
    )


def _notice(doing: Doing, person: Person, code: str, data: dict[str, Any]) -> Notice:
    made = Notice(person=person, case=doing.case, seq=doing.seq, code=code, data=data, at=doing.at)
    if settings.KEZUN_MAIL and person.email:
        wish = preference_of(person)
        now = timezone.localtime(max(doing.at, timezone.now()))
        at = send_at(now, wish.mail, wish.quiet_from, wish.quiet_until, wish.digest_at)
        made.mail = Notice.State.NONE if at is None else Notice.State.WAITING
        made.mail_at = at
    return made


def preference_of(person: Person) -> Preference:
    """How a person wants to be told by mail; the defaults where they have not said."""
    held: Preference | None = getattr(person, "notice_preference", None)
    return held or Preference(person=person)


def _data(doing: Doing, handed: bool) -> dict[str, Any]:
    """What every notice of a verb may say: number, unit, time to act; no title, which may name people."""
    case = doing.case
    unit = (case.pending_unit or case.owner_unit).title if handed else ""
    by = timezone.localtime(case.act_by_at) if case.act_by_at else None
    return {"no": case.no, "unit": unit, "act_by": f"{by:%Y-%m-%d %H:%M}" if by else "—"}


# --- who is told of what ---


def _handed(doing: Doing) -> Iterator[Wanted]:
    """A unit that is to take it: the person who was named, else who leads there."""
    unit = doing.sets.get("pending_unit")
    named = doing.told.get("to", {}).get("person") if doing.verb != "open" else None
    if named:
        yield "assigned", [named]
    elif unit:
        yield "assigned", leaders(unit)


def _returned(doing: Doing) -> Iterator[Wanted]:
    yield from _handed(doing)
    if not doing.sets.get("pending_unit"):
        yield "returned", [doing.case.opener_id, *leaders(doing.case.owner_unit_id)]


def _proposed(doing: Doing) -> Iterator[Wanted]:
    """Who could verify it: the lowest level on which somebody may who is not the handler."""
    case = doing.case
    chain = levels.chain(case.owner_unit_id)
    grave = case.severity <= standing.TOP_CONCERN
    for unit in chain[1:] if grave else chain:
        people = [pk for pk in holding("cases.verify", unit) if pk != case.handler_id]
        if people:
            yield "proposed", people
            return


def _asked(doing: Doing) -> Iterator[Wanted]:
    """Who could decide: on the lowest level above, heads alone where the policy wants them."""
    told = doing.told.get("petition", {})
    asker = doing.person.pk if doing.person else None
    for unit in levels.chain(doing.case.owner_unit_id)[1:]:
        people = holding("cases.grant", unit)
        if told.get("level") == "superior":
            people = [pk for pk in people if pk in heads(unit)]
        people = [pk for pk in people if pk not in (asker, doing.case.handler_id)]
        if people:
            yield "asked", people
            return


def _decided(doing: Doing) -> Iterator[Wanted]:
    petition = Petition.objects.filter(pk=doing.told.get("petition", {}).get("id")).first()
    if petition is not None:
        yield str(petition.decision), [petition.asked_by_id, doing.case.handler_id]


def _escalated(doing: Doing) -> Iterator[Wanted]:
    late = doing.case.act_by_at is not None and doing.at > doing.case.act_by_at
    yield "overdue" if late else "escalated", doing.told.get("escalated", {}).get("people", ())


def _handler(code: str) -> Callable[[Doing], Iterator[Wanted]]:
    """Tell whoever handles the case."""

    def about(doing: Doing) -> Iterator[Wanted]:
        yield code, [doing.case.handler_id]

    return about


def _closed(doing: Doing) -> Iterator[Wanted]:
    yield "closed", [doing.case.opener_id]


def _joined(doing: Doing) -> Iterator[Wanted]:
    if doing.told.get("joined", {}).get("type") == "duplicate_of":
        yield "joined", [doing.case.handler_id, *leaders(doing.case.owner_unit_id)]


def _recomputed(doing: Doing) -> Iterator[Wanted]:
    if doing.clocks:
        yield "recomputed", [doing.case.handler_id or doing.case.opener_id]


ABOUT: dict[str, Callable[[Doing], Iterator[Wanted]]] = {
    **{"open": _handed, "assign": _handed, "transfer": _handed, "return": _returned},
    **{"propose": _proposed, "send_back": _handler("sent_back"), "verify": _handler("verified")},
    **{"ask": _asked, "grant": _decided, "refuse": _decided, "escalate": _escalated},
    **{"reopen": _handler("reopened"), "withdraw": _handler("withdrawn"), "close": _closed},
    **{"merge": _handler("merged"), "join": _joined, "part": _handler("parted")},
    "recompute": _recomputed,
}


def holding(permission: str, unit: int) -> list[int]:
    """People posted at a unit today in a role that carries a permission."""
    wanted = [code for code, role in roles().items() if role.may(permission)]
    return _posted(unit, wanted)


def leaders(unit: int) -> list[int]:
    """Who hands out the work at a unit; everybody there who may take it, where nobody leads."""
    return holding("cases.assign", unit) or holding("cases.take", unit)


def heads(unit: int) -> list[int]:
    """Who decides what is for a head: of that unit, or for the whole bank."""
    wanted = [code for code, role in roles().items() if code == "unit_head" or role.reach == "bank"]
    return _posted(unit, wanted)


def _posted(unit: int, wanted: list[str]) -> list[int]:
    today = timezone.localdate()
    rows = Assignment.objects.filter(valid_on(today), unit=unit, post__role__in=wanted)
    return list(dict.fromkeys(rows.order_by("pk").values_list("person", flat=True)))
