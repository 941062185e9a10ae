"""Schemes: the library, one edition to read and print, its text, two editions side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezun.assessment import telling, wording
from kezun.assessment.messages import say_refusal
from kezun.assessment.models import Run, Scheme
from kezun.assessment.pages.rounds import MOST
from kezun.assessment.queries import scheme_by_id, schemes_for
from kezun.assessment.rules.form import Component
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.reading import NotAScheme
from kezun.assessment.schemes import scheme_of
from kezun.assessment.scorecards import title_of
from kezun.kernel.actor import Actor
from kezun.kernel.page import Menu, page
from kezun.kernel.rules import whole_number
from kezun.org.models import Person
from kezun.org.reader import reader_of

READ, DRAFT = "assessment.read", "assessment.draft_scheme"
State = Scheme.State


@dataclass(frozen=True)
class Shelf:
    """One scheme with its editions, the one that judges today first where there is one."""

    now: Scheme | None
    editions: tuple[Scheme, ...]

    @property
    def shown(self) -> Scheme:
        return self.now or self.editions[0]

    @property
    def others(self) -> tuple[Scheme, ...]:
        return tuple(row for row in self.editions if row != self.now)


@page(
    "schemes/",
    name="assessment.schemes",
    needs=READ,
    menu=Menu("look", 42, gettext_lazy("Schemes"), "file-certificate"),
)
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """All schemes that the reader may see, and what there is to do with them."""
    person = reader_of(request)
    rows = list(schemes_for(person).defer("text").select_related("drafted_by", "proposed_by"))
    context: dict[str, Any] = {
        "title": _("Schemes"),
        "shelves": shelves_of(rows, timezone.localdate()),
        "waiting": [row for row in rows if row.state == State.PROPOSED],
        "drafts": [row for row in rows if row.state == State.DRAFT],
        "may_draft": person.may(DRAFT),
        "mine": sum(second(person, row) for row in rows if row.state == State.PROPOSED),
    }
    return render(request, "assessment/schemes.html", context)


def shelves_of(rows: list[Scheme], today: dt.date) -> list[Shelf]:
    """Published and withdrawn editions by scheme; drafts and proposals stand elsewhere."""
    settled = sorted((row for row in rows if row.published_at is not None), key=lambda r: r.urn)
    found = []
    for _urn, group in groupby(settled, key=lambda r: r.urn):
        editions = sorted(group, key=lambda r: (r.from_date, r.published_at), reverse=True)
        found.append(Shelf(next((r for r in editions if holds(r, today)), None), tuple(editions)))
    return sorted(found, key=lambda s: (s.now is None, s.shown.subject, s.shown.title))


def holds(row: Scheme, day: dt.date) -> bool:
    """Whether an edition judges a day, unless a later one does."""
    inside = row.from_date <= day and (row.until_date is None or day < row.until_date)
    return inside and row.state == State.PUBLISHED


def second(actor: Actor, row: Scheme) -> bool:
    """Whether this reader may decide on a proposal: neither wrote nor proposed it."""
    pk = getattr(actor, "pk", None)
    return actor.may("assessment.approve_scheme") and pk not in (row.proposed_by_id, row.drafted_by_id)


@page("schemes/<int:pk>/", name="assessment.scheme", needs=READ)
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One edition in words: whom it judges, by what, and what follows."""
    person = reader_of(request)
    edition = scheme_by_id(person, min(pk, MOST))
    context: dict[str, Any] = {"title": f"{edition.name} {edition.version}", "edition": edition}
    context |= surroundings(person, edition)
    try:
        form = scheme_of(edition)
    except NotAScheme as error:
        return render(request, "assessment/scheme.html", context | {"problems": say_refusal(error)})
    return render(request, "assessment/scheme.html", context | said(form))


