"""Schemes, runs and scores as an actor may see them; outside of the scope there is nothing (404)."""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Q
from django.utils.translation import gettext as _

from kezun.assessment import packing
from kezun.assessment.models import Run, Scheme, Score
from kezun.assessment.models.runs import COUNTED, RunQuerySet, ScoreQuerySet
from kezun.assessment.models.schemes import SchemeQuerySet
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.lines import Result
from kezun.assessment.schemes import form_of
from kezun.kernel.actor import Actor, OutOfScope
from kezun.org.models import Person


def schemes_for(actor: Actor) -> SchemeQuerySet:
    """Editions that the actor may see, by scheme, the newest first."""
    return Scheme.objects.visible_to(actor).order_by("urn", "-from_date", "-revision")


def scheme_by_id(actor: Actor, pk: int) -> Scheme:
    """One edition; OutOfScope (404) where the actor sees none."""
    found = Scheme.objects.visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise OutOfScope(_("No such scheme."))
    return found


def scheme_named(actor: Actor, urn: str, day: dt.date | None = None) -> Scheme:
    """The published edition that holds on a day (None: the newest); the last part of `urn` will do."""
    known = Scheme.objects.visible_to(actor).published().filter(Q(urn=urn) | Q(urn__endswith=f":{urn}"))
    if day is not None:
        held = known.in_force(day).first()
        if held is not None:
            return held
    newest = known.order_by("-from_date", "-published_at").first()
    if newest is None:
        raise OutOfScope(_("No published scheme «%(urn)s».") % {"urn": urn})
    return newest


def runs_for(actor: Actor) -> RunQuerySet:
    """Runs that the actor may see, the newest first."""
    return Run.objects.visible_to(actor).select_related("scheme", "round").order_by("-made_at", "-pk")


def run_by_id(actor: Actor, pk: int) -> Run:
    """One run; OutOfScope (404) where the actor sees none."""
    found = runs_for(actor).filter(pk=pk).first()
    if found is None:
        raise OutOfScope(_("No run %(number)d in your scope.") % {"number": pk})
    return found


def latest(actor: Actor, urn: str, period: str) -> Run | None:
    """The run that counts for a scheme and period: the last one done that is no what-if."""
    counted = runs_for(actor).filter(scheme__urn=urn, period=period, kind__in=COUNTED, state=Run.State.DONE)
    return counted.order_by("-done_at", "-pk").first()


def scores_for(actor: Actor, run: Run) -> ScoreQuerySet:
    """The scores of a run within the actor's scope."""
    found: ScoreQuerySet = Score.objects.visible_to(actor).filter(run=run)
    return found


def score_of(actor: Actor, run: Run, subject: str) -> Score:
    """One score by subject (`unit:12`, `person:7`, `line:3`) or by the code of unit, person or line."""
    own = Q(subject=subject)
    if ":" not in subject:
        own = (
            Q(unit__code=subject, person=None) | Q(person__code=subject) | Q(line__code=subject, person=None)
        )
    found = scores_for(actor, run).select_related("unit", "person", "line").filter(own).first()
    if found is None:
        raise OutOfScope(_("No score of %(subject)s in this run in your scope.") % {"subject": subject})
    return found


EDITIONS = "run__inputs__scheme__editions"
INSIDE = ("run__inputs", "run__peers", "run__scheme__text")


def past(actor: Actor, urn: str, subject: str, *, seen: bool = False) -> list[Score]:
    """The scores that count of one subject by a scheme, the oldest period first: of each the last run done.

    Each with its lines, its run and scheme, and `editions` that judged. seen: the caller has found a score of
    this subject in the actor's scope; it is not looked up again.
    """
    told = Run.objects.visible_to(actor).values("pk")
    mine = Score.objects.filter(run__in=told) if seen else Score.objects.visible_to(actor)
    mine = mine.filter(
        subject=subject, run__scheme__urn=urn, run__kind__in=COUNTED, run__state=Run.State.DONE
    )
    rows = mine.defer(*INSIDE).select_related("run__scheme").annotate(editions=F(EDITIONS))
    rows = rows.order_by("run__from_date", "run__done_at", "run_id")
    return list({(s.run.from_date, s.run.to_date): s for s in rows}.values())


def result_of(score: Score) -> Result:
    """All lines of a score, as they were computed."""
    return packing.unpack(score.lines)


def name_of(score: Score) -> str:
    """The subject's name in the page's language; unit, person and line must be loaded with the score."""
    if score.person is not None:
        return str(score.person)
    return score.line.title if score.line is not None else score.unit.title if score.unit is not None else ""


def code_of(score: Score) -> str:
    """The subject's code."""
    of = score.person or score.line or score.unit
    return of.code if of is not None else ""


def forms_of(run: Run) -> list[Form]:
    """The editions that judged, in the order of their days, with the changes of a what-if run."""
    told = run.inputs["scheme"]
    found = Scheme.objects.filter(urn=told["urn"], sha256__in=[e["sha256"] for e in told["editions"]])
    texts = dict(found.values_list("sha256", "text"))
    return [changed(form_of(texts[e["sha256"]]), run.change) for e in told["editions"]]


def my_subjects(person: Person) -> list[str]:
    """The subjects under which a person finds own scorecards: as a person, and the home unit."""
    return [f"person:{person.pk}", *([f"unit:{person.home_unit_id}"] if person.home_unit_id else [])]
