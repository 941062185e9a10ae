"""Red and black list, stars and titles: what rules propose, what people decide, what was published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment import forms, leads
from kezun.assessment.actions import honours
from kezun.assessment.models import Audience, Award, Listing
from kezun.assessment.models.honours import AwardQuerySet
from kezun.assessment.proposing import PROPOSE, ask
from kezun.assessment.queries import runs_for
from kezun.assessment.saying import conditions
from kezun.assessment.schemes import scheme_of
from kezun.kernel.actor import Actor
from kezun.kernel.page import Menu, page
from kezun.kernel.rules import whole_number
from kezun.org.models import Person, Unit
from kezun.org.reader import reader_of
from kezun.standards.wording import english
from kezun.ui.telling import tell

LISTS = "assessment.read_lists"
READ = "assessment.read"
PAGE = 100
SHOWN_RUNS = 20
WORDS = ("confirm", "drop", "publish")
MOST_AT_ONCE = 1000


@page(
    "lists/",
    name="assessment.lists",
    needs=LISTS,
    menu=Menu("look", 35, gettext_lazy("Red and black list"), "award"),
)
@require_safe
def lists(request: HttpRequest) -> HttpResponse:
    """Both lists: published entries for everyone in their audience, the others for those who decide."""
    person = reader_of(request)
    colour = "black" if request.GET.get("colour") == "black" else "red"
    found = Listing.objects.visible_to(person).filter(colour=colour).exclude(state=Listing.State.DROPPED)
    found = found.select_related("unit", "person", "run__scheme", "score")
    today = timezone.localdate()
    shown = Paginator(found.order_by("-run__to_date", "state", "-probability", "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    may = {word: _covered(person, f"assessment.{word}_listing", shown) for word in WORDS}
    signs = leads.about(person, shown)
    context: dict[str, Any] = {
        "title": _("Red and black list"),
        "rows": [
            (entry, conditions(entry.why, scheme_of(entry.run.scheme)), signs.get(entry.pk))
            for entry in shown
        ],
        "shown": shown,
        "colour": colour,
        "today": today,
        "may": may,
        "decides": any(may.values()),
        "audiences": Audience.choices,
        "runs": _runs(person) if person.may(PROPOSE) else [],
    }
    return render(request, "assessment/lists.html", context)


def _covered(person: Person, permission: str, rows: Iterable[Award | Listing]) -> set[int]:
    """Keys of those that `person.covers` by a permission: all of them told by one statement at most."""
    known = list(rows)
    if not known or not person.may(permission):
        return set()
    units = {row.unit_id for row in known}
    if not person.scope.whole_bank(permission):
        found = Unit.objects.visible_to(person, permission).filter(pk__in=units)
        units = set(found.values_list("pk", flat=True))
    return {row.pk for row in known if row.unit_id in units or row.person_id == person.pk}


def _runs(person: Person) -> list[Any]:
    """Finished runs that count, for the choice of whose rules propose."""
    return list(runs_for(person).filter(state="done").exclude(kind="what_if")[:SHOWN_RUNS])


@page("lists/propose/", name="assessment.propose", needs=PROPOSE)
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Have a run's rules propose for the lists and for stars, in the background."""
    person = reader_of(request)
    number = whole_number(request.POST.get("run", ""))
    if number is None:
        messages.error(request, _("Choose a run first."))
        return redirect("assessment.lists")
    run = get_object_or_404(runs_for(person).filter(state="done"), pk=number)
    try:
        ask(person, run)
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("The rules are being applied; reload this page in a moment."))
    return redirect("assessment.lists")


