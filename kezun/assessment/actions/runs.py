"""Writes to runs: begun by whoever may, kept by the platform once computed, never changed after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.actions.judging import check_latest
from kezun.assessment.computing import Outcome, Row
from kezun.assessment.inputs import Pinned
from kezun.assessment.models import Pin, Round, Run, Scheme, Score
from kezun.assessment.models.runs import COUNTED
from kezun.assessment.rounds import begin
from kezun.assessment.subjects import Subject
from kezun.facts.rules import Period
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.task import enqueue
from kezun.org.models import Person

# What the platform fills in, and what may be nothing.
UNSET = (
    *("inputs", "peers", "change", "supersedes", "round", "made_by", "done_at", "shown_at"),
    *("inputs_hash", "result_hash", "reason"),
)


@action("assessment.run")
def run(
    actor: Actor,
    scheme: Scheme,
    *,
    period: str,
    kind: str,
    known_at: dt.datetime | None = None,
    change: Mapping[str, str] | None = None,
    decision: str = "",
    reason: str = "",
    opens: bool = False,
    later: bool = True,
) -> Run:
    """Begin a run of a scheme over a period, as known at a moment (None: now).

    It counts for the round of its period, where that is open; without a round only a provisional run is made,
    for whoever may make runs. opens: open the round where there is none (`rounds.begin`).
    later: a task computes it; else the caller does (`running.carry_out`). change: only of what-if runs, which
    may also judge by a draft. Restated runs name the decision that orders them and its reason, which those
    judged read. ValidationError otherwise.
    """
    try:
        span = Period.parse(period)
    except ValueError as error:
        raise ValidationError({"period": str(error)}) from error
    if known_at is not None and known_at > timezone.now():
        raise ValidationError(
            {"known_at": _("Nothing is known of the future: name a moment that has passed, or none.")}
        )
    if change and kind != Run.Kind.WHAT_IF:
        raise ValidationError({"change": _("Only a what-if run changes numbers of its scheme.")})
    if kind != Run.Kind.WHAT_IF and scheme.published_at is None:
        raise ValidationError({"scheme": _("This edition is not published: only a what-if run may use it.")})
    if kind == Run.Kind.RESTATED:
        _check_ordered(decision, reason)
    row = Run(scheme=scheme, kind=kind, period=span.label, from_date=span.start, to_date=span.end)
    row.known_at, row.change, row.decision = known_at or timezone.now(), dict(change or {}), decision.strip()
    row.reason = reason.strip()
    row.made_by = actor if isinstance(actor, Person) else None
    if kind in COUNTED:
        row.round = _round(scheme.urn, span, kind, opens)
    if row.round is not None:
        row.supersedes = (
            Run.objects.filter(round=row.round, state=Run.State.DONE).order_by("-done_at").first()
        )
    row.full_clean(exclude=UNSET)
    row.save()
    if later:
        enqueue("assessment.compute", run=row.pk)
    return row


def _check_ordered(decision: str, reason: str) -> None:
    if not decision.strip():
        raise ValidationError({"decision": _("Name the decision that orders the restatement.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it is restated: everybody judged reads it.")})


def _round(urn: str, period: Period, kind: str, opens: bool) -> Round | None:
    """The round for which a run counts; None for a provisional one of a period that nobody opened."""
    made = begin(urn, period) if opens else Round.objects.filter(urn=urn, period=period.label).first()
    if made is None:
        if kind == Run.Kind.PROVISIONAL:
            return None
        raise ValidationError(
            {
                "period": _("%(period)s is not open: open it at the period desk first.")
                % {"period": period.label}
            }
        )
    if made.state == Round.State.CLOSED and kind != Run.Kind.RESTATED:
        raise ValidationError(
            _("%(period)s is closed: only a restatement by decision may follow.") % {"period": made}
        )
    return made


@action("assessment.keep_run", hidden=("pinned", "outcome"))
def keep_run(actor: Actor, run: Run, *, pinned: Pinned, outcome: Outcome) -> Run:
    """Keep what was computed: scores, hashes and pins at once; from now on none of it changes."""
    row = Run.objects.select_for_update().get(pk=run.pk)
    if row.state == Run.State.DONE:
        raise ValidationError(_("This run is done already."))
    Pin.objects.bulk_create((Pin(sha256=k, body=v) for k, v in pinned.pins.items()), ignore_conflicts=True)
    subjects = pinned.given.roster.subjects
    _keep_scores(row, subjects, outcome.rows)
    row.inputs, row.inputs_hash, row.result_hash = pinned.inputs, pinned.hash, outcome.result_hash
    row.subjects, row.peers, row.state, row.progress = len(subjects), told(outcome), Run.State.DONE, 1.0
    row.done_at, row.message = timezone.now(), ""
    row.save()
    return row


def told(outcome: Outcome) -> dict[str, Any]:
    """What a run publishes of peers: figures by group, and by edition what estimators learned and what each
    kind of case was taken for, where a component was adjusted for the mix."""
    made = {"groups": outcome.peers, "learned": outcome.learned}
    return made | ({"mixes": outcome.mixes} if any(outcome.mixes) else {})


COLUMNS = (
    *(
        "run_id",
        "subject",
        "unit_id",
        "person_id",
        "line_id",
        "group",
        "score",
        "low",
        "high",
        "grade",
        "capped",
    ),
    *("vetoes", "n", "why", "rank", "rank_low", "rank_high", "ranked", "tier", "lines"),
)


def _keep_scores(run: Run, subjects: Iterable[Subject], rows: Iterable[Row]) -> None:
    """The scores in one statement, executed for each: 200,000 records of the ORM would take as long as
    computing them."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name in COLUMNS)
    values = ", ".join(["%s"] * len(COLUMNS))
    sql = f"INSERT INTO {quote(Score._meta.db_table)} ({names}) VALUES ({values})"
    told: Any = (_told(run, subject, row) for subject, row in zip(subjects, rows, strict=True))
    with connection.cursor() as cursor:
        cursor.executemany(sql, told)


