"""Between a sheet's stored answers and what the rules take; the outlet's profile and measured values."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from kezun.facts import queries as facts
from kezun.facts.indicators import UnknownIndicator
from kezun.facts.questions import Question, period_named
from kezun.kernel.actor import SystemActor
from kezun.org.models import Unit, UnitTag, valid_on
from kezun.standards import rules
from kezun.standards.models import Evidence, Sheet
from kezun.standards.rules.form import Graded, Indicator, Standard, Text
from kezun.standards.rules.marks import Given
from kezun.standards.rules.scoring import measured

# A measured value is that of the days before the visit, so that the day itself need not be complete.
DAYS = 30
NOTE, REASON = 500, 200
PICTURES = ("png", "jpeg", "gif", "webp")
PHOTO = "photo"
BY_NOTE = ("note", "audio", "video")


def given_in(standard: Standard, stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Given]:
    """A sheet's answers as the rules take them; a number that is none stays text, and is told as such."""
    found: dict[str, Given] = {}
    for id, entry in stored.items():
        if "na" in entry:
            found[id] = rules.Na(str(entry["na"]))
        elif "value" in entry:
            found[id] = _value(standard, id, str(entry["value"]))
    return found


def _value(standard: Standard, id: str, text: str) -> Given:
    criterion = standard.criterion(id)
    if criterion is None or isinstance(criterion.answer, Graded | Text):
        return text
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return text


def entry_of(value: object = None, na: object = None, note: object = None) -> dict[str, str] | None:
    """One answer as it is stored; None where nothing was said at all."""
    said: dict[str, str] = {}
    if na is not None:
        said["na"] = _line(na)[:REASON]
    elif value not in (None, ""):
        said["value"] = _line(value)[:NOTE]
    if note is not None and _line(note):
        said["note"] = _line(note)[:NOTE]
    return said or None


def _line(value: object) -> str:
    """What somebody typed, without what no database takes."""
    return str(value).replace("\x00", "").strip()


def profile_on(unit: Unit, day: dt.date) -> list[str]:
    """The unit's tags on a day."""
    tags = UnitTag.objects.filter(valid_on(day), unit=unit).values_list("tag", flat=True)
    return sorted(set(tags))


def values_for(standard: Standard, unit: Unit, day: dt.date) -> dict[str, str]:
    """What the indicators of a standard were at a unit in the DAYS before a day; those without a value are
    left out. Exact to what the store gives, as text."""
    refs = tuple(ref for ref in measured(standard) if _known(ref))
    if not refs:
        return {}
    first, last = day - dt.timedelta(days=DAYS), day - dt.timedelta(days=1)
    question = Question(refs, unit.code, period_named(f"{first}..{last}"))
    answers = facts.measure(SystemActor("standards"), question)
    return {a.indicator: repr(a.value) for a in answers if a.by is None and a.value is not None}


def _known(ref: str) -> bool:
    try:
        facts.indicator(ref)
    except UnknownIndicator:
        return False
    return True


def untyped(
    standard: Standard, stored: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """A sheet's answers without what was typed where the store has measured the value: that one counts."""
    known = {c.id for c in standard.criteria() if isinstance(c.answer, Indicator) and c.answer.ref in values}
    kept = {
        id: {k: v for k, v in said.items() if k != "value" or id not in known} for id, said in stored.items()
    }
    return {id: said for id, said in kept.items() if said}


def indicators_of(sheet: Sheet) -> dict[str, Decimal]:
    return {ref: Decimal(value) for ref, value in sheet.indicators.items()}


def evidence_counts(
    standard: Standard, stored: Mapping[str, Mapping[str, Any]], rows: Iterable[Evidence]
) -> dict[str, dict[str, int]]:
    """How many pieces of each kind lie beside each criterion.

    Pictures are photos, any file is a document. Recordings stay where they were made: for them, as for a
    note, what stands in the answer's note (the number of the recording) is the piece.
    """
    pictures: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for row in rows:
        pictures[row.criterion] += row.file.kind in PICTURES
        files[row.criterion] += 1

    def count(kind: str, id: str) -> int:
        if kind in BY_NOTE:
            return int(bool(stored.get(id, {}).get("note"))) + (kind != "note") * files[id]
        return (pictures if kind == PHOTO else files)[id]

    return {
        c.id: {e.kind: count(e.kind, c.id) for e in c.evidence} for c in standard.criteria() if c.evidence
    }


def methods_of(standard: Standard) -> list[str]:
    """The methods by which a standard is judged, in the order in which they first stand in it."""
    named = (method for criterion in standard.criteria() for method in criterion.checker.methods)
    return list(dict.fromkeys(named)) or [_("Inspection")]
