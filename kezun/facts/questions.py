"""What can be asked of facts and what comes back: questions and answers as plain values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import msgspec
from django.utils.translation import gettext as _

from kezun.facts.rules import Period

BREAKDOWNS = ("person", "business", "class", "hour", "weekday", "day", "week", "month", "weekday_hour")


def period_named(text: str) -> Period:
    """The period that a person wrote; ValueError says the forms there are, in the reader's language."""
    try:
        return Period.parse(text)
    except ValueError as error:
        forms = _(
            "“%(text)s” is no period: write 2026-03, 2026-W10, 2026-03-05, 2026-Q1, 2026 or "
            "2026-03-01..2026-03-15."
        )
        raise ValueError(forms % {"text": text}) from error


@dataclass(frozen=True)
class Question:
    """Which indicators, of which unit (or the units of kind `below` under it), over which period.

    unit: code. by: one of BREAKDOWNS or None; `weekday_hour` labels look like `1-09`.
    person: code, to narrow to one person ("": facts of nobody). business/customer_class ("": none),
    hour (0–23) and weekday (1 = Monday): to narrow likewise.
    known_at: moment; the facts as they were known then (None: now).
    """

    indicators: tuple[str, ...]
    unit: str
    period: Period
    below: str | None = None
    by: str | None = None
    person: str | None = None
    business: str | None = None
    customer_class: str | None = None
    known_at: dt.datetime | None = None
    hour: int | None = None
    weekday: int | None = None


class Answer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One number with all that is needed to trust it.

    unit: unit code. by: label in the breakdown ("" where the fact has none), None without one.
    value: float, None where the denominator is 0. numerator/denominator: int; for a mean the sum and the
    count, for a quantile how many lie at or below it and how many there are; denominator None for counts.
    n: facts behind the denominator (behind the count, for counts). low/high: 95 % interval, None where there
    is none: Wilson for shares, Student's t for means, exact Poisson for rates of events, by the standard
    error for an NPS; counts, quantiles and formulas have none here.
    target: number or None; met: None where there is no target or n is below the indicator's minimum.
    """

    indicator: str
    unit: str
    by: str | None
    period: str
    value: float | None
    numerator: int | None
    denominator: int | None
    n: int
    low: float | None = None
    high: float | None = None
    target: float | None = None
    met: bool | None = None

    def as_dict(self) -> dict[str, object]:
        return msgspec.structs.asdict(self)


@dataclass(frozen=True)
class RowPage:
    """A page of facts behind a number: column names, rows as plain values, and how many there are in all."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    total: int
