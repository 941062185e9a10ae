"""A run repeated from what it wrote down: equal, or the first things that differ, by subject and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kezun.assessment import packing
from kezun.assessment.computing import Outcome, Row, compute
from kezun.assessment.inputs import again, inputs_hash
from kezun.assessment.models import Run, Score
from kezun.assessment.rules.lines import Line, Result

MOST = 100


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


def replay(run: Run) -> Replayed:
    """Compute a done run anew from its pinned inputs and compare, subject by subject. Writes nothing.

    Raises NothingToRun where something is gone that the run cannot be repeated without.
    """
    given, notes = again(run.inputs)
    outcome = compute(given)
    same = outcome.result_hash == run.result_hash and inputs_hash(run.inputs) == run.inputs_hash
    found = [] if same else _differences(run, outcome)
    return Replayed(run.pk, same, run.result_hash, outcome.result_hash, notes, found)


def _differences(run: Run, outcome: Outcome) -> list[Difference]:
    kept = {s.subject: s for s in Score.objects.filter(run=run).iterator(chunk_size=2000)}
    found: list[Difference] = []
    for row in outcome.rows:
        before = kept.pop(row.key, None)
        if before is None:
            found.append(Difference(row.key, "score", "", _text(row.score)))
        else:
            found += _between(before, row)
        if len(found) >= MOST:
            return found[:MOST]
    return [*found, *(Difference(key, "score", _text(old.score), "") for key, old in kept.items())][:MOST]


def _between(before: Score, row: Row) -> Iterator[Difference]:
    then, now = packing.unpack(before.lines), packing.unpack(row.body)
    if then != now:
        yield from _lines(row.key, then, now)
    at = row.standing
    ranks = (
        (before.rank, before.rank_low, before.rank_high),
        (at.rank, at.low, at.high) if at else (None,) * 3,
    )
    if ranks[0] != ranks[1]:
        yield Difference(row.key, "rank", _text(ranks[0]), _text(ranks[1]))


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
