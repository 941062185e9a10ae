"""Saved views, and the search in the top bar."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kezun.insight import actions, queries
from kezun.insight.rules import own_address
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

READ = "insight.read"


@page(
    "views/", name="insight.views", needs=READ, menu=Menu("look", 60, gettext_lazy("Saved views"), "bookmark")
)
def views(request: HttpRequest) -> HttpResponse:
    """One's own saved views."""
    found = queries.views_of(reader_of(request))
    return render(request, "insight/views.html", {"title": _("Saved views"), "views": found})


@page("views/save/", name="insight.save_view", needs="insight.save_view")
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the page one looks at, with all its choices."""
    address = request.POST.get("address", "")
    try:
        view = actions.save_view(reader_of(request), title=request.POST.get("title", ""), address=address)
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("Saved as «%(title)s».") % {"title": view.title})
    return redirect(address if own_address(address) else "insight.views")


@page("views/<int:pk>/rename/", name="insight.rename_view", needs="insight.rename_view")
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a view another name."""
    view = queries.view_of(reader_of(request), pk)
    try:
        actions.rename_view(reader_of(request), view, title=request.POST.get("title", ""))
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("Renamed to «%(title)s».") % {"title": view.title})
    return redirect("insight.views")


@page("views/<int:pk>/delete/", name="insight.delete_view", needs="insight.delete_view")
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a view, after the page has asked."""
    view = queries.view_of(reader_of(request), pk)
    actions.delete_view(reader_of(request), view)
    messages.success(request, _("Deleted «%(title)s».") % {"title": view.title})
    return redirect("insight.views")


@page("search/", name="insight.search", needs=READ)
def search(request: HttpRequest) -> HttpResponse:
    """Units and people in scope; a list under the field for htmx, else a page."""
    reader = reader_of(request)
    text = request.GET.get("q", "")[:80]
    context = {"title": _("Search"), "text": text, "searched": text, "found": queries.search(reader, text)}
    inside = request.headers.get("HX-Request") == "true"
    return render(request, "insight/found.html" if inside else "insight/search.html", context)
