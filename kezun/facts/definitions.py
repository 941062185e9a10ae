"""What an indicator is: plain values, checked when they are read, and the states it needs from facts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils import translation

KINDS = (
    *("count", "ratio", "mean", "rate", "quantile", "distribution"),
    *("distinct", "coverage", "nps", "formula"),
)
UNITS = ("%", "s", "count", "score", "per_10k", "per_hour")
DIRECTIONS = ("up", "down", "none")
OPERATORS = (">=", "<=", ">", "<")


@dataclass(frozen=True)
class Measure:
    """One side of an indicator: what is added up over which facts.

    op: count (rows), sum, distinct (rows that differ in `of`), values (for quantiles, distributions, nps).
    where: the condition as written. condition: its SQL with the fact type's `counted`; TRUE only for rows
    that are part of the measure, those without a value left out. value: SQL of what is summed or ordered.
    """

    fact: str
    op: str
    of: tuple[str, ...] = ()
    where: str = ""
    condition: str = "TRUE"
    value: str = ""


@dataclass(frozen=True)
class Target:
    """A bound with its explicit operator: `>= 0.95`."""

    op: str
    value: float


@dataclass(frozen=True)
class Definition:
    """An indicator as declared; `path` says where. Names and texts in Chinese, with English beside them."""

    id: str
    name: str
    name_en: str
    about: str
    about_en: str
    unit: str
    direction: str
    kind: str
    owner: str
    version: int
    method: str = ""
    method_en: str = ""
    numerator: Measure | None = None
    denominator: Measure | None = None
    p: str = ""
    bins: tuple[int, ...] = ()
    promoters_from: int = 9
    detractors_to: int = 6
    formula: str = ""
    scale: int = 1
    target: Target | None = None
    min_n: int = 1
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    path: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        """Its name in the page's language."""
        return self.name_en if _english() else self.name

    @property
    def explanation(self) -> str:
        """What it says and what it leaves out, in the page's language."""
        return self.about_en if _english() else self.about

    @property
    def method_text(self) -> str:
        """How it is worked out, in words of the page's language; the formula where none are given."""
        return (self.method_en if _english() else self.method) or self.formula_text

    @property
    def formula_text(self) -> str:
        """The formula as text, from the definition itself: `count(ticket …) / count(ticket)`."""
        if self.kind == "formula":
            return self.formula
        top = self._said(self.numerator)
        if self.kind == "quantile":
            return f"percentile_disc({self.p}) of {top}"
        if self.kind == "distribution":
            return f"share of {top} by bins up to {', '.join(map(str, self.bins))}"
        if self.kind == "nps":
            high, low = self.promoters_from, self.detractors_to
            return f"100 * (count(>= {high}) - count(<= {low})) / count of {top}"
        below = f" / {self._said(self.denominator)}" if self.denominator else ""
        return f"{top}{below}" + (f" * {self.scale}" if self.scale != 1 else "")

    def _said(self, measure: Measure | None) -> str:
        """One side as text, its parameters replaced by their values."""
        text = _measure_text(measure)
        for name, value in self.parameters.items():
            text = re.sub(rf"\b{name}\b", str(value), text)
        return text

    @property
    def facts(self) -> tuple[str, ...]:
        """The fact types that it needs; none for a formula."""
        return tuple(dict.fromkeys(m.fact for m in (self.numerator, self.denominator) if m is not None))

    @property
    def digest(self) -> str:
        """Changes with anything that could change a number; part of the key of cached answers."""
        said = (
            *(self.id, self.kind, self.p, self.bins, self.promoters_from, self.detractors_to),
            *(self.formula, self.scale, self.min_n, self.version),
            [(m.fact, m.op, m.of, m.condition, m.value) for m in (self.numerator, self.denominator) if m],
            (self.target.op, self.target.value) if self.target else None,
        )
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _english() -> bool:
    return (translation.get_language() or "").startswith("en")


def _measure_text(measure: Measure | None) -> str:
    if measure is None:
        return ""
    where = f" where {measure.where}" if measure.where else ""
    if measure.op == "count":
        return f"count({measure.fact}{where})"
    if measure.op == "values":
        return f"{measure.of[0]}({measure.fact}{where})"
    return f"{measure.op}({', '.join(measure.of)} of {measure.fact}{where})"
