"""My work: the first page of whoever handles cases."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezun.cases.desk import desk_of
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of

READ = "cases.read"
HEADINGS: dict[str, Promise] = {
    "mine": gettext_lazy("I handle"),
    "handed": gettext_lazy("Handed to us, not taken yet"),
    "take": gettext_lazy("Nobody handles it yet"),
    "verify": gettext_lazy("To verify"),
    "overdue": gettext_lazy("Late in my units"),
}
# the list that holds all of a group
ALL = {
    "mine": "who=mine",
    "handed": "who=take",
    "take": "who=take",
    "verify": "state=proposed",
    "overdue": "due=late",
}


@page(
    "work/",
    name="cases.work",
    needs=READ,
    menu=Menu("handle", 1, gettext_lazy("My work"), "checklist", short=2),
)
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """What needs me today, in the order of the last moment to act."""
    person, now = reader_of(request), timezone.now()
    desk = desk_of(person, now)
    context = {
        "title": _("My work"),
        "desk": desk,
        "groups": [(group, HEADINGS[group.name], ALL[group.name]) for group in desk.groups if group.count],
        "may_open": person.may("cases.open"),
        "may_take": person.may("cases.take"),
    }
    return render(request, "cases/work.html", context)
