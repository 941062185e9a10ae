"""Appeals: filed against a line of one's own scorecard within the window, decided by others, level by level.

A decision never edits a run. Upheld, it names the correction that becomes a new fact; the next run counts it.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment import packing
from kezun.assessment.actions.judging import check_not_own
from kezun.assessment.hearing import check_seat, level_name
from kezun.assessment.models import Appeal, AppealFile, Round, Run, Score
from kezun.assessment.schemes import scheme_of
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.models import StoredFile
from kezun.org.models import Person

SHORTEST = 10
FILES = 6


@action("assessment.file_appeal", target="score", hidden=("grounds",))
def file_appeal(actor: Actor, score: Score, *, rule: str, grounds: str) -> Appeal:
    """Object to one line of a score.

    Raises ValidationError where the round is not open to appeal, the window has closed, the score has no such
    line, the grounds are shorter than ten characters, or the same line was appealed before.
    """
    _check_open(score.run)
    if len(grounds.strip()) < SHORTEST:
        raise ValidationError({"grounds": _("Say in at least 10 characters what is wrong and why.")})
    if rule not in {line.id for line in packing.unpack(score.lines).lines}:
        raise ValidationError({"rule": _("The scorecard has no such line.")})
    # Locked, so that a form sent twice is filed once; the check below then says so.
    Score.objects.select_for_update().get(pk=score.pk)
    if _appealed(score, rule):
        raise ValidationError(_("This line has been appealed already; a refusal can go to the next level."))
    return _filed(actor, score, rule, grounds, level=0, before=None)


@action("assessment.escalate_appeal", target="appeal", hidden=("grounds",))
def escalate_appeal(actor: Actor, appeal: Appeal, *, grounds: str) -> Appeal:
    """Take a refused appeal to the next level that the scheme knows, while the window is open."""
    held = _held(appeal, Appeal.State.REFUSED)
    _check_open(held.score.run)
    levels = scheme_of(held.score.run.scheme).appeal.levels
    if held.level + 1 >= len(levels):
        raise ValidationError(_("This was the last level: «%(name)s».") % {"name": level_name(held)})
    if Appeal.objects.filter(before=held).exists():
        raise ValidationError(_("It has gone to the next level already."))
    if len(grounds.strip()) < SHORTEST:
        raise ValidationError({"grounds": _("Say in at least 10 characters what is wrong and why.")})
    return _filed(actor, held.score, held.rule, grounds, level=held.level + 1, before=held)


@action("assessment.prove_appeal", target="appeal")
def prove_appeal(actor: Actor, appeal: Appeal, *, file: StoredFile) -> AppealFile:
    """Put a document forward with an appeal that has not been heard."""
    held = _held(appeal, Appeal.State.FILED)
    if held.files.exclude(file=file).count() >= FILES:
        raise ValidationError(_("An appeal holds at most %(n)d documents.") % {"n": FILES})
    return AppealFile.objects.get_or_create(appeal=held, file=file)[0]


@action("assessment.withdraw_appeal", target="appeal")
def withdraw_appeal(actor: Actor, appeal: Appeal) -> Appeal:
    """Take back an appeal that has not been heard; only whoever filed it."""
    held = _held(appeal, Appeal.State.FILED)
    if isinstance(actor, Person) and held.filed_by_id != actor.pk:
        raise ValidationError(_("Only whoever filed an appeal withdraws it."))
    held.state = Appeal.State.WITHDRAWN
    held.save(update_fields=["state"])
    return held


@action("assessment.decide_appeal", target="appeal", hidden=("decision",))
def decide_appeal(
    actor: Actor,
    appeal: Appeal,
    *,
    upheld: bool,
    decision: str,
    remedy: str = "",
    remedy_ref: str = "",
    doc_no: str = "",
) -> Appeal:
    """Uphold or refuse, with reasons. Upheld, `remedy` says how the facts are put right and `remedy_ref`
    which.

    Raises ValidationError for whoever filed it, is its subject or belongs to the unit that is, decided it at
    an earlier level or does not sit where this level is heard (`hearing`), without reasons, or without a
    remedy.
    """
    held = _held(appeal, Appeal.State.FILED)
    if isinstance(actor, Person) and actor.pk in (held.filed_by_id, held.person_id):
        raise ValidationError(_("Nobody decides on an appeal of their own."))
    check_not_own(actor, unit=held.unit_id, person=held.person_id)
    check_seat(actor, held)
    if len(decision.strip()) < SHORTEST:
        raise ValidationError(
            {"decision": _("Give the reasons in at least 10 characters: the subject reads them.")}
        )
    if upheld and remedy not in set(Appeal.Remedy.values) - {Appeal.Remedy.NONE}:
        raise ValidationError({"remedy": _("Choose how the facts are put right.")})
    held.state = Appeal.State.UPHELD if upheld else Appeal.State.REFUSED
    held.decision, held.doc_no = decision.strip(), doc_no.strip()
    held.remedy, held.remedy_ref = (remedy, remedy_ref.strip()) if upheld else ("", "")
    held.decided_by = actor if isinstance(actor, Person) else None
    held.decided_at = timezone.now()
    held.save(
        update_fields=["state", "decision", "doc_no", "remedy", "remedy_ref", "decided_by", "decided_at"]
    )
    return held


def _appealed(score: Score, rule: str) -> bool:
    """Whether this line was appealed before: of this score at all, or, open or refused, of another run of the
    period. One that was upheld in an earlier run may have been put right badly."""
    told = Appeal.objects.filter(score__subject=score.subject, rule=rule).exclude(
        state=Appeal.State.WITHDRAWN
    )
    elsewhere = Q(score__run__round=score.run.round_id) & ~Q(state=Appeal.State.UPHELD)
    return told.filter(Q(score=score) | elsewhere).exists()


def _check_open(run: Run) -> None:
    held = run.round
    if held is None or held.state != Round.State.APPEAL:
        raise ValidationError(_("This period is not open to appeal."))
    if held.appeal_until_date is not None and timezone.localdate() > held.appeal_until_date:
        raise ValidationError(
            _("The window for appeals closed on %(day)s.") % {"day": held.appeal_until_date.isoformat()}
        )


def _filed(
    actor: Actor, score: Score, rule: str, grounds: str, *, level: int, before: Appeal | None
) -> Appeal:
    if score.unit is None:
        raise ValidationError(_("A business line as a whole does not appeal; its units do."))
    return Appeal.objects.create(
        score=score,
        rule=rule,
        unit=score.unit,
        person=score.person,
        grounds=grounds.strip(),
        level=level,
        before=before,
        filed_by=actor if isinstance(actor, Person) else None,
    )


def _held(appeal: Appeal, *states: str) -> Appeal:
    held = Appeal.objects.select_for_update().get(pk=appeal.pk)
    if held.state not in states:
        raise ValidationError(
            _("The appeal is «%(state)s» by now. Reload the page.") % {"state": held.get_state_display()}
        )
    return held
