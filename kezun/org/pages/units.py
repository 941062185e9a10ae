"""The tree of units: browse, search, a unit with its past, and the changes to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kezun.kernel.page import Menu, page
from kezun.org import actions, forms, queries
from kezun.org.models import FOREVER, Unit, valid_on
from kezun.org.pages.change import Change, allowed, serve
from kezun.org.reader import reader_of
from kezun.ui.components import Crumb

READ = "org.read"
FOUND = 50


def _kind(unit: Unit) -> dict[str, Any]:
    return {"name": unit.name, "name_en": unit.name_en, "kind": unit.kind}


def _tags(unit: Unit) -> dict[str, Any]:
    now = unit.tags.filter(valid_on(timezone.localdate())).values_list("tag", flat=True)
    return {"tags": ", ".join(sorted(now))}


CHANGES = {
    "open": Change("org.open_unit", _("Open a unit below"), forms.OpenUnit, actions.open_unit),
    "rename": Change("org.rename_unit", _("Rename"), forms.RenameUnit, actions.rename_unit, _kind),
    "tags": Change("org.set_tags", _("Set tags"), forms.Tags, actions.set_tags, _tags),
    "person": Change("org.add_person", _("Add a person"), forms.AddPerson, actions.add_person),
    "group": Change("org.found_group", _("Found a leading group"), forms.FoundGroup, actions.found_group),
    "move": Change("org.move_unit", _("Move"), forms.MoveUnit, actions.move_unit),
    "merge": Change(
        "org.merge_unit", _("Merge into another"), forms.MergeUnit, actions.merge_unit, danger=True
    ),
    "close": Change("org.close_unit", _("Close"), forms.CloseUnit, actions.close_unit, danger=True),
}


@page("org/", name="org.tree", needs=READ, menu=Menu("manage", 10, _("Organisation"), "sitemap"))
def tree(request: HttpRequest) -> HttpResponse:
    """The top of the scope, or what a search finds."""
    text = request.GET.get("q", "").strip()
    person = reader_of(request)
    found = (
        list(queries.found_units(person, text, READ)[:FOUND]) if text else queries.home_units(person, READ)
    )
    if len(found) == 1 and not text:
        return unit(request, found[0].code)
    return render(request, "org/tree.html", {"units": found, "text": text, "most": FOUND})


@page("org/units/<str:code>/", name="org.unit", needs=READ)
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """A unit: what is above and below, its past, tags, people by post, leading groups."""
    person = reader_of(request)
    shown = queries.unit_by_code(person, code, READ)
    today = timezone.localdate()
    day = min(today, shown.closed_date)
    above = queries.ancestors(person, shown, day, READ)
    crumbs = [Crumb(u.title, reverse("org.unit", args=[u.code])) for u in above] + [Crumb(shown.title)]
    context = {
        "unit": shown,
        "closed": shown.closed_date < today,
        "crumbs": crumbs,
        "children": queries.children(person, shown, day, READ),
        "places": shown.places.select_related("parent").order_by("from_date"),
        "tags": shown.tags.order_by("-to_date", "tag"),
        "today": today,
        "forever": FOREVER,
        "posted": queries.posted_at(person, shown, today, READ),
        "groups": shown.leading_groups.prefetch_related("members__person").order_by("pk"),
        "changes": allowed(request, CHANGES, shown),
    }
    return render(request, "org/unit.html", context)


@page("org/units/<str:code>/<slug:word>/", name="org.unit_change", needs=READ)
def unit_change(request: HttpRequest, code: str, word: str) -> HttpResponse:
    """The form of one change to a unit."""
    subject = queries.unit_by_code(reader_of(request), code, READ)
    return serve(request, CHANGES, word, subject, reverse("org.unit", args=[code]))


MEMBERSHIP = {"member": Change("org.add_member", _("Add a member"), forms.Member, actions.add_member)}


@page("org/groups/<int:pk>/member/", name="org.group_member", needs="org.add_member")
def group_member(request: HttpRequest, pk: int) -> HttpResponse:
    """A new member of a leading group."""
    group = queries.group_by_pk(reader_of(request), pk, "org.add_member")
    return serve(request, MEMBERSHIP, "member", group, reverse("org.unit", args=[group.unit.code]))
