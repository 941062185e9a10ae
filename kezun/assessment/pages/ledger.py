"""The ledger of merits and faults: the list, a new entry, one entry with its documents and decisions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment import forms
from kezun.assessment.actions import ledger
from kezun.assessment.merits import merit_kinds
from kezun.assessment.models import Merit
from kezun.assessment.pages.files import DOCUMENTS, download, uploaded
from kezun.kernel.page import Menu, page
from kezun.org.forms.base import ActorForm
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

READ = "assessment.read_ledger"
ENTER = "assessment.enter_merit"
PAGE = 50
DECISIONS: dict[str, tuple[str, type[ActorForm]]] = {
    "attribute": ("assessment.attribute_merit", forms.Attribute),
    "void": ("assessment.void_merit", forms.Why),
}


@page(
    "ledger/",
    name="assessment.ledger",
    needs=READ,
    menu=Menu("work", 30, gettext_lazy("Merits and faults"), "notebook"),
)
@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """Entries in scope, the latest first; narrowed by kind and state."""
    person = reader_of(request)
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    found = Merit.objects.visible_to(person).select_related("unit", "person")
    if kind in merit_kinds():
        found = found.filter(kind=kind)
    if state in set(Merit.State.values):
        found = found.filter(state=state)
    shown = Paginator(found.order_by("-occurred_date", "-pk"), PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "title": _("Merits and faults"),
        "rows": [(entry, merit_kinds().get(entry.kind)) for entry in shown],
        "shown": shown,
        "kinds": merit_kinds().values(),
        "kind": kind,
        "states": Merit.State.choices,
        "state": state,
        "may_enter": person.may(ENTER),
    }
    return render(request, "assessment/ledger.html", context)


@page("ledger/new/", name="assessment.enter_merit", needs=ENTER)
def enter(request: HttpRequest) -> HttpResponse:
    """A new entry, with a document if there is one."""
    person = reader_of(request)
    form = forms.EnterMerit(request.POST or None, actor=person, initial={"unit": request.GET.get("unit", "")})
    if request.method == "POST" and form.is_valid():
        made = _entered(person, form, request)
        if made is not None:
            messages.success(request, _("Entered; a second person has to confirm it."))
            return redirect("assessment.merit", made.pk)
    context = {"title": _("New entry"), "form": form, "documents": DOCUMENTS}
    return render(request, "assessment/merit_new.html", context, status=422 if form.errors else 200)


def _entered(person: Person, form: forms.EnterMerit, request: HttpRequest) -> Merit | None:
    """The entry made, with its document; None where the action or the file was refused, said in the form."""
    try:
        stored = uploaded(request, person)
        made = ledger.enter_merit(person, form.cleaned_data["unit"], **form.told)
        if stored is not None:
            ledger.prove_merit(person, made, file=stored)
    except ValidationError as error:
        shown = {"kind": "what", "level": "what"}
        for name, texts in getattr(error, "error_dict", {None: [error]}).items():
            field = shown.get(name or "", name)
            form.add_error(field if field in form.fields else None, texts)
        return None
    return made


@page("ledger/<int:pk>/", name="assessment.merit", needs=READ)
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry: what happened, who says so, who confirmed it, what may still be done."""
    return _shown(request, _entry(request, pk))


def _entry(request: HttpRequest, pk: int) -> Merit:
    found = Merit.objects.visible_to(reader_of(request))
    return get_object_or_404(found.select_related("unit", "person", "entered_by", "confirmed_by"), pk=pk)


def _shown(request: HttpRequest, entry: Merit, failed: dict[str, ActorForm] | None = None) -> HttpResponse:
    person = reader_of(request)
    is_open = entry.state in ledger.OPEN
    other = person.pk not in (entry.entered_by_id, entry.person_id)
    told = failed or {}
    may = {
        word: told.get(word) or form(actor=person)
        for word, (permission, form) in DECISIONS.items()
        if is_open and other and person.covers(permission, entry)
    }
    waiting = entry.state == Merit.State.ENTERED
    kind = merit_kinds().get(entry.kind)
    context: dict[str, Any] = {
        "title": kind.name if kind else entry.kind,
        "entry": entry,
        "kind": kind,
        "files": entry.files.select_related("file"),
        "forms": may,
        "may_confirm": waiting and other and person.covers("assessment.confirm_merit", entry),
        "own_waiting": waiting and not other,
        "documents": DOCUMENTS,
        "may_prove": is_open and person.covers("assessment.prove_merit", entry),
    }
    return render(request, "assessment/merit.html", context, status=422 if failed else 200)


@page("ledger/<int:pk>/<slug:word>/", name="assessment.decide_merit", needs=READ)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Confirm, attribute, void, or add a document."""
    person, entry = reader_of(request), _entry(request, pk)
    try:
        if word == "confirm":
            ledger.confirm_merit(person, entry)
            messages.success(request, _("Confirmed; it counts from the next run on."))
        elif word == "prove":
            _proved(request, entry)
        elif word in DECISIONS:
            return _decided(request, entry, word)
        else:
            raise Http404(word)
    except ValidationError as error:
        tell(request, error)
    return redirect("assessment.merit", pk)


def _proved(request: HttpRequest, entry: Merit) -> None:
    stored = uploaded(request, reader_of(request))
    if stored is None:
        raise ValidationError(_("Choose a PDF or a picture first."))
    ledger.prove_merit(reader_of(request), entry, file=stored)
    messages.success(request, _("Document added."))


def _decided(request: HttpRequest, entry: Merit, word: str) -> HttpResponse:
    person = reader_of(request)
    form = DECISIONS[word][1](request.POST, actor=person)
    if not form.is_valid():
        return _shown(request, entry, {word: form})
    if word == "attribute":
        ledger.attribute_merit(person, entry, **form.cleaned_data)
        messages.success(request, _("Attributed; the next run counts it so."))
    else:
        ledger.void_merit(person, entry, reason=form.cleaned_data["reason"])
        messages.success(request, _("Void; the entry stays in the ledger with the reason."))
    return redirect("assessment.merit", entry.pk)


@page("ledger/<int:pk>/files/<int:number>/", name="assessment.merit_file", needs=READ)
@require_safe
def file(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A document of an entry."""
    found = get_object_or_404(_entry(request, pk).files.select_related("file"), pk=number)
    return download(found.file)
