"""Red and black lists, stars and titles: proposed by rules or people, decided by a second person,
revocable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.actions.judging import check_latest, check_not_own
from kezun.assessment.models import Appeal, Audience, Award, Listing, Run, Score
from kezun.assessment.models.runs import COUNTED
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import Person, Unit

AUDIENCES = set(Audience.values)
LONGEST = dt.timedelta(days=366 * 3)
LONGEST_NUMBER = 120
STAR_LASTS = dt.timedelta(days=364)


@dataclass(frozen=True)
class Proposed:
    """One entry that a rule proposes for a list: whose score, why (conditions as plain values), how
    probable."""

    score: Score
    colour: str
    why: list[dict[str, Any]]
    probability: float | None


@action("assessment.propose_lists", hidden=("entries",))
def propose_lists(actor: Actor, run: Run, *, entries: Sequence[Proposed], hear_days: int) -> int:
    """Put what a run's rules say on the lists as proposals; what was decided before stays. Returns how many
    are new.

    Black ones are heard first: until `hear_days` from today nobody can confirm them. ValidationError for
    a run that is not done or counts for nothing.
    """
    check_counts(run)
    until = timezone.localdate() + dt.timedelta(days=hear_days)
    person = actor if isinstance(actor, Person) else None
    new = 0
    for one in entries:
        if one.score.unit_id is None:
            continue
        heard = until if one.colour == Listing.Colour.BLACK else None
        _listing, fresh = Listing.objects.get_or_create(
            run=run,
            score=one.score,
            colour=one.colour,
            defaults={
                "unit_id": one.score.unit_id,
                "person_id": one.score.person_id,
                "why": one.why,
                "probability": one.probability,
                "heard_until_date": heard,
                "proposed_by": person,
            },
        )
        new += fresh
    return new


@dataclass(frozen=True)
class Starred:
    """What a run says of a subject's stars: how many it meets now, and the star it holds, if any."""

    score: Score
    stars: int
    held: Award | None


@dataclass(frozen=True)
class Unscored:
    """A star whose holder has no score in a run of its scheme, and why."""

    held: Award
    why: str


@action("assessment.propose_stars", hidden=("found", "unscored"))
def propose_stars(
    actor: Actor, run: Run, *, found: Sequence[Starred], unscored: Sequence[Unscored] = ()
) -> dict[str, int]:
    """Propose stars by a run's rules, and ask for the revocation of those that are no longer met, or whose
    holder was not scored: somebody then revokes or keeps each.

    A star is proposed where more are met than held, from the day after the period for a year. Repeated, it
    proposes nothing twice. Returns how many were proposed, and how many revocations asked for.
    ValidationError for a run that is not done or counts for nothing.
    """
    check_counts(run)
    told = {"proposed": 0, "revoke": 0}
    start = run.to_date + dt.timedelta(days=1)
    person = actor if isinstance(actor, Person) else None
    for one in found:
        held = one.held.level if one.held else 0
        if one.held is not None and one.stars < held:
            text = _("%(period)s: %(now)d of %(held)d stars are met.")
            told["revoke"] += _ask_back(
                run, one.held, text % {"period": run.period, "now": one.stars, "held": held}
            )
        elif one.held is not None and one.held.revoke_asked:
            Award.objects.filter(pk=one.held.pk).update(revoke_asked="")  # it is met again
        if one.stars > held and one.score.unit_id is not None:
            _award_made, fresh = Award.objects.get_or_create(
                kind=Award.Kind.STAR,
                run=run,
                unit=one.score.unit,
                person=one.score.person,
                defaults={
                    **{"level": one.stars, "from_date": start, "to_date": start + STAR_LASTS},
                    **{"why": [str(one.score.score)], "proposed_by": person},
                },
            )
            told["proposed"] += fresh
    for other in unscored:
        text = _("%(period)s: not scored (%(why)s); keep it or revoke it.")
        told["revoke"] += _ask_back(run, other.held, text % {"period": run.period, "why": other.why})
    return told


def _ask_back(run: Run, held: Award, text: str) -> bool:
    """Ask for a revocation, unless it was decided for this period that the star is kept."""
    open_or_new = Award.objects.filter(pk=held.pk, state=Award.State.GRANTED)
    kept = Q(asked_period=run.period, revoke_asked="")
    return bool(open_or_new.exclude(kept).update(revoke_asked=text[:400], asked_period=run.period))


