"""A part of a complaint for another department, and a review asked for by staff on the customer's behalf."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from kezun.cases import actions, following, queries, receipts, standing
from kezun.cases.actions.delegating import delegate
from kezun.cases.forms_parting import PartForm, ReviewForm
from kezun.cases.models import Case
from kezun.cases.pages.intake import put_errors, unit_called
from kezun.kernel.page import page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.slots import fills

COMPLAINT = "complaint"
CODED = ("channel", "business", "reason_code", "urgency", "complexity")


@page("complaints/<caseno:no>/part/", name="cases.delegate_part", needs="cases.delegate")
def part(request: HttpRequest, no: str) -> HttpResponse:
    """Give a part to another department: one window for the customer, many hands behind it."""
    actor = reader_of(request)
    case = queries.case_by_no(actor, no)
    form = PartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            said = form.cleaned_data
            given = {"title": said["title"], **carried(case, said["facts"])}
            made = delegate(actor, case, unit_called(said["unit"]), given)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, _("Given out as %(no)s; this case waits for it.") % {"no": made.no})
            return redirect("cases.case", case.no)
    return _shown(request, case, form, _("Give out a part"), _("Give it out"))


def carried(case: Case, facts: str) -> dict[str, Any]:
    """What the part takes along of the whole: its classification, never its people."""
    if case.code != COMPLAINT:
        return {"asked": facts}
    return {name: case.data[name] for name in CODED if case.data.get(name)} | {"facts": facts}


@page("complaints/<caseno:no>/review/", name="cases.ask_review", needs="cases.review")
def review(request: HttpRequest, no: str) -> HttpResponse:
    """Ask the unit above to look again, on the customer's behalf."""
    actor = reader_of(request)
    case = queries.case_by_no(actor, no)
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.review(actor, case, asked=form.cleaned_data["asked"])
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, _("The unit above looks again: %(no)s.") % {"no": made.no})
            return redirect("cases.case", case.no)
    return _shown(request, case, form, _("Ask for a review"), _("Ask the unit above"))


def _shown(request: HttpRequest, case: Case, form: Any, title: str, button: str) -> HttpResponse:
    crumbs = [
        {"title": _("All cases"), "href": reverse("cases.list")},
        {"title": case.no, "href": reverse("cases.case", args=[case.no])},
        {"title": title},
    ]
    context = {"case": case, "form": form, "heading": title, "button": button, "crumbs": crumbs}
    return render(request, "cases/parting.html", context, status=422 if form.errors else 200)


@fills("cases.case")
def tools(request: HttpRequest, case: Case) -> str:
    """A complaint's own papers and doors in the toolbar of its page."""
    context = {"case": case, "open_to": offered(reader_of(request), case)}
    return render_to_string("cases/parts/complaint_tools.html", context, request)


def offered(actor: Person, case: Case) -> dict[str, bool]:
    """Which of a complaint's own papers and doors are open to somebody now."""
    if case.code not in (COMPLAINT, "review"):
        return {}
    ground = standing.Ground(actor, case)
    answered = case.state in following.ANSWERED
    return {
        "paper": True,
        "letter": answered and ground.reached("cases.write_letter") and not ground.barred,
        "review": case.code == COMPLAINT
        and answered
        and following.in_time(case)
        and not following.reviewing(case)
        and ground.reached("cases.review"),
        "part": case.open and not answered and ground.reached("cases.delegate") and not ground.barred,
        "receipt": receipts.open_to(actor, case),
    }