def said(form: Form) -> dict[str, Any]:
    """A scheme ready to be read."""
    titles = wording.standard_names(form.standards)
    return {
        "form": form,
        "limits": [wording.plain(n) for n in (form.least, form.most, form.base)],
        "whom": telling.subject_words(form.of),
        "peers": telling.peers_words(form.of),
        "cadence": telling.cadence_words(form),
        "components": [component(one, titles) for one in form.components],
        "deductions": [telling.adjustment_words(rule) for rule in form.deductions],
        "additions": [telling.adjustment_words(rule) for rule in form.additions],
        "vetoes": [telling.veto_words(veto, titles, form) for veto in form.vetoes],
        "grades": [telling.grade_words(grade, form) for grade in form.grades],
        "lists": [
            (_("Red list"), telling.listing_words(form.red, form)),
            (_("Black list"), telling.listing_words(form.black, form)),
        ],
        "stars": [telling.star_words(star, form) for star in form.stars],
        "ranked_on": [title_of(c) for c in form.components if c.id in form.ranked_on],
        "about": (form.about_en if wording.english() else "") or form.about,
    }


def component(one: Component, titles: Mapping[str, str]) -> dict[str, Any]:
    """A component ready to be read, with its curve."""
    unit = telling.unit_of(one)
    return {
        "one": one,
        "title": title_of(one),
        "weight": wording.plain(one.weight),
        "source": wording.source_words(one, titles),
        "estimator": telling.estimator_words(one),
        "curve": telling.curve(one.transform, unit),
        "corners": wording.transform_words(one, unit),
        "missing": telling.MISSING[one.missing],
        "gates": wording.gate_words(one),
    }


def surroundings(person: Person, edition: Scheme) -> dict[str, Any]:
    """What stands round the text: other editions, what may be done, runs that a correction touches."""
    siblings = schemes_for(person).filter(urn=edition.urn).exclude(pk=edition.pk).defer("text")
    state = edition.state
    past = edition.from_date < timezone.localdate()
    shown = edition.state == State.PROPOSED and past
    return {
        "crumbs": [{"title": _("Schemes"), "href": reverse("assessment.schemes")}, {"title": edition.name}],
        "siblings": list(siblings),
        "holds": holds(edition, timezone.localdate()),
        "may_edit": state == State.DRAFT and person.may("assessment.save_scheme"),
        "may_propose": state == State.DRAFT and person.may("assessment.propose_scheme"),
        "may_approve": state == State.PROPOSED and second(person, edition),
        "own_waiting": state == State.PROPOSED and not second(person, edition),
        "may_copy": person.may(DRAFT),
        "may_withdraw": state != State.WITHDRAWN and person.may("assessment.withdraw_scheme"),
        "past": past,
        "touched": list(touched(edition)[:50]) if shown else [],
    }


def touched(edition: Scheme) -> Any:
    """Runs that counted and judged days which a correction of the past would now hold: none is changed."""
    found = Run.objects.filter(scheme__urn=edition.urn, to_date__gte=edition.from_date, state=Run.State.DONE)
    if edition.until_date is not None:
        found = found.filter(from_date__lt=edition.until_date)
    return found.exclude(kind=Run.Kind.WHAT_IF).select_related("scheme").order_by("-to_date", "-done_at")


@page("schemes/<int:pk>/text/", name="assessment.scheme_text", needs=READ)
@require_safe
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """The text of an edition to take away."""
    edition = scheme_by_id(reader_of(request), min(pk, MOST))
    answer = HttpResponse(edition.text, content_type="text/plain; charset=utf-8")
    name = f"{edition.urn.rpartition(':')[2]}-{edition.version}.yaml"
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