@action("assessment.confirm_listing", target="listing", hidden=("note",))
def confirm_listing(actor: Actor, listing: Listing, *, note: str = "") -> Listing:
    """A second person's yes to an entry; a black one only after it was heard and with no appeal open.

    Raises ValidationError for whoever proposed it, its subject, while it is being heard, and where a later
    run counts by now.
    """
    held = _held(listing, Listing.State.PROPOSED)
    _check_other(actor, held.proposed_by_id, held)
    if held.heard_until_date is not None and timezone.localdate() <= held.heard_until_date:
        raise ValidationError(
            _("It is being heard until %(day)s; confirm it after that.")
            % {"day": held.heard_until_date.isoformat()}
        )
    _check_unappealed(held)
    check_latest(held.run)
    return _decided(actor, held, Listing.State.CONFIRMED, note)


@action("assessment.drop_listing", target="listing", hidden=("note",))
def drop_listing(actor: Actor, listing: Listing, *, note: str) -> Listing:
    """Take an entry off the list, published or not, with a reason."""
    held = _held(listing, Listing.State.PROPOSED, Listing.State.CONFIRMED, Listing.State.PUBLISHED)
    _check_other(actor, None, held)
    if not note.strip():
        raise ValidationError({"note": _("Give the reason: it stays with the entry.")})
    held.state, held.ended_why = Listing.State.DROPPED, note.strip()
    held.ended_at, held.ended_by = timezone.now(), actor if isinstance(actor, Person) else None
    held.save(update_fields=["state", "ended_why", "ended_at", "ended_by"])
    return held


@action("assessment.publish_listing", target="listing")
def publish_listing(
    actor: Actor, listing: Listing, *, audience: str, until: dt.date | None = None
) -> Listing:
    """Show a confirmed entry to its subject, the branch, or the whole bank; until a day, if one is set."""
    held = _held(listing, Listing.State.CONFIRMED)
    _check_unappealed(held)
    check_latest(held.run)
    if audience not in AUDIENCES:
        raise ValidationError({"audience": _("Choose who may see it.")})
    if until is not None and until < timezone.localdate():
        raise ValidationError({"until": _("The day lies in the past.")})
    held.state, held.audience, held.until_date = Listing.State.PUBLISHED, audience, until
    held.published_at = timezone.now()
    held.save(update_fields=["state", "audience", "until_date", "published_at"])
    return held


@action("assessment.propose_award", target="unit")
def propose_award(
    actor: Actor,
    unit: Unit,
    *,
    kind: str,
    level: int = 0,
    title: str = "",
    person: Person | None = None,
    run: Run | None = None,
    from_date: dt.date,
    to_date: dt.date,
    why: Sequence[str] = (),
) -> Award:
    """Propose a star (level 1–5) or a title for a unit or a person; it is held once a second person granted
    it."""
    if kind not in set(Award.Kind.values):
        raise ValidationError({"kind": _("Choose star or title.")})
    if kind == Award.Kind.STAR and not 1 <= level <= 5:
        raise ValidationError({"level": _("Stars go from 1 to 5.")})
    if kind == Award.Kind.TITLE and not title.strip():
        raise ValidationError({"title": _("A title needs a name.")})
    if not dt.timedelta(0) <= to_date - from_date <= LONGEST:
        raise ValidationError({"to_date": _("It ends on or after its first day, within three years.")})
    return Award.objects.create(
        kind=kind,
        level=level,
        title=title.strip(),
        unit=unit,
        person=person,
        run=run,
        from_date=from_date,
        to_date=to_date,
        why=list(why),
        proposed_by=actor if isinstance(actor, Person) else None,
    )


@action("assessment.grant_award", target="award")
def grant_award(actor: Actor, award: Award, *, doc_no: str = "") -> Award:
    """A second person's yes. A star replaces the subject's star of the same time, which ends the day
    before."""
    held = _award(award, Award.State.PROPOSED)
    _check_other(actor, held.proposed_by_id, held)
    check_latest(held.run)
    number = doc_no.strip()
    if len(number) > LONGEST_NUMBER:
        text = _("The number of the decision has %(n)d characters; %(most)d are the most.")
        raise ValidationError({"doc_no": text % {"n": len(number), "most": LONGEST_NUMBER}})
    if held.kind == Award.Kind.STAR:
        _end_earlier(held)
    held.state, held.doc_no = Award.State.GRANTED, number
    return _signed(actor, held, "doc_no")


@action("assessment.refuse_award", target="award", hidden=("reason",))
def refuse_award(actor: Actor, award: Award, *, reason: str) -> Award:
    """A second person's no, with a reason."""
    held = _award(award, Award.State.PROPOSED)
    _check_other(actor, None, held)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: whoever proposed it reads it.")})
    held.state, held.reason = Award.State.REFUSED, reason.strip()[:400]
    held.ended_at, held.ended_by = timezone.now(), actor if isinstance(actor, Person) else None
    return _signed(actor, held, "reason", "ended_at", "ended_by")


