"""Sheets: what was inspected, where a new one begins, and what becomes of one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kezun.kernel.page import Menu, page
from kezun.org.models import Person, Unit
from kezun.org.queries import found_units, home_units
from kezun.org.reader import reader_of
from kezun.standards import actions, queries
from kezun.standards.answers import methods_of
from kezun.standards.checkers import names_of
from kezun.standards.forms import BeginForm
from kezun.standards.models import READ_SHEETS, Sheet
from kezun.standards.pages.handbook import number
from kezun.standards.rules.checking import barred
from kezun.standards.rules.form import Indicator, Standard
from kezun.standards.wording import named, term
from kezun.ui.telling import tell

BEGIN = "standards.begin_sheet"
PER_PAGE, UNITS = 30, 300
STATES = {"mine": None, "submitted": "submitted", "draft": "draft", "void": "void", "corrected": "corrected"}
Choice = tuple[str, str]


@page(
    "sheets/",
    name="standards.sheets",
    needs=READ_SHEETS,
    menu=Menu("work", 5, gettext_lazy("Inspections"), "clipboard-check"),
)
def sheets(request: HttpRequest) -> HttpResponse:
    """Sheets in the reader's scope, the latest visit first; one's own that are being filled stand on top."""
    actor = reader_of(request)
    found = queries.sheets_for(actor).defer("standard__text", "answers")
    own = found.filter(inspector=actor, state=Sheet.State.DRAFT)
    state, code = request.GET.get("state", ""), request.GET.get("unit", "")[:40]
    if STATES.get(state):
        found = found.filter(state=STATES[state])
    elif state == "mine":
        found = found.filter(inspector=actor)
    if code:
        found = found.filter(unit__code=code)
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": list(shown.object_list),
        "page": shown,
        "own": list(own[:20]),
        "state": state,
        "unit": code,
        "states": [("", _("all")), ("mine", _("by me")), *Sheet.State.choices],
        "may_begin": actor.may(BEGIN),
    }
    return render(request, "standards/sheets.html", context)


@page("sheets/begin/", name="standards.begin_sheet", needs=BEGIN)
def begin(request: HttpRequest) -> HttpResponse:
    """Choose standard, method, unit and day; the key made here lets nothing begin twice."""
    actor = reader_of(request)
    choices = forms_in_force(actor)
    known = [choice for _title, group in choices for choice, _shown in group]
    units = found_units(actor, "", BEGIN).filter(closed_date__gte=queries.today())
    home = home_units(actor, BEGIN)
    initial = {
        "unit": home[0].code if len(home) == 1 and home[0].kind == Unit.Kind.OUTLET else "",
        "key": uuid.uuid4(),
        "visited": queries.today(),
    }
    offered = [("", "—"), *choices]
    form = BeginForm(request.POST or None, initial=initial | _asked(request), choices=offered, actor=actor)
    status = 200
    if request.method == "POST":
        made = _begun(request, actor, form) if form.is_valid() else None
        if made is not None:
            return redirect("standards.sheet", made.pk)
        status = 422
    context = {
        "form": form,
        "units": units.exclude(kind="head_office").only("code", "name", "name_en")[:UNITS],
        "nothing": not known,
        "crumbs": [
            {"title": _("Inspections"), "href": reverse("standards.sheets")},
            {"title": _("Begin")},
        ],
    }
    return render(request, "standards/begin_sheet.html", context, status=status)


def _asked(request: HttpRequest) -> dict[str, str]:
    """What the address already says, for links from other pages."""
    return {name: request.GET[name][:200] for name in ("unit", "form") if name in request.GET}


def _begun(request: HttpRequest, actor: Person, form: BeginForm) -> Sheet | None:
    said = form.cleaned_data
    urn, _bar, method = said["form"].partition("|")
    try:
        return actions.begin_sheet(
            actor,
            form.found["unit"],
            urn=urn,
            method=method,
            visited=said["visited"],
            key=said["key"],
            person=form.found.get("person"),
        )
    except ValidationError as error:
        tell(request, error)
        return None


def forms_in_force(actor: Person) -> list[tuple[str, list[Choice]]]:
    """The standards in force with the methods that this person may inspect by, for a grouped select."""
    found = []
    covert, names = actor.may("standards.read_blind"), names_of(actor)
    for edition in queries.in_force(queries.today()):
        try:
            made = queries.whole(edition)
        except ValidationError:  # an overlay without its base
            continue
        methods = [
            method
            for method in _by_people(made)
            if (covert or method not in made.covert_methods)
            and barred(made, method=method, names=names, own=method in made.own) is None
        ]
        choices = [(f"{edition.urn}|{method}", f"{named(made)} · {term(method)}") for method in methods]
        if choices:
            found.append((named(made), choices))
    return found


def _by_people(made: Standard) -> list[str]:
    """Methods by which somebody looks; those that only measure need nobody."""
    looked = {
        method for c in made.criteria() if not isinstance(c.answer, Indicator) for method in c.checker.methods
    }
    return [method for method in methods_of(made) if method in looked]


def _submit(person: Person, sheet: Sheet, form: Any) -> str:
    actions.submit_sheet(person, sheet)
    return _("Submitted. Nobody can change it any more.")


def _void(person: Person, sheet: Sheet, form: Any) -> str:
    actions.void_sheet(person, sheet, reason=form.get("reason", ""))
    return _("Made void.")


def _release(person: Person, sheet: Sheet, form: Any) -> str:
    done = actions.release_sheet(
        person, sheet, reason=form.get("reason", ""), day=day_in(form.get("day", ""))
    )
    if done.released:
        return _("Released: its results can now be read as facts.")
    return _("It will be released on %(day)s.") % {"day": done.release_date}


def day_in(text: str) -> dt.date | None:
    """The day that somebody sent as text, None where nothing was sent; ValidationError for what is no day."""
    try:
        return dt.date.fromisoformat(text) if text.strip() else None
    except ValueError as error:
        raise ValidationError({"day": _("Write the day as 2026-12-31.")}) from error


WORDS: dict[str, Callable[[Person, Sheet, Any], str]] = {
    "release": _release,
    "submit": _submit,
    "void": _void,
}


@page("sheets/<int:pk>/decide/<slug:word>/", name="standards.decide_sheet", needs="standards.save_sheet")
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Submit a sheet, make it void, or release a covert one; what is missing is shown on the sheet itself."""
    person = reader_of(request)
    sheet = queries.sheet_by_id(person, number(pk))
    act = WORDS.get(word)
    if act is None:
        raise Http404(word)
    try:
        messages.success(request, act(person, sheet, request.POST))
    except actions.NotSubmittable:
        return redirect(f"{reverse('standards.sheet', args=[pk])}?missing=1#missing")
    except ValidationError as error:
        tell(request, error)
    return redirect("standards.sheet", pk)
