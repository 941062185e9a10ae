"""One sheet: filled on the phone criterion by criterion, and read with its score once it is submitted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezun.kernel.actor import Actor
from kezun.kernel.file import keep, open_file
from kezun.kernel.page import page
from kezun.org.reader import reader_of
from kezun.standards import actions, queries, rules
from kezun.standards import answers as answering
from kezun.standards.messages import say_lack
from kezun.standards.models import READ_SHEETS, Evidence, Sheet
from kezun.standards.pages.handbook import number, number_in
from kezun.standards.result import result_of, shown_parts, worst
from kezun.standards.rules.form import Criterion, Indicator
from kezun.ui.telling import tell

SAVE = "standards.save_sheet"
KINDS = ("png", "jpeg", "gif", "webp", "pdf")
TYPES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
NA = "na"


@dataclass(frozen=True)
class Field:
    """A criterion on the sheet: what was answered, its evidence, the measured value, and what is wrong."""

    criterion: Criterion
    entry: dict[str, Any]
    pieces: tuple[Evidence, ...] = ()
    measured: str = ""
    wrong: str = ""

    @property
    def kind(self) -> str:
        return type(self.criterion.answer).__name__.lower()

    @property
    def na(self) -> bool:
        return NA in self.entry

    @property
    def done(self) -> bool:
        """Answered, as far as one sees without looking at evidence."""
        return bool(self.entry.get("value")) or bool(self.entry.get(NA)) or bool(self.measured)


@page("sheets/<int:pk>/", name="standards.sheet", needs=READ_SHEETS)
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """A sheet to fill for whoever began it; to read for all others."""
    actor = reader_of(request)
    row = queries.sheet_by_id(actor, number(pk))
    mine = row.state == Sheet.State.DRAFT and row.inspector_id == actor.pk and actor.may(SAVE)
    context = {
        "sheet": row,
        "crumbs": [
            {"title": _("Inspections"), "href": reverse("standards.sheets")},
            {"title": f"{row.unit} · {row.visited_date}"},
        ],
    }
    if mine:
        return render(request, "standards/fill.html", context | filled(row, "missing" in request.GET))
    return render(request, "standards/sheet.html", context | read(actor, row))


def filled(row: Sheet, missing: bool) -> dict[str, Any]:
    """Everything for the page that fills: fields by module, progress, and what is missing where asked."""
    standard = queries.whole(row.standard)
    values = answering.values_for(standard, row.unit, row.visited_date)
    fields = fields_of(row, standard, values)
    context: dict[str, Any] = {"standard": standard, "groups": grouped(standard, fields)} | progress(fields)
    if missing:
        lacks = lacks_of(row, standard, values)
        context["lacks"] = [{"id": found.criterion, "text": say_lack(found)} for found in lacks]
    return context


def lacks_of(row: Sheet, standard: rules.Standard, values: dict[str, str]) -> list[rules.Lack]:
    pieces = list(row.evidence.select_related("file"))
    row.indicators = values
    return rules.lacks(
        standard,
        answering.given_in(standard, row.answers),
        tags=row.tags,
        method=row.method,
        indicators=answering.indicators_of(row),
        photos=answering.evidence_counts(standard, row.answers, pieces),
    )


def fields_of(row: Sheet, standard: rules.Standard, values: dict[str, str]) -> dict[str, Field]:
    """The criteria that are asked, each with what is known of it."""
    pieces: dict[str, list[Evidence]] = defaultdict(list)
    for piece in row.evidence.select_related("file"):
        pieces[piece.criterion].append(piece)
    found = {}
    for criterion in rules.asked(standard, tags=row.tags, method=row.method):
        ref = criterion.answer.ref if isinstance(criterion.answer, Indicator) else ""
        entry = row.answers.get(criterion.id, {})
        found[criterion.id] = Field(
            criterion, entry, tuple(pieces[criterion.id]), values.get(ref, "") if ref else ""
        )
    return found


def grouped(standard: rules.Standard, fields: dict[str, Field]) -> list[tuple[Any, list[tuple[Any, Any]]]]:
    """Module → item → fields, without what is not asked."""
    found = []
    for module in (*standard.modules, *standard.beside):
        items = [(i, [fields[c.id] for c in i.criteria if c.id in fields]) for i in module.items]
        kept = [(item, rows) for item, rows in items if rows]
        if kept:
            found.append((module, kept))
    return found


def progress(fields: dict[str, Field]) -> dict[str, int]:
    return {"done": sum(f.done for f in fields.values()), "asked": len(fields)}


@page("sheets/<int:pk>/answer/", name="standards.answer", needs=SAVE)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep one answer as soon as it is given; the field comes back as it now stands."""
    actor = reader_of(request)
    row = queries.sheet_by_id(actor, number(pk))
    id = request.POST.get("criterion", "")[:60]
    wrong = ""
    try:
        row = actions.save_sheet(actor, row, entries={id: said(request)})
    except ValidationError as error:
        wrong = "; ".join(error.messages)
    return field(request, row, id, wrong)


