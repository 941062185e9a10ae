"""What a step of a ladder does: who is told on which level, which post was empty, when the next comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import clocking, levels, standing
from kezun.cases.doing import Doing, effect
from kezun.cases.models import Clock, Firing
from kezun.cases.rules.ladders import GROUP, HANDLER, Ladder, Told, coming, ladder_of, reached
from kezun.org.calendars import default_code
from kezun.org.models import UnitCalendar
from kezun.org.queries import worktime_for
from kezun.org.rules.worktime import Worktime


@effect("escalate")
def escalated(doing: Doing) -> None:
    """One step of one clock, once: a repetition finds the clock on its next step and is refused.

    Where several steps have passed since it was looked at last, the latest of them is taken.
    """
    clock = Clock.objects.filter(pk=doing.said["clock"], case=doing.case).first()
    if clock is not None:
        clock.case = doing.case
    step = doing.said["step"]
    if clock is None or clock.state != Clock.State.RUNNING or not clock.snapshot.get("ladder"):
        raise ValidationError({"clock": _("No such clock is running in this case.")})
    if clock.step != step or clock.next_at is None or clock.next_at > doing.at:
        raise NotDue({"step": _("This step is not due: it was taken already, or comes later.")})
    ladder = ladder_of(clock.snapshot["ladder"])
    span = (_worktime(clock), clock.start_at, clock.act_by_at, doing.at)
    latest = coming(ladder, *span, since=step).step
    found = recipients(doing, clock, ladder, latest)
    firing = Firing.objects.create(
        clock=clock,
        step=latest,
        cycle=begun(clock),
        at=doing.at,
        unit_id=found.unit,
        climbed=found.climbed,
        told=len(found.people),
    )
    clock.step, clock.next_at = coming(ladder, *span, since=latest + 1)
    clock.save(update_fields=["step", "next_at"])
    doing.sets["level"] = doing.case.level + 1
    doing.told["escalated"] = {
        **{"firing": firing.pk, "policy": clock.policy, "step": latest, "act_by": clock.act_by_at},
        **{"people": list(found.people), "lines": found.lines, "climbed": found.climbed},
    }


class NotDue(ValidationError):
    """The step was taken already, perhaps by another worker a moment ago."""


def _worktime(clock: Clock) -> Worktime:
    named = clock.snapshot["policy"].get("calendar") or _calendar(clock.case.owner_unit_id)
    return levels.once(("worktime", named), lambda: worktime_for(calendar=named))


def _calendar(unit: int) -> str:
    """The calendar of the unit, that of the nearest above, else the usual (as `org.calendars.code_for`)."""
    rows = UnitCalendar.objects.values_list("unit", "calendar__code")
    own: dict[int, str] = levels.once("calendars", lambda: dict(rows))
    nearest = next((own[place] for place in levels.chain(unit) if place in own), None) if own else None
    return nearest or levels.once("usual", default_code)


def begun(clock: Clock) -> int:
    """How often the clock's ladder was begun anew: each start, restart, reopening and extension."""
    return max(sum(row[0] in clocking.ANEW for row in clock.history) - 1, 0)


@dataclass(frozen=True)
class Reached:
    """Whom a step reaches: people without repetition, the lowest unit, most levels climbed, by line."""

    people: tuple[int, ...]
    unit: int | None
    climbed: int
    lines: dict[str, Any]


def recipients(doing: Doing, clock: Clock, ladder: Ladder, step: int) -> Reached:
    """The handler and both lines on the step's level; an empty level is climbed at once.

    The units above are those of the clock's start, unless the case lies elsewhere by now. Whoever is named in
    the case is not told, and does not count as somebody who stands there.
    """
    case, rung = doing.case, ladder.rung(step)
    above = _chain(clock, levels.lies_with(case))
    barred = frozenset(standing.named(case))
    held = dict(levels.holders(ladder, above, case.line_id))
    if GROUP in rung.to:
        held[GROUP] = levels.group(above)
    told: dict[str, Told] = {}
    for name in rung.to:
        if name != HANDLER:
            told[name] = reached(above, 0 if name == GROUP else rung.up, held[name], barred)
    if HANDLER in rung.to:
        mine = _handler(doing, barred)
        told[HANDLER] = mine or reached(above, 0, _anybody(held), barred)
    people = tuple(dict.fromkeys(person for one in told.values() for person in one.people))
    units = [one.unit for one in told.values() if one.unit is not None]
    lines = {
        name: {"unit": one.unit, "climbed": one.climbed, "people": list(one.people)}
        for name, one in told.items()
    }
    lowest = min(units, key=above.index, default=None)
    return Reached(people, lowest, max((one.climbed for one in told.values()), default=0), lines)


def _chain(clock: Clock, unit: int) -> list[int]:
    kept: list[int] = clock.snapshot.get("above") or []
    return kept if kept[:1] == [unit] else levels.chain(unit)


def _handler(doing: Doing, barred: frozenset[int]) -> Told | None:
    """The handler at the unit where the case lies; None where nobody handles it who could be told."""
    handler = doing.case.handler_id
    if handler is None or handler in barred or not levels.active(handler):
        return None
    return Told(levels.lies_with(doing.case), 0, (handler,))


def _anybody(held: levels.Holders) -> dict[int, list[int]]:
    """Everybody of all lines by unit: who is told where nobody handles the case yet."""
    merged: dict[int, list[int]] = {}
    for line in held.values():
        for unit, people in line.items():
            merged.setdefault(unit, []).extend(person for person in people if person not in merged[unit])
    return merged
