"""Registering a case of any kind: which kinds there are, and a form made from what the kind says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import actions, intake, kinds
from kezun.cases.forms_kind import OpeningForm, brought_roles, parties_of, people_of, staff_roles, stage_of
from kezun.cases.models import Case
from kezun.cases.models import Kind as KindRow
from kezun.cases.pages.intake import unit_called
from kezun.cases.rules.kinds import Kind
from kezun.cases.wording import named
from kezun.kernel.action import once
from kezun.kernel.models import StoredFile
from kezun.kernel.page import Menu, page
from kezun.org.models import Person
from kezun.org.reader import reader_of

OPEN = "cases.open"
GROUPS: dict[str, Promise] = {
    "voice": gettext_lazy("Customers"),
    "supervision": gettext_lazy("Supervision and correction"),
    "inside": gettext_lazy("Inside the bank"),
    "care": gettext_lazy("Care for customers"),
    "": gettext_lazy("Others"),
}
# kinds with a page of their own; what only the platform or a roll-out opens
ELSEWHERE = {"complaint": "cases.new_complaint"}
NOT_BY_HAND = frozenset(("review", "self_check"))
TIES = ("caused_by", "rectifies", "follow_up_of", "recurrence_of")


@page(
    "cases/new/",
    name="cases.intake",
    needs=OPEN,
    menu=Menu("handle", 4, gettext_lazy("Register a case"), "square-plus"),
)
def intake_page(request: HttpRequest) -> HttpResponse:
    """Every kind that can be opened by hand today, by group; from another case: tied to that one."""
    tail = f"?{urlencode(other)}" if (other := _other(request))["from"] else ""
    offered: dict[str, list[dict[str, str]]] = {name: [] for name in GROUPS}
    for code, form in kinds.forms_now().items():
        if code not in NOT_BY_HAND:
            offered[form.group if form.group in GROUPS else ""].append(_card(form, tail))
    groups = [(GROUPS[name], cards) for name, cards in offered.items() if cards]
    return render(request, "cases/intake.html", {"title": _("Register a case"), "groups": groups})


def _card(form: Kind, tail: str) -> dict[str, str]:
    place = ELSEWHERE.get(form.id)
    return {
        "title": kinds.title_of(form),
        "about": named(form.about, form.about_en),
        "icon": form.icon,
        "href": reverse(place) if place else reverse("cases.new", args=[form.id]) + tail,
    }


@page("cases/new/<slug:code>/", name="cases.new", needs=OPEN)
def new(request: HttpRequest, code: str) -> HttpResponse:
    """The form of one kind; files that were kept stay through every try."""
    if code in ELSEWHERE:
        return redirect(ELSEWHERE[code])
    row = kinds.kinds_now().get(code)
    if row is None or code in NOT_BY_HAND:
        raise Http404(code)
    actor, kind = reader_of(request), kinds.form_of(row)
    form = OpeningForm(kind, request.POST or None, initial=_before(request, actor, kind))
    context: dict[str, Any] = {"form": form, "kind": kind, "status": 200}
    if request.method == "POST":
        _keep(request, actor, context)
        made = _opened(request, actor, row, context) if form.is_valid() else None
        if made is not None:
            messages.success(request, _("Registered as %(no)s.") % {"no": made.no})
            return redirect("cases.case", made.no)
        context["status"] = 422
    return render(request, "cases/new.html", _shown(request, kind, context), status=context["status"])


def _before(request: HttpRequest, actor: Person, kind: Kind) -> dict[str, Any]:
    """What the form begins with: the own unit, and what the address says."""
    home = actor.home_unit.code if actor.home_unit else ""
    found: dict[str, Any] = {"unit": request.GET.get("unit", home)[:40]}
    return found | {f.id: request.GET[f.id][:200] for f in kind.asked("open") if f.id in request.GET}


def _keep(request: HttpRequest, actor: Person, context: dict[str, Any]) -> None:
    """Files of this try and of those before."""
    brought = intake.keep_files(actor, request.FILES.getlist("files"))
    files = [*intake.files_of(actor, request.POST.get("kept", "")), *brought.kept]
    context |= {"files": files, "kept": intake.ticket_for(actor, files), "refused": brought.refused}


def _shown(request: HttpRequest, kind: Kind, context: dict[str, Any]) -> dict[str, Any]:
    title = kinds.title_of(kind)
    return context | {
        "title": title,
        "about": named(kind.about, kind.about_en),
        "people": people_of(kind, request.POST),
        "roles": brought_roles(kind),
        "staff": [(role, name, request.POST.getlist(f"staff-{role}")) for role, name in staff_roles(kind)],
        "stage": stage_of(kind),
        "other": _other(request),
        "crumbs": [{"title": _("Register a case"), "href": reverse("cases.intake")}, {"title": title}],
    }


def _other(request: HttpRequest) -> dict[str, str]:
    """The case that this one comes from, where a link of its page says so."""
    said = request.POST if request.method == "POST" else request.GET
    return {name: said.get(name, "")[:20] for name in ("from", "tie")}


def _opened(request: HttpRequest, actor: Person, row: KindRow, context: dict[str, Any]) -> Case | None:
    """The new case with its files and its tie, or nothing at all and what stood in the way."""
    form: OpeningForm = context["form"]
    if context["refused"]:
        return None
    try:
        unit = unit_called(form.cleaned_data["unit"])
    except ValidationError as error:
        form.add_error(None, error)
        return None
    staff = {role: request.POST.getlist(f"staff-{role}") for role, _name in staff_roles(context["kind"])}
    parties = parties_of(context["kind"], request.POST, staff)
    given = form.given() | ({"parties": parties} if parties else {})
    if "owner" not in given and context["kind"].group == "supervision":
        given["owner"] = unit
    try:
        return opened(
            actor, row, unit, given, str(form.cleaned_data["key"]), context["files"], _other(request)
        )
    except ValidationError as error:
        form.show(error)
        return None


def opened(
    actor: Person,
    row: KindRow,
    unit: Any,
    given: dict[str, Any],
    key: str,
    files: Iterable[StoredFile],
    other: dict[str, str],
) -> Case:
    """Open, attach and tie in one go, once under `key`; a repeat gives the case of the first time."""
    with transaction.atomic():
        with once(f"open:{key}"):
            made: Any = actions.open_case(actor, row.urn, unit, given)
        if not isinstance(made, Case):
            return Case.objects.get(pk=int(re.sub(r"\D", "", str(made).rpartition(":")[2])))
        if held := list(files):
            stage = stage_of(kinds.form_of(row))
            actions.do(actor, made, "attach", {"files": held, "stage": stage})
        if other["from"] and other["tie"] in TIES:
            actions.do(actor, made, "link", {"to": other["from"], "type": other["tie"]})
    return made
