"""The small language of conditions: `outcome == "served" and wait_s <= promise_s` → portable SQL.

One text serves indicators (`where`), fact types (`counted`) and import profiles (checks). It is read with
Python's own parser and only what is listed here gets through, so a text from a pack can never do more than
compare the columns of a row. What comes out runs unchanged on DuckDB, PostgreSQL and Spark.

Allowed: column names, whole numbers, texts, True/False/None, `== != < <= > >= in not in is is not and or
not`, `+ - *`, brackets. As in SQL, a comparison with nothing is neither true nor false, so it never counts;
ask for nothing with `is None`. Dates and moments are compared with texts like "2026-03-01" and
"2026-03-01T08:30:00". Arithmetic is done in 64-bit integers.
"""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

MAX_LENGTH = 2000
INT64 = 2**63 - 1
# What each kind of column is to the language; kinds not listed cannot be used.
SORTS = {
    "text": "text",
    "integer": "number",
    "seconds": "number",
    "moment": "moment",
    "date": "date",
    "flag": "flag",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


class ExpressionError(ValueError):
    """An expression that is not allowed; `position` counts characters from 1."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        self.text, self.position, self.reason = text, position, reason
        super().__init__(
            _("«%(text)s», character %(position)d: %(reason)s")
            % {"text": text, "position": position, "reason": reason}
        )


@dataclass(frozen=True)
class Piece:
    """A compiled part: its SQL, what it is (text, number, date, moment, flag, nothing), its literal text."""

    sql: str
    sort: str
    literal: str | None = None


def compile(
    text: str,
    columns: Mapping[str, str],
    wants: str = "flag",
    values: Mapping[str, int | str] | None = None,
) -> str:
    """SQL of an expression over `columns` (name → kind as in `types.Column.kind`).

    wants: what must come out, `flag` (a condition) or `number`. values: named parameters.
    Raises ExpressionError naming the place of whatever is not allowed.
    """
    piece = _Compiler(text, columns, values or {}).whole()
    if piece.sort != wants:
        reason = _("a condition is expected here") if wants == "flag" else _("a number is expected here")
        raise ExpressionError(text, 1, reason)
    return piece.sql


def names(text: str, columns: Mapping[str, str], wants: str = "flag") -> frozenset[str]:
    """The columns that an expression uses; raises like `compile`."""
    compile(text, columns, wants)
    return frozenset(_column_name(n.id) for n in ast.walk(_parse(_one_line(text))) if isinstance(n, ast.Name))


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """A text as an SQL literal, the same on every engine: quotes doubled, no escapes."""
    return "'" + value.replace("'", "''") + "'"


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n]", " ", text).strip()


def _parse(text: str) -> ast.Expression:
    # `class` is a column of every fact and a keyword of Python: it is read as `Class`, of the same length.
    safe = "".join(part if quote else re.sub(r"\bclass\b", "Class", part) for part, quote in _parts(text))
    return ast.parse(safe, mode="eval")


def _parts(text: str) -> list[tuple[str, bool]]:
    """Cut into pieces outside and inside quotes: (piece, is a quoted text)."""
    found, last = [], 0
    for match in re.finditer(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", text):
        found += [(text[last : match.start()], False), (match[0], True)]
        last = match.end()
    return [*found, (text[last:], False)]


def _column_name(identifier: str) -> str:
    return "class" if identifier == "Class" else identifier


class _Compiler:
    def __init__(self, text: str, columns: Mapping[str, str], values: Mapping[str, int | str]) -> None:
        self.text, self.columns, self.values = _one_line(text), columns, values

    def whole(self) -> Piece:
        if len(self.text) > MAX_LENGTH:
            raise ExpressionError(self.text[:40] + "…", MAX_LENGTH, _("the expression is too long"))
        if "\0" in self.text:
            raise ExpressionError(self.text, self.text.index("\0") + 1, _("this is not an expression"))
        try:
            tree = _parse(self.text)
        except SyntaxError as error:
            position = error.offset or len(self.text) + 1
            raise ExpressionError(self.text, position, _("this is not an expression")) from error
        except (RecursionError, MemoryError, ValueError) as error:
            raise ExpressionError(self.text, 1, _("the expression is nested too deeply")) from error
        try:
            return self.piece(tree.body)
        except RecursionError as error:
            raise ExpressionError(self.text, 1, _("the expression is nested too deeply")) from error

    def error(self, node: ast.expr, reason: str) -> ExpressionError:
        before = self.text.encode()[: node.col_offset].decode(errors="ignore")
        return ExpressionError(self.text, len(before) + 1, reason)

    def piece(self, node: ast.expr) -> Piece:
        if isinstance(node, ast.BoolOp):
            word = " AND " if isinstance(node.op, ast.And) else " OR "
            return Piece("(" + word.join(self.flag(value) for value in node.values) + ")", "flag")
        if isinstance(node, ast.UnaryOp):
            return self.unary(node)
        if isinstance(node, ast.BinOp):
            return self.arithmetic(node)
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        if isinstance(node, ast.Name):
            return self.column(node)
        if isinstance(node, ast.Constant):
            return self.constant(node)
        raise self.error(node, _("only columns, values, comparisons, and/or/not and + - * are allowed"))

    def flag(self, node: ast.expr) -> str:
        piece = self.piece(node)
        if piece.sort != "flag":
            raise self.error(node, _("a condition is expected here"))
        return piece.sql

    def number(self, node: ast.expr) -> str:
        piece = self.piece(node)
        if piece.sort != "number":
            raise self.error(node, _("a number is expected here"))
        return piece.sql if piece.literal is not None else f"CAST({piece.sql} AS BIGINT)"

    def unary(self, node: ast.UnaryOp) -> Piece:
        if isinstance(node.op, ast.Not):
            return Piece(f"(NOT {self.flag(node.operand)})", "flag")
        if isinstance(node.op, ast.USub):
            return Piece(f"(- {self.number(node.operand)})", "number")
        raise self.error(node, _("only columns, values, comparisons, and/or/not and + - * are allowed"))

    def arithmetic(self, node: ast.BinOp) -> Piece:
        sign = ARITHMETIC.get(type(node.op))
        if sign is None:
            raise self.error(node, _("only + - * are allowed between numbers"))
        return Piece(f"({self.number(node.left)} {sign} {self.number(node.right)})", "number")

    def column(self, node: ast.Name) -> Piece:
        name = _column_name(node.id)
        if name in self.values:
            return self.constant(ast.copy_location(ast.Constant(self.values[name]), node))
        kind = self.columns.get(name)
        if kind is None:
            known = ", ".join(sorted({*self.columns, *self.values}))
            raise self.error(
                node, _("there is no column %(name)s; there are: %(known)s") % {"name": name, "known": known}
            )
        return Piece(quoted(name), SORTS[kind])

    def constant(self, node: ast.Constant) -> Piece:
        value = node.value
        if value is None:
            return Piece("NULL", "nothing")
        if isinstance(value, bool):
            return Piece("TRUE" if value else "FALSE", "flag")
        if isinstance(value, int):
            if abs(value) > INT64:
                raise self.error(node, _("the number is too large"))
            return Piece(f"CAST({value} AS BIGINT)", "number", str(value))
        if isinstance(value, str):
            if "\0" in value:
                raise self.error(node, _("a text cannot hold a zero character"))
            return Piece(text_literal(value), "text", value)
        raise self.error(node, _("only whole numbers, texts, True, False and None are values"))

    def comparison(self, node: ast.Compare) -> Piece:
        operands = [node.left, *node.comparators]
        steps = [
            self.step(left, op, right)
            for left, op, right in zip(operands, node.ops, operands[1:], strict=False)
        ]
        return Piece(steps[0] if len(steps) == 1 else "(" + " AND ".join(steps) + ")", "flag")

    def step(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        if isinstance(op, (ast.Is, ast.IsNot)):
            return self.nothing(left, op, right)
        if isinstance(op, (ast.In, ast.NotIn)):
            return self.membership(left, op, right)
        a, b = self.matched(left, right)
        if "nothing" in (a.sort, b.sort):
            raise self.error(right, _("write «is None» or «is not None»"))
        if a.sort == "flag" and not isinstance(op, (ast.Eq, ast.NotEq)):
            raise self.error(right, _("true and false have no order"))
        return f"({a.sql} {COMPARISONS[type(op)]} {b.sql})"

    def nothing(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        if not (isinstance(right, ast.Constant) and right.value is None):
            raise self.error(right, _("write «is None» or «is not None»"))
        return f"({self.piece(left).sql} IS {'NOT ' if isinstance(op, ast.IsNot) else ''}NULL)"

    def membership(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        if not isinstance(right, (ast.Tuple, ast.List)) or not right.elts:
            raise self.error(right, _("after «in» comes a list of values: (1, 2)"))
        if not all(isinstance(item, ast.Constant) and item.value is not None for item in right.elts):
            raise self.error(right, _("after «in» comes a list of values: (1, 2)"))
        pairs = [self.matched(left, item) for item in right.elts]
        inside = ", ".join(b.sql for _a, b in pairs)
        return f"({pairs[0][0].sql} {'NOT ' if isinstance(op, ast.NotIn) else ''}IN ({inside}))"

    def matched(self, left: ast.expr, right: ast.expr) -> tuple[Piece, Piece]:
        """Both sides, a text literal read as a date or moment where the other side is one."""
        a, b = self.piece(left), self.piece(right)
        a, b = self.dated(left, a, b.sort), self.dated(right, b, a.sort)
        if a.sort != b.sort and "nothing" not in (a.sort, b.sort):
            raise self.error(
                right,
                _("%(left)s cannot be compared with %(right)s") % {"left": a.sort, "right": b.sort},
            )
        return a, b

    def dated(self, node: ast.expr, piece: Piece, other: str) -> Piece:
        if piece.sort != "text" or piece.literal is None or other not in {"date", "moment"}:
            return piece
        try:
            if other == "date":
                return Piece(f"DATE '{dt.date.fromisoformat(piece.literal).isoformat()}'", "date")
            moment = dt.datetime.fromisoformat(piece.literal)
        except ValueError as error:
            raise self.error(
                node, _('write a date as "2026-03-01", a moment as "2026-03-01T08:30:00"')
            ) from error
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        return Piece(f"TIMESTAMP '{moment.isoformat(sep=' ')}'", "moment")