def said(request: HttpRequest) -> dict[str, Any] | None:
    """What the form of one criterion says."""
    form = request.POST
    entry: dict[str, Any] = {"note": form.get("note", "")}
    if form.get("choice") == NA:
        entry["na"] = form.get("reason", "")
    elif form.get("choice", "").startswith("v:"):
        entry["value"] = form["choice"][2:]
    else:
        entry["value"] = form.get("number", "")
    return entry


def field(request: HttpRequest, row: Sheet, id: str, wrong: str) -> HttpResponse:
    """One field with the progress beside it; the whole page where the browser does not run htmx."""
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('standards.sheet', args=[row.pk])}#f-{id}")
    standard = queries.whole(row.standard)
    fields = fields_of(row, standard, answering.values_for(standard, row.unit, row.visited_date))
    if id not in fields:
        raise Http404(id)
    one = fields[id]
    shown = Field(one.criterion, one.entry, one.pieces, one.measured, wrong)
    context = {"sheet": row, "field": shown, "swapped": True} | progress(fields)
    return render(request, "standards/parts/answer.html", context)


@page("sheets/<int:pk>/photo/", name="standards.photo", needs=SAVE)
@require_POST
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a photo beside an answer, or take one away (`drop`)."""
    actor = reader_of(request)
    row = queries.sheet_by_id(actor, number(pk))
    id, file, drop = (
        request.POST.get("criterion", "")[:60],
        request.FILES.get("file"),
        number_in(request.POST.get("drop", "")),
    )
    wrong = ""
    try:
        if drop is not None:
            actions.detach_evidence(actor, row, evidence=drop)
        elif file is not None:
            kept = keep(actor, file, file.name or "photo", allow=KINDS)
            actions.attach_evidence(actor, row, kept, criterion=id)
    except ValidationError as error:
        wrong = "; ".join(error.messages)
        if not request.headers.get("HX-Request"):
            tell(request, error)
    return field(request, row, id, wrong)


@page("sheets/<int:pk>/photo/<int:piece>/", name="standards.evidence", needs=READ_SHEETS)
def evidence(request: HttpRequest, pk: int, piece: int) -> HttpResponse:
    """A photo or document of a sheet that the reader may see."""
    row = queries.sheet_by_id(reader_of(request), number(pk))
    found = row.evidence.select_related("file").filter(pk=number(piece)).first()
    if found is None:
        raise Http404(str(piece))
    kind = TYPES.get(found.file.kind, "application/octet-stream")
    answer: Any = FileResponse(open_file(found.file.sha256), content_type=kind)
    answer["Content-Disposition"] = "inline" if found.file.kind in TYPES else "attachment"
    answer["Cache-Control"] = "private, max-age=86400"
    return cast(HttpResponse, answer)


def read(actor: Actor, row: Sheet) -> dict[str, Any]:
    """Everything for the page that reads: the score with every line, what was lost and why."""
    submitted = row.state == Sheet.State.SUBMITTED
    other = actor.may("standards.correct_sheet") and row.inspector_id != getattr(actor, "pk", None)
    context: dict[str, Any] = {
        "tags": [],
        "may_correct": submitted and other,
        "may_void": (submitted or row.state == Sheet.State.DRAFT) and other,
        "later": row.corrections.first(),
        "may_release": not row.released and other_may_release(actor, row),
    }
    if row.submitted_at is None:
        return context
    standard = queries.whole(row.standard)
    result = result_of(row, standard)
    pieces: dict[str, list[Evidence]] = defaultdict(list)
    for piece in row.evidence.select_related("file"):
        pieces[piece.criterion].append(piece)
    parts = shown_parts(row, standard, result, pieces)
    return context | {
        "standard": standard,
        "tags": [tag for tag in row.tags if tag in asked_for(standard)],
        "result": result,
        "parts": parts,
        "worst": worst(parts),
        "shares": result.earned / result.applicable if result.applicable else None,
        "minutes": (row.submitted_at - row.started_at).total_seconds() / 60,
    }


def other_may_release(actor: Actor, row: Sheet) -> bool:
    """Whoever orders covert visits decides when they are released, never whoever made the visit."""
    alive = row.state in (Sheet.State.DRAFT, Sheet.State.SUBMITTED)
    return alive and actor.may("standards.release_sheet") and row.inspector_id != getattr(actor, "pk", None)


def asked_for(standard: rules.Standard) -> set[str]:
    """The tags that decide about any criterion; an outlet has others, which say nothing here."""
    applied = [c.applies_to for c in standard.criteria()]
    return {tag for to in applied for tag in (*to.any, *to.all, *to.none)}
