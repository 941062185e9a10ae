"""What can be wrong with a row: code, column, condition and message, as SQL. Codes are part of the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.facts.duck import literal, name
from kezun.facts.mapping.takes import Taken
from kezun.facts.types import Column

FIELD, RECORD = "\x1f", "\x1e"
SHOWN = 60
KEY_LENGTH, TEXT_LENGTH = 200, 1000
EARLIEST = "TIMESTAMP '1980-01-01'"


@dataclass(frozen=True)
class Problem:
    """A row has it where `condition` holds. message may hold `{value}`, filled with SQL `value` per row."""

    code: str
    column: str
    condition: str
    message: str
    value: str | None = None

    @property
    def record(self) -> str:
        """SQL of `code, column, message` where the row has the problem, else null."""
        head = literal(f"{self.code}{FIELD}{self.column}{FIELD}")
        before, _hole, after = self.message.partition("{value}")
        shown = f"left(coalesce(CAST({self.value} AS VARCHAR), ''), {SHOWN})" if self.value else "''"
        text = f"{head} || {literal(before)} || {shown} || {literal(after)}"
        return f"CASE WHEN {self.condition} THEN {text} END"


def of_column(column: Column, taken: Taken) -> Iterator[Problem]:
    """The problems a column's value can have, on the layer where `_t_…` and `_v_…` stand."""
    text, value = name(f"_t_{column.name}"), name(f"_v_{column.name}")
    if taken.unmapped:
        yield Problem(
            "unmapped",
            taken.source,
            name(f"_m_{column.name}"),
            _("the profile's map for %(column)s does not list this value; add it there")
            % {"column": column.name},
        )
    if column.kind != "text":
        yield Problem(*_malformed(column, taken, text, value))
    if column.required:
        absent = f"NOT ({taken.present(text)})" + (
            f" AND NOT {name(f'_m_{column.name}')}" if taken.unmapped else ""
        )
        yield Problem("missing", taken.source, absent, _("%(column)s is empty") % {"column": column.name})
    if column.choices:
        known = ", ".join(literal(choice) for choice in column.choices)
        message = _("«{value}» is not one of %(known)s") % {"known": ", ".join(column.choices)}
        yield Problem("not_allowed", taken.source, f"{value} NOT IN ({known})", message, text)
    elif column.kind == "text" and not taken.constant:
        yield Problem(
            "too_long",
            taken.source,
            f"length({value}) > {TEXT_LENGTH}",
            _("longer than %(n)d characters") % {"n": TEXT_LENGTH},
        )
    yield from _bounds(column, taken, text, value)


def _malformed(column: Column, taken: Taken, text: str, value: str) -> tuple[str, str, str, str, str]:
    code, message = {
        "integer": ("not_a_number", _("«{value}» is not a whole number")),
        "seconds": ("not_a_duration", _("«{value}» is not a duration in seconds or h:mm:ss")),
        "date": ("not_a_date", _("«{value}» is not a date in the profile's format")),
        "moment": ("not_a_time", _("«{value}» is not a date and time in the profile's format")),
        "flag": ("not_a_flag", _("«{value}» is not yes or no")),
    }[column.kind]
    return code, taken.source, f"{taken.present(text)} AND {value} IS NULL", message, text


def _bounds(column: Column, taken: Taken, text: str, value: str) -> Iterator[Problem]:
    if column.low == 0:
        yield Problem("negative", taken.source, f"{value} < 0", _("«{value}» is negative"), text)
    elif column.low is not None:
        message = _("«{value}» is below %(low)d") % {"low": column.low}
        yield Problem("out_of_range", taken.source, f"{value} < {column.low}", message, text)
    if column.high is not None:
        message = _("«{value}» is above %(high)d") % {"high": column.high}
        yield Problem("out_of_range", taken.source, f"{value} > {column.high}", message, text)
    if column.kind == "moment":
        latest = (timezone.now() + dt.timedelta(days=1)).astimezone(dt.UTC).replace(tzinfo=None)
        yield Problem(
            "absurd_date", taken.source, f"{value} < {EARLIEST}", _("«{value}» lies before 1980"), text
        )
        yield Problem(
            "in_future",
            taken.source,
            f"{value} > TIMESTAMP '{latest:%Y-%m-%d %H:%M:%S}'",
            _("«{value}» lies in the future"),
            text,
        )
