"""What a finished run proposes: entries of the red and black list, stars. Rules propose, people decide."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Min
from django.utils.translation import gettext as _

from kezun.assessment import packing
from kezun.assessment.actions import honours
from kezun.assessment.actions.honours import Proposed, Starred, Unscored
from kezun.assessment.actions.judging import check_latest
from kezun.assessment.lookups import forms_of
from kezun.assessment.messages import say_why
from kezun.assessment.models import Award, Run, Score
from kezun.assessment.models.runs import COUNTED
from kezun.assessment.rules import steps
from kezun.assessment.rules.form import Listing, Scheme
from kezun.assessment.rules.lines import Result
from kezun.assessment.rules.listing import (
    PEERS,
    TOTAL,
    Record,
    Said,
    Standing,
    judge,
    months_between,
    stars,
)
from kezun.assessment.schemes import scheme_of
from kezun.assessment.scorecards import title_of
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor, SystemActor, require
from kezun.kernel.task import enqueue, task
from kezun.org.models import Assignment, Unit

Bounds = Mapping[tuple[str, str], float]
PROPOSE = "assessment.propose_lists"
TASK = "assessment.propose"


def ask(actor: Actor, run: Run) -> None:
    """Have the worker apply a run's rules; raises Denied, and ValidationError for a run that counts for
    nothing or was followed by another."""
    require(actor, PROPOSE)
    honours.check_counts(run)
    check_latest(run)
    enqueue(TASK, run=run.pk)


@task(TASK)
def propose(run: int) -> None:
    """Put what the rules of a finished run say on the lists, and propose stars. Repeated, it adds nothing."""
    row = Run.objects.select_related("scheme").get(pk=run)
    honours.check_counts(row)
    days = scheme_of(row.scheme).appeal.window_days
    worker = SystemActor("worker")
    honours.propose_lists(worker, row, entries=listed(row), hear_days=days)
    honours.propose_stars(worker, row, found=starred(row), unscored=unscored(row))


def listed(run: Run) -> list[Proposed]:
    """Whom the red and black rules of a run's scheme name, with each condition as it was found."""
    form = forms_of(run)[-1]
    rules = [(colour, rule) for colour, rule in (("red", form.red), ("black", form.black)) if rule]
    if not rules:
        return []
    bounds = _bounds([rule for _, rule in rules], run)
    barring = _barring(form)
    found = []
    for row, result in _scored(run):
        subject = _standing(row, result)
        for colour, rule in rules:
            said = judge(rule, subject, bounds.get(row.group, {}))
            if said.met and not (colour == "red" and barring & set(result.vetoes)):
                found.append(Proposed(row, colour, [_told(one) for one in said.said], said.probability))
    return found


def _barring(form: Scheme) -> set[str]:
    """The vetoes that keep a subject from every honour."""
    return {veto.id for veto in form.vetoes if veto.bars_awards}


def _scored(run: Run) -> Iterator[tuple[Score, Result]]:
    rows = Score.objects.filter(run=run, score__isnull=False).order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        yield row, packing.unpack(row.lines)


def _standing(row: Score, result: Result) -> Standing:
    figures = {line.id: line.figure for line in result.lines if line.figure is not None}
    total = row.score if row.score is not None else Decimal(0)
    return Standing(total, result.sd, row.grade, row.vetoes, row.n, figures)


def _bounds(rules: Iterable[Listing], run: Run) -> Mapping[str, Bounds]:
    """Per peer group the quantiles that the rules name, of totals or of a component's own estimates.

    The scores are gone through once for it, so that never more than a few results lie in memory.
    """
    wanted = {(c.metric, c.ref) for rule in rules for c in rule.conditions if c.ref in PEERS}
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row, result in _scored(run) if wanted else ():
        for metric in {metric for metric, _ref in wanted}:
            value = _value(metric, row, result)
            if value is not None:
                values[row.group, metric].append(value)
    found: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for (group, metric), known in values.items():
        for of, ref in wanted:
            if of == metric:
                found[group][metric, ref] = float(np.quantile(known, PEERS[ref]))
    return found


def _value(metric: str, row: Score, result: Result) -> float | None:
    if metric == TOTAL:
        return None if row.score is None else float(row.score)
    figure = next((line.figure for line in result.lines if line.id == metric), None)
    if figure is None:
        return None
    return figure.estimate if figure.estimate is not None else figure.value


