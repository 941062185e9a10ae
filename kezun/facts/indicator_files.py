"""Reads indicator files and checks every key: what comes out can be computed, or the file is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kezun.facts import expression
from kezun.facts.definitions import DIRECTIONS, KINDS, OPERATORS, UNITS, Definition, Measure, Target
from kezun.facts.types import FACT_TYPES, FactType
from kezun.facts.yamlread import DefinitionError, Lined, read_list

KEYS = {f.name for f in fields(Definition)} - {"path"}
REQUIRED = (
    *("id", "name", "name_en", "about", "about_en"),
    *("unit", "direction", "kind", "owner", "version"),
)
# What a pack may change of an indicator that a room declares; the rest is its meaning, and stays.
OVERRIDES = {"override", "target", "parameters", "min_n", "owner", "name", "name_en", "about", "about_en"}
SIDES = {
    "count": ({"count", "sum"}, set()),
    "distinct": ({"distinct"}, set()),
    "ratio": ({"count"}, {"count"}),
    "coverage": ({"count"}, {"count"}),
    "rate": ({"count", "sum"}, {"count", "sum", "distinct"}),
    "mean": ({"sum"}, {"count"}),
    "quantile": ({"of"}, set()),
    "distribution": ({"of"}, set()),
    "nps": ({"of"}, set()),
    "formula": (set(), set()),
}
ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
P = re.compile(r"0\.\d{1,4}")


class Reader:
    """One row of one file on its way to a Definition; every refusal names file, line and key."""

    def __init__(self, path: Path, index: int, row: Lined) -> None:
        self.path, self.row = path, row
        self.at = str(row.get("id") or row.get("override") or f"[{index}]")

    def refuse(self, key: str, reason: str, row: Lined | None = None) -> DefinitionError:
        inside = row if row is not None else self.row
        line = inside.lines.get(key.rsplit(".", 1)[-1], inside.line)
        return DefinitionError(str(self.path), line, f"{self.at}.{key}" if key else self.at, reason)

    def take(self, key: str, kind: type, row: Lined | None = None, name: str = "") -> Any:
        """The value of `key`, of the Python type `kind` exactly (True is no number)."""
        value = (self.row if row is None else row)[key]
        if type(value) is not kind:
            words = {str: _("a text"), int: _("a whole number"), list: _("a list"), Lined: _("a mapping")}
            raise self.refuse(name or key, _("%(what)s is expected") % {"what": words[kind]}, row)
        return value

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.row[key]
        if value not in allowed:
            reason = _("«%(value)s» is not one of: %(allowed)s")
            raise self.refuse(key, reason % {"value": value, "allowed": ", ".join(allowed)})
        return str(value)

    def definition(self) -> Definition:
        """The whole row as a Definition."""
        row = self.row
        for key in row:
            if key not in KEYS:
                raise self.refuse(
                    key, _("there is no such key; there are: %(keys)s") % {"keys": _listed(KEYS)}
                )
        for key in REQUIRED:
            if key not in row:
                raise self.refuse(key, _("this key is missing"))
        for key in REQUIRED[:5]:
            if not self.take(key, str).strip():
                raise self.refuse(key, _("this cannot be empty"))
        if not ID.fullmatch(row["id"]):
            raise self.refuse("id", _("an id is written room.name, in small letters, digits and _"))
        kind = self.one_of("kind", KINDS)
        parameters = self.parameters()
        numerator, denominator = self.sides(kind, parameters)
        told: dict[str, Any] = {k: row[k] for k in ("id", "name", "name_en", "about", "about_en")}
        told |= {k: self.take(k, str) for k in ("owner", "method", "method_en", "formula") if k in row}
        told |= {k: self.positive(k) for k in ("version", "scale", "min_n") if k in row}
        told |= {k: self.take(k, int) for k in ("promoters_from", "detractors_to") if k in row}
        return Definition(
            **told,
            **self.only_for(kind),
            unit=self.one_of("unit", UNITS),
            direction=self.one_of("direction", DIRECTIONS),
            kind=kind,
            numerator=numerator,
            denominator=denominator,
            target=self.target() if "target" in row else None,
            parameters=parameters,
            path=f"{self.path.name}:{row.line}",
        )

    def positive(self, key: str) -> int:
        value: int = self.take(key, int)
        if value < 1:
            raise self.refuse(key, _("the smallest value is 1"))
        return value

    def only_for(self, kind: str) -> dict[str, Any]:
        """Keys that belong to one kind: needed there, refused elsewhere."""
        for owner, key in (("quantile", "p"), ("distribution", "bins"), ("formula", "formula")):
            if (key in self.row) != (kind == owner):
                missing = _("this key is missing") if kind == owner else _("only kind %(kind)s has this key")
                raise self.refuse(key, missing % {"kind": owner} if kind != owner else missing)
        made: dict[str, Any] = {}
        if kind == "quantile":
            made["p"] = str(self.row["p"])
            if not P.fullmatch(made["p"]) or float(made["p"]) == 0:
                raise self.refuse("p", _("a share between 0 and 1 is expected, for instance 0.9"))
        if kind == "distribution":
            bins = self.take("bins", list)
            if not bins or any(type(b) is not int for b in bins) or sorted(set(bins)) != bins:
                raise self.refuse("bins", _("whole numbers that rise are expected: [60, 300]"))
            made["bins"] = tuple(bins)
        return made

    def target(self) -> Target:
        row = self.take("target", Lined)
        if set(row) != {"op", "value"} or row["op"] not in OPERATORS:
            raise self.refuse(
                "target", _('a target is written {op: ">=", value: 0.95}; op is one of >= <= > <')
            )
        if type(row["value"]) not in (int, float) or not -math.inf < row["value"] < math.inf:
            raise self.refuse("target.value", _("a number is expected"), row)
        return Target(row["op"], float(row["value"]))

    def parameters(self) -> Mapping[str, int | str]:
        row = self.take("parameters", Lined) if "parameters" in self.row else Lined()
        for name, value in row.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or type(value) not in (int, str):
                raise self.refuse(
                    f"parameters.{name}", _("a name with a whole number or a text is expected"), row
                )
        return dict(row)

    def sides(self, kind: str, parameters: Mapping[str, int | str]) -> tuple[Measure | None, Measure | None]:
        above, below = SIDES[kind]
        numerator = self.side("numerator", above, parameters)
        implied = kind == "mean" and "denominator" not in self.row
        denominator = None if implied else self.side("denominator", below, parameters)
        if implied and numerator is not None:
            some = f"({numerator.of[0]}) is not None"
            where = f"({numerator.where}) and {some}" if numerator.where else some
            denominator = Measure(numerator.fact, "count", (), where, numerator.condition)
        if kind == "ratio" and numerator and denominator and numerator.fact != denominator.fact:
            raise self.refuse("denominator", _("a ratio is of one fact type; for two, write kind coverage"))
        return numerator, denominator

    def side(self, name: str, ops: set[str], parameters: Mapping[str, int | str]) -> Measure | None:
        if (name in self.row) != bool(ops):
            reason = _("this key is missing") if ops else _("this kind has no such side")
            raise self.refuse(name, reason)
        if not ops:
            return None
        row = self.take(name, Lined)
        told = [op for op in ("count", "sum", "distinct", "of") if op in row]
        if len(told) != 1 or told[0] not in ops:
            raise self.refuse(
                name, _("exactly one of these is expected here: %(ops)s") % {"ops": _listed(ops)}
            )
        for key in row:
            if key not in {"fact", "where", *told}:
                raise self.refuse(f"{name}.{key}", _("there is no such key here"), row)
        fact = FACT_TYPES.get(str(row.get("fact", "")))
        if fact is None:
            reason = _("there is no fact type «%(fact)s»; there are: %(facts)s")
            facts = _listed(FACT_TYPES)
            raise self.refuse(f"{name}.fact", reason % {"fact": row.get("fact", ""), "facts": facts}, row)
        return self.measure(name, row, told[0], fact, parameters)

    def measure(
        self, name: str, row: Lined, op: str, fact: FactType, parameters: Mapping[str, int | str]
    ) -> Measure:
        columns = {c.name: c.kind for c in fact.all_columns}
        clauses = [expression.compile(fact.counted, columns)] if fact.counted else []
        of: tuple[str, ...] = ()
        try:
            where = str(row.get("where", ""))
            if where:
                clauses.append(expression.compile(where, columns, values=parameters))
            value = ""
            if op in {"sum", "of"}:
                of = (self.take(op, str, row, f"{name}.{op}"),)
                value = f"CAST({expression.compile(of[0], columns, 'number', parameters)} AS BIGINT)"
                clauses.append(f"({value} IS NOT NULL)")
        except expression.ExpressionError as error:
            key = op if op in {"sum", "of"} and error.text == row.get(op) else "where"
            raise self.refuse(f"{name}.{key}", str(error), row) from error
        if op == "distinct":
            of = self.columns(name, row, columns)
            clauses += [f"({expression.quoted(column)} IS NOT NULL)" for column in of]
        elif op == "count" and row["count"] is not True:
            raise self.refuse(f"{name}.count", _("write «count: true»"), row)
        condition = " AND ".join(clauses) or "TRUE"
        return Measure(fact.name, "values" if op == "of" else op, of, where, condition, value)

    def again(self, side: str, before: Measure, parameters: Mapping[str, int | str]) -> Measure:
        """A measure with other parameters: the same text, compiled anew."""
        row = Lined({"fact": before.fact, "where": before.where})
        op = "of" if before.op == "values" else before.op
        row[op] = True if op == "count" else list(before.of) if op == "distinct" else before.of[0]
        row.line, row.lines = self.row.line, {}
        return self.measure(side, row, op, FACT_TYPES[before.fact], parameters)

    def columns(self, name: str, row: Lined, columns: Mapping[str, str]) -> tuple[str, ...]:
        raw = row["distinct"]
        of = tuple([raw] if isinstance(raw, str) else raw if isinstance(raw, list) else [])
        for column in of or ("",):
            if not isinstance(column, str) or column not in columns:
                reason = _("there is no column %(name)s; there are: %(known)s")
                told = {"name": column, "known": _listed(columns)}
                raise self.refuse(f"{name}.distinct", reason % told, row)
        return of


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))


def read_definitions(path: Path) -> tuple[list[Definition], list[tuple[Reader, Lined]]]:
    """The definitions of one file, and its overrides as read; raises DefinitionError."""
    made, overrides = [], []
    for index, row in enumerate(read_list(path)):
        reader = Reader(path, index, row)
        if "override" in row:
            overrides.append((reader, row))
        else:
            made.append(reader.definition())
    return made, overrides
