"""Runs: what was computed, from what, by whom, how far it is; made anew, tried as a what-if, repeated."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment import queries, repeating
from kezun.assessment.actions import runs as writing
from kezun.assessment.actions.replays import replay_run
from kezun.assessment.messages import say_refusal
from kezun.assessment.models import Run
from kezun.assessment.models.runs import COUNTED
from kezun.assessment.pages.what_if import changed_numbers
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.reading import NotAScheme
from kezun.facts.indicators import catalogue
from kezun.facts.questions import period_named
from kezun.facts.rules import Period
from kezun.facts.types import FACT_TYPES
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

RUN, REPLAY = "assessment.run", "assessment.replay_run"
PAGE = 30
OTHER_INPUTS = {
    "roster": gettext_lazy("Who was judged"),
    "code": gettext_lazy("Program"),
    "tree": gettext_lazy("Tree of units"),
}


@page("runs/", name="assessment.runs", needs=RUN, menu=Menu("work", 45, gettext_lazy("Runs"), "player-play"))
@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """All runs, the newest first."""
    reader = reader_of(request)
    found = queries.runs_for(reader).select_related("made_by").defer("inputs", "peers", "scheme__text")
    shown = Paginator(found, PAGE).get_page(request.GET.get("page"))
    known = repeating.repeated([run.pk for run in shown])
    under_way = any(run.state in (Run.State.WAITING, Run.State.RUNNING) for run in shown)
    last = timezone.localdate().replace(day=1) - dt.timedelta(days=1)
    context: dict[str, Any] = {
        "title": _("Runs"),
        "rows": [(run, known.get(run.pk)) for run in shown],
        "shown": shown,
        "live": under_way or any(one.under_way for one in known.values()),
        "schemes": {s.urn: s.name for s in queries.schemes_for(reader).published()}.items(),
        "kinds": [(kind.value, kind.label) for kind in COUNTED],
        "period": Period.of(last, "month").label,
    }
    in_place = request.headers.get("HX-Target") == "runs"
    return render(request, "assessment/parts/runs.html" if in_place else "assessment/runs.html", context)


@page("runs/new/", name="assessment.new_run", needs=RUN)
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Begin a run of a scheme over a period; the worker computes it."""
    reader = reader_of(request)
    kind = request.POST.get("kind", "")
    decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "")
    try:
        period = period_named(request.POST.get("period", ""))
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("assessment.runs")
    scheme = queries.scheme_named(reader, request.POST.get("scheme", ""), period.end)
    if kind not in COUNTED:
        messages.error(request, _("Choose what the run counts as."))
        return redirect("assessment.runs")
    try:
        writing.run(reader, scheme, period=period.label, kind=kind, decision=decision, reason=reason)
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("The run waits its turn; this page says how far it is."))
    return redirect("assessment.runs")


@page("runs/<int:run>/what-if/", name="assessment.run_what_if", needs=RUN)
@require_POST
def what_if(request: HttpRequest, run: int) -> HttpResponse:
    """A what-if run of everybody with the numbers that were moved, on the same facts."""
    reader = reader_of(request)
    held = queries.run_by_id(reader, run)
    form = queries.scheme_of(held.scheme)
    change = dict(held.change) | changed_numbers(request.POST, form)
    try:
        changed(form, change)
        writing.run(
            *(reader, held.scheme),
            period=held.period,
            kind=Run.Kind.WHAT_IF,
            known_at=held.known_at,
            change=change,
        )
    except NotAScheme as error:
        for line in say_refusal(error):
            messages.error(request, line)
    else:
        messages.success(request, _("The what-if run waits its turn. It counts for nothing."))
    return redirect("assessment.runs")


@page("runs/<int:run>/replay/", name="assessment.replay_run", needs=REPLAY)
@require_POST
def replay(request: HttpRequest, run: int) -> HttpResponse:
    """Have a run repeated from what it wrote down."""
    reader = reader_of(request)
    held = queries.run_by_id(reader, run)
    try:
        replay_run(reader, held)
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("The run is being repeated; this page says whether it is equal."))
    return redirect("assessment.one_run", held.pk) if reader.may(RUN) else redirect("control.home")


def _fact_title(name: str) -> str:
    return str(FACT_TYPES[name].title) if name in FACT_TYPES else name


def _indicator_title(name: str) -> str:
    """The title of an indicator with its identifier; a definition that is gone keeps the identifier alone."""
    found = catalogue().definitions.get(name)
    return f"{found.title} ({name})" if found else name


@page("runs/<int:run>/", name="assessment.one_run", needs=RUN)
@require_safe
def one(request: HttpRequest, run: int) -> HttpResponse:
    """One run: everything that it is a function of, and what its repetitions found."""
    reader = reader_of(request)
    held = queries.run_by_id(reader, run)
    told = held.inputs
    context: dict[str, Any] = {
        "title": _("Run %(number)d") % {"number": held.pk},
        "run": held,
        "editions": told.get("scheme", {}).get("editions", []),
        "facts": [(_fact_title(name), fact) for name, fact in sorted(told.get("facts", {}).items())],
        "others": [(title, told[name]) for name, title in OTHER_INPUTS.items() if name in told],
        "indicators": [
            (_indicator_title(name), sha) for name, sha in sorted(told.get("indicators", {}).items())
        ],
        "change": held.change.items(),
        "repeated": repeating.history(held.pk),
        "may_repeat": held.state == Run.State.DONE and reader.may(REPLAY),
    }
    in_place = request.headers.get("HX-Target") == "repeated"
    template = "assessment/parts/repetitions.html" if in_place else "assessment/run.html"
    return render(request, template, context)