def _told(said: Said) -> dict[str, Any]:
    """A condition as plain values, for the entry and its page."""
    c = said.condition
    told: dict[str, Any] = {"met": said.met, "p": said.probability, "bound": said.bound}
    if c.veto:
        return told | {"veto": c.veto}
    if c.grades:
        return told | {"grades": list(c.grades)}
    return told | {"metric": c.metric, "op": c.op, "ref": c.ref, "at_least": str(c.at_least)}


def starred(run: Run) -> list[Starred]:
    """How many stars each subject of a run meets now, beside those it holds; 0 where it meets none."""
    form = forms_of(run)[-1]
    if not form.stars:
        return []
    most = max(rule.periods for rule in form.stars)
    earlier = _earlier(run, most - 1)
    since = _since(form, run)
    held, barring = _held(run), _barring(form)
    found = []
    for row, result in _scored(run):
        periods = (_record(row, result), *earlier.get(row.subject, ()))
        months = months_between(since.get(row.subject, run.to_date), run.to_date)
        met = 0 if barring & set(result.vetoes) else stars(form.stars, periods, months)
        found.append(Starred(row, met, held.get(_holder(row))))
    return found


def unscored(run: Run) -> list[Unscored]:
    """The stars held by a run's scheme whose holders it did not score, with the reason of each.

    A star that people gave without a run belongs to no scheme, and is not asked back by one.
    """
    form = forms_of(run)[-1]
    if not form.stars:
        return []
    titles = {c.id: title_of(c) for c in form.components}
    rows = Score.objects.filter(run=run).only("person_id", "unit_id", "score", "why")
    whys = {_holder(row): None if row.score is not None else row.why for row in rows}
    gone = _("no longer judged by this scheme")
    found = []
    for holder, award in _held(run).items():
        if award.run is None or award.run.scheme.urn != run.scheme.urn:
            continue
        why = whys.get(holder, gone)
        if why is not None:
            found.append(Unscored(award, gone if why is gone else say_why(why, titles)))
    return found


def _record(row: Score, result: Result) -> Record:
    rated = {line.id: line.rated for line in result.lines if line.rated is not None}
    return Record(row.score, rated, row.vetoes)


def _earlier(run: Run, number: int) -> Mapping[str, tuple[Record, ...]]:
    """Each subject's records of the periods before, the latest first; a period without a run ends the row."""
    found: dict[str, tuple[Record, ...]] = defaultdict(tuple)
    period = Period.parse(run.period)
    for back in range(number):
        period = steps.before(period)
        before = (
            Run.objects.filter(
                scheme__urn=run.scheme.urn, period=period.label, kind__in=COUNTED, state=Run.State.DONE
            )
            .order_by("-done_at", "-pk")
            .first()
        )
        if before is None:
            break
        for row, result in _scored(before):
            if len(found[row.subject]) == back:
                found[row.subject] += (_record(row, result),)
    return found


def _since(form: Scheme, run: Run) -> Mapping[str, dt.date]:
    """Since when a subject has been what it is: a person in a post of the scheme, a unit since it opened."""
    if form.of.kind == "person":
        held = Assignment.objects.filter(from_date__lte=run.to_date, to_date__gte=run.to_date)
        if form.of.posts:
            held = held.filter(post__code__in=form.of.posts)
        rows = held.values_list("person").annotate(first=Min("from_date"))
        return {f"person:{person}": first for person, first in rows}
    return {f"unit:{pk}": day for pk, day in Unit.objects.values_list("pk", "opened_date")}


def _holder(row: Score | Award) -> tuple[int | None, int | None]:
    """Unit and person by which a star is held: a person's goes along to another unit."""
    return (None, row.person_id) if row.person_id is not None else (row.unit_id, None)


def _held(run: Run) -> Mapping[tuple[int | None, int | None], Award]:
    """The stars held on the last day of the run's period, by their holder."""
    rows = Award.objects.filter(
        kind=Award.Kind.STAR,
        state=Award.State.GRANTED,
        from_date__lte=run.to_date,
        to_date__gte=run.to_date,
    )
    rows = rows.select_related("run__scheme").defer("run__inputs", "run__peers", "run__scheme__text")
    return {_holder(row): row for row in rows.order_by("from_date", "pk")}
