"""The period desk: rounds and where they stand, one round step by step, its data, its runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment import repeating
from kezun.assessment.actions import rounds
from kezun.assessment.actions.runs import show_run
from kezun.assessment.desk import STEP_WORDS, Step, steps_of, waiting_for
from kezun.assessment.models import Appeal, Round, Run, Scheme, Score
from kezun.assessment.proposing import PROPOSE
from kezun.assessment.queries import scheme_by_id, schemes_for
from kezun.assessment.rounds import NOT_DONE, READ, pending, round_by_id, rounds_for, stand_of
from kezun.assessment.rules.steps import following, half_of
from kezun.assessment.schemes import scheme_of
from kezun.assessment.telling import cadence_words
from kezun.facts.rules import Period
from kezun.kernel.page import Menu, page
from kezun.kernel.rules import whole_number
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

OPEN, RUN, SHOW = "assessment.open_round", "assessment.run_again", "assessment.show_run"
SHOWN = 60
MOST = (1 << 62) - 1


@dataclass(frozen=True)
class Row:
    """A round in the list: its steps, how many appeals wait, whether a run is being computed."""

    round: Round
    scheme: Scheme | None
    steps: list[Step]
    appeals: int
    under_way: int


@page(
    "rounds/",
    name="assessment.rounds",
    needs=READ,
    menu=Menu("work", 33, gettext_lazy("Periods"), "calendar-check"),
)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """All rounds, the latest period first, each with its steps; and a new one to open."""
    person = reader_of(request)
    rows = list(rounds_for(person)[:SHOWN])
    appeals, running = waiting(rows)
    known = named(person)
    shown = [Row(r, known.get(r.urn), steps_of(r), appeals.get(r.pk, 0), running.get(r.pk, 0)) for r in rows]
    context: dict[str, Any] = {
        "title": _("Periods"),
        "rows": shown,
        "mine": sum(bool(r.round.asked_state) and r.round.asked_by_id != person.pk for r in shown),
        "may_open": person.may(OPEN),
        "may_take": person.may("assessment.take_step"),
        "schemes": judging(known.values()) if person.may(OPEN) else [],
        "periods": choices(timezone.localdate()),
    }
    return render(request, "assessment/rounds.html", context)


def waiting(rows: list[Round]) -> tuple[dict[int, int], dict[int, int]]:
    """Appeals not decided and runs not done, by round."""
    filed = Appeal.objects.filter(state=Appeal.State.FILED, score__run__round__in=rows)
    runs = Run.objects.filter(round__in=rows, state__in=NOT_DONE)
    return (
        dict(filed.order_by().values_list("score__run__round").annotate(n=Count("pk"))),
        dict(runs.order_by().values_list("round").annotate(n=Count("pk"))),
    )


def named(person: Person) -> dict[str, Scheme]:
    """The newest published edition of each scheme, by urn."""
    found: dict[str, Scheme] = {}
    for row in schemes_for(person).filter(published_at__isnull=False):
        found.setdefault(row.urn, row)
    return found


def judging(schemes: Iterable[Scheme]) -> list[tuple[Scheme, str]]:
    """Schemes by name, each with the length of the periods that it judges."""
    rows = [(one, cadence_words(scheme_of(one))) for one in schemes]
    return sorted(rows, key=lambda row: row[0].name)


def choices(today: dt.date) -> list[tuple[str, list[str]]]:
    """Periods to choose from, the last full one of each kind first."""
    found = []
    for kind, title, number in (
        ("quarter", _("Quarters"), 5),
        ("month", _("Months"), 7),
        ("year", _("Years"), 2),
    ):
        period = Period.of(today, kind).previous()
        labels = [Period.of(today, kind).label]
        for _number in range(number):
            labels.append(period.label)
            period = period.previous()
        found.append((title, [*labels[1:], labels[0]]))
    return [*found, (_("Half-years"), halves(today))]


def halves(today: dt.date) -> list[str]:
    """The half-years around a day: the last full one, the one before, the present one."""
    first = today.replace(day=1, month=1 if today.month < 7 else 7)
    last = first - dt.timedelta(days=1)
    before = last.replace(day=1, month=last.month - 5) - dt.timedelta(days=1)
    return [half_of(day) for day in (last, before, today)]


@page("rounds/open/", name="assessment.open_round", needs=OPEN)
@require_POST
def opened(request: HttpRequest) -> HttpResponse:
    """Open the round of a scheme and a period; one that is open already is shown."""
    person = reader_of(request)
    number = whole_number(request.POST.get("scheme", ""))
    if number is None:
        messages.error(request, _("Choose a scheme first."))
        return redirect("assessment.rounds")
    scheme = scheme_by_id(person, number)
    try:
        held = rounds.open_round(person, scheme, period=request.POST.get("period", ""))
    except ValidationError as error:
        tell(request, error)
        return redirect("assessment.rounds")
    return redirect("assessment.round", held.pk)


@page("rounds/<int:pk>/", name="assessment.round", needs=READ)
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One round: its steps, what the next one waits for, its runs, what is open."""
    person = reader_of(request)
    held = round_by_id(person, min(pk, MOST))
    scheme = Scheme.objects.for_day(held.urn, held.to_date)
    stand = stand_of(held)
    runs = runs_of(held)
    context: dict[str, Any] = {
        "title": f"{scheme.name if scheme else held.urn} · {held.period}",
        "crumbs": [
            {"title": _("Periods"), "href": reverse("assessment.rounds")},
            {"title": f"{scheme.name if scheme else held.urn} · {held.period}"},
        ],
        "round": held,
        "scheme": scheme,
        "window": scheme_of(scheme).appeal.window_days if scheme else 0,
        "steps": steps_of(held),
        "next": following(held.state),
        "next_words": STEP_WORDS.get(held.asked_state or following(held.state) or ""),
        "hindered": waiting_for(held, stand),
        "stand": stand,
        "appeals": stand.appeals_open,
        "pending": list(pending(held).visible_to(person).select_related("unit", "person")[:10]),
        **surroundings(person, held, runs),
    }
    return render(request, "assessment/round.html", context)


