"""People as administrators see them: where they belong, their posts, their access. Phones are masked."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from kezun.kernel.page import Menu, page
from kezun.org import actions, forms, queries
from kezun.org.models import FOREVER, Assignment, Person, Unit
from kezun.org.pages.change import Change, allowed, attempt, serve
from kezun.org.reader import reader_of

READ = "org.read"
PER_PAGE = 50


def _present(person: Person) -> dict[str, Any]:
    left = None if person.left_date == FOREVER else person.left_date
    shown = {"name": person.name, "username": person.username, "email": person.email}
    return shown | {"left_date": left}


def _assign(actor: Any, person: Person, *, unit: Unit, **given: Any) -> Assignment:
    return actions.assign(actor, unit, person=person, **given)


CHANGES = {
    "update": Change(
        "org.update_person", _("Change data"), forms.UpdatePerson, actions.update_person, _present
    ),
    "assign": Change("org.assign", _("Assign to a post"), forms.Assign, _assign),
    "password": Change(
        "org.issue_password", _("Issue a one-time password"), forms.Nothing, actions.issue_password
    ),
    "factors": Change(
        "org.reset_factors", _("Remove second factors"), forms.Reason, actions.reset_factors, danger=True
    ),
    "disable": Change("org.disable_person", _("Disable"), forms.Reason, actions.disable_person, danger=True),
    "enable": Change("org.enable_person", _("Enable"), forms.Reason, actions.enable_person),
}
ASSIGNMENT_CHANGES = {
    "deputise": Change("org.deputise", _("Let someone stand in"), forms.Deputise, actions.deputise),
    "end": Change("org.end_assignment", _("End"), forms.LastDay, actions.end_assignment, danger=True),
}


@page("org/people/", name="org.people", needs=READ, menu=Menu("manage", 20, _("People"), "users"))
def people(request: HttpRequest) -> HttpResponse:
    """People in scope, by staff number, with a search over names and numbers."""
    text = request.GET.get("q", "").strip()
    found = queries.found_people(reader_of(request), text, READ)
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "org/people.html", {"page": shown, "text": text})


def _context(request: HttpRequest, person: Person) -> dict[str, Any]:
    rows = person.assignments.select_related("unit", "post", "line", "deputy_for__person")
    shown = allowed(request, CHANGES, person)
    hidden = "enable" if person.is_active else "disable"
    actor = reader_of(request)
    home = person.home_unit
    return {
        "person": person,
        "home_open": home is not None and actor.covers(READ, home),
        "assignments": rows.order_by("-to_date", "-from_date"),
        "changes": [change for change in shown if change["word"] != hidden],
        "may_unmask": actor.may("org.unmask"),
        "may_assign": actor.may("org.end_assignment"),
        "today": timezone.localdate(),
        "forever": FOREVER,
    }


@page("org/people/<str:code>/", name="org.person", needs=READ)
def person(request: HttpRequest, code: str) -> HttpResponse:
    """One person: home unit, posts through time, state of the account; personal data masked."""
    shown = queries.person_by_code(reader_of(request), code, READ)
    return render(request, "org/person.html", _context(request, shown))


@page("org/people/<str:code>/unmask/", name="org.person_unmask", needs="org.unmask")
@never_cache
def unmask(request: HttpRequest, code: str) -> HttpResponse:
    """Personal data in the clear, after a reason; shown once, never kept."""
    shown = queries.person_by_code(reader_of(request), code, "org.unmask")
    form = forms.Reason(request.POST or None, actor=reader_of(request))
    context = _context(request, shown) | {"form": form}
    if request.method == "POST" and form.is_valid():
        clear, _good = attempt(form, lambda: actions.unmask(reader_of(request), shown, **form.cleaned_data))
        context["clear"] = clear
    return render(request, "org/person_unmask.html", context)


def _show_secret(request: HttpRequest, result: Any) -> HttpResponse | None:
    if isinstance(result, actions.Secret):
        return render(request, "org/secret.html", {"secret": result})
    return None


@page("org/people/<str:code>/<slug:word>/", name="org.person_change", needs=READ)
@never_cache
def person_change(request: HttpRequest, code: str, word: str) -> HttpResponse:
    """The form of one change to a person."""
    subject = queries.person_by_code(reader_of(request), code, READ)
    return serve(request, CHANGES, word, subject, reverse("org.person", args=[code]), _show_secret)


@page("org/assignments/<int:pk>/<slug:word>/", name="org.assignment_change", needs="org.end_assignment")
def assignment_change(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """The form of one change to an assignment."""
    subject = queries.assignment_by_pk(reader_of(request), pk, "org.end_assignment")
    return serve(
        request, ASSIGNMENT_CHANGES, word, subject, reverse("org.person", args=[subject.person.code])
    )
