"""Writes to sheets: a checklist begun at a unit, filled, submitted, corrected by decision, or void."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, require
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit
from kezun.standards import answers as answering
from kezun.standards import queries, rules
from kezun.standards.checkers import check_checker
from kezun.standards.messages import say_lack
from kezun.standards.models import READ_BLIND, Evidence, Sheet, Standard
from kezun.standards.rules.marks import lack
from kezun.standards.rules.releasing import release_day

State = Sheet.State
CORRECT = "standards.correct_sheet"
Entries = Mapping[str, Mapping[str, Any] | None]
Pieces = Mapping[str, Sequence[StoredFile]]
# An answer that is not whole yet may be kept; what can never be right may not.
UNFINISHED = ("unanswered", "no_value", "na_without_reason")
BACK = dt.timedelta(days=90)
SCORED = (
    *("state", "submitted_at", "score", "earned", "applicable", "veto", "grade_cap", "indicators"),
    *("facts_at", "answers"),
)


class NotSubmittable(ValidationError):
    """What a sheet still lacks; `lacks` as the rules name it, `messages` in words."""

    def __init__(self, lacks: tuple[rules.Lack, ...]) -> None:
        self.lacks = lacks
        super().__init__([say_lack(found) for found in lacks])


@action("standards.begin_sheet", target="unit")
def begin_sheet(
    actor: Actor,
    unit: Unit,
    *,
    urn: str,
    method: str,
    visited: dt.date,
    key: uuid.UUID | None = None,
    person: Person | None = None,
    started_at: dt.datetime | None = None,
) -> Sheet:
    """Begin a sheet at a unit. The edition that holds on the day of the visit is pinned, and so is the unit's
    profile of that day. key: made on the device; the same key again gives the same sheet. A covert method is
    for those who may read blind sheets. Whoever is not among those whom the criteria name, or would inspect
    the own unit by a method that is not a self-check, is refused.
    """
    who = actor if isinstance(actor, Person) else None
    known = Sheet.objects.filter(key=key).first() if key else None
    if known is not None:
        if (known.unit_id, known.inspector_id, known.method) != (unit.pk, who.pk if who else None, method):
            raise ValidationError(_("This key belongs to another sheet."))
        return known
    edition = _edition(urn, visited)
    standard = queries.whole(edition)
    if method not in answering.methods_of(standard):
        there = ", ".join(answering.methods_of(standard))
        raise ValidationError({"method": _("This standard is judged by: %(known)s.") % {"known": there}})
    covert = method in standard.covert_methods
    if covert:
        require(actor, READ_BLIND, unit)
    number = key or uuid.uuid4()
    row = Sheet(
        key=number,
        root=number,
        standard=edition,
        unit=unit,
        person=person,
        inspector=who,
        method=method,
        announced=not covert,
        blind=covert,
        visited_date=visited,
        release_date=release_day(visited, standard.release_days) if covert else None,
        tags=answering.profile_on(unit, visited),
        started_at=_not_ahead(started_at),
    )
    if not rules.asked(standard, tags=row.tags, method=method):
        raise ValidationError({"method": _("By this method nothing is asked at this unit.")})
    check_checker(actor, standard, unit, tags=row.tags, method=method, visited=visited)
    row.save()
    return row


def _not_ahead(moment: dt.datetime | None) -> dt.datetime:
    """A device's moment, or now where it gave none or its clock is ahead."""
    return min(moment or timezone.now(), timezone.now())


def _edition(urn: str, visited: dt.date) -> Standard:
    today = timezone.localdate()
    if not today - BACK <= visited <= today:
        raise ValidationError(
            {"visited": _("A visit lies between %(days)d days ago and today.") % {"days": BACK.days}}
        )
    edition = Standard.objects.for_day(urn, visited)
    if edition is None:
        raise ValidationError(
            {"urn": _("No edition of this standard is in force on %(day)s.") % {"day": visited}}
        )
    return edition


@action("standards.save_sheet", target="sheet", hidden=("entries",))
def save_sheet(actor: Actor, sheet: Sheet, *, entries: Entries) -> Sheet:
    """Keep answers of one's own sheet while it is being filled; what is not named stays as it was.

    entries: criterion → {"value" or "na", "note"}, or None to take the answer back. An option that does not
    exist, or a number that cannot be, is refused at once; what is missing is told when it is submitted.
    """
    row = _own(actor, sheet)
    standard = queries.whole(row.standard)
    asked = {c.id: c for c in rules.asked(standard, tags=row.tags, method=row.method)}
    merged = dict(row.answers)
    for id, entry in entries.items():
        if id not in asked:
            raise ValidationError(_("%(id)s is not asked on this sheet.") % {"id": id})
        clean = answering.entry_of(**dict(entry)) if entry else None
        if clean is None:
            merged.pop(id, None)
            continue
        told = answering.given_in(standard, {id: clean}).get(id)
        wrong = lack(asked[id], told)
        if wrong is not None and wrong.code not in UNFINISHED:
            raise ValidationError(say_lack(wrong))
        merged[id] = clean
    row.answers = merged
    row.save(update_fields=["answers"])
    return row


@action("standards.attach_evidence", target="sheet")
def attach_evidence(actor: Actor, sheet: Sheet, file: StoredFile, *, criterion: str) -> Evidence:
    """Put a kept photo or document beside an answer of one's own sheet; the same file twice is once."""
    row = _own(actor, sheet)
    standard = queries.whole(row.standard)
    if standard.criterion(criterion) is None:
        raise ValidationError(_("%(id)s is not asked on this sheet.") % {"id": criterion})
    return Evidence.objects.get_or_create(sheet=row, criterion=criterion, file=file)[0]


