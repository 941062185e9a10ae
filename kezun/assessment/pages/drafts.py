"""Drafts of schemes: begin one, write it by form or as text, see mistakes, sums and an example at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezun.assessment import editing, telling
from kezun.assessment.actions import schemes
from kezun.assessment.example import suggested, tried
from kezun.assessment.inputs import NothingToRun
from kezun.assessment.known import known, read_known
from kezun.assessment.merits import merit_kinds
from kezun.assessment.messages import say_problem
from kezun.assessment.models import Scheme
from kezun.assessment.pages.rounds import MOST, choices
from kezun.assessment.pages.schemes import DRAFT
from kezun.assessment.queries import scheme_by_id, schemes_for
from kezun.assessment.rules.fitting import FITS
from kezun.assessment.rules.reading import NotAScheme
from kezun.assessment.shipped import shipped
from kezun.assessment.wording import plain
from kezun.facts.engine import TooLarge
from kezun.facts.indicators import catalogue
from kezun.facts.rules import Period
from kezun.kernel.page import page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.standards import approval
from kezun.standards.forms import TextForm
from kezun.standards.pages.decisions import carry_out, words
from kezun.ui.telling import tell

SAVE = "assessment.save_scheme"
TABS = ("form", "text")
SHOWN = 60


@page("schemes/begin/", name="assessment.begin_scheme", needs=DRAFT)
def begin(request: HttpRequest) -> HttpResponse:
    """Ways to a new scheme: an example of the product, a text; from another edition on its own page."""
    how = request.POST.get("how", "")
    form = TextForm(*((request.POST, request.FILES) if how == "text" else ()))
    if request.method == "POST":
        made = _begun(request, how, form)
        if made is not None:
            return redirect("assessment.edit_scheme", made.pk)
    person = reader_of(request)
    context = {
        "title": _("New scheme"),
        "text_form": form,
        "examples": [made for made, _text in shipped()],
        "editions": list(schemes_for(person).filter(published_at__isnull=False).defer("text")),
        "crumbs": [
            {"title": _("Schemes"), "href": reverse("assessment.schemes")},
            {"title": _("New scheme")},
        ],
    }
    return render(request, "assessment/scheme_begin.html", context, status=422 if request.POST else 200)


def _begun(request: HttpRequest, how: str, form: TextForm) -> Scheme | None:
    """The draft that was asked for; None with the reason told where there is none."""
    text: str | None = None
    if how == "example":
        named = (request.POST.get("urn", ""), request.POST.get("version", ""))
        text = next((text for made, text in shipped() if (made.id, made.version) == named), None)
    elif how == "text" and form.is_valid():
        text = form.cleaned_data["text"]
    if text is None:
        if how != "text":
            messages.error(request, _("Choose how to begin."))
        return None
    try:
        return schemes.draft_scheme(reader_of(request), text=text)
    except ValidationError as error:
        tell(request, error)
        return None


@page("schemes/<int:pk>/copy/", name="assessment.copy_scheme", needs=DRAFT)
@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft of the next edition, from one that is there; it begins tomorrow unless changed."""
    person = reader_of(request)
    edition = scheme_by_id(person, min(pk, MOST))
    taken = list(Scheme.objects.filter(urn=edition.urn).values_list("version", flat=True))
    start = max(timezone.localdate(), edition.from_date) + dt.timedelta(days=1)
    try:
        made = schemes.draft_scheme(person, text=editing.renewed(edition.text, taken, start))
    except editing.NotATree:
        messages.error(request, _("This draft has mistakes: mend it first."))
        return redirect("assessment.scheme", pk)
    messages.success(request, _("A draft of version %(version)s was begun.") % {"version": made.version})
    return redirect("assessment.edit_scheme", made.pk)


