"""Leads: what a search found in ratings and inspections, to be looked into and decided."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment import searching
from kezun.assessment.actions.leads import decide_lead
from kezun.assessment.models import Lead
from kezun.assessment.signals.definitions import signals
from kezun.facts.queries import READ_ROWS
from kezun.kernel.models import Task
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

READ = "assessment.read_leads"
PAGE = 50
QUARTER = dt.timedelta(days=89)


@page(
    "leads/",
    name="assessment.leads",
    needs=READ,
    menu=Menu("work", 40, gettext_lazy("Leads"), "zoom-question"),
)
@require_safe
def leads(request: HttpRequest) -> HttpResponse:
    """Leads in scope, the open ones first; what each sign means."""
    person = reader_of(request)
    state, sign = request.GET.get("state", Lead.State.OPEN), request.GET.get("signal", "")
    known = signals().by_id
    found = Lead.objects.visible_to(person).select_related("unit", "person", "decided_by")
    if state in set(Lead.State.values):
        found = found.filter(state=state)
    if sign in known:
        found = found.filter(signal=sign)
    shown = Paginator(found.order_by("q", "p", "pk"), PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    waiting = Task.objects.filter(name=searching.SEARCH, state__in=(Task.State.WAITING, Task.State.RUNNING))
    context: dict[str, Any] = {
        "title": _("Leads"),
        "rows": [(lead, known[lead.signal]) for lead in shown if lead.signal in known],
        "shown": shown,
        "state": state,
        "states": Lead.State.choices,
        "signal": sign,
        "signals": known.values(),
        "chance": signals().chance,
        "may_find": person.may(searching.FIND),
        "since": today - QUARTER,
        "until": today,
        "under_way": waiting.exists(),
    }
    return render(request, "assessment/leads.html", context)


@page("leads/search/", name="assessment.find_leads", needs=searching.FIND)
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Have some days searched in the background."""
    try:
        since, until = (dt.date.fromisoformat(request.POST.get(name, "")) for name in ("since", "until"))
    except ValueError:
        messages.error(request, _("Give both days as year-month-day, for instance 2026-03-31."))
        return redirect("assessment.leads")
    if not dt.timedelta(0) <= until - since <= searching.LONGEST:
        messages.error(request, _("Choose 1 to 100 days, the first before the last."))
        return redirect("assessment.leads")
    searching.ask(reader_of(request), since, until)
    messages.success(request, _("The search runs in the background; reload this page in a moment."))
    return redirect("assessment.leads")


@page("leads/<int:pk>/", name="assessment.lead", needs=READ)
@require_safe
def lead(request: HttpRequest, pk: int) -> HttpResponse:
    """One lead: the figures, what else it may be, the facts that show it, and the decision."""
    person = reader_of(request)
    found = get_object_or_404(
        Lead.objects.visible_to(person).select_related("unit", "person", "decided_by"), pk=pk
    )
    signal = signals().by_id.get(found.signal)
    if signal is None:  # a sign that is searched for no longer; the list leaves its leads out too
        raise Http404(found.signal)
    may_read = person.may(READ_ROWS)
    heads, rows = searching.facts_of(person, found) if may_read else ([], [])
    context: dict[str, Any] = {
        "title": signal.name,
        "lead": found,
        "signal": signal,
        "heads": heads,
        "rows": rows,
        "may_read": may_read,
        "may_decide": found.state == Lead.State.OPEN and person.may("assessment.decide_lead"),
        "outcomes": [c for c in Lead.State.choices if c[0] != Lead.State.OPEN],
    }
    return render(request, "assessment/lead.html", context)


@page("leads/<int:pk>/decide/", name="assessment.decide_lead", needs="assessment.decide_lead")
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a lead turned out to be."""
    person = reader_of(request)
    found = get_object_or_404(Lead.objects.visible_to(person), pk=pk)
    try:
        decide_lead(person, found, outcome=request.POST.get("outcome", ""), note=request.POST.get("note", ""))
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("Decided, and kept with your name."))
    return redirect("assessment.lead", pk)