@action("standards.detach_evidence", target="sheet")
def detach_evidence(actor: Actor, sheet: Sheet, *, evidence: int) -> None:
    """Take a photo away from one's own sheet while it is being filled; the file itself is kept."""
    Evidence.objects.filter(sheet=_own(actor, sheet), pk=evidence).delete()


@action("standards.submit_sheet", target="sheet")
def submit_sheet(actor: Actor, sheet: Sheet, *, submitted_at: dt.datetime | None = None) -> Sheet:
    """Submit one's own sheet: it is scored by its edition and can never be changed again.

    Raises NotSubmittable with everything that is missing. submitted_at: when it was finished on the device,
    for one that was sent later.
    """
    row = _own(actor, sheet)
    standard = queries.whole(row.standard)
    check_checker(actor, standard, row.unit, tags=row.tags, method=row.method, visited=row.visited_date)
    row.indicators = answering.values_for(standard, row.unit, row.visited_date)
    row.answers = answering.untyped(standard, row.answers, row.indicators)
    return _score(row, standard, _not_ahead(submitted_at))


def _score(row: Sheet, standard: rules.Standard, at: dt.datetime) -> Sheet:
    given = answering.given_in(standard, row.answers)
    values = answering.indicators_of(row)
    pieces = Evidence.objects.filter(sheet=row).select_related("file")
    photos = answering.evidence_counts(standard, row.answers, pieces)
    missing = rules.lacks(standard, given, tags=row.tags, method=row.method, indicators=values, photos=photos)
    if missing:
        raise NotSubmittable(tuple(missing))
    result = rules.evaluate(standard, given, tags=row.tags, indicators=values, method=row.method)
    row.state, row.submitted_at, row.facts_at = State.SUBMITTED, max(at, row.started_at), None
    row.score, row.earned, row.applicable = result.score, result.earned, result.applicable
    row.veto, row.grade_cap = list(result.veto), result.grade_cap or ""
    row.save(update_fields=SCORED)
    return row


@action("standards.correct_sheet", target="sheet", hidden=("entries",))
def correct_sheet(
    actor: Actor, sheet: Sheet, *, entries: Entries, reason: str, evidence: Pieces | None = None
) -> Sheet:
    """Correct a submitted sheet by decision: a new sheet takes its place, the old one stays as it was.

    reason: the number of the decision. evidence: kept files by criterion, beside those of the first. The same
    edition judges it, and what was measured then counts again; its facts supersede the first's.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Name the decision that orders the correction (its number).")})
    old = _locked(sheet, State.SUBMITTED)
    if isinstance(actor, Person) and actor.pk == old.inspector_id:
        raise ValidationError(_("You filled this sheet: a second person has to correct it."))
    standard = queries.whole(old.standard)
    if not entries:
        raise ValidationError(_("No answer was changed."))
    asked = {c.id for c in rules.asked(standard, tags=old.tags, method=old.method)}
    merged = dict(old.answers)
    for id, entry in entries.items():
        clean = answering.entry_of(**dict(entry)) if entry else None
        if id not in asked or clean is None:
            raise ValidationError(_("%(id)s is not asked on this sheet.") % {"id": id})
        merged[id] = clean
    copied = ("standard", "unit", "person", "inspector", "method", "announced", "blind", "visited_date")
    kept_secret = ("release_date", "released_by", "release_reason")
    row = Sheet.objects.create(
        **{
            name: getattr(old, name)
            for name in (*copied, *kept_secret, "tags", "root", "started_at", "indicators")
        },
        answers=merged,
        corrects=old,
        reason=reason.strip()[:400],
    )
    kept = [(e.criterion, e.file_id) for e in Evidence.objects.filter(sheet=old)]
    added = [(id, file.pk) for id, files in (evidence or {}).items() if id in asked for file in files]
    pieces = dict.fromkeys((*kept, *added))
    Evidence.objects.bulk_create([Evidence(sheet=row, criterion=id, file_id=pk) for id, pk in pieces])
    Sheet.objects.filter(pk=old.pk).update(state=State.CORRECTED)
    return _score(row, standard, timezone.now())


@action("standards.void_sheet", target="sheet")
def void_sheet(actor: Actor, sheet: Sheet, *, reason: str) -> Sheet:
    """Make a sheet void with a reason: one that was begun by mistake, or a visit that does not count.

    A draft by whoever fills it, else by who may correct it; once submitted, never by whoever filled it.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that others can follow it.")})
    row = _locked(sheet, State.DRAFT, State.SUBMITTED)
    own = isinstance(actor, Person) and actor.pk == row.inspector_id
    if row.submitted_at is not None or not own:
        require(actor, CORRECT, row)
    if row.submitted_at is not None and own:
        raise ValidationError(_("You filled this sheet: a second person has to make it void."))
    row.state, row.reason, row.facts_at = State.VOID, reason.strip()[:400], None
    row.save(update_fields=["state", "reason", "facts_at"])
    return row


def _own(actor: Actor, sheet: Sheet) -> Sheet:
    """The sheet, locked, still being filled, by whoever began it."""
    row = _locked(sheet, State.DRAFT)
    if isinstance(actor, Person) and row.inspector_id != actor.pk:
        raise ValidationError(_("Somebody else fills this sheet."))
    return row


def _locked(sheet: Sheet, *states: str) -> Sheet:
    row = Sheet.objects.select_for_update(of=("self",)).select_related("standard", "unit").get(pk=sheet.pk)
    if row.state not in states:
        raise ValidationError(
            _("This is not possible any more: the sheet is «%s».") % row.get_state_display()
        )
    return row
