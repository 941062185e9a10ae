"""Appeals: one's own and those to be heard, a new one, one with its line, documents and decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment import forms
from kezun.assessment.actions import appeals
from kezun.assessment.hearing import DECIDE, Seat, level_name, seat_of, seats
from kezun.assessment.models import Appeal, Round, Score
from kezun.assessment.pages.files import DOCUMENTS, download, uploaded
from kezun.assessment.queries import ScoreLine, scorecard
from kezun.assessment.schemes import scheme_of
from kezun.assessment.scorecards import Rule, title_of
from kezun.kernel.page import Menu, page
from kezun.kernel.rules import whole_number
from kezun.org.forms.base import ActorForm
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

READ = "assessment.read_appeals"
FILE = "assessment.file_appeal"
PAGE = 50


@page(
    "appeals/", name="assessment.appeals", needs=READ, menu=Menu("work", 35, gettext_lazy("Appeals"), "scale")
)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Appeals in scope, those to be heard first."""
    person = reader_of(request)
    state = request.GET.get("state", "")
    found = Appeal.objects.visible_to(person).select_related("unit", "person", "score__run__scheme", "before")
    if state in set(Appeal.State.values):
        found = found.filter(state=state)
    shown = Paginator(found.order_by("state", "-filed_at"), PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "title": _("Appeals"),
        "rows": _lying(person, list(shown)),
        "shown": shown,
        "state": state,
        "states": Appeal.State.choices,
    }
    return render(request, "assessment/appeals.html", context)


def _lying(person: Person, rows: list[Appeal]) -> list[tuple[Appeal, str, str, Seat, bool]]:
    """Each appeal with its line, its level, where it is heard, and whether the reader may decide it."""
    found = seats(rows)
    mine = {a.pk for a in rows if a.state == Appeal.State.FILED and _decides(person, a, found[a.pk])}
    return [(a, _line_name(a), level_name(a), found[a.pk], a.pk in mine) for a in rows]


def _line_name(appeal: Appeal) -> str:
    """The title of the line in its scheme; its identifier where the scheme has no such rule."""
    form = scheme_of(appeal.score.run.scheme)
    rules: tuple[Rule, ...] = (*form.components, *form.adjustments)
    rule = next((one for one in rules if one.id == appeal.rule), None)
    return title_of(rule) if rule else appeal.rule


def _decides(person: Person, appeal: Appeal, seat: Seat) -> bool:
    """Whether the page offers the decision; the action looks again."""
    own = appeal.person_id is None and appeal.unit_id in person.scope.roots()
    return not own and seat.takes(person) and person.covers(DECIDE, appeal)


@page("appeals/new/", name="assessment.file_appeal", needs=FILE)
def new(request: HttpRequest) -> HttpResponse:
    """Object to one line of a scorecard: the line as it stands, the grounds, a document."""
    person = reader_of(request)
    score, line = _line(person, request.GET.get("score", ""), request.GET.get("rule", ""))
    form = forms.Grounds(request.POST or None, actor=person)
    if request.method == "POST" and form.is_valid():
        try:
            document = uploaded(request, person)
            made = appeals.file_appeal(person, score, rule=line.id, grounds=form.cleaned_data["grounds"])
            if document is not None:
                appeals.prove_appeal(person, made, file=document)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("Filed; you will find the decision here."))
            return redirect("assessment.appeal", made.pk)
    context = {
        "title": _("Appeal against a line"),
        "score": score,
        "line": line,
        "line_href": reverse("assessment.line", args=[score.run_id, score.subject, line.id]),
        "form": form,
        "documents": DOCUMENTS,
        "levels": scheme_of(score.run.scheme).appeal.levels,
        "round": score.run.round,
    }
    return render(request, "assessment/appeal_new.html", context, status=422 if form.errors else 200)


def _line(person: Person, score: str, rule: str) -> tuple[Score, ScoreLine]:
    """A score in scope and one of its lines; 404 where there is none."""
    number = whole_number(score)
    if number is None:
        raise Http404(score)
    found = get_object_or_404(Score.objects.visible_to(person).select_related("run__round"), pk=number)
    lines = scorecard(person, found.run, found.subject).lines
    line = next((one for one in lines if one.id == rule and one.kind not in ("rounding", "limit")), None)
    if line is None:
        raise Http404(rule)
    return found, line


