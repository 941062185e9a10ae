"""From an inspection to corrections: each criterion that was not met and wants one gets a case of its own.

The standard says which criteria want one and within how many days (`rectify`); the outlet's head answers for
it; the sheet's photo is how it looked before. Doing it again opens nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from kezun.cases import kinds
from kezun.cases.actions import do, open_case
from kezun.cases.models import Case
from kezun.cases.models.cases import CaseQuerySet
from kezun.cases.remarks import remark
from kezun.cases.rules.kinds import Kind
from kezun.kernel.action import once
from kezun.kernel.actor import SystemActor
from kezun.org.models import Assignment, Person, Unit, valid_on
from kezun.standards import queries
from kezun.standards.models import Evidence, Sheet
from kezun.standards.result import result_of, why
from kezun.standards.rules import Criterion
from kezun.standards.rules.scoring import Line

CORRECTION = "correction"
BY = SystemActor("inspection")
# who answers for an outlet, the first that is there
HEADS = ("outlet_manager", "outlet_director", "unit_head", "operations_supervisor")
MOST_DAYS, TITLE = 365, 200


@dataclass(frozen=True)
class Finding:
    """A criterion that was not met and has to be put right."""

    criterion: Criterion
    line: Line
    note: str
    veto: bool

    @property
    def days(self) -> int:
        """Workdays to put it right."""
        return min(self.criterion.rectify.due_days, MOST_DAYS) if self.criterion.rectify else 1


def findings_of(sheet: Sheet) -> Iterator[Finding]:
    """What on a submitted sheet has to be put right; what only a cascade took is no finding of its own."""
    standard = queries.whole(sheet.standard)
    criteria = {c.id: c for c in standard.criteria()}
    for line in result_of(sheet, standard).lines:
        criterion = criteria[line.id]
        if criterion.rectify is None or line.lost <= 0 or line.reason == "cascade":
            continue
        note = str(sheet.answers.get(line.id, {}).get("note", ""))
        yield Finding(criterion, line, note, line.id in sheet.veto)


def head_of(unit: Unit) -> Person | None:
    """Whoever answers for a unit today; None where nobody holds such a post."""
    held = Assignment.objects.filter(valid_on(timezone.localdate()), unit=unit, post__role__in=HEADS)
    found = held.filter(person__is_active=True).select_related("person", "post").order_by("pk")
    return min(found, key=lambda one: HEADS.index(one.post.role)).person if found else None


def corrections_of(sheet: Sheet) -> CaseQuerySet:
    """Corrections that come from a sheet or from the one that it corrects, the first criterion first."""
    found = Case.objects.filter(code=CORRECTION, unit=sheet.unit_id, data__root=str(sheet.root))
    return found.order_by("data__criterion", "pk")


def open_corrections(sheet: Sheet) -> list[Case]:
    """A correction for each finding of a submitted, released sheet that has none yet; returns the new ones.

    What does not count (draft, corrected, void) has no findings, a covert visit none before its release.
    """
    if sheet.state != Sheet.State.SUBMITTED or not sheet.released:
        return []
    there = set(corrections_of(sheet).values_list("data__criterion", flat=True))
    form = kinds.form_of(kinds.kind_now(CORRECTION))
    head, made = head_of(sheet.unit), []
    for finding in findings_of(sheet):
        if finding.criterion.id not in there and (case := _opened(sheet, finding, head, form)):
            made.append(case)
    return made


def _opened(sheet: Sheet, finding: Finding, head: Person | None, form: Kind) -> Case | None:
    """The case of one finding, given to the unit and its head; None where another worker just opened it."""
    key = f"sheet:{sheet.root}:{finding.criterion.id}"
    with transaction.atomic():
        with once(key):
            made: Any = open_case(BY, CORRECTION, sheet.unit, _given(sheet, finding, head, form))
        if not isinstance(made, Case):
            return None
        photos = Evidence.objects.filter(sheet=sheet, criterion=finding.criterion.id).select_related("file")
        if files := [piece.file for piece in photos]:
            do(BY, made, "attach", {"files": files, "stage": "before", "caption": finding.criterion.id})
        given = {"unit": sheet.unit} | ({"person": head} if head else {})
        return do(BY, made, "assign", given)


def _given(sheet: Sheet, finding: Finding, head: Person | None, form: Kind) -> dict[str, Any]:
    criterion = finding.criterion
    told = [criterion.text, why(criterion, finding.line), finding.note]
    return {
        "title": f"{criterion.id} {criterion.text}"[:TITLE],
        "received_at": sheet.submitted_at,
        "source": "inspection",
        "requirement": "\n".join(text for text in told if text),
        "complexity": grade_of(form, criterion.severity),
        "urgency": "immediate" if finding.veto else "term",
        "days": finding.days,
        "recheck": bool(criterion.rectify and criterion.rectify.recheck),
        "standard": sheet.standard.urn,
        "criterion": criterion.id,
        "sheet": sheet.pk,
        "root": str(sheet.root),
        **({"responsible": head} if head else {}),
    }


def grade_of(form: Kind, severity: str) -> str:
    """The kind's grade that is called like the criterion's severity; the mildest where none is."""
    field = form.field("complexity")
    choices = field.choices if field else ()
    named = (one.id for one in choices if severity in (one.id, one.name))
    return next(named, choices[0].id if choices else "")


def tell_of_change(sheet: Sheet, later: Sheet | None) -> Sequence[Case]:
    """Note on open corrections that their sheet was put right (`later`) or made void; people decide then."""
    failing = {f.criterion.id for f in findings_of(later)} if later else set()
    told = []
    for case in corrections_of(sheet).filter(open=True):
        named = {"reason": (later or sheet).reason}
        if later is None:
            words = remark("sheet_void", **named)
        elif case.data.get("criterion") in failing:
            words = remark("sheet_stands", **named)
        else:
            words = remark("sheet_cleared", **named)
        with once(f"sheet:{(later or sheet).pk}:{case.pk}"):
            do(BY, case, "note", {"note": words})
        told.append(case)
    return told
