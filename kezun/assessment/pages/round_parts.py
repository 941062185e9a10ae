"""Parts of a round's page that take time, fetched by htmx or opened alone: data, runs, moves, replays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment import repeating
from kezun.assessment.actions.replays import replay_run
from kezun.assessment.completeness import Came, Complete, Filled, complete
from kezun.assessment.models import Replay, Round, Run, Score
from kezun.assessment.pages.rounds import MOST, run_of, runs_of, surroundings
from kezun.assessment.queries import comparable
from kezun.assessment.rounds import READ, round_by_id, scheme_for
from kezun.assessment.schemes import scheme_of
from kezun.assessment.scorecards import title_of
from kezun.facts.types import FACT_TYPES
from kezun.kernel.page import page
from kezun.org.models import Unit
from kezun.org.reader import reader_of

SHOWN = 60


def part(request: HttpRequest, name: str, context: Mapping[str, Any], held: Round) -> HttpResponse:
    """A part by itself for htmx; for a browser without scripts a page that holds it."""
    if request.headers.get("HX-Request"):
        return render(request, f"assessment/parts/{name}.html", dict(context))
    frame = {
        "title": str(held.period),
        "part": f"assessment/parts/{name}.html",
        "crumbs": [
            {"title": _("Periods"), "href": reverse("assessment.rounds")},
            {"title": held.period, "href": reverse("assessment.round", args=[held.pk])},
        ],
    }
    return render(request, "assessment/round_part.html", {**frame, **context})


@page("rounds/<int:pk>/data/", name="assessment.round_data", needs=READ)
@require_safe
def data(request: HttpRequest, pk: int) -> HttpResponse:
    """What the facts hold for the round now: components, days, who lacks what."""
    held = round_by_id(reader_of(request), min(pk, MOST))
    try:
        found = complete(held)
        titles = {c.id: title_of(c) for c in scheme_of(scheme_for(held)).components}
    except ValidationError as error:
        return part(request, "round_data", {"round": held, "refused": error.messages}, held)
    units = _titles(found)
    context = {
        "round": held,
        "subjects": found.subjects,
        "components": [_component(one, titles, units) for one in found.components],
        "facts": [_came(one, units) for one in found.facts],
    }
    return part(request, "round_data", context, held)


def _titles(found: Complete) -> dict[int, str]:
    wanted = {unit for one in found.components for unit, _n in one.lacking}
    wanted |= {unit for one in found.facts for unit in one.silent}
    return {unit.pk: unit.title for unit in Unit.objects.filter(pk__in=wanted)}


def _component(one: Filled, titles: Mapping[str, str], units: Mapping[int, str]) -> dict[str, Any]:
    lacking = [(units[unit], n) for unit, n in one.lacking if unit in units]
    return {"one": one, "title": titles.get(one.id, one.id), "lacking": lacking}


def _came(one: Came, units: Mapping[int, str]) -> dict[str, Any]:
    silent = [units[unit] for unit in one.silent if unit in units]
    return {"one": one, "title": FACT_TYPES[one.fact].title, "silent": silent}


@page("rounds/<int:pk>/runs/", name="assessment.round_runs", needs=READ)
@require_safe
def runs(request: HttpRequest, pk: int) -> HttpResponse:
    """The runs as they are just now; asked again and again while one is being computed."""
    person = reader_of(request)
    held = round_by_id(person, min(pk, MOST))
    context = surroundings(person, held, runs_of(held))
    answer = part(request, "round_runs", context | {"live": True}, held)
    if not context["busy"]:
        answer["HX-Refresh"] = "true"  # the step that waited for the run can be taken now
    return answer


@page("rounds/<int:pk>/moved/", name="assessment.round_moved", needs=READ)
@require_safe
def moved(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed from one run of the round to another: subjects whose score or grade is not what it was."""
    person = reader_of(request)
    held = round_by_id(person, min(pk, MOST))
    before, after = (run_of(held, request.GET.get(name, "")) for name in ("before", "after"))
    shared = comparable(person, before, after)
    rows = [row for row in shared if row.differs]
    context = {
        "round": held,
        "before": before,
        "after": after,
        "rows": rows[:SHOWN],
        "more": max(len(rows) - SHOWN, 0),
        "same": len(shared) - len(rows),
        "regraded": sum(row.grade_before != row.grade_after for row in rows),
        "came": abs(before.subjects - after.subjects),
    }
    return part(request, "round_moved", context, held)


@page("rounds/<int:pk>/replay/<int:number>/", name="assessment.replay", needs="assessment.replay_run")
@require_POST
def repeat(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Have a run of the round repeated by the worker; the part then says how far it is."""
    reader = reader_of(request)
    held = round_by_id(reader, min(pk, MOST))
    asked = replay_run(reader, run_of(held, str(number)))
    if not request.headers.get("HX-Request"):
        return redirect("assessment.replayed", held.pk, asked.pk)
    return _repeated(request, held, asked)


@page("rounds/<int:pk>/replays/<int:number>/", name="assessment.replayed", needs=READ)
@require_safe
def replayed(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One repetition of a run of the round: how far it is, or whether every byte came out the same."""
    held = round_by_id(reader_of(request), min(pk, MOST))
    rows = Replay.objects.filter(run__round=held).select_related("run", "asked_by")
    return _repeated(request, held, get_object_or_404(rows, pk=min(number, MOST)))


def _repeated(request: HttpRequest, held: Round, row: Replay) -> HttpResponse:
    context = {
        "round": held,
        "run": row.run,
        "found": repeating.one(row),
        "differences": _named(row.run, row.differences),
    }
    return part(request, "replayed", context, held)


def _named(run: Run, differences: list[dict[str, str]]) -> list[tuple[str, dict[str, str]]]:
    rows = Score.objects.filter(run=run, subject__in={d["subject"] for d in differences})
    rows = rows.select_related("unit", "person", "line").defer("lines")
    names = {row.subject: str(row.person or row.line or row.unit or row.subject) for row in rows}
    return [(names.get(d["subject"], d["subject"]), d) for d in differences]
