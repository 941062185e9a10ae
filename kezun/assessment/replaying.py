"""A run repeated from what it wrote down: equal, or the first things that differ, by subject and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from kezun.assessment import packing
from kezun.assessment.computing import Outcome, Progress, Row, compute
from kezun.assessment.inputs import again, inputs_hash
from kezun.assessment.models import Run, Score
from kezun.assessment.rules.lines import Line, Result

MOST = 100
# What a stored score says besides its lines; `rank` with its interval.
NAMES = (
    *("score", "low", "high", "grade", "capped", "vetoes", "n", "why", "group", "rank", "ranked", "tier"),
)


@dataclass(frozen=True)
class Difference:
    """What one line (or `score`, `rank`) of one subject was and is now; `` where it was or is not there."""

    subject: str
    line: str
    then: str
    now: str


@dataclass(frozen=True)
class Replayed:
    """Whether a repetition gives the same bytes; notes: what its inputs are no longer, in words."""

    run: int
    equal: bool
    then: str
    now: str
    notes: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def replay(run: Run, progress: Progress = lambda share: None) -> Replayed:
    """Compute a done run anew from its pinned inputs and compare, subject by subject. Writes nothing.

    progress: called with 0 … 1 while it is computed.

    Raises NothingToRun where something is gone that the run cannot be repeated without.
    """
    given, notes = again(run.inputs)
    outcome = compute(given, progress)
    found = _differences(run, outcome, {s.key: s.group for s in given.roster.subjects})
    same = outcome.result_hash == run.result_hash and inputs_hash(run.inputs) == run.inputs_hash
    return Replayed(run.pk, same and not found, run.result_hash, outcome.result_hash, notes, found)


def _differences(run: Run, outcome: Outcome, groups: Mapping[str, str]) -> list[Difference]:
    """What the stored scores say otherwise, row by row: hashes alone do not see a row that was changed."""
    left = {row.key: row for row in outcome.rows}
    found: list[Difference] = []
    for before in Score.objects.filter(run=run).order_by("pk").iterator(chunk_size=2000):
        row = left.pop(before.subject, None)
        if row is None:
            found.append(Difference(before.subject, "score", _text(before.score), ""))
        else:
            found += _between(before, row, groups[row.key])
        if len(found) >= MOST:
            return found[:MOST]
    return [*found, *(Difference(row.key, "score", "", _text(row.score)) for row in left.values())][:MOST]


def _between(before: Score, row: Row, group: str) -> Iterator[Difference]:
    if bytes(before.lines) != row.body:
        yield from _unlike(before, row)
    at, span = row.standing, row.interval or (None, None)
    places = ((at.rank, at.low, at.high), at.ranked, at.tier) if at else ((None,) * 3, None, None)
    now = (
        *(row.score, *span, row.grade, row.capped, row.vetoes, row.n, row.why, group),
        *places,
    )
    for name, old, new in zip(NAMES, _stored(before), now, strict=True):
        if old != new:
            yield Difference(row.key, name, _text(old), _text(new))


def _stored(score: Score) -> tuple[Any, ...]:
    """The values of NAMES."""
    return (
        *(score.score, score.low, score.high, score.grade, score.capped, score.vetoes, score.n, score.why),
        *(score.group, (score.rank, score.rank_low, score.rank_high), score.ranked, score.tier),
    )


def _unlike(before: Score, row: Row) -> Iterator[Difference]:
    now = packing.unpack(row.body)
    try:
        then = packing.unpack(before.lines)
    except (OSError, msgspec.DecodeError, ValueError):
        yield Difference(row.key, "lines", _("cannot be read"), "")
        return
    if then != now:
        yield from _lines(row.key, then, now)


def _lines(key: str, then: Result, now: Result) -> Iterator[Difference]:
    """The lines that differ; the score where none does (its spread, its grade)."""
    old, new = ({(x.kind, x.id, x.version): x for x in r.lines} for r in (then, now))
    differ = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    for name in differ:
        yield Difference(key, "/".join(name), _said(old.get(name)), _said(new.get(name)))
    if not differ:
        yield Difference(
            key, "score", f"{then.score} {then.grade} {then.sd}", f"{now.score} {now.grade} {now.sd}"
        )


def _said(line: Line | None) -> str:
    if line is None:
        return ""
    figure = line.figure
    behind = f" ({figure.numerator}/{figure.denominator}, n {figure.n}, {figure.estimate})" if figure else ""
    return f"{line.points} {line.state}{behind}"


def _text(value: object) -> str:
    return "" if value is None else str(value)
