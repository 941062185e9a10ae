"""What lies open at a unit, on the unit's own page and on the first page: fetched after the page stands."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from kezun.cases.listing import SOON
from kezun.cases.models import Case
from kezun.cases.pages.work import READ
from kezun.kernel.page import page
from kezun.org.models import Person, Unit, UnitPath, valid_on
from kezun.org.queries import unit_by_code
from kezun.org.reader import reader_of
from kezun.ui.slots import fills


def _leads(person: Person) -> bool:
    """Whether more than their own cases is theirs to see."""
    return any(held.role.reach != "own" for held in person.scope.carrying(READ))


@fills("insight.unit")
def place(request: HttpRequest, subject: Any) -> str:
    """Where the line goes; "" for who sees only their own cases. It costs the page no statement."""
    person = reader_of(request)
    if not isinstance(subject, Unit) or not person.may(READ) or not _leads(person):
        return ""
    address = reverse("cases.panel", args=[subject.code])
    return format_html('<div hx-get="{}" hx-trigger="load" hx-swap="outerHTML"></div>', address)


@page("cases/at/<str:code>/", name="cases.panel", needs=READ)
@require_safe
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """How many cases lie open with the unit and all below, or are about them; how many are late."""
    person, now = reader_of(request), timezone.now()
    unit = unit_by_code(person, code, READ)
    below = UnitPath.objects.filter(valid_on(timezone.localdate()), ancestor=unit.pk).values("unit")
    counts = Case.objects.filter(Q(unit__in=below) | Q(owner_unit__in=below), open=True).aggregate(
        count=Count("pk"),
        late=Count("pk", filter=Q(act_by_at__lt=now)),
        soon=Count("pk", filter=Q(act_by_at__gte=now, act_by_at__lt=now + SOON)),
    )
    return render(request, "cases/parts/panel.html", {"counts": counts, "unit": unit})
