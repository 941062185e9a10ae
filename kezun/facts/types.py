"""Fact types: the columns of what happened. Declared once by the room that owns them, in its `facts.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "INTEGER",
    "seconds": "INTEGER",
    "moment": "TIMESTAMP",
    "date": "DATE",
    "flag": "BOOLEAN",
}


ARROW_TYPES = {
    "text": pa.string(),
    "integer": pa.int32(),
    "seconds": pa.int32(),
    "moment": pa.timestamp("us"),
    "date": pa.date32(),
    "flag": pa.bool_(),
}


@dataclass(frozen=True)
class Column:
    """One column of a fact type.

    kind: text, integer, seconds (a duration, ≥ 0), moment (UTC), date, flag.
    choices: allowed values of a text. required: null is rejected. low/high: bounds, both included.
    privacy: none, C1 or C2 (C2 is masked wherever rows are shown).
    """

    name: str
    kind: str
    label: str | Promise
    required: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    privacy: str = "none"

    @property
    def sql(self) -> str:
        return SQL_TYPES[self.kind]

    @property
    def arrow(self) -> pa.DataType:
        return ARROW_TYPES[self.kind]


# Every fact has these, in this order, before its own columns. `unit` and `person` are primary keys of org;
# `day`, `hour` (0–23) and `weekday` (ISO, 1 = Monday) are local to the unit's zone and derived at import.
COMMON = (
    Column("source", "text", _("Source"), required=True),
    Column("source_id", "text", _("Number at the source"), required=True),
    Column("recorded_at", "moment", _("Recorded at"), required=True),
    Column("unit", "integer", _("Unit"), required=True),
    Column("person", "integer", _("Person"), privacy="C1"),
    Column("occurred_at", "moment", _("Occurred at"), required=True),
    Column("day", "date", _("Day"), required=True),
    Column("hour", "integer", _("Hour"), required=True),
    Column("weekday", "integer", _("Weekday"), required=True),
    Column("business", "text", _("Business type")),
    Column("class", "text", _("Customer class")),
)


@dataclass(frozen=True)
class FactType:
    """A kind of fact: its name, what one row is, its own columns, and the condition under which it counts.

    counted: SQL-subset expression (see indicators) that excludes voided rows from every indicator.
    """

    name: str
    title: str | Promise
    about: str | Promise
    columns: tuple[Column, ...]
    counted: str = ""
    schema_version: int = 1
    keep: dict[str, str] = field(default_factory=dict)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        return (*COMMON, *self.columns)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of every file of this type; signed integers only, moments as naive UTC microseconds."""
        return pa.schema([(c.name, c.arrow) for c in self.all_columns])

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError where there is none."""
        return next((c for c in self.all_columns if c.name == name), None) or _missing(self.name, name)


def _missing(fact: str, name: str) -> Column:
    raise KeyError(f"fact type {fact} has no column {name}")


FACT_TYPES: dict[str, FactType] = {}


def fact_type(declared: FactType) -> FactType:
    """Register a fact type; a second one of the same name is an error of the programmer."""
    if declared.name in FACT_TYPES:
        raise RuntimeError(f"fact type {declared.name} is declared twice")
    FACT_TYPES[declared.name] = declared
    return declared
