"""A search for signs over some days: counts from the facts, judged, the false discovery rate held over
all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from kezun.assessment.rules.signs import bursts, unlikely
from kezun.assessment.signals import inspectors, ratings
from kezun.assessment.signals.definitions import Signal, Signals, signals
from kezun.assessment.signals.span import Span, opened
from kezun.org.models import Person
from kezun.statistics.flags import discoveries

FEW = {"selective"}
OF_TICKETS = {"selective"}


@dataclass(frozen=True)
class Found:
    """One subject that stands out in one sign; see models.leads.Lead for the figures."""

    signal: str
    unit: int
    person: int | None
    k: int
    n: int
    expected: float
    p: float
    fact: str
    sample: tuple[str, ...]
    q: float = 1.0

    @property
    def figures(self) -> dict[str, Any]:
        """What a lead stores besides whom and when."""
        names = ("k", "n", "expected", "p", "q", "fact")
        return {name: getattr(self, name) for name in names} | {"sample": list(self.sample)}


def search(span: Span, wanted: Signals | None = None) -> list[Found]:
    """All subjects that stand out, the most striking first; every subject judged counts for the discovery
    rate."""
    known = wanted or signals()
    judged: list[Found] = []
    with opened(span, "ticket", "rating", "inspection") as engine:
        ratings.prepare(engine)
        people = dict(Person.objects.values_list("code", "pk"))
        for signal in known.by_id.values():
            judged += _judged(engine, signal, people)
    if not judged:
        return []
    q = discoveries([one.p for one in judged], known.chance).adjusted
    kept = [replace(one, q=float(v)) for one, v in zip(judged, q, strict=True) if v <= known.chance]
    return sorted(kept, key=lambda one: (one.q, one.p, one.signal, one.unit))


def _judged(engine: duckdb.DuckDBPyConnection, signal: Signal, people: Mapping[str, int]) -> Iterator[Found]:
    table = (ratings.LOOKS | inspectors.LOOKS)[signal.looks](engine, signal)
    rows = [r for r in _settled(table, people) if r["n"] >= signal.min_n]
    if not rows:
        return
    fact = (
        "inspection" if signal.side == "inspector" else "ticket" if signal.looks in OF_TICKETS else "rating"
    )
    column = {name: np.array([r[name] for r in rows], dtype=np.float64) for name in _numbers(table)}
    if signal.looks == "burst":
        seconds = signal.numbers["seconds"]
        chances = bursts(column["k"], column["pace"], column["hours"], seconds)
        expected = column["pace"] * seconds / 3600 / column["n"]
    else:
        expected = column["expected"]
        chances = unlikely(column["k"], column["n"], expected, few=signal.looks in FEW)
    for row, p, share in zip(rows, chances, expected, strict=True):
        keys = tuple(row["sample"] or ())
        yield Found(
            signal.id, row["unit"], row["person"], row["k"], row["n"], float(share), float(p), fact, keys
        )


def _settled(table: pa.Table, people: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    """Rows with the inspector as a person; rows that nothing can be compared with are left out."""
    for row in table.to_pylist():
        if row.get("expected", 0.0) is None:
            continue
        if "inspector" in row:
            row["person"] = people.get(row["inspector"])
        yield row


def _numbers(table: pa.Table) -> list[str]:
    return [n for n in ("k", "n", "expected", "pace", "hours") if n in table.column_names]
