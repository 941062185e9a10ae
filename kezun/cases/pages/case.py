"""The page of a case: how it stands, what may be done next, its clocks, people, proofs and history."""

from __future__ import annotations

from typing import Any, cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezun.cases import clocking, drawing, policies, queries, standing, timeline, wording
from kezun.cases.deadlines import Reckoned
from kezun.cases.models import Case, Petition
from kezun.cases.pages.deadlines import drawn
from kezun.cases.pages.work import READ
from kezun.cases.rules.explaining import explain
from kezun.cases.rules.kinds import Kind
from kezun.kernel.file import open_file
from kezun.kernel.page import page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.org.rules.worktime import Due

TYPES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


@page("cases/<caseno:no>/", name="cases.case", needs=READ)
@require_safe
def one(request: HttpRequest, no: str) -> HttpResponse:
    """One case, whole."""
    person = reader_of(request)
    case = queries.case_by_no(person, no)
    whole = request.GET.get("history") == "all"
    return render(request, "cases/case.html", context_of(person, case, whole=whole))


def context_of(person: Person, case: Case, *, clear: bool = False, whole: bool = False) -> dict[str, Any]:
    """Everything that the page shows. clear: personal data too, after a reason was given and recorded."""
    now, form = timezone.now(), queries.form_of(case)
    ground = standing.Ground(person, case)
    offers = queries.allowed_steps(person, case, form, ground)
    verbs = {offer.verb for offer in offers}
    parties = queries.parties_of(case)
    entries = timeline.history(case, form)
    hidden = ground.barred
    return {
        "title": case.title,
        "case": case,
        "kind": form,
        "crumbs": [{"title": _("All cases"), "href": reverse("cases.list")}, {"title": case.no}],
        "moves": [offer for offer in offers if offer.moves and offer.verb not in queries.BESIDE],
        "others": [offer for offer in offers if not offer.moves and offer.verb not in queries.BESIDE],
        "verbs": verbs,
        "bars": drawing.bars(case.clocks.all(), now),
        "people": drawing.people(case, parties, clear=clear, hidden=hidden),
        "clear": clear,
        "remarked": not clear and queries.remarked(case),
        "texts": drawing.sealed_texts(case, form) if clear else [],
        "barred": hidden,
        "sections": drawing.sections(case, form),
        "gallery": drawing.gallery(list(case.proofs.select_related("file").order_by("at", "pk"))),
        "ties": queries.ties_of(person, case),
        "petitions": petitions_of(case, person, form),
        "effects": list(case.effect_checks.select_related("checker").order_by("due_date")),
        "entries": entries if whole else entries[: timeline.SHOWN],
        "older": 0 if whole else max(len(entries) - timeline.SHOWN, 0),
        "times": case.repeat + 1,
    }


def petitions_of(case: Case, person: Person, form: Kind) -> list[tuple[Petition, bool, list[str]]]:
    """What was asked for, the latest first, whether this person asked it, and what it would put right."""
    rows = case.petitions.select_related("asked_by", "decided_by").order_by("-asked_at", "-pk")
    told = ([wording.said(*one) for one in timeline.reclassing(row.data, form)] for row in rows)
    return [(row, row.asked_by_id == person.pk, changes) for row, changes in zip(rows, told, strict=True)]


@page("cases/<caseno:no>/why/<int:number>/", name="cases.why", needs=READ)
@require_safe
def why(request: HttpRequest, no: str, number: int) -> HttpResponse:
    """Why a deadline of this case is when it is: each day from the latest start, as it was moved since."""
    case = queries.case_by_no(reader_of(request), no)
    clock = case.clocks.filter(pk=min(number, 2**63 - 1)).first()
    if clock is None:
        raise Http404(str(number))
    rule, worktime = clocking.rule_of(clock), clocking.worktime_of(clock)
    found = Reckoned(
        policy=policies.policies().get(clock.policy),
        rule=rule,
        worktime=worktime,
        start=clock.start_at,
        due=Due(clock.due_at, clock.act_by_at, clock.provisional, ()),
        lines=explain(rule, worktime, clocking.events_of(clock)),
    )
    crumbs = [
        {"title": _("All cases"), "href": reverse("cases.list")},
        {"title": case.no, "href": reverse("cases.case", args=[case.no])},
        {"title": _("Why this date")},
    ]
    return render(request, "cases/deadlines.html", drawn(found) | {"crumbs": crumbs})


@page("cases/<caseno:no>/files/<int:number>/", name="cases.proof", needs=READ)
@require_safe
def proof(request: HttpRequest, no: str, number: int) -> HttpResponse:
    """A photo or document of a case: pictures are shown, all else is saved."""
    case = queries.case_by_no(reader_of(request), no)
    found = queries.proof_of(case, min(number, 2**63 - 1))
    if found is None:
        raise Http404(str(number))
    kind = TYPES.get(found.file.kind, "application/octet-stream")
    shown = found.file.kind in TYPES
    try:
        stream = open_file(found.file.sha256)
    except FileNotFoundError as error:
        raise Http404(_("This file was erased with the personal data of its case.")) from error
    answer: Any = FileResponse(stream, as_attachment=not shown, filename=found.file.name, content_type=kind)
    answer["Cache-Control"] = "private, max-age=86400"
    return cast(HttpResponse, answer)
