"""The list of cases: filters, saved filters, sorting, pages, the way to Excel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.cases import exporting, wording
from kezun.cases.actions.filters import drop_filter, export, save_filter
from kezun.cases.filterwords import DUE, SORTS, WHO, states
from kezun.cases.kinds import kind_names
from kezun.cases.listing import COUNTED, Wanted, listed, unit_asked
from kezun.cases.models import SavedFilter
from kezun.cases.pages.work import READ
from kezun.kernel.actor import Denied
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of
from kezun.ui.attachment import XLSX, attachment
from kezun.ui.telling import tell


@page(
    "cases/",
    name="cases.list",
    needs=READ,
    menu=Menu("handle", 5, gettext_lazy("All cases"), "list-check", short=4),
)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Cases in scope, as asked for."""
    person, now = reader_of(request), timezone.now()
    wanted = Wanted.of(request.GET)
    unit_text, unit_error = wanted.unit, ""
    try:
        wanted, unit = unit_asked(person, wanted)
    except ValidationError as error:
        wanted, unit, unit_error = replace(wanted, unit=""), None, error.message_dict["unit"][0]
    found = listed(person, wanted, now)
    context: dict[str, Any] = {
        "title": _("All cases"),
        "wanted": wanted,
        "unit": unit,
        "unit_text": unit_text if unit_error else wanted.unit,
        "unit_error": unit_error,
        "everywhere": wanted.query(after="", state="") if wanted.q and wanted.state else "",
        "rows": found.rows,
        "following": found.following,
        "count": found.count,
        "counted": COUNTED,
        "kinds": kind_names(),
        "states": states(),
        "dues": DUE.items(),
        "whos": WHO.items(),
        "sorts": SORTS.items(),
        "severities": "1234",
        "query": wanted.query(after=""),
        "narrowed": wanted.query(after="", sort="time") != "",
        "may_export": person.may("cases.export"),
        "may_take": False,
    }
    return render(request, "cases/list.html", context, status=422 if unit_error else 200)


@page("cases/filters/", name="cases.filters", needs=READ)
@require_safe
def filters(request: HttpRequest) -> HttpResponse:
    """One's own saved filters, fetched when their list is opened."""
    kept = SavedFilter.objects.visible_to(reader_of(request)).order_by("title")
    context = {"title": _("Saved filters"), "kept": kept, "query": request.GET.urlencode()}
    return render(request, "cases/parts/filters.html", context)


@page("cases/filters/save/", name="cases.save_filter", needs="cases.save_filter")
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the choice one looks at."""
    query = Wanted.of(_dict(request.POST.get("query", ""))).query(after="")
    try:
        kept = save_filter(reader_of(request), title=request.POST.get("title", ""), query=query)
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("Saved as «%(title)s».") % {"title": kept.title})
    return redirect(f"{reverse('cases.list')}?{query}")


def _dict(query: str) -> dict[str, str]:
    from django.http import QueryDict

    return {name: str(value) for name, value in QueryDict(query[:1000]).items()}


@page("cases/filters/<int:pk>/drop/", name="cases.drop_filter", needs="cases.drop_filter")
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop a saved filter."""
    own = SavedFilter.objects.visible_to(reader_of(request))
    kept = get_object_or_404(own, pk=min(pk, 2**63 - 1))
    drop_filter(reader_of(request), kept)
    messages.success(request, _("Dropped «%(title)s».") % {"title": kept.title})
    return redirect("cases.list")


@page("cases/export/", name="cases.export", needs="cases.export")
@require_POST
def take_out(request: HttpRequest) -> HttpResponse:
    """The list as Excel: no personal data of customers; recorded before it is handed out."""
    person = reader_of(request)
    if not person.may("cases.export"):
        raise Denied("cases.export")
    wanted = Wanted.of(_dict(request.POST.get("query", "")))
    book, rows = exporting.workbook_of(person, wanted, timezone.now())
    export(person, query=wanted.query(), rows=rows)
    return attachment(book, f"{wording.file_name()}.xlsx", XLSX)
