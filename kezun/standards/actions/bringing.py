"""Sheets that were filled elsewhere (on paper, by another program, by the demo), taken over as submitted."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.task import enqueue
from kezun.org.models import Person, Unit, UnitTag
from kezun.standards import answers as answering
from kezun.standards import queries, rules
from kezun.standards.checkers import Checkers
from kezun.standards.messages import say_lack
from kezun.standards.models import Sheet, Standard
from kezun.standards.rules.releasing import release_day

AT_ONCE = 500


@dataclass(frozen=True)
class Filled:
    """A sheet as it was filled. answers: criterion → {"value" or "na", "note"}, as a sheet stores them;
    indicators: measured values by name. key: the same key is taken over once."""

    key: uuid.UUID
    urn: str
    method: str
    unit: str
    inspector: str
    started_at: dt.datetime
    submitted_at: dt.datetime
    visited: dt.date
    answers: Mapping[str, Mapping[str, str]]
    indicators: Mapping[str, str] = field(default_factory=dict)


@action("standards.bring_sheets", hidden=("filled",))
def bring_sheets(actor: Actor, *, filled: Sequence[Filled]) -> int:
    """Take over sheets as submitted, all or none; returns how many were new.

    Each is judged by the edition of its day and the profile of its day. Who filled it must be one of those
    who could have filled it here, by the posts of the day of the visit and of the day of submission. Evidence
    is not asked for, since it lies where the sheet was filled. Raises ValidationError with what is wrong, by
    unit and day.
    """
    given = {f.key: f for f in filled}
    known = set(Sheet.objects.filter(key__in=given).values_list("key", flat=True))
    fresh = [f for key, f in given.items() if key not in known]
    units = {u.code: u for u in Unit.objects.filter(code__in={f.unit for f in fresh})}
    people = {p.code: p for p in Person.objects.filter(code__in={f.inspector for f in fresh})}
    editions: dict[tuple[str, dt.date], Standard | None] = {}
    tags, checkers = _Tags(units.values()), Checkers(people.values())
    rows, wrong = [], []
    for one in fresh:
        at = (one.urn, one.visited)
        if at not in editions:
            editions[at] = Standard.objects.for_day(*at)
        edition, unit, person = editions[at], units.get(one.unit), people.get(one.inspector)
        if edition is None or unit is None or person is None:
            wrong.append(f"{one.urn}, {one.unit}, {one.inspector}, {one.visited}: " + _("unknown"))
            continue
        rows.append(_row(one, edition, unit, person, tags.on(unit, one.visited)))
        told = _strange(rows[-1]) or [*_barred(rows[-1], unit, person, checkers), *_scored(rows[-1])]
        wrong += [f"{unit.code} {one.visited} {text}" for text in told]
    if wrong:
        raise ValidationError(wrong[:50])
    Sheet.objects.bulk_create(rows, batch_size=AT_ONCE)
    enqueue("standards.publish_due")
    return len(rows)


class _Tags:
    """The profiles of some units on any day, read at once."""

    def __init__(self, units: Iterable[Unit]) -> None:
        found = UnitTag.objects.filter(unit__in=[u.pk for u in units])
        self.rows: dict[int, list[UnitTag]] = {}
        for row in found:
            self.rows.setdefault(row.unit_id, []).append(row)

    def on(self, unit: Unit, day: dt.date) -> list[str]:
        rows = self.rows.get(unit.pk, ())
        return sorted({row.tag for row in rows if row.from_date <= day <= row.to_date})


def _row(one: Filled, edition: Standard, unit: Unit, person: Person, tags: list[str]) -> Sheet:
    standard = queries.whole(edition)
    covert = one.method in standard.covert_methods
    return Sheet(
        key=one.key,
        root=one.key,
        standard=edition,
        unit=unit,
        inspector=person,
        method=one.method,
        announced=not covert,
        blind=covert,
        visited_date=one.visited,
        release_date=release_day(one.visited, standard.release_days) if covert else None,
        tags=tags,
        indicators=dict(one.indicators),
        answers={id: dict(entry) for id, entry in one.answers.items()},
        state=Sheet.State.SUBMITTED,
        started_at=one.started_at,
        submitted_at=one.submitted_at,
    )


def _strange(row: Sheet) -> list[str]:
    """What cannot be of a sheet as it was filled: its times, its method, answers that it never asked for."""
    assert row.submitted_at is not None
    now, standard = timezone.now(), queries.whole(row.standard)
    if not row.started_at <= row.submitted_at <= now or row.visited_date > timezone.localdate(now):
        return [_("It was submitted before it was begun, or lies in the future.")]
    if row.method not in (known := answering.methods_of(standard)):
        return [_("This standard is judged by: %(known)s.") % {"known": ", ".join(known)}]
    asked = {c.id for c in rules.asked(standard, tags=row.tags, method=row.method)}
    if not asked:
        return [_("By this method nothing is asked at this unit.")]
    return [_("%(id)s is not asked on this sheet.") % {"id": id} for id in row.answers if id not in asked]


def _barred(row: Sheet, unit: Unit, person: Person, checkers: Checkers) -> list[str]:
    """Why somebody else should have filled it."""
    assert row.submitted_at is not None
    days = (row.visited_date, timezone.localdate(row.submitted_at))
    standard = queries.whole(row.standard)
    told = checkers.refusal(person, standard, unit, tags=row.tags, method=row.method, days=days)
    return [f"{person.code}: {told}"] if told else []


def _scored(row: Sheet) -> list[str]:
    """Score a row in place; what its answers lack."""
    standard = queries.whole(row.standard)
    try:
        result = rules.evaluate(
            standard,
            answering.given_in(standard, row.answers),
            tags=row.tags,
            indicators=answering.indicators_of(row),
            method=row.method,
        )
    except rules.NotScorable as error:
        return [say_lack(found) for found in error.lacks]
    row.score, row.earned, row.applicable = result.score, result.earned, result.applicable
    row.veto, row.grade_cap = list(result.veto), result.grade_cap or ""
    return []
