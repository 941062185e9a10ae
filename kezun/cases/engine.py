"""The engine: `apply` is the only way in which a case changes, `open_case` the only way in which one begins.

Both lock the case, check the step, collect what changes, move the clocks, append one event and bring the
projection up to date, in one transaction. The actions of the room call them and check nothing more.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import clocking, kinds, payload, queries, sealing, standing, wording
from kezun.cases.doing import AFTER, EFFECTS, GATES, RELATED, Doing
from kezun.cases.models import Case, Event
from kezun.cases.models import Kind as KindRow
from kezun.cases.remarks import Remark
from kezun.cases.rules.kinds import ENDED
from kezun.cases.rules.projecting import PROJECTED, project
from kezun.cases.rules.verbs import VERBS
from kezun.kernel import trail
from kezun.kernel.actor import Actor
from kezun.kernel.rows import insert, update
from kezun.kernel.rules import GENESIS, canonical, chain_digest
from kezun.org.models import Person, Unit

MOMENTS = frozenset(name for name in PROJECTED if name.endswith("_at"))


def apply(
    case: Case,
    verb: str,
    actor: Actor,
    given: Mapping[str, Any] | None = None,
    *,
    at: dt.datetime | None = None,
) -> Case:
    """Do `verb` to the case as `actor`, with what is `given`; returns the case as it is then.

    at: when it happened, for records taken over; now by default. Raises ValidationError by field, Denied,
    OutOfScope; nothing is changed then.
    """
    if verb == "open" or verb not in VERBS:
        raise ValidationError(_("There is no such step: %(verb)s.") % {"verb": verb[:40]})
    with transaction.atomic():
        row = Case.objects.select_for_update(of=("self",)).select_related("kind").get(pk=case.pk)
        doing = Doing(actor, row, kinds.form_of(row.kind), verb, _in_order(row, at))
        doing.step = doing.kind.step(verb, row.state)
        standing.check(doing)
        if doing.step is None:
            raise ValidationError(_impossible(doing))
        doing.said, doing.fields = payload.cleaned(actor, doing.kind, verb, given or {})
        try:
            _carry_out(doing)
        except sealing.Erased as erased:
            raise ValidationError(
                _("The personal data of this case were erased; none can be added.")
            ) from erased
    return doing.case


def _in_order(case: Case, at: dt.datetime | None) -> dt.datetime:
    """The moment of the next event: never before the last one, even where two machines' clocks differ."""
    if at is None:
        return max(timezone.now(), case.last_at)
    if at < case.last_at:
        raise ValidationError(_("This would lie before what happened last."))
    return at


def _impossible(doing: Doing) -> str:
    """Why the step cannot be, and what this actor can do instead, by what the buttons say."""
    told = {"state": doing.case.get_state_display()}
    names: list[str] = []
    if doing.person is not None:
        ground = standing.ground_of(doing)
        offers = queries.allowed_steps(doing.person, doing.case, doing.kind, ground)
        names = [wording.button(offer.verb) for offer in offers if offer.verb not in queries.BESIDE]
    if not names:
        return _("This is not possible while the case is «%(state)s».") % told
    text = _("This is not possible while the case is «%(state)s». Possible now: %(verbs)s.")
    return text % (told | {"verbs": _(", ").join(names)})


def open_case(
    actor: Actor,
    kind: KindRow,
    unit: Unit,
    given: Mapping[str, Any],
    *,
    at: dt.datetime | None = None,
    part: bool = False,
) -> Case:
    """Begin a case about `unit`; whoever opens it owns it until another unit takes it (first contact).

    part: of another case, which speaks with the customer, so that no first contact is due here.
    Raises ValidationError by field; nothing is kept then.
    """
    now = at or timezone.now()
    form = kinds.form_of(kind)
    said, fields = payload.cleaned(actor, form, "open", given)
    received = said.get("received_at") or now
    own = _home(actor, unit)
    with transaction.atomic(savepoint=False):
        row = Case(
            kind=kind,
            code=form.id,
            unit=unit,
            owner_unit=own,
            title=said["title"],
            state=Case.State.REGISTERED,
            opener=actor if isinstance(actor, Person) else None,
            received_at=received,
            opened_at=now,
            last_at=now,
        )
        insert(row)
        doing = Doing(actor, row, form, "open", now, said=said, fields=fields, part=part)
        doing.sets = {
            "state": Case.State.REGISTERED.value,
            "open": True,
            "title": row.title,
            "unit": unit.pk,
            "owner_unit": own.pk,
            "opener": row.opener_id,
            "received_at": plain(received),
            "opened_at": plain(now),
            "level": 0,
        }
        doing.told["kind"] = edition(kind)
        _carry_out(doing)
    return row


