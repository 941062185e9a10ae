"""Numbers for live dashboards: from daily and monthly states, quantiles to the 5 seconds of a bucket.

Counts, sums and what is divided from them are the same to the last bit as from the facts. A quantile is the
upper edge of its bucket, so at most 4 seconds above the exact one; pages say so («P90, 5 s bucket»).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from kezun.facts import cache
from kezun.facts.answers import Computed, Plan
from kezun.facts.asking import BadQuestion, Bound, bind
from kezun.facts.branches import branches
from kezun.facts.compile import Branch, State
from kezun.facts.duck import duck, paths
from kezun.facts.engine import Group
from kezun.facts.queries import assembled, snapshots_of
from kezun.facts.questions import Answer, Question
from kezun.facts.rules import Period, histogram_rank
from kezun.facts.states import OVERFLOW, Piece, Recipe, pieces, upper_edge
from kezun.kernel.actor import Actor

KEYS = {
    None: "CAST(0 AS BIGINT)",
    "person": "s.person",
    "day": "s.day",
    "month": "CAST(date_trunc('month', s.day) AS DATE)",
}
Histograms = Mapping[tuple[int, int, Any], Mapping[int, int]]


def live(actor: Actor, question: Question) -> list[Answer]:
    """As `queries.measure`, from states. Raises as it does, and BadQuestion for what states do not hold:
    other breakdowns than by person, day or month, narrowing to a part of the facts, distinct counts.
    """
    [bound] = bind(actor, [question])
    _check(question)
    plan = Plan()
    for id in question.indicators:
        for part in bound.catalogue.parts(id):
            plan.add(part)
    tree, targets = branches(bound.unit, question.below, question.period)
    snapshots = snapshots_of(bound, cache.versions())
    groups = {
        fact: _groups(bound, Recipe.of(fact, bound.catalogue), snapshots[fact], tree, states)
        for fact, states in plan.states.items()
    }
    return assembled(bound, Computed(plan, groups), targets)


def _check(question: Question) -> None:
    narrowed = (question.person, question.business, question.customer_class, question.hour, question.weekday)
    if question.by not in KEYS or any(value is not None for value in narrowed):
        raise BadQuestion(_("Live numbers come by person, day or month, and of all facts of a unit only."))


def _groups(
    bound: Bound, recipe: Recipe, snapshot: int, tree: Sequence[Branch], states: Sequence[State]
) -> dict[Group, tuple[int | None, ...]]:
    question = bound.question
    if any(s.op == "distinct" for s in states):
        raise BadQuestion(_("Distinct counts cannot be added up from states: ask for them exactly."))
    ranked = any(s.op in {"quantile", "at_most"} for s in states)
    if ranked and question.by == "person":
        raise BadQuestion(_("Live quantiles are kept by unit: ask for those of people exactly."))
    if not snapshot or not tree:
        return {}
    parts = _pieces(recipe, snapshot, question, tree)
    if not parts:
        return {}
    sums = _sums(parts, tree, recipe, question.by)
    histograms = _histograms(parts, tree, question.by) if ranked else {}
    return {
        group: tuple(_value(recipe, state, group, columns, histograms) for state in states)
        for group, columns in sums.items()
    }


def _pieces(recipe: Recipe, snapshot: int, question: Question, tree: Sequence[Branch]) -> list[Piece]:
    """Months where the tree stood still, days in those in which somebody moved."""
    if question.by == "day":
        return pieces(recipe, snapshot, question.period, whole_months=False)
    changed = {Period.of(day, "month").label for b in tree for day in (b.since, b.until)}
    made: list[Piece] = []
    start = question.period.start
    while start <= question.period.end:
        month = Period.of(start, "month")
        end = min(month.end, question.period.end)
        span = Period.parse(f"{start}..{end}")
        made += pieces(recipe, snapshot, span, whole_months=month.label not in changed)
        start = end + dt.timedelta(days=1)
    return made


def _value(
    recipe: Recipe, state: State, group: Group, columns: Sequence[int], histograms: Histograms
) -> int | None:
    if state.op in {"count", "sum"}:
        return columns[recipe.sums.index(state)]
    target, key = group
    counts = histograms.get((recipe.values.index((state.value, state.condition)), target, key), {})
    bucket = histogram_rank(dict(counts), state.p)
    if state.op == "at_most":
        return 0 if bucket is None else sum(n for b, n in counts.items() if b <= bucket)
    return None if bucket is None else upper_edge(min(bucket, OVERFLOW))


def _sums(
    parts: Sequence[Piece], tree: Sequence[Branch], recipe: Recipe, by: str | None
) -> dict[Group, tuple[int, ...]]:
    added = "".join(f", CAST(sum(s.s{i}) AS BIGINT)" for i in range(len(recipe.sums)))
    rows = _rolled_up([p.sums for p in parts], tree, f"{KEYS[by]} AS key_{added}", "GROUP BY b.target, key_")
    return {(row[0], row[1]): row[2:] for row in rows}


def _histograms(parts: Sequence[Piece], tree: Sequence[Branch], by: str | None) -> Histograms:
    picked = f"{KEYS[by]} AS key_, s.series, s.bucket, CAST(sum(s.n) AS BIGINT)"
    rows = _rolled_up([p.values for p in parts], tree, picked, "GROUP BY b.target, key_, s.series, s.bucket")
    found: dict[tuple[int, int, Any], dict[int, int]] = {}
    for target, key, series, bucket, n in rows:
        found.setdefault((series, target, key), {})[bucket] = n
    return found


def _rolled_up(files: Sequence[Any], tree: Sequence[Branch], picked: str, grouped: str) -> list[Any]:
    with duck() as connection:
        connection.register(
            "branches",
            pa.table(
                {
                    "unit": pa.array([b.unit for b in tree], pa.int64()),
                    "target": pa.array([b.target for b in tree], pa.int64()),
                    "since": pa.array([b.since for b in tree], pa.date32()),
                    "until": pa.array([b.until for b in tree], pa.date32()),
                }
            ),
        )
        return connection.execute(
            f"SELECT b.target, {picked} FROM read_parquet({paths(list(files))}) AS s "
            f"JOIN branches AS b ON b.unit = s.unit AND s.day BETWEEN b.since AND b.until {grouped}"
        ).fetchall()