def surroundings(person: Person, held: Round, runs: list[Run]) -> dict[str, Any]:
    """Runs of a round with what may be done with them, for the page and for its live part."""
    done = [run for run in runs if run.state == Run.State.DONE]
    second = bool(held.asked_state) and held.asked_by_id != person.pk
    unseen = done[0] if done and done[0].kind == Run.Kind.RESTATED and done[0].shown_at is None else None
    return {
        "round": held,
        "runs": runs,
        "again": repeating.repeated(run.pk for run in done),
        "may_repeat": person.may("assessment.replay_run"),
        "done": done,
        "latest": done[0] if done else None,
        "found": counted(done[0]) if done else None,
        "before": done[1] if len(done) > 1 else None,
        "busy": any(run.state in NOT_DONE for run in runs),
        "may_ask": person.may("assessment.ask_step") and not held.asked_state,
        "may_take": person.may("assessment.take_step") and second,
        "may_refuse": person.may("assessment.refuse_step") and bool(held.asked_state),
        "own": bool(held.asked_state) and not second,
        "may_run": person.may(RUN) and held.state in rounds.KINDS,
        "may_restate": person.may("assessment.restate") and held.state == Round.State.CLOSED,
        "may_propose": person.may(PROPOSE),
        "unseen": unseen,
        "may_show": unseen is not None and person.may(SHOW) and unseen.made_by_id != person.pk,
    }


def runs_of(held: Round) -> list[Run]:
    """The runs of a round, the latest first."""
    rows = Run.objects.filter(round=held).select_related("scheme", "made_by").defer("peers", "scheme__text")
    return list(rows.order_by("-made_at", "-pk")[:SHOWN])


def counted(run: Run) -> dict[str, int]:
    """How many a run judges, scores and ranks."""
    return Score.objects.filter(run=run).aggregate(
        subjects=Count("pk"),
        scored=Count("pk", filter=Q(score__isnull=False)),
        ranked=Count("pk", filter=Q(rank__isnull=False)),
    )


@page("rounds/<int:pk>/step/<slug:word>/", name="assessment.step", needs=READ)
@require_POST
def step(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Ask for the next step, take or refuse what was asked, compute again, restate, show a restated run."""
    person = reader_of(request)
    held = round_by_id(person, min(pk, MOST))
    try:
        messages.success(request, _done(person, held, word, request))
    except ValidationError as error:
        tell(request, error)
    return redirect("assessment.round", held.pk)


def _done(person: Person, held: Round, word: str, request: HttpRequest) -> str:
    if word == "ask":
        rounds.ask_step(person, held)
        return _("Asked for; a second person takes the step.")
    if word == "take":
        now = rounds.take_step(person, held)
        if now.state in (Round.State.PROVISIONAL, Round.State.FINAL):
            return _("Taken: the run is being computed.")
        return _("Taken: everybody judged can see the result.")
    if word == "refuse":
        rounds.refuse_step(person, held, reason=request.POST.get("reason", ""))
        return _("Refused; the round stays where it is.")
    if word == "again":
        rounds.run_again(person, held)
        return _("A new run is being computed with what is known now; earlier runs stay.")
    if word == "restate":
        ordered = {name: request.POST.get(name, "") for name in ("decision", "reason")}
        rounds.restate(person, held, **ordered)
        return _("The restatement is being computed; what was published stays beside it.")
    if word == "show":
        show_run(person, run_of(held, request.POST.get("run", "")))
        return _("Shown: everybody judged finds the restated result, with its reason, on their scorecard.")
    raise Http404(word)


def run_of(held: Round, number: str) -> Run:
    """A finished run of this round; 404 where it is none."""
    rows = Run.objects.filter(round=held, state=Run.State.DONE).select_related("scheme")
    asked = whole_number(number)
    found = rows.filter(pk=asked).first() if asked is not None else None
    if found is None:
        raise Http404(number)
    return found