def _told(run: Run, subject: Subject, row: Row) -> tuple[Any, ...]:
    """The values of COLUMNS for one subject."""
    span, at = row.interval or (None, None), row.standing
    places = (at.rank, at.low, at.high, at.ranked, at.tier) if at else (None,) * 5
    return (
        *(run.pk, subject.key, subject.unit, subject.person, subject.line, subject.group, row.score, *span),
        *(row.grade, row.capped, row.vetoes, row.n, row.why, *places, row.body),
    )


@action("assessment.fail_run")
def fail_run(actor: Actor, run: Run, *, message: str) -> Run:
    """Close a run that could not be computed; the message says why."""
    row = Run.objects.select_for_update().get(pk=run.pk)
    if row.state == Run.State.DONE:
        raise ValidationError(_("This run is done already."))
    row.state, row.message = Run.State.FAILED, message[:2000]
    row.save(update_fields=["state", "message"])
    return row


@action("assessment.show_run")
def show_run(actor: Actor, run: Run) -> Run:
    """Show a run that counts to the people whom it judges; from this day on they may appeal.

    A person does so by taking a step of the round that another one asked for; a restated run, which follows
    no step, is shown by someone who did not begin it, and only while no later one is done. ValidationError
    otherwise.
    """
    row = Run.objects.select_for_update().get(pk=run.pk)
    if row.state != Run.State.DONE or row.kind not in COUNTED:
        raise ValidationError(_("Only a run that is done and counts can be shown."))
    _check_second(actor, row)
    if row.shown_at is None:
        Run.objects.filter(pk=row.pk).update(shown_at=timezone.now())
        row.refresh_from_db(fields=["shown_at"])
    return row


def _check_second(actor: Actor, run: Run) -> None:
    if not isinstance(actor, Person):
        return
    if run.kind == Run.Kind.RESTATED:
        if run.made_by_id == actor.pk:
            raise ValidationError(_("A second person shows it: you began this run yourself."))
        check_latest(run)
        return
    held = run.round
    asked = held is not None and held.asked_state in (Round.State.APPEAL, Round.State.CLOSED)
    if held is None or not asked or held.asked_by_id == actor.pk:
        raise ValidationError(_("The steps of a period show its runs: ask for the next step."))