@page("lists/<int:pk>/<slug:word>/", name="assessment.decide_listing", needs=LISTS)
@require_POST
def decide_listing(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Confirm an entry, take it off, or publish it to an audience."""
    person = reader_of(request)
    entry = get_object_or_404(Listing.objects.visible_to(person), pk=pk)
    note = request.POST.get("note", "")
    try:
        if word == "confirm":
            honours.confirm_listing(person, entry, note=note)
            messages.success(request, _("Confirmed; it is shown to nobody before it is published."))
        elif word == "drop":
            honours.drop_listing(person, entry, note=note)
            messages.success(request, _("Taken off the list."))
        elif word == "publish":
            until = _day(request.POST.get("until", ""))
            honours.publish_listing(person, entry, audience=request.POST.get("audience", ""), until=until)
            messages.success(request, _("Published."))
        else:
            raise Http404(word)
    except ValidationError as error:
        tell(request, error)
    answer = redirect("assessment.lists")
    answer["Location"] += f"?colour={entry.colour}"
    return answer


def _day(text: str) -> dt.date | None:
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(_("Give the day as year-month-day, for instance 2026-03-31.")) from error


@page(
    "awards/",
    name="assessment.awards",
    needs=READ,
    menu=Menu("look", 36, gettext_lazy("Stars and titles"), "star"),
)
@require_safe
def awards(request: HttpRequest) -> HttpResponse:
    """Stars and titles held today; proposals and revocations asked for, to those who decide."""
    person = reader_of(request)
    today = timezone.localdate()
    seen = Award.objects.visible_to(person).select_related("unit", "person", "proposed_by", "run__scheme")
    held = seen.filter(state=Award.State.GRANTED, to_date__gte=today)
    kind = request.GET.get("kind", "")
    if kind in set(Award.Kind.values):
        held = held.filter(kind=kind)
    shown = Paginator(held.order_by("-level", "kind", "title", "pk"), PAGE).get_page(request.GET.get("page"))
    decides = person.may("assessment.grant_award")
    waiting = list(seen.filter(state=Award.State.PROPOSED).order_by("-level", "pk")[:PAGE]) if decides else []
    signs = leads.about(person, waiting)
    asked = seen.filter(state=Award.State.GRANTED, to_date__gte=today).exclude(revoke_asked="")
    asked_back = asked.order_by("unit", "pk")[:PAGE] if decides else []
    context: dict[str, Any] = {
        "title": _("Stars and titles"),
        "shown": shown,
        "kind": kind,
        "kinds": Award.Kind.choices,
        "open": [(award, signs.get(award.pk)) for award in waiting],
        "asked": asked_back,
        "proposing": _proposing(seen) if decides else [],
        "past": _own_past(person, today),
        "decidable": _covered(person, "assessment.grant_award", [*waiting, *asked_back]),
        "revocable": _covered(person, "assessment.revoke_award", shown) if decides else set(),
        "reader": person,
        "may_propose": person.may("assessment.propose_award"),
    }
    return render(request, "assessment/awards.html", context)


def _proposing(seen: AwardQuerySet) -> list[dict[str, Any]]:
    """Runs whose proposals wait, with how many they are."""
    waiting = seen.filter(state=Award.State.PROPOSED, run__isnull=False)
    titles = ("run__scheme__title", "run__scheme__title_en")
    rows = waiting.values("run", *titles, "run__period").annotate(waiting=Count("pk", distinct=True))
    chinese, other = titles
    return [
        row | {"title": (english() and row[other]) or row[chinese]}
        for row in map(dict, rows.order_by("-run"))
    ]


def _own_past(person: Person, today: dt.date) -> list[Award]:
    """What a person held before, with the reason where it was revoked."""
    own = Award.objects.filter(person=person, state__in=(Award.State.GRANTED, Award.State.REVOKED))
    return list(own.filter(to_date__lt=today).order_by("-to_date")) + list(
        own.filter(to_date__gte=today, state=Award.State.REVOKED)
    )


@page("awards/new/", name="assessment.propose_award", needs="assessment.propose_award")
def new_award(request: HttpRequest) -> HttpResponse:
    """Propose a star or a title."""
    person = reader_of(request)
    form = forms.ProposeAward(request.POST or None, actor=person)
    if request.method == "POST" and form.is_valid():
        told = {k: v for k, v in form.cleaned_data.items() if k != "unit"}
        try:
            honours.propose_award(person, form.cleaned_data["unit"], **told)
        except ValidationError as error:
            for name, texts in getattr(error, "error_dict", {None: [error]}).items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            messages.success(request, _("Proposed; a second person has to grant it."))
            return redirect("assessment.awards")
    context = {"title": _("Propose an award"), "form": form}
    return render(request, "assessment/award_new.html", context, status=422 if form.errors else 200)


@page("awards/all/", name="assessment.grant_all", needs="assessment.grant_award")
@require_POST
def grant_all(request: HttpRequest) -> HttpResponse:
    """Grant every star that one run proposed and that the reader may grant, each with its own entry.

    Left out are those about which a lead stands: they are decided one by one.
    """
    person = reader_of(request)
    number = whole_number(request.POST.get("run", ""))
    if number is None:
        messages.error(request, _("Choose a run first."))
        return redirect("assessment.awards")
    waiting = Award.objects.visible_to(person).filter(run=number, state=Award.State.PROPOSED)
    granted, refused = 0, False
    rows = waiting.exclude(proposed_by=person).exclude(person=person).select_related("run")
    found = [a for a in rows[:MOST_AT_ONCE] if person.covers("assessment.grant_award", a)]
    left = leads.doubtful(found)
    for award in found:
        if award.pk in left:
            continue
        try:
            honours.grant_award(person, award, doc_no=request.POST.get("doc_no", ""))
        except ValidationError as error:  # what hinders one hinders all of a run
            tell(request, error)
            refused = True
            break
        granted += 1
    if granted:
        messages.success(request, _("%(n)d granted.") % {"n": granted})
    if left and not refused:
        text = _("%(n)d left out: leads stand about them. Look into those, then decide one by one.")
        messages.warning(request, text % {"n": len(left)})
    elif not granted and not refused:
        messages.error(request, _("There was nothing to grant: proposals of your own are for someone else."))
    return redirect("assessment.awards")


@page("awards/<int:pk>/<slug:word>/", name="assessment.decide_award", needs="assessment.grant_award")
@require_POST
def decide_award(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Grant, refuse, keep or revoke."""
    person = reader_of(request)
    award = _deciding(person, pk)
    reason = request.POST.get("reason", "")
    try:
        if word == "grant":
            honours.grant_award(person, award, doc_no=request.POST.get("doc_no", ""))
            messages.success(request, _("Granted."))
        elif word == "refuse":
            honours.refuse_award(person, award, reason=reason)
            messages.success(request, _("Refused."))
        elif word == "keep":
            honours.keep_award(person, award, reason=reason)
            messages.success(request, _("Kept; this period does not ask again."))
        elif word == "revoke":
            honours.revoke_award(person, award, reason=reason)
            messages.success(request, _("Revoked from today on."))
        else:
            raise Http404(word)
    except ValidationError as error:
        tell(request, error)
    return redirect("assessment.awards")


def _deciding(person: Actor, pk: int) -> Award:
    """An award whose unit or person lies in the reach of whoever decides; 404 elsewhere, though all may see
    it."""
    award = get_object_or_404(Award.objects.visible_to(person), pk=pk)
    if not person.covers("assessment.grant_award", award):
        raise Http404(pk)
    return award
