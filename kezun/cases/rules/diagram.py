"""The course of a kind as a drawing: states in a row, steps between them as lines. Pure; in pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kezun.cases.rules.kinds import Step

ROW = (
    "registered",
    "accepted",
    "assigned",
    "working",
    "proposed",
    "verified",
    "answered",
    "closed",
    "checked",
)
BELOW = {"waiting": "working"}
EARLY = ("rejected", "withdrawn", "merged")
WIDE, HIGH, APART = 132, 38, 252
RISE, DEEP = 34, 112


@dataclass(frozen=True)
class Box:
    """A state and the middle of its box."""

    state: str
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """The steps from one state to another: `path` as SVG writes it, and where their names stand."""

    start: str
    end: str
    verbs: tuple[str, ...]
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Early:
    """An end before the end: by which verb, from which states."""

    state: str
    verb: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Diagram:
    """The whole drawing."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    early: tuple[Early, ...]
    width: float
    height: float


def diagram(steps: Iterable[Step]) -> Diagram:
    """Lay out the states that a flow uses, in the order of the course, with a line for each pair of them.

    Steps that lead forward rise above the row, steps back sink below it, the higher the further they reach.
    """
    told = [step for step in steps if step.to]
    used = {state for step in told for state in (*step.states, step.to)}
    row = [state for state in ROW if state in used]
    base = _highest(told, row) * RISE * 0.75 + HIGH + 16
    places = {state: (WIDE / 2 + 12 + at * APART, base) for at, state in enumerate(row)}
    for state, over in BELOW.items():
        if state in used and over in places:
            places[state] = (places[over][0], base + DEEP)
    pairs: dict[tuple[str, str], list[str]] = {}
    early = []
    for step in told:
        if step.to in EARLY:
            early.append(Early(step.to, step.verb, step.states))
            continue
        for state in step.states:
            if state in places and step.to in places and state != step.to:
                verbs = pairs.setdefault((state, step.to), [])
                if step.verb not in verbs:
                    verbs.append(step.verb)
    lines = [_line(a, b, tuple(verbs), places, row) for (a, b), verbs in pairs.items()]
    width = max((x for x, _y in places.values()), default=0) + WIDE / 2 + 12
    deepest = max([y for _x, y in places.values()] + [line.y for line in lines], default=0.0)
    boxes = tuple(Box(state, x, y) for state, (x, y) in places.items())
    return Diagram(boxes, tuple(lines), tuple(early), width, deepest + HIGH)


def _highest(steps: Iterable[Step], row: list[str]) -> int:
    """How far the farthest step reaches that leads forward past another state."""
    spans = [
        row.index(step.to) - row.index(state)
        for step in steps
        for state in step.states
        if state in row and step.to in row
    ]
    return max([span for span in spans if span > 1], default=0)


def _line(
    start: str, end: str, verbs: tuple[str, ...], places: dict[str, tuple[float, float]], row: list[str]
) -> Line:
    (x1, y1), (x2, y2) = places[start], places[end]
    if start in BELOW or end in BELOW:
        side = -14 if end in BELOW else 14
        top, bottom = (y1, y2) if y1 < y2 else (y2, y1)
        a, b = top + HIGH / 2, bottom - HIGH / 2
        path = f"M{x1 + side} {a if end in BELOW else b} L{x2 + side} {b if end in BELOW else a}"
        return Line(start, end, verbs, path, x1 + side * 3.4, b - 8)
    span = row.index(end) - row.index(start)
    if span == 1:
        path = f"M{x1 + WIDE / 2} {y1} L{x2 - WIDE / 2} {y2}"
        return Line(start, end, verbs, path, (x1 + x2) / 2, y1 - 8)
    up = -1 if span > 0 else 1
    edge, height = up * HIGH / 2, up * RISE * abs(span)
    shift = 18 if span > 0 else -18
    a, b = x1 + shift, x2 - shift
    path = f"M{a} {y1 + edge} C{a} {y1 + edge + height} {b} {y2 + edge + height} {b} {y2 + edge}"
    return Line(start, end, verbs, path, (a + b) / 2, y1 + edge + height * 0.75 + (-5 if up < 0 else 13))
