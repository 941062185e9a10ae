"""Where facts belong, as tables for an engine: `places` by unit and day, `branches` up the tree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from kezun.facts.compile import Branch, Selection
from kezun.facts.expression import quoted

DAY = dt.timedelta(days=1)
# Days of Arrow count from here.
EPOCH = dt.date(1970, 1, 1).toordinal()
# So many units are named one by one; of more, the first and the last.
FEW = 50


def moved(selection: Selection, branches: Iterable[Branch]) -> bool:
    """Whether some branch does not cover the whole span, so that the day decides where a fact belongs."""
    first, last = selection.since, selection.until
    return any(since > first or until < last for _unit, _target, since, until in branches)


def within(branches: Iterable[Branch]) -> str:
    """The units asked about as a condition, so that files and parts of files without them are not read."""
    units, unit = {branch[0] for branch in branches}, quoted("unit")
    if not units:
        return "FALSE"
    if len(units) <= FEW:
        return f"{unit} IN ({', '.join(map(str, sorted(units)))})"
    return f"{unit} BETWEEN {min(units)} AND {max(units)}"


def tables(branches: Sequence[Branch], *, by_day: bool) -> dict[str, pa.Table]:
    """`branches` (place, target) and, by day, `places` (unit, since, until, place).

    Without days a unit is its own place. With them a place is a unit for as long as it belongs to the same
    targets, so a unit that never moved is one place whatever others do.
    """
    if not by_day:
        columns = [_column([branch[at] for branch in branches], pa.int64()) for at in (0, 1)]
        return {"branches": pa.table(columns, names=["place", "target"])}
    spans: dict[int, list[Branch]] = {}
    for branch in branches:
        spans.setdefault(branch.unit, []).append(branch)
    places: list[tuple[int, dt.date, dt.date, int]] = []
    belongs: list[tuple[int, int]] = []
    for unit, own in spans.items():
        for since, until, targets in _stretches(own):
            belongs += [(len(places), target) for target in targets]
            places.append((unit, since, until, len(places)))
    return {
        "places": _table(places, unit=pa.int64(), since=pa.date32(), until=pa.date32(), place=pa.int64()),
        "branches": _table(belongs, place=pa.int64(), target=pa.int64()),
    }


def _stretches(own: Sequence[Branch]) -> Iterable[tuple[dt.date, dt.date, set[int]]]:
    """The spans of days over which a unit's targets stay the same, without those in which it has none."""
    starts = sorted({b.since for b in own} | {b.until + DAY for b in own if b.until < dt.date.max})
    ends = [start - DAY for start in starts[1:]] + [dt.date.max]
    for since, until in zip(starts, ends, strict=True):
        if targets := {b.target for b in own if b.since <= since and until <= b.until}:
            yield since, until, targets


def _table(rows: Sequence[Sequence[int | dt.date]], **columns: pa.DataType) -> pa.Table:
    values = zip(*rows, strict=True) if rows else ((),) * len(columns)
    arrays = [_column(column, kind) for column, kind in zip(values, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))


def _column(values: Sequence[int | dt.date], kind: pa.DataType) -> pa.Array:
    """Whole numbers or days as a column, by way of a buffer: `pa.array` of a list loads pandas first, which
    takes the better part of a second of whichever process asks first, and 50 MB."""
    if pa.types.is_date32(kind):
        days = [value.toordinal() - EPOCH for value in values if isinstance(value, dt.date)]
        body = np.array(days, dtype=np.int32)
    else:
        body = np.array(values, dtype=np.int64)
    return pa.Array.from_buffers(kind, len(body), [None, pa.py_buffer(body)])
