"""Rankings, histories and comparisons of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.db.models import F

from kezun.assessment.breaks import remeasured
from kezun.assessment.lookups import code_of, forms_of, name_of, past, scores_for
from kezun.assessment.messages import say_why
from kezun.assessment.models import Run, Score
from kezun.assessment.rules.form import Component
from kezun.assessment.scorecards import title_of
from kezun.kernel.actor import Actor
from kezun.org.models import Unit


@dataclass(frozen=True)
class Ranked:
    """One row of a ranking; rank None: not ranked, too little is known. In a tier there is no order."""

    subject: str
    code: str
    name: str
    unit: int | None
    group: str
    score: Decimal | None
    low: Decimal | None
    high: Decimal | None
    grade: str
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    ranked: int | None
    tier: int | None
    n: int
    vetoes: int
    why: str


@dataclass(frozen=True)
class Point:
    """One period of a history. version: of the edition that judged, several joined by `+`; breaks: another
    one judged than in the point before, or inspections measured other things (`remeasured`: the components),
    so the line ends."""

    period: str
    run: int
    version: str
    score: Decimal | None
    low: Decimal | None
    high: Decimal | None
    grade: str
    rank: int | None
    ranked: int | None
    breaks: bool
    remeasured: tuple[Component, ...] = ()


def ranking(
    actor: Actor, run: Run, *, group: str | None = None, unit: Unit | None = None, limit: int | None = None
) -> list[Ranked]:
    """The scores in scope by rank; those not ranked after them by score, those not scored last.

    group: one peer group. unit: only subjects that stood under it at the period's end.
    """
    found = scores_for(actor, run).select_related("unit", "person", "line").defer("lines")
    if group is not None:
        found = found.filter(group=group)
    if unit is not None:
        found = found.filter(unit__in=Unit.objects.below(unit, run.to_date).values("pk"))
    # The database puts them in order, so that a page of a ranking of 200,000 reads a page.
    first = (F("rank").asc(nulls_last=True), F("score").desc(nulls_last=True), "subject")
    rows = list(found.order_by(*first)[:limit])
    titles = {c.id: title_of(c) for form in forms_of(run) for c in form.components}
    return [
        Ranked(
            *(s.subject, code_of(s), name_of(s), s.unit_id, s.group, s.score, s.low, s.high, s.grade),
            *(s.rank, s.rank_low, s.rank_high, s.ranked, s.tier, s.n, s.vetoes),
            say_why(s.why, titles) if s.why else "",
        )
        for s in rows
    ]


def groups(actor: Actor, run: Run) -> list[str]:
    """The peer groups of the scores in scope, by name."""
    return sorted(set(scores_for(actor, run).order_by().values_list("group", flat=True).distinct()))


def history(actor: Actor, urn: str, subject: str) -> list[Point]:
    """The runs that count of one subject, oldest first: for each period the last one done."""
    return points(past(actor, urn, subject))


def points(scores: Sequence[Score]) -> list[Point]:
    """Scores of one subject, of one period after another (`lookups.past`), as a history."""
    found: list[Point] = []
    for earlier, score in zip([None, *scores], scores, strict=False):
        version = "+".join(dict.fromkeys(e["version"] for e in cast(Any, score).editions))
        renewed = bool(found) and found[-1].version != version
        parts = remeasured(earlier, score) if earlier is not None and not renewed else ()
        found.append(
            Point(
                *(score.run.period, score.run_id, version, score.score, score.low, score.high, score.grade),
                *(score.rank, score.ranked),
                breaks=renewed or bool(parts),
                remeasured=parts,
            )
        )
    return found


@dataclass(frozen=True)
class Bridged:
    """One subject under two runs of one period: both scores, and how the change of rules moved it."""

    subject: str
    code: str
    name: str
    before: Decimal | None
    after: Decimal | None
    moved: Decimal | None
    grade_before: str = ""
    grade_after: str = ""

    @property
    def differs(self) -> bool:
        """Whether score or grade is another one."""
        return (self.before, self.grade_before) != (self.after, self.grade_after)


def comparable(actor: Actor, before: Run, after: Run) -> list[Bridged]:
    """The subjects that two runs share, biggest change first: a bridge between editions, or two what-ifs."""
    told = scores_for(actor, before).values_list("subject", "score", "grade")
    old = {subject: (score, grade) for subject, score, grade in told}
    rows = scores_for(actor, after).select_related("unit", "person", "line").defer("lines")
    found = [
        Bridged(
            *(s.subject, code_of(s), name_of(s), old[s.subject][0], s.score),
            s.score - was if s.score is not None and (was := old[s.subject][0]) is not None else None,
            *(old[s.subject][1], s.grade),
        )
        for s in rows
        if s.subject in old
    ]
    return sorted(found, key=lambda b: (b.moved is None, -abs(b.moved or Decimal(0)), b.subject))