@page("appeals/<int:pk>/", name="assessment.appeal", needs=READ)
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One appeal on its way."""
    return _shown(request, _appeal(request, pk))


def _appeal(request: HttpRequest, pk: int) -> Appeal:
    found = Appeal.objects.visible_to(reader_of(request)).select_related(
        "unit", "person", "filed_by", "decided_by", "before", "score__run__round", "score__run__scheme"
    )
    return get_object_or_404(found, pk=pk)


def _shown(request: HttpRequest, appeal: Appeal, failed: ActorForm | None = None) -> HttpResponse:
    person = reader_of(request)
    levels = scheme_of(appeal.score.run.scheme).appeal.levels
    waiting = appeal.state == Appeal.State.FILED
    held = appeal.score.run.round
    is_open = held is not None and held.state == Round.State.APPEAL
    lost = appeal.state == Appeal.State.REFUSED and is_open and appeal.level + 1 < len(levels)
    seat = seat_of(appeal)
    decide = waiting and _decides(person, appeal, seat)
    further = lost and person.covers("assessment.escalate_appeal", appeal) and not _has_next(appeal)
    context: dict[str, Any] = {
        "title": _("Appeal: %(line)s") % {"line": _line_name(appeal)},
        "appeal": appeal,
        "line_href": reverse(
            "assessment.line", args=[appeal.score.run_id, appeal.score.subject, appeal.rule]
        ),
        "line": _its_line(person, appeal),
        "level": level_name(appeal),
        "seat": seat,
        "files": appeal.files.select_related("file"),
        "decide": (failed or forms.Decide(actor=person)) if decide else None,
        "further": (failed or forms.Grounds(actor=person)) if further else None,
        "next_level": levels[appeal.level + 1] if further else "",
        "may_withdraw": waiting and appeal.filed_by_id == person.pk,
        "may_prove": waiting and person.covers("assessment.prove_appeal", appeal),
        "documents": DOCUMENTS,
    }
    return render(request, "assessment/appeal.html", context, status=422 if failed else 200)


def _has_next(appeal: Appeal) -> bool:
    return Appeal.objects.filter(before=appeal).exists()


def _its_line(person: Person, appeal: Appeal) -> ScoreLine | None:
    """The line appealed, where the reader may see the score."""
    if not Score.objects.visible_to(person).filter(pk=appeal.score_id).exists():
        return None
    lines = scorecard(person, appeal.score.run, appeal.score.subject).lines
    return next((one for one in lines if one.id == appeal.rule), None)


@page("appeals/<int:pk>/<slug:word>/", name="assessment.decide_appeal", needs=READ)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Decide, go to the next level, withdraw, or add a document."""
    person, appeal = reader_of(request), _appeal(request, pk)
    try:
        if word == "decide":
            return _decided(request, appeal)
        if word == "further":
            return _further(request, appeal)
        if word == "withdraw":
            appeals.withdraw_appeal(person, appeal)
            messages.success(request, _("Withdrawn."))
        elif word == "prove":
            document = uploaded(request, person)
            if document is None:
                raise ValidationError(_("Choose a PDF or a picture first."))
            appeals.prove_appeal(person, appeal, file=document)
            messages.success(request, _("Document added."))
        else:
            raise Http404(word)
    except ValidationError as error:
        tell(request, error)
    return redirect("assessment.appeal", pk)


def _decided(request: HttpRequest, appeal: Appeal) -> HttpResponse:
    person = reader_of(request)
    form = forms.Decide(request.POST, actor=person)
    if not form.is_valid():
        return _shown(request, appeal, form)
    told = form.cleaned_data | {"upheld": form.cleaned_data["upheld"] == "yes"}
    appeals.decide_appeal(person, appeal, **told)
    if told["upheld"]:
        messages.success(request, _("Upheld. Put the facts right; then compute the round again."))
    else:
        messages.success(request, _("Refused; whoever filed it reads the reasons."))
    return redirect("assessment.appeal", appeal.pk)


def _further(request: HttpRequest, appeal: Appeal) -> HttpResponse:
    form = forms.Grounds(request.POST, actor=reader_of(request))
    if not form.is_valid():
        return _shown(request, appeal, form)
    made = appeals.escalate_appeal(reader_of(request), appeal, grounds=form.cleaned_data["grounds"])
    messages.success(request, _("It goes to the next level."))
    return redirect("assessment.appeal", made.pk)


@page("appeals/<int:pk>/files/<int:number>/", name="assessment.appeal_file", needs=READ)
@require_safe
def file(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A document of an appeal."""
    found = get_object_or_404(_appeal(request, pk).files.select_related("file"), pk=number)
    return download(found.file)