@action("assessment.keep_award", target="award")
def keep_award(actor: Actor, award: Award, *, reason: str) -> Award:
    """Let a star stand whose revocation a run asked for, with a reason, which the trail keeps.

    ValidationError where nothing was asked, without a reason, and for the holder.
    """
    held = _award(award, Award.State.GRANTED)
    _check_other(actor, None, held)
    if not held.revoke_asked:
        raise ValidationError(_("Nobody asks for its revocation. Reload the page."))
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: it is kept in the trail.")})
    held.revoke_asked = ""
    held.save(update_fields=["revoke_asked"])
    return held


@action("assessment.revoke_award", target="award", hidden=("reason",))
def revoke_award(actor: Actor, award: Award, *, reason: str) -> Award:
    """Take back a star or title from today on, with a reason; what it was until today stays on record."""
    held = _award(award, Award.State.GRANTED)
    _check_other(actor, None, held)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: the subject reads it.")})
    held.state, held.reason = Award.State.REVOKED, reason.strip()[:400]
    held.to_date = max(held.from_date, min(held.to_date, timezone.localdate()))
    held.ended_at, held.ended_by = timezone.now(), actor if isinstance(actor, Person) else None
    held.save(update_fields=["state", "reason", "to_date", "ended_at", "ended_by"])
    return held


def _held(listing: Listing, *states: str) -> Listing:
    held = Listing.objects.select_for_update().get(pk=listing.pk)
    if held.state not in states:
        raise ValidationError(
            _("The entry is «%(state)s» by now. Reload the page.") % {"state": held.get_state_display()}
        )
    return held


def _award(award: Award, *states: str) -> Award:
    held = Award.objects.select_for_update().get(pk=award.pk)
    if held.state not in states:
        raise ValidationError(
            _("The award is «%(state)s» by now. Reload the page.") % {"state": held.get_state_display()}
        )
    return held


def check_counts(run: Run) -> None:
    """ValidationError for a run whose rules propose nothing: a what-if run, one that is not done, or a trial
    of a period that is not open."""
    if run.state != Run.State.DONE or run.kind not in COUNTED:
        raise ValidationError(
            _("Only a run that is done and counts can propose: what-if runs count for nothing.")
        )
    if run.round_id is None:
        raise ValidationError(_("This run is a trial: it belongs to no open period, so nobody could appeal."))


def _check_unappealed(held: Listing) -> None:
    """Nothing open against this subject's score of the period, and nothing upheld that no run has counted."""
    same = Appeal.objects.filter(score__subject=held.score.subject)
    open_now = Q(score__run__round=held.run.round_id, state=Appeal.State.FILED)
    if same.filter(open_now | Q(score=held.score_id, state=Appeal.State.FILED)).exists():
        raise ValidationError(_("An appeal against this score is open: decide it first."))
    if same.filter(score=held.score_id, state=Appeal.State.UPHELD).exists():
        raise ValidationError(_("An appeal against this score was upheld: compute the period again first."))


def _check_other(actor: Actor, proposer: int | None, held: Listing | Award) -> None:
    if isinstance(actor, Person) and actor.pk == proposer:
        raise ValidationError(_("A second person decides: you proposed this yourself."))
    check_not_own(actor, unit=held.unit_id, person=held.person_id)


def _decided(actor: Actor, held: Listing, state: str, note: str) -> Listing:
    held.state, held.note, held.decided_at = state, note.strip(), timezone.now()
    held.decided_by = actor if isinstance(actor, Person) else None
    held.save(update_fields=["state", "note", "decided_at", "decided_by"])
    return held


def _signed(actor: Actor, held: Award, *also: str) -> Award:
    held.decided_by = actor if isinstance(actor, Person) else None
    held.decided_at = timezone.now()
    held.save(update_fields=["state", "decided_by", "decided_at", *also])
    return held


def _end_earlier(held: Award) -> None:
    others = Award.objects.filter(
        kind=Award.Kind.STAR,
        state=Award.State.GRANTED,
        person=held.person_id,
        to_date__gte=held.from_date,
    ).exclude(pk=held.pk)
    if held.person_id is None:  # a person's star goes along to another unit
        others = others.filter(unit=held.unit_id)
    eve = held.from_date - dt.timedelta(days=1)
    for other in others:
        other.to_date = max(other.from_date, eve)
        other.save(update_fields=["to_date"])