@page("schemes/<int:pk>/compare/", name="assessment.compare_schemes", needs=READ)
@require_safe
def compared(request: HttpRequest, pk: int) -> HttpResponse:
    """An edition beside another (`with`); the one that begins later stands right."""
    person = reader_of(request)
    edition = scheme_by_id(person, min(pk, MOST))
    siblings = list(schemes_for(person).filter(urn=edition.urn).exclude(pk=edition.pk).defer("text"))
    named = whole_number(request.GET.get("with", ""))
    if named is None and not siblings:
        return redirect("assessment.scheme", edition.pk)
    other = scheme_by_id(person, siblings[0].pk if named is None else named)
    old, new = sorted((edition, other), key=lambda r: (r.from_date, r.revision, r.pk))
    context: dict[str, Any] = {
        "title": f"{new.name}: {old.version} → {new.version}",
        "old": old,
        "new": new,
        "siblings": siblings,
        "crumbs": [
            {"title": _("Schemes"), "href": reverse("assessment.schemes")},
            {"title": new.name, "href": reverse("assessment.scheme", args=[new.pk])},
            {"title": _("Compare")},
        ],
    }
    try:
        context["parts"] = differences(scheme_of(old), scheme_of(new))
    except NotAScheme as error:
        context["problems"] = say_refusal(error)
    return render(request, "assessment/scheme_compare.html", context)


def differences(old: Form, new: Form) -> list[tuple[str, list[dict[str, Any]]]]:
    """Both editions part by part; each row with what stands on both sides and whether it differs."""
    before, after = stated(old), stated(new)
    found = []
    for part, rows in after.items():
        told = before.get(part, {})
        keys = [*rows, *(key for key in told if key not in rows)]
        made = [
            {
                "title": (rows.get(key) or told[key])[0],
                "old": told[key][1] if key in told else "",
                "new": rows[key][1] if key in rows else "",
                "differs": told.get(key, ("", ""))[1] != rows.get(key, ("", ""))[1],
            }
            for key in keys
        ]
        if made:
            found.append((part, made))
    return found


def stated(form: Form) -> dict[str, dict[str, tuple[str, str]]]:
    """A scheme as titled sentences by part and id, for comparing."""
    titles = wording.standard_names(form.standards)
    head = {
        "whom": (_("Judges"), telling.subject_words(form.of)),
        "peers": (_("Compared within"), telling.peers_words(form.of)),
        "base": (_("Base"), wording.plain(form.base)),
        "limits": (_("Total"), f"{wording.plain(form.least)} – {wording.plain(form.most)}"),
        "appeal": (_("Days for appeals"), str(form.appeal.window_days)),
        "ranking": (_("Observations for a rank"), str(form.ranking.min_n)),
    }
    return {
        _("In general"): head,
        _("Components"): {c.id: (title_of(c), component_sentence(c, titles)) for c in form.components},
        _("Deductions"): {r.id: (title_of(r), adjustment_sentence(r)) for r in form.deductions},
        _("Additions"): {r.id: (title_of(r), adjustment_sentence(r)) for r in form.additions},
        _("Vetoes"): {
            v.id: (told["title"], f"{told['when']}: {told['does']}")
            for v in form.vetoes
            if (told := telling.veto_words(v, titles, form))
        },
        _("Grades"): {
            g.name: (told["name"], f"{told['least']} {told['floors']}".strip())
            for g in form.grades
            if (told := telling.grade_words(g, form))
        },
        _("Lists and stars"): {
            "red": (_("Red list"), "; ".join(telling.listing_words(form.red, form))),
            "black": (_("Black list"), "; ".join(telling.listing_words(form.black, form))),
            **{
                f"star{s.stars}": (told["stars"], f"{told['least']}; {told['more']}")
                for s in form.stars
                if (told := telling.star_words(s, form))
            },
        },
    }


def component_sentence(one: Component, titles: Mapping[str, str]) -> str:
    """A component in one sentence."""
    points = ", ".join(
        f"{value} → {worth}" for value, worth in wording.transform_words(one, telling.unit_of(one))
    )
    told = [
        _("weight %(n)s") % {"n": wording.plain(one.weight)},
        wording.source_words(one, titles),
        telling.estimator_words(one),
        _("from %(n)d observations") % {"n": one.min_n},
        points,
        str(telling.MISSING[one.missing]),
    ]
    return "; ".join([*told, *wording.gate_words(one)])


def adjustment_sentence(rule: Any) -> str:
    """A deduction or addition in one sentence."""
    told = telling.adjustment_words(rule)
    cap = _("at most %(n)s") % {"n": told["cap"]}
    return "; ".join(part for part in (told["event"], told["points"], cap, told["more"]) if part)
