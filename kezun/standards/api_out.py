"""What the API says of a sheet: its head, what it asks, what was answered, what each line earned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ninja import Schema

from kezun.kernel.actor import Actor
from kezun.standards import queries, rules
from kezun.standards.messages import say_lack, say_reason
from kezun.standards.models import Sheet
from kezun.standards.result import result_of
from kezun.standards.rules.writing import plain


class SheetOut(Schema):
    """A sheet. Points are decimals written as text, null before it is submitted.

    release: of a covert visit, the day from which its results are facts.
    """

    number: int
    key: str
    standard: str
    version: str
    unit: str
    method: str
    visited: dt.date
    state: str
    covert: bool
    release: dt.date | None
    inspector: str | None
    person: str | None
    started_at: dt.datetime
    submitted_at: dt.datetime | None
    score: str | None
    earned: str | None
    applicable: str | None
    veto: list[str]
    grade_cap: str


class SheetPage(Schema):
    """A part of the sheets in scope, how many there are, and from where this part begins."""

    count: int
    offset: int
    sheets: list[SheetOut]


class PieceOut(Schema):
    """A photo or document beside an answer."""

    criterion: str
    name: str
    kind: str
    sha256: str


class AskedOut(Schema):
    """A criterion that the sheet asks: how it is answered, and the options where there are some."""

    criterion: str
    text: str
    text_en: str
    points: str
    kind: str
    options: list[str]
    na: bool


class LackOut(Schema):
    """What stands in the way of submitting: the criterion, a code, and the sentence."""

    criterion: str
    code: str
    message: str


class LacksOut(Schema):
    """What is wrong with the request; `lacks` where it is the sheet that cannot be submitted yet."""

    detail: Any
    lacks: list[LackOut] = []


class LineOut(Schema):
    """What a criterion earned of what was possible, and why."""

    criterion: str
    earned: str
    possible: str
    reason: str


class SheetWhole(SheetOut):
    """A sheet with what it asks and what was answered; lines once it is submitted.

    Answers of a sheet that somebody else is filling are not shown.
    """

    asked: list[AskedOut]
    answers: dict[str, dict[str, str]]
    evidence: list[PieceOut]
    lines: list[LineOut]


def points(value: Decimal | None) -> str | None:
    """Points as text, without zeros at the end."""
    return None if value is None else plain(value)


def brief(row: Sheet) -> dict[str, Any]:
    """The head of a sheet."""
    same = ("method", "state", "started_at", "submitted_at", "veto", "grade_cap")
    return {name: getattr(row, name) for name in same} | {
        "number": row.pk,
        "key": str(row.key),
        "standard": row.standard.urn,
        "version": row.standard.version,
        "unit": row.unit.code,
        "visited": row.visited_date,
        "covert": row.blind,
        "release": row.release_date,
        "inspector": row.inspector.code if row.inspector else None,
        "person": row.person.code if row.person else None,
        **{name: points(getattr(row, name)) for name in ("score", "earned", "applicable")},
    }


def whole(actor: Actor, row: Sheet) -> dict[str, Any]:
    """A sheet with everything that the actor may see of it."""
    standard = queries.whole(row.standard)
    open_ = row.submitted_at is None and row.inspector_id != getattr(actor, "pk", None)
    pieces = [] if open_ else list(row.evidence.select_related("file").order_by("pk"))
    return brief(row) | {
        "asked": [_asked(c) for c in rules.asked(standard, tags=row.tags, method=row.method)],
        "answers": {} if open_ else row.answers,
        "evidence": [
            {"criterion": p.criterion, "name": p.file.name, "kind": p.file.kind, "sha256": p.file.sha256}
            for p in pieces
        ],
        "lines": _lines(row, standard),
    }


def _asked(criterion: rules.Criterion) -> dict[str, Any]:
    options = getattr(criterion.answer, "options", ())
    return {
        "criterion": criterion.id,
        "text": criterion.text,
        "text_en": criterion.text_en,
        "points": plain(criterion.points),
        "kind": type(criterion.answer).__name__.lower(),
        "options": [option.name for option in options],
        "na": criterion.na,
    }


def _lines(row: Sheet, standard: rules.Standard) -> list[dict[str, Any]]:
    if row.score is None and row.applicable is None:
        return []
    result = result_of(row, standard)
    beside = (line for module in result.beside for item in module.parts for line in item.lines)
    return [
        {
            "criterion": line.id,
            "earned": plain(line.earned),
            "possible": plain(line.possible),
            "reason": say_reason(line),
        }
        for line in (*result.lines, *beside)
    ]


def said_lacks(found: Iterable[rules.Lack]) -> dict[str, Any]:
    """What is missing, each with its code and its sentence."""
    lacks = [{"criterion": one.criterion, "code": one.code, "message": say_lack(one)} for one in found]
    return {"detail": [lack["message"] for lack in lacks], "lacks": lacks}
