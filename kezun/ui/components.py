"""What the components of a page are made of: plain values that a template includes can draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kezun.ui.figures import Change
from kezun.ui.rules import Bar


@dataclass(frozen=True)
class Tile:
    """One number with what is needed to trust it; texts are ready to show.

    spark: polyline points (rules.spark). href: where the label leads. explain: address of the explanation.
    met: None where there is no target or too few facts; thin: the n lies below the indicator's minimum.
    """

    label: str
    value: str
    period: str = ""
    n: str = ""
    target: str = ""
    met: bool | None = None
    change: Change | None = None
    spark: Sequence[str] = ()
    href: str = ""
    explain: str = ""
    thin: bool = False
    interval: str = ""


@dataclass(frozen=True)
class Crumb:
    """One step on the way down; without href it is where we are, or a unit that the reader may not open."""

    title: str
    href: str = ""


@dataclass(frozen=True)
class RankedRow:
    """A row of the ranked table: name, value, interval bar, n, change."""

    name: str
    href: str
    value: str
    sort: float | None
    bar: Bar
    n: int
    interval: str = ""
    met: bool | None = None
    change: Change | None = None
    change_sort: float | None = None
    explain: str = ""
    thin: bool = False
    note: str = ""


@dataclass(frozen=True)
class PeriodPicker:
    """The period shown, the ones beside it, and the other lengths; hrefs keep the rest of the query.

    kinds: (kind, label, href, whether it is the present one). keep: hidden fields of the range form.
    """

    label: str
    start: str
    end: str
    previous: str
    following: str
    kinds: Sequence[tuple[str, str, str, bool]]
    keep: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Cell:
    """A cell of a chart's table: its text, and the address of the explanation of its number."""

    text: str
    explain: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart and its table: the same numbers twice, for the eye and for whoever reads the table.

    kind: trend, bars, heat (see static/ui/charts.js for what `data` holds). columns: headings.
    rows: cells, the first of a row names it. wide: over the whole width. blank: there are rows but nothing to
    draw, so the table stands alone.
    """

    id: str
    kind: str
    title: str
    data: dict[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    about: str = ""
    wide: bool = False
    blank: bool = False

    @property
    def payload(self) -> dict[str, Any]:
        return {"kind": self.kind, "title": self.title, **self.data}

    @property
    def is_empty(self) -> bool:
        return not self.rows
