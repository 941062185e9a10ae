"""A submitted sheet as facts: the inspection, and each of its answers.

The key of the inspection is the sheet's root, that of an answer the root and the criterion, so that what a
correction submits supersedes what it corrects. A criterion that a correction no longer asks becomes void.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from kezun.facts.publishing import publish
from kezun.kernel.actor import Actor
from kezun.standards import answers as answering
from kezun.standards import queries, rules
from kezun.standards.facts import ANSWER, E4, INSPECTION
from kezun.standards.models import Sheet
from kezun.standards.rules.form import Standard
from kezun.standards.rules.scoring import Line

SOURCE = "standards.sheet"
NOON = dt.time(12)
Row = dict[str, object]


def e4(points: Decimal) -> int:
    """Points as whole ten-thousandths."""
    return int((points * E4).to_integral_value())


def publish_sheets(actor: Actor, sheets: Iterable[Sheet]) -> int:
    """Publish the facts of submitted and void sheets, all of the call or none; returns how many sheets.

    May be repeated: what the store holds already stays as it is.
    """
    taken = list(sheets)
    inspections: list[Row] = []
    answers: list[Row] = []
    for sheet in taken:
        one, many = rows_of(sheet)
        inspections.append(one)
        answers += many
    publish(actor, INSPECTION.name, inspections, source=SOURCE)
    publish(actor, ANSWER.name, answers, source=SOURCE)
    with transaction.atomic():
        for sheet in taken:  # only where nothing happened to it meanwhile
            Sheet.objects.filter(pk=sheet.pk, state=sheet.state).update(facts_at=timezone.now())
    return len(taken)


def due(besides: Iterable[int] = ()) -> Iterable[Sheet]:
    """Sheets whose facts are not in the store yet, the oldest first; none `besides` (primary keys).

    A covert visit waits until it is released: nothing of it can be read before, not even that it took place.
    """
    waiting = Sheet.objects.filter(submitted_at__isnull=False, facts_at__isnull=True)
    released = Q(blind=False) | Q(release_date__lte=timezone.localdate())
    waiting = waiting.filter(released).exclude(pk__in=list(besides))
    open_ = waiting.filter(state__in=(Sheet.State.SUBMITTED, Sheet.State.VOID))
    return open_.select_related("standard", "unit", "person", "inspector").order_by("submitted_at")


def occurred_at(sheet: Sheet) -> dt.datetime:
    """The moment of the visit: when the sheet was begun, or noon of the day where it was begun on another."""
    zone = ZoneInfo(sheet.unit.zone)
    if sheet.started_at.astimezone(zone).date() == sheet.visited_date:
        return sheet.started_at
    return dt.datetime.combine(sheet.visited_date, NOON, zone)


def rows_of(sheet: Sheet) -> tuple[Row, list[Row]]:
    """The inspection and its answers as rows for `publish`."""
    standard = queries.whole(sheet.standard)
    given = answering.given_in(standard, sheet.answers)
    result = rules.evaluate(
        standard, given, tags=sheet.tags, indicators=answering.indicators_of(sheet), method=sheet.method
    )
    lines = _scored(result.lines)
    extra = _scored(line for m in result.beside for i in m.parts for line in i.lines)
    void = sheet.state == Sheet.State.VOID
    shared: Row = {
        "unit": sheet.unit.code,
        "person": sheet.person.code if sheet.person else None,
        "occurred_at": occurred_at(sheet),
        "standard": sheet.standard.urn,
        "version": sheet.standard.version,
        "method": sheet.method,
        "inspector": sheet.inspector.code if sheet.inspector else None,
        "void": void,
    }
    inspection = shared | {
        "source_id": str(sheet.root),
        "announced": sheet.announced,
        "earned_e4": e4(result.applicable - sum((line.lost for line in result.lines), Decimal(0))),
        "possible_e4": e4(result.applicable),
        "score_e4": None if result.score is None else e4(result.score),
        **counted(lines),
        "veto": bool(result.veto),
        "grade_cap": result.grade_cap,
        "seconds": seconds(sheet),
    }
    every = [*lines, *extra]
    answers = [shared | row for row in _answers(sheet, standard, every)]
    return inspection, answers + _left_out(sheet, shared, {line.id for line in every})


def _scored(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.reason not in ("not_applicable", "text")]


def seconds(sheet: Sheet) -> int | None:
    """How long the sheet took; nothing for one whose clock ran over days."""
    if sheet.submitted_at is None:
        return None
    taken = int((sheet.submitted_at - sheet.started_at).total_seconds())
    return taken if 0 <= taken < 24 * 3600 and sheet.corrects_id is None else None


def counted(lines: Iterable[Line]) -> dict[str, int]:
    """How many criteria were asked, met in full, not applicable, and not met."""
    kept = list(lines)
    na = sum(line.na for line in kept)
    met = sum(conforming(line) for line in kept)
    return {"asked": len(kept), "conforming": met, "na": na, "failed": len(kept) - na - met}


def conforming(line: Line) -> bool:
    """Met in full: nothing lost, and not by calling it not applicable."""
    return not line.na and line.lost <= 0


def _answers(sheet: Sheet, standard: Standard, lines: Iterable[Line]) -> Iterator[Row]:
    modules = {c.id: (m.id, c.severity) for m in (*standard.modules, *standard.beside) for c in m.criteria()}
    for line in lines:
        module, severity = modules[line.id]
        yield {
            "source_id": f"{sheet.root}#{line.id}",
            "inspection_id": str(sheet.root),
            "criterion": line.id,
            "module": module,
            "outcome": outcome(line),
            "earned_e4": e4(line.possible - line.lost),
            "possible_e4": e4(line.possible),
            "conforming": conforming(line),
            "na": line.na,
            "severity": severity or None,
        }


def outcome(line: Line) -> str | None:
    """The answer in a word: the option or the number; nothing for what a cascade or N/A decided."""
    if line.answer is None or isinstance(line.answer, rules.Na):
        return None
    return str(line.answer)[:60]


def _left_out(sheet: Sheet, shared: Row, kept: set[str]) -> list[Row]:
    """Void rows for criteria that the sheet corrected had answers to, and this one has not."""
    before = sheet.corrects
    if before is None:
        return []
    gone = set(before.answers) - kept
    standard = queries.whole(before.standard)
    modules = {c.id: m.id for m in (*standard.modules, *standard.beside) for c in m.criteria()}
    return [
        shared
        | {
            **{"source_id": f"{sheet.root}#{id}", "inspection_id": str(sheet.root), "criterion": id},
            **{"module": modules[id], "earned_e4": 0, "possible_e4": 0, "na": False, "void": True},
        }
        for id in sorted(gone)
        if id in modules
    ]
