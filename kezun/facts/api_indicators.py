"""API operations of indicators: what there is, numbers, and the facts behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema

from kezun.facts import queries
from kezun.facts.asking import BadQuestion, moment
from kezun.facts.definitions import Definition
from kezun.facts.engine import TooLarge
from kezun.facts.indicators import UnknownIndicator
from kezun.facts.questions import Question, period_named
from kezun.facts.rules import Period
from kezun.kernel.endpoint import endpoint
from kezun.org.reader import reader_of

MOST = 1000


class TargetOut(Schema):
    """A bound with its operator."""

    op: str
    value: float


class IndicatorOut(Schema):
    """What an indicator is, in both languages, and how it is worked out."""

    id: str
    name: str
    name_en: str
    about: str
    about_en: str
    method: str
    method_en: str
    formula: str
    unit: str
    direction: str
    kind: str
    facts: list[str]
    target: TargetOut | None
    min_n: int
    owner: str
    version: int


class AnswerOut(Schema):
    """One number; the fields are those of `kezun indicators --format json`."""

    indicator: str
    unit: str
    by: str | None
    period: str
    value: float | None
    numerator: int | None
    denominator: int | None
    n: int
    low: float | None
    high: float | None
    target: float | None
    met: bool | None


class RowsOut(Schema):
    """A part of the facts behind a number, and how many there are in all."""

    columns: list[str]
    rows: list[list[Any]]
    total: int
    offset: int


class Asked(Schema):
    """The selectors of a question, as on the command line."""

    unit: str
    period: str
    below: str | None = None
    by: str | None = None
    person: str | None = None
    business: str | None = None
    customer_class: str | None = None
    hour: int | None = None
    weekday: int | None = None
    known_at: str | None = None


def _question(asked: Asked, ids: tuple[str, ...]) -> Question:
    told = asked.dict(exclude={"period", "known_at"})
    return Question(ids, period=_period(asked.period), known_at=_moment(asked.known_at), **told)


def _period(text: str) -> Period:
    try:
        return period_named(text)
    except ValueError as error:
        raise ValidationError({"period": str(error)}) from error


def _moment(text: str | None) -> dt.datetime | None:
    try:
        return moment(text, timezone.get_default_timezone()) if text else None
    except BadQuestion as error:
        raise ValidationError({"known_at": str(error)}) from error


def _asked(work: Callable[[], Any]) -> Any:
    """The result, or 422 with what to change about the question."""
    try:
        return work()
    except (BadQuestion, UnknownIndicator, TooLarge) as error:
        raise ValidationError(str(error)) from error


def _out(definition: Definition) -> dict[str, Any]:
    names = [name for name in IndicatorOut.model_fields if name not in {"formula", "facts", "target"}]
    target = definition.target
    return {name: getattr(definition, name) for name in names} | {
        "formula": definition.formula_text,
        "facts": list(definition.facts),
        "target": {"op": target.op, "value": target.value} if target else None,
    }


@endpoint("GET", "indicators", name="facts.api_indicators", needs="facts.read", response=list[IndicatorOut])
def indicators(request: HttpRequest) -> list[dict[str, Any]]:
    """All indicators in force."""
    return [_out(definition) for definition in queries.indicators()]


@endpoint("GET", "indicators/values", name="facts.api_values", needs="facts.read", response=list[AnswerOut])
def values(
    request: HttpRequest,
    asked: Query[Asked],
    indicator: list[str] = Query(...),  # type: ignore[type-arg]
) -> list[dict[str, Any]]:
    """The values of indicators for a unit and a period."""
    actor = reader_of(request)
    question = _question(asked, tuple(indicator))
    return [answer.as_dict() for answer in _asked(lambda: queries.measure(actor, question))]


@endpoint(
    "GET",
    "indicators/{id}/rows",
    name="facts.api_rows",
    needs="facts.read_rows",
    response=RowsOut,
)
def rows(
    request: HttpRequest,
    id: str,
    asked: Query[Asked],
    part: str = "numerator",
    offset: int = 0,
    limit: int = 100,
) -> dict[str, Any]:
    """The facts behind an indicator's numerator or denominator, oldest first; at most 1,000 at a time."""
    actor = reader_of(request)
    question = _question(asked, (id,))
    start, most = min(max(offset, 0), 10**9), min(max(limit, 1), MOST)
    found = _asked(lambda: queries.rows(actor, question, part, start, most))
    shown = [list(row) for row in found.rows]
    return {"columns": list(found.columns), "rows": shown, "total": found.total, "offset": start}
