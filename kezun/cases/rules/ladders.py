"""Ladders: who is told, and when, while a clock runs out and after it has. Pure.

The steps before the end are shares of the working time from start to `act_by`, so that a warning never
falls into a holiday; those after it are worked days. The last step repeats every worked day until the clock
stops: a running clock always has a next step.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from kezun.org.rules.worktime import Worktime

HANDLER, GROUP = "handler", "group"
KEYS = {"share", "days", "up", "to"}


class NotALadder(ValueError):
    """What is wrong with a ladder as it is written; `where` is the step (0: the head), counted from 1."""

    def __init__(self, code: str, where: int = 0, about: str = "") -> None:
        super().__init__(f"{code} at step {where}: {about}" if where else f"{code}: {about}")
        self.code, self.where, self.about = code, where, about


@dataclass(frozen=True)
class Rung:
    """One step. share: of the working time up to `act_by`; else days: worked days after it.

    up: how many levels above the unit with which the case lies. to: `handler`, `group` (leading group), and
    names of lines.
    """

    share: float | None
    days: int
    up: int
    to: tuple[str, ...]

    @property
    def order(self) -> float:
        """Where the step lies: up to 1 before the end, above 1 after it."""
        return self.share if self.share is not None else 1 + self.days


@dataclass(frozen=True)
class Ladder:
    """The steps in order, and which roles make up each line."""

    id: str
    name: str
    name_en: str
    lines: Mapping[str, frozenset[str]]
    rungs: tuple[Rung, ...]

    @property
    def roles(self) -> frozenset[str]:
        """The roles of all lines."""
        return frozenset[str]().union(*self.lines.values())

    def rung(self, step: int) -> Rung:
        """The rung of a step; steps beyond the last repeat it."""
        return self.rungs[min(step, len(self.rungs) - 1)]


class Coming(NamedTuple):
    """The step that is next, and when."""

    step: int
    at: dt.datetime


def read_ladder(raw: Mapping[str, Any]) -> Ladder:
    """A ladder from its YAML. Raises NotALadder: name, lines, steps, order, place, to, key."""
    for name in ("id", "name"):
        if not isinstance(raw.get(name), str) or not raw[name]:
            raise NotALadder("name", about=name)
    lines = raw.get("lines")
    if not isinstance(lines, Mapping) or not lines or not all(_texts(roles) for roles in lines.values()):
        raise NotALadder("lines")
    if {HANDLER, GROUP} & set(lines):
        raise NotALadder("lines", about=", ".join(sorted({HANDLER, GROUP} & set(lines))))
    steps = raw.get("steps")
    if not isinstance(steps, list) or not steps:
        raise NotALadder("steps")
    rungs = tuple(_rung(number, step, set(lines)) for number, step in enumerate(steps, 1))
    for number, (before, after) in enumerate(pairwise(rungs), 2):
        if after.order <= before.order or after.up < before.up:
            raise NotALadder("order", number)
    return Ladder(
        raw["id"],
        raw["name"],
        str(raw.get("name_en", "")),
        {name: frozenset(roles) for name, roles in lines.items()},
        rungs,
    )


def ladder_of(raw: Mapping[str, Any]) -> Ladder:
    """The ladder that a clock keeps: each is read once, for many clocks keep the same."""
    return _read(json.dumps(raw, sort_keys=True))


@lru_cache(maxsize=64)
def _read(text: str) -> Ladder:
    return read_ladder(json.loads(text))


def _texts(found: object) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(one, str) for one in found)


def _rung(number: int, raw: object, lines: set[str]) -> Rung:
    if not isinstance(raw, Mapping):
        raise NotALadder("key", number)
    if strange := set(raw) - KEYS:
        raise NotALadder("key", number, ", ".join(sorted(map(str, strange))))
    share, days, up, to = raw.get("share"), raw.get("days"), raw.get("up", 0), raw.get("to")
    if (share is None) == (days is None):
        raise NotALadder("place", number, "share | days")
    if share is not None and (not _number(share) or not 0 < share <= 1):
        raise NotALadder("place", number, f"share {share}")
    if days is not None and (not _whole(days) or days < 1):
        raise NotALadder("place", number, f"days {days}")
    if not _whole(up) or up < 0:
        raise NotALadder("place", number, f"up {up}")
    if not isinstance(to, list) or not to or not set(to) <= lines | {HANDLER, GROUP}:
        raise NotALadder("to", number, str(to))
    return Rung(None if share is None else float(share), days or 0, up, tuple(to))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return _whole(value) or isinstance(value, float)


def moment(
    ladder: Ladder, step: int, worktime: Worktime, start: dt.datetime, act_by: dt.datetime
) -> dt.datetime:
    """When a step fires, for a clock that runs from `start` and has to be met by `act_by`."""
    last = len(ladder.rungs) - 1
    rung = ladder.rung(step)
    again = max(step - last, 0)
    if rung.share is not None and not again:
        return worktime.along(start, act_by, rung.share)
    return worktime.workdays_after(act_by, rung.days + again)


def coming(
    ladder: Ladder,
    worktime: Worktime,
    start: dt.datetime,
    act_by: dt.datetime,
    now: dt.datetime,
    *,
    since: int = 0,
) -> Coming:
    """The next step from step `since` on: what has to be set on a clock that was started or moved.

    Where several have passed already (a case received long ago, a system that stood still) only the latest
    of them is left: whoever is told late is told once. `at` lies before `now` then, so it fires at once.
    since: 0 for a clock begun anew or extended; the clock's own `step` where only its dates moved.
    """
    step = since
    at = moment(ladder, step, worktime, start, act_by)
    while (following := moment(ladder, step + 1, worktime, start, act_by)) <= now:
        step, at = step + 1, following
    return Coming(step, at)


class Told(NamedTuple):
    """Whom a line of a step reaches: the unit where somebody was found, how many empty levels it climbed."""

    unit: int | None
    climbed: int
    people: tuple[int, ...]


def reached(
    chain: Sequence[int], up: int, holders: Mapping[int, Sequence[int]], barred: frozenset[int]
) -> Told:
    """The people of a line at `up` levels above, else at the first level above that is not empty.

    chain: units from the one with which the case lies up to the top. holders: people of the line by unit.
    barred: people named in the case; a post that only they hold is as good as empty.
    """
    first = min(up, len(chain) - 1) if chain else 0
    for level in range(first, len(chain)):
        if people := tuple(p for p in holders.get(chain[level], ()) if p not in barred):
            return Told(chain[level], level - first, people)
    return Told(None, max(len(chain) - first, 0), ())
