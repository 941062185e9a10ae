"""A step of a case: its form, and doing it. What stands in the way is told beside the fields."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezun.cases import (
    actions,
    clockwords,
    following,
    intake,
    policies,
    queries,
    standing,
    timeline,
    wording,
)
from kezun.cases.forms_step import FOR_SURE, StepForm
from kezun.cases.models import Case, Clock, Petition
from kezun.cases.pages.case import context_of
from kezun.cases.pages.intake import units_like
from kezun.cases.pages.work import READ
from kezun.cases.rules.kinds import Kind
from kezun.cases.rules.verbs import VERBS
from kezun.kernel.action import once
from kezun.kernel.page import page
from kezun.kernel.rules import whole_number
from kezun.org.models import Person
from kezun.org.reader import reader_of

FOUND = 20


@page("cases/<caseno:no>/<slug:verb>/", name="cases.step", needs=READ)
def step(request: HttpRequest, no: str, verb: str) -> HttpResponse:
    """The form of a step; sent in, the step is done or the form says why not."""
    person = reader_of(request)
    case = queries.case_by_no(person, no)
    kind = queries.form_of(case)
    offers = queries.allowed_steps(person, case, kind, standing.Ground(person, case))
    if verb not in actions.ACTS or verb in queries.NOT_OFFERED:
        raise Http404(verb)
    if request.method == "POST":
        return _done(request, person, case, kind, verb)
    if verb not in {offer.verb for offer in offers}:
        return _over(request, person, case, kind, verb)
    if "petition" in {take.name for take in VERBS[verb].takes}:
        wanted = _wanted(case, request)
        if wanted.decision:
            text = _("This was decided already: %(how)s.") % {"how": wanted.get_decision_display()}
            return _back(request, case, text)
    initial = {name: request.GET[name][:80] for name in ("type", "petition", "policy") if name in request.GET}
    form = StepForm(case, kind, verb, initial=initial, clocks=_running(case, verb))
    return _shown(request, case, verb, {"form": form})


def _over(request: HttpRequest, person: Person, case: Case, kind: Kind, verb: str) -> HttpResponse:
    """Back to the case with a word, where an address was kept or sent round and the case has moved on.

    404 for a step that this kind never has, or that is never this person's.
    """
    if verb not in {step.verb for step in kind.steps} or not person.may(standing.permission(verb)):
        raise Http404(verb)
    told = {"verb": wording.button(verb), "state": case.get_state_display()}
    if kind.step(verb, case.state) is None:
        text = _("«%(verb)s» is not possible any more: the case is «%(state)s» now.")
    else:
        text = _("«%(verb)s» is for others now.")
    return _back(request, case, text % told)


def _back(request: HttpRequest, case: Case, text: str) -> HttpResponse:
    """To the page of the case, with a word on why."""
    messages.warning(request, text)
    home = reverse("cases.case", args=[case.no])
    if request.headers.get("HX-Request") == "true":  # the drawer would show the whole page in itself
        return HttpResponse(status=204, headers={"HX-Redirect": home})
    return redirect(home)


def _wanted(case: Case, request: HttpRequest) -> Petition:
    """The request of this case that the address names; 404 where there is none."""
    number = whole_number(request.GET.get("petition", ""))
    found = case.petitions.filter(pk=number).first() if number is not None else None
    if found is None:
        raise Http404(_("There is no such request."))
    return found


def _running(case: Case, verb: str) -> list[Clock]:
    """The deadlines that an exception may be asked for: they run still, and the policy gives more time.

    First those that an answer meets, for it is these that are mostly meant.
    """
    if verb != "ask":
        return []
    main = following.answering(case)
    found = [
        clock
        for clock in case.clocks.order_by("act_by_at", "pk")
        if clockwords.may_extend(clock, timezone.now())
    ]
    return sorted(found, key=lambda clock: clock.policy not in main)


def _shown(
    request: HttpRequest, case: Case, verb: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    inside = request.headers.get("HX-Request") == "true"
    title = wording.button(verb)
    wanted = _decided_on(case, context["form"])
    deadline = policies.policies().get(wanted.policy) if wanted and wanted.policy else None
    context |= {
        "wanted": wanted,
        "deadline": deadline.title if deadline else "",
        "changes": _changes(case, wanted) if wanted else [],
        "title": title,
        "case": case,
        "verb": verb,
        "sure": FOR_SURE.get(verb, ""),
        "inside": inside,
        "next": _next(request),
        "crumbs": [
            {"title": _("All cases"), "href": reverse("cases.list")},
            {"title": case.no, "href": reverse("cases.case", args=[case.no])},
            {"title": title},
        ],
    }
    return render(request, "cases/parts/step.html" if inside else "cases/step.html", context, status=status)


def _done(request: HttpRequest, person: Person, case: Case, kind: Kind, verb: str) -> HttpResponse:
    """Do the step; the form again where the engine refuses it."""
    form = StepForm(case, kind, verb, request.POST, clocks=_running(case, verb))
    files = intake.files_of(person, request.POST.get("kept", "")) if form.takes_files else []
    refused: list[str] = []
    if form.takes_files:
        brought = intake.keep_files(person, request.FILES.getlist("files"))
        files, refused = [*files, *brought.kept], brought.refused
    if form.is_valid() and not refused:
        given = form.given() | ({"files": files} if files else {})
        try:
            with once(f"step:{case.pk}:{form.cleaned_data['key']}" if form.cleaned_data["key"] else None):
                actions.do(person, case, verb, given)
        except ValidationError as error:
            form.show(error)
        else:
            return _after(request, person, case, verb)
    context = {"form": form, "files": files, "kept": intake.ticket_for(person, files), "refused": refused}
    return _shown(request, case, verb, context, 422)


def _after(request: HttpRequest, person: Person, case: Case, verb: str) -> HttpResponse:
    """On to where one came from; what was asked to be seen is shown once and kept nowhere."""
    fresh = Case.objects.visible_to(person).select_related(*queries.RELATED).filter(pk=case.pk).first()
    if verb == "unmask" and fresh is not None:
        return render(request, "cases/case.html", context_of(person, fresh, clear=True))
    messages.success(
        request, _("%(no)s: «%(verb)s» is done.") % {"no": case.no, "verb": wording.button(verb)}
    )
    if fresh is None:
        return redirect("cases.work")
    return redirect(_next(request) or reverse("cases.case", args=[case.no]))


def _changes(case: Case, wanted: Petition) -> list[str]:
    """How the request would have the case classified, a line for each field."""
    return [wording.said(*one) for one in timeline.reclassing(wanted.data, queries.form_of(case))]


def _decided_on(case: Case, form: StepForm) -> Petition | None:
    """The request that a decision is about, to be read beside the form."""
    held = form["petition"].value() if "petition" in form.fields else None
    number = whole_number(str(held or ""))
    return None if number is None else case.petitions.select_related("asked_by").filter(pk=number).first()


def _next(request: HttpRequest) -> str:
    """Where to go on, if it is a page of ours."""
    address = (request.POST if request.method == "POST" else request.GET).get("next", "")[:400]
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""


@page("cases/names/<slug:what>/", name="cases.names", needs=READ)
@require_safe
def names(request: HttpRequest, what: str) -> HttpResponse:
    """Units or people for the list under a field, by whatever was typed into it."""
    text = next((str(value) for value in request.GET.values()), "").strip()[:40]
    if what == "unit":
        return render(request, "cases/parts/unit_hints.html", {"units": units_like(text)})
    if what != "person":
        raise Http404(what)
    found = Person.objects.visible_to(reader_of(request), READ).filter(is_active=True)
    match = Q(code__istartswith=text) | Q(name__icontains=text)
    rows = list(found.filter(match).order_by("code")[:FOUND]) if len(text) > 1 else []
    return render(request, "cases/parts/people_hints.html", {"people": rows})
