"""Papers of a complaint: the reply letter, and the sheet of registration and handling (PDF)."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from kezun.cases import catalogs, clockwords, kinds, policies, sealing, showing, wording
from kezun.cases.following import reply_of
from kezun.cases.models import Case, Clock, Party
from kezun.cases.rules.kinds import Kind
from kezun.cases.timeline import history
from kezun.org.models import UnitPath
from kezun.ui.pdf import Document

MAIN = (Party.Role.COMPLAINANT, Party.Role.CUSTOMER)
WRITTEN_TO = (*MAIN, Party.Role.AGENT, Party.Role.HEIR, Party.Role.REPRESENTATIVE)
CLASSED = ("channel", "business", "reason_code", "urgency", "complexity", "product", "amount", "passed_by")
SAID = ("facts", "dispute", "claim", "asked")
FOUND = ("finding", "evidence", "fault", "cause_code", "cause", "system_cause", "system_reason")
ANSWERED = ("remedy", "paid", "decision", "reasons", "basis", "onward")


def head(name: str) -> str:
    """A word of the letter's head, in the language of the page where the bank gave both."""
    told: dict[str, str] = catalogs.numbers("complaints")["letter"]
    english = (get_language() or "").startswith("en")
    return str((told.get(f"{name}_en") if english else "") or told.get(name, ""))


def bank_of(case: Case) -> str:
    """The bank that signs: as the settings name it, else the unit at the top of the case's own."""
    top = (
        UnitPath.objects.filter(unit=case.unit_id)
        .select_related("ancestor")
        .order_by("-to_date", "-depth")
        .first()
    )
    return head("bank") or (top.ancestor if top else case.unit).title


def addressee(case: Case) -> dict[str, str]:
    """To whom the letter goes, in the clear: the complainant, else who speaks for them. Raises Erased."""
    found = list(Party.objects.filter(case=case, role__in=WRITTEN_TO, ended_at__isnull=True).order_by("pk"))
    found.sort(key=lambda party: party.role not in MAIN)
    return sealing.personal(found[0]) if found else {}


def letter(case: Case, to: dict[str, str]) -> bytes:
    """The reply to whoever brought the case; `to`: name and address as they stand under the key."""
    title = _("Reply to your complaint")
    if case.code != "complaint":
        title = _("Reply to your request for a review")
    made = Document(title, foot=f"{bank_of(case)} · {case.no}")
    made.paragraph(_("No. %(no)s") % {"no": case.no})
    if to.get("address"):
        made.paragraph(to["address"])
    made.paragraph(_("To %(name)s:") % {"name": to.get("name") or _("the customer")})
    made.paragraph(
        _("We received your complaint about %(unit)s on %(day)s, have looked into it, and answer:")
        % {"day": showing.day(case.received_at), "unit": case.unit.title}
    )
    for name, text in reply_of(case):
        made.heading(name, 2)
        made.paragraph(text)
    made.paragraph("")
    made.paragraph(bank_of(case))
    made.paragraph(head("office"))
    if head("phone"):
        made.paragraph(_("Telephone: %(phone)s") % {"phone": head("phone")})
    if head("address"):
        made.paragraph(head("address"))
    made.paragraph(showing.day(case.answered_at or timezone.now()))
    return made.content()


def sheet(case: Case) -> bytes:
    """The sheet of registration and handling: all that is known of a complaint, people masked."""
    form = kinds.form_of(case.kind)
    made = Document(_("Complaint: registration and handling"), foot=f"{bank_of(case)} · {case.no}")
    made.heading(_("Registration"))
    made.facts([*_registered(case), *fields(case, form, CLASSED)])
    made.facts(showing.people(case))
    made.facts(fields(case, form, SAID))
    made.heading(_("Deadlines"))
    clocks = case.clocks.order_by("start_at", "pk")
    made.table(
        (_("Deadline"), pgettext("deadline", "Due"), _("Extended"), _("Outcome")),
        [_deadline(clock) for clock in clocks],
        widths=(4, 2, 1.4, 1.6),
    )
    made.heading(_("Findings"))
    made.facts(fields(case, form, FOUND) or [(_("Findings"), "—")])
    made.heading(_("Reply"))
    made.facts(fields(case, form, ANSWERED) or [(_("Reply"), "—")])
    made.heading(_("Course"))
    made.table((_("When"), _("Who"), _("What")), list(_course(case, form)), widths=(2, 2, 5))
    made.facts([(_("Satisfaction"), str(case.satisfaction or "—"))])
    made.table(
        (_("Handled by"), _("Verified by"), _("Head of unit")),
        [(str(case.handler or ""), str(case.verifier or ""), "")],
    )
    return made.content()


def _deadline(clock: Clock) -> tuple[str, str, str, str]:
    known = policies.policies().get(clock.policy)
    title = known.title if known is not None else clock.policy
    more = clockwords.amount(clock, clock.extended) if clock.extended else "—"
    return title, showing.minute(clock.due_at), more, clock.get_outcome_display() or _("running")


def fields(case: Case, form: Kind, wanted: tuple[str, ...]) -> list[tuple[str, str]]:
    """Fields of the kind that are filled, with their names and values in words."""
    found = []
    for id in wanted:
        field = form.field(id)
        if field is not None and not field.sealed and case.data.get(id) not in (None, ""):
            found.append((showing.label(field), showing.value(field, case.data[id])))
    return found


def _registered(case: Case) -> Iterator[tuple[str, str]]:
    yield _("Number"), case.no
    yield _("Title"), case.title
    yield _("Received"), showing.minute(case.received_at)
    yield _("Complained of"), case.unit.title
    yield _("Lies with"), case.owner_unit.title
    yield _("Registered by"), str(case.opener or _("the customer"))
    yield _("Severity"), str(case.severity)
    yield _("State"), case.get_state_display()
    if case.repeat:
        yield _("Times before"), str(case.repeat)


def _course(case: Case, form: Kind) -> Iterator[tuple[str, str, str]]:
    """The history, the first event first: when, who, what with what was said."""
    for entry in reversed(history(case, form)):
        said = wording.series(wording.said(name, text) for name, text in entry.said)
        yield showing.minute(entry.at), entry.who, _done(entry.done, said)


def _done(done: str, said: str) -> str:
    return _("%(done)s. %(said)s") % {"done": done, "said": said} if said else done