def _home(actor: Actor, unit: Unit) -> Unit:
    """The unit of whoever opens the case; of one without, the unit it is about."""
    if not isinstance(actor, Person) or actor.home_unit_id in (None, unit.pk):
        return unit
    return actor.home_unit or unit


def edition(kind: KindRow) -> dict[str, str]:
    """The edition of a kind, as the first event of a case tells it: the case keeps to it."""
    return {"code": kind.urn, "version": kind.version, "sha256": kind.sha256}


def _carry_out(doing: Doing) -> None:
    """Effects, gates, clocks, the event, the projection, what follows."""
    if doing.fields:
        doing.sets["data"] = dict(doing.fields)
    if doing.step and doing.step.to:
        doing.sets["state"] = doing.step.to
    for act in EFFECTS.get(doing.verb, ()):
        act(doing)
    past = isinstance(doing.actor, standing.Ledger)  # what happened before there were gates passed none
    for name in doing.step.gates if doing.step and not past else ():
        if lacking := GATES[name](doing):
            raise ValidationError(lacking)
    if "state" in doing.sets:
        doing.sets["open"] = doing.sets["state"] not in ENDED
        if not doing.sets["open"] and doing.case.closed_at is None:
            doing.sets.setdefault("closed_at", plain(doing.at))
    clocking.move(doing)
    _record(doing)
    for react in AFTER:
        react(doing)


def _record(doing: Doing) -> None:
    """Append the event and bring the row up to date."""
    case = doing.case
    doing.seq = case.seq + 1
    body: dict[str, Any] = {
        "case": case.pk,
        "seq": doing.seq,
        "at": doing.at,
        "verb": doing.verb,
        "actor": doing.actor.trail_name,
        "sets": doing.sets,
        "said": _spoken(doing),
    }
    body |= {"told": doing.told} if doing.told else {}
    body |= {"clocks": doing.clocks} if doing.clocks else {}
    body |= {"by_rule": True} if doing.by_rule else {}
    body |= {"behalf": doing.behalf.pk} if doing.behalf else {}
    text = canonical(body)
    digest = chain_digest(trail.key(), case.head or GENESIS, text, "sha256")
    insert(
        Event(
            case=case,
            seq=doing.seq,
            at=doing.at,
            actor=doing.person,
            behalf=doing.behalf,
            verb=doing.verb,
            clocked=bool(doing.clocks),
            body=text,
            digest=digest,
        )
    )
    was = values_of(case)
    values = project(was, json.loads(canonical(doing.sets)))
    changed = [name for name in PROJECTED if values[name] != was[name]]
    settle(case, {name: values[name] for name in changed})
    case.seq, case.head, case.last_at = doing.seq, digest, doing.at
    case.facts_at = None
    case.words = _words(case)
    update(case, *changed, "seq", "head", "last_at", "facts_at", "words", "fingerprint", "mark")


def _spoken(doing: Doing) -> dict[str, Any]:
    """What was said, as an event keeps it: records by their key, personal data not at all."""
    hidden = {take.name for take in VERBS[doing.verb].takes if take.kind in ("sealed", "party", "files")}
    return {name: _kept(value) for name, value in doing.said.items() if name not in hidden}


def _kept(value: Any) -> Any:
    """A value as an event keeps it: records by their key, sentences of the platform by theirs."""
    if isinstance(value, Remark):
        return value.plain()
    return value if isinstance(value, (str, int, dt.date)) else getattr(value, "pk", value)


def _words(case: Case) -> str:
    """What full-text search looks at: the number, the title and the texts of the kind's fields."""
    texts = [str(value) for value in case.data.values() if isinstance(value, str)]
    return " ".join([case.no, case.title, *texts])[:4000]


def plain(at: dt.datetime | None) -> str | None:
    """A moment as events hold it."""
    return None if at is None else at.astimezone(dt.UTC).isoformat()


def values_of(case: Case) -> dict[str, Any]:
    """The projected columns of a row as plain values: what `replay` of its events must give."""
    found: dict[str, Any] = {}
    for name in PROJECTED:
        value = getattr(case, f"{name}_id") if name in RELATED else getattr(case, name)
        found[name] = plain(value) if name in MOMENTS else value
    return found


def settle(case: Case, values: Mapping[str, Any]) -> None:
    """Put projected values onto a row (it is not saved)."""
    for name in PROJECTED:
        if name not in values:
            continue
        value = values[name]
        if name in MOMENTS:
            value = None if value is None else dt.datetime.fromisoformat(value)
        if name in RELATED:
            if getattr(case, f"{name}_id") != value:
                setattr(case, f"{name}_id", value)
        else:
            setattr(case, name, value)