@page("schemes/<int:pk>/edit/", name="assessment.edit_scheme", needs=SAVE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft as a form or as text; what the check finds and an example stand beside it."""
    edition = scheme_by_id(reader_of(request), min(pk, MOST))
    if edition.state != Scheme.State.DRAFT:
        messages.error(request, _("Only a draft can be changed; begin a new edition from this one."))
        return redirect("assessment.scheme", pk)
    tab = "text" if request.GET.get("tab") == "text" else "form"
    if request.method == "POST":
        answer = _save(request, edition, tab)
        if answer is not None:
            return answer
    return render(request, "assessment/scheme_edit.html", _context(request, edition, tab))


def _save(request: HttpRequest, edition: Scheme, tab: str) -> HttpResponse | None:
    """Keep what was written, and do what its button says; None where it could not be kept."""
    place: str | None = None
    address = reverse("assessment.edit_scheme", args=[edition.pk])
    try:
        text = request.POST.get("text", "")
        if tab == "form":
            tree = editing.applied(editing.tree_of(edition.text), _posted(request))
            place = editing.moved(tree, request.POST.get("do", ""))
            text = editing.text_of(tree)
        schemes.save_scheme(reader_of(request), edition, text=text, seen=request.POST.get("seen", ""))
    except editing.NotATree:
        messages.error(request, _("The text has no shape that a form can show: mend it as text."))
        return redirect(f"{address}?tab=text")
    except ValidationError as error:
        tell(request, error)
        return None
    if place is None:
        messages.success(request, _("Saved."))
    return redirect(f"{address}?tab={tab}{f'#at-{place}' if place else ''}")


def _posted(request: HttpRequest) -> dict[str, str]:
    return {key: str(value) for key, value in request.POST.items()}


def _context(request: HttpRequest, edition: Scheme, tab: str) -> dict[str, Any]:
    text = request.POST.get("text", edition.text) if tab == "text" else edition.text
    try:
        tree = editing.tree_of(edition.text)
    except editing.NotATree:
        tree, tab = {}, "text"
    period = default_period()
    context: dict[str, Any] = {
        "title": f"{edition.name} {edition.version}",
        "edition": edition,
        "tab": tab,
        "text": text,
        "seen": request.POST.get("seen") or approval.stamp(edition.text),
        "crumbs": [
            {"title": _("Schemes"), "href": reverse("assessment.schemes")},
            {"title": edition.name, "href": reverse("assessment.scheme", args=[edition.pk])},
            {"title": _("Edit")},
        ],
        "periods": choices(timezone.localdate()),
        "period": period.label,
        "may_propose": reader_of(request).may("assessment.propose_scheme"),
        "suggested": _suggested(reader_of(request), text, period),
    }
    return context | checked(text, edition.pk) | (_form(tree) if tab == "form" else {})


def default_period() -> Period:
    """The last full quarter."""
    return Period.of(timezone.localdate(), "quarter").previous()


def _suggested(person: Person, text: str, period: Period) -> list[tuple[str, str]]:
    try:
        return suggested(person, text, period)
    except NotAScheme:
        return []


def _form(tree: editing.Tree) -> dict[str, Any]:
    """Everything that the form shows and offers."""
    beside = known(editions=False)
    parts = {part: editing.rows(tree, part) for part in editing.PARTS}
    fits = {id: FITS[nature] for id, nature in beside.natures.items()}
    fits |= dict.fromkeys(beside.standards or (), FITS["plain"])
    return {
        "head": editing.head_fields(tree),
        "parts": parts,
        "fits": {
            row.place: fits.get(row.fields["source"], editing.ESTIMATORS) for row in parts["components"]
        },
        "sources": [
            *((id, telling.indicator_title(id), fits[id]) for id in sorted(catalogue().definitions)),
            *((urn, "", fits[urn]) for urn in sorted(beside.standards or ())),
        ],
        "events": [(id, kind.name) for id, kind in merit_kinds().items()],
        "estimators": [(kind, telling.ESTIMATORS[kind]) for kind in editing.ESTIMATORS],
        "missings": [(kind, telling.MISSING[kind]) for kind in editing.MISSING],
        "curves": [(kind, curve_words()[kind]) for kind in editing.TRANSFORMS],
    }


def curve_words() -> dict[str, str]:
    """How each kind of curve is written in its line."""
    return {
        "piecewise_linear": _("from point to point (value=points)"),
        "linear": _("one line (two pairs value=points)"),
        "ratio_to_target": _("ratio to a target (target=…, cap=…)"),
        "bands": _("bands (bound=points, «=points» for the rest)"),
    }


def now_written(request: HttpRequest, edition: Scheme) -> str:
    """The text as it stands in the form just now; nothing is saved."""
    text = request.POST.get("text")
    if text is not None:
        return text
    try:
        return editing.text_of(editing.applied(editing.tree_of(edition.text), _posted(request)))
    except editing.NotATree:
        return edition.text


@page("schemes/<int:pk>/check/", name="assessment.check_scheme", needs=SAVE)
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Weights and mistakes of what stands in the form just now; nothing is saved."""
    edition = scheme_by_id(reader_of(request), min(pk, MOST))
    found = checked(now_written(request, edition), edition.pk)
    return render(request, "assessment/parts/scheme_sums.html", found)


def checked(text: str, pk: int) -> dict[str, Any]:
    """What a text says of its weights, and what is wrong with it, for the side of the editor."""
    problems: list[dict[str, Any]] = []
    try:
        read_known(text, known(but=pk))
    except NotAScheme as error:
        problems = [{"line": p.line, "text": say_problem(p)} for p in error.problems]
    found: dict[str, Any] = {"problems": problems[:SHOWN], "more": max(len(problems) - SHOWN, 0)}
    try:
        tree = editing.tree_of(text)
    except editing.NotATree:
        return found
    total, whole = editing.total_of(tree)
    return found | {
        "weights": list(editing.weights(tree)),
        "weight_total": plain(total),
        "weight_whole": whole,
    }


@page("schemes/<int:pk>/example/", name="assessment.scheme_example", needs=SAVE)
@require_POST
def example(request: HttpRequest, pk: int) -> HttpResponse:
    """One unit or person judged by what stands in the form just now."""
    person = reader_of(request)
    edition = scheme_by_id(person, min(pk, MOST))
    code = request.POST.get("example.subject", "").strip()[:40]
    if not code:
        return render(request, "assessment/parts/scheme_example.html", {})
    context: dict[str, Any] = {}
    try:
        period = Period.parse(request.POST.get("example.period", ""))
        context["found"] = tried(person, now_written(request, edition), code, period)
    except NotAScheme:
        context["refused"] = [_("The draft has mistakes: mend them first, then its example is computed.")]
    except (NothingToRun, ValidationError) as error:
        context["refused"] = error.messages
    except (TooLarge, ValueError) as error:
        context["refused"] = [str(error)]
    return render(request, "assessment/parts/scheme_example.html", context)


def _approve(person: Person, edition: Scheme, said: Any) -> str:
    schemes.approve_scheme(person, edition, doc_no=said.get("doc_no", "")[:120])
    return _("Published. Stored runs keep their scores.")


WORDS = words(
    _approve,
    propose=schemes.propose_scheme,
    refuse=schemes.refuse_scheme,
    ask=schemes.ask_scheme_withdrawal,
    keep=schemes.refuse_scheme_withdrawal,
    withdraw=schemes.withdraw_scheme,
)


@page("schemes/<int:pk>/decide/<slug:word>/", name="assessment.decide_scheme", needs=DRAFT)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Do what the word says; what stands in the way is told on the edition's page."""
    edition = scheme_by_id(reader_of(request), min(pk, MOST))
    carry_out(request, WORDS, word, edition)
    return redirect("assessment.scheme", pk)
