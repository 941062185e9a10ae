"""The ledger of merits and faults: entered by one person, confirmed by another, corrected by voiding."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.actions.judging import check_not_own
from kezun.assessment.merits import MeritKind, merit_kinds
from kezun.assessment.models import Merit, MeritFile
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit

LONGEST_PAST = dt.timedelta(days=3 * 366)
FILES = 6
OPEN = (Merit.State.ENTERED, Merit.State.CONFIRMED)


@action("assessment.enter_merit", target="unit", hidden=("title", "note"))
def enter_merit(
    actor: Actor,
    unit: Unit,
    *,
    kind: str,
    level: str,
    occurred_date: dt.date,
    title: str,
    person: Person | None = None,
    issuer: str = "",
    incident: str = "",
    note: str = "",
) -> Merit:
    """Put an event into the ledger; it counts nothing before a second person has confirmed it.

    Raises ValidationError by field: unknown kind or level, a day to come or older than three years, no title,
    or a person who does not belong to the unit on that day.
    """
    known = _known(kind, level)
    _check_day(occurred_date)
    if not title.strip():
        raise ValidationError({"title": _("Say in a few words what happened.")})
    if (
        person is not None
        and not Person.objects.filter(pk=person.pk, **_of_unit(unit, occurred_date)).exists()
    ):
        raise ValidationError({"person": _("This person did not belong to the unit on that day.")})
    waits = Merit.Responsibility.PENDING if known.attributed else Merit.Responsibility.RESPONSIBLE
    return Merit.objects.create(
        kind=kind,
        level=level,
        unit=unit,
        person=person,
        occurred_date=occurred_date,
        title=title.strip(),
        issuer=issuer.strip(),
        incident=incident.strip(),
        note=note.strip(),
        responsibility=waits,
        entered_by=actor if isinstance(actor, Person) else None,
    )


@action("assessment.prove_merit", target="merit")
def prove_merit(actor: Actor, merit: Merit, *, file: StoredFile) -> MeritFile:
    """Add a document to an entry that is not void; the same file twice is one."""
    held = _held(merit, *OPEN)
    if held.files.exclude(file=file).count() >= FILES:
        raise ValidationError(_("An entry holds at most %(n)d documents.") % {"n": FILES})
    return MeritFile.objects.get_or_create(merit=held, file=file)[0]


@action("assessment.confirm_merit", target="merit")
def confirm_merit(actor: Actor, merit: Merit) -> Merit:
    """The second person's yes: from now on the entry is a fact.

    Raises ValidationError for the one who entered it, for whom it is about, and for an honour of the same
    kind and level that its subject already has in that year.
    """
    held = _held(merit, Merit.State.ENTERED)
    _check_other(actor, held)
    _check_once(held)
    held.state, held.confirmed_at = Merit.State.CONFIRMED, timezone.now()
    held.confirmed_by = actor if isinstance(actor, Person) else None
    held.save(update_fields=["state", "confirmed_at", "confirmed_by"])
    return held


@action("assessment.attribute_merit", target="merit", hidden=("reason",))
def attribute_merit(actor: Actor, merit: Merit, *, responsibility: str, reason: str) -> Merit:
    """Decide who answers for an entry; a confirmed entry becomes a corrected fact.

    Raises ValidationError for an unknown outcome, a missing reason, the one who entered it or whom it is
    about.
    """
    if responsibility not in set(Merit.Responsibility.values) - {Merit.Responsibility.PENDING}:
        raise ValidationError({"responsibility": _("Choose who was found responsible.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: it is shown to the subject.")})
    held = _held(merit, *OPEN)
    _check_other(actor, held)
    held.responsibility, held.reason, held.facts_at = responsibility, reason.strip()[:400], None
    held.save(update_fields=["responsibility", "reason", "facts_at"])
    return held


@action("assessment.void_merit", target="merit", hidden=("reason",))
def void_merit(actor: Actor, merit: Merit, *, reason: str) -> Merit:
    """Take an entry back, with a reason; what was published of it is corrected by a later fact, never
    deleted."""
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: a void entry stays in the ledger with it.")})
    held = _held(merit, *OPEN)
    check_not_own(actor, unit=held.unit_id, person=held.person_id)
    held.state, held.reason, held.facts_at = Merit.State.VOID, reason.strip()[:400], None
    held.ended_at, held.ended_by = timezone.now(), actor if isinstance(actor, Person) else None
    held.save(update_fields=["state", "reason", "facts_at", "ended_at", "ended_by"])
    return held


@action("assessment.publish_merits")
def publish_merits(actor: Actor, *, keys: list[str]) -> int:
    """Note that the facts of these entries are in the store as they stand now."""
    return Merit.objects.filter(key__in=keys).update(facts_at=timezone.now())


def _known(kind: str, level: str) -> MeritKind:
    known = merit_kinds().get(kind)
    if known is None:
        raise ValidationError({"kind": _("Choose a kind of the list.")})
    if level not in known.levels:
        raise ValidationError(
            {"level": _("Levels of this kind: %(all)s.") % {"all": "、".join(known.levels)}}
        )
    return known


def _check_day(day: dt.date) -> None:
    now = timezone.localdate()
    if day > now:
        raise ValidationError({"occurred_date": _("The day lies in the future.")})
    if day < now - LONGEST_PAST:
        raise ValidationError({"occurred_date": _("The day lies more than three years back.")})


def _of_unit(unit: Unit, day: dt.date) -> dict[str, object]:
    return {"assignments__unit": unit, "assignments__from_date__lte": day, "assignments__to_date__gte": day}


def _held(merit: Merit, *states: str) -> Merit:
    held = Merit.objects.select_for_update().get(pk=merit.pk)
    if held.state not in states:
        raise ValidationError(
            _("The entry is «%(state)s» by now. Reload the page.") % {"state": held.get_state_display()}
        )
    return held


def _check_other(actor: Actor, merit: Merit) -> None:
    if isinstance(actor, Person) and actor.pk == merit.entered_by_id:
        raise ValidationError(_("A second person decides: you entered this yourself."))
    check_not_own(actor, unit=merit.unit_id, person=merit.person_id)


def _check_once(merit: Merit) -> None:
    if not merit_kinds()[merit.kind].once_a_year:
        return
    Unit.objects.select_for_update().get(pk=merit.unit_id)  # of two that are confirmed at once one waits
    same = Merit.objects.filter(
        kind=merit.kind,
        level=merit.level,
        unit=merit.unit_id,
        person=merit.person_id,
        occurred_date__year=merit.occurred_date.year,
        state=Merit.State.CONFIRMED,
    )
    if same.exists():
        raise ValidationError(
            _("This subject already has an honour of this kind and level in %(year)d: it counts once a year.")
            % {"year": merit.occurred_date.year}
        )
