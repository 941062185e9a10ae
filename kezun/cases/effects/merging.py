"""Merging and taking out again, parts of a case: links with what they mean for both, nothing moved from one
history to another.

A merged case ends; the one it went into lives on with the earlier deadline of the two. Whoever brought the
merged one still gets an answer of their own. Links go one level deep: what is merged is no target, and a
target is not merged, so there is no circle (the database holds this too, see `linking`).
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kezun.cases import clocking, engine
from kezun.cases.doing import Doing, effect, gate
from kezun.cases.effects.people import MAIN
from kezun.cases.models import Case, Clock, Link, Party
from kezun.cases.wording import several

DUPLICATE, PART = Link.Type.DUPLICATE_OF, Link.Type.PART_OF


def merged_into(case: Case) -> QuerySet[Link]:
    """Links of the cases that are merged into this one now."""
    return Link.objects.filter(target=case, type=DUPLICATE, ended_at__isnull=True)


@effect("merge")
def merged(doing: Doing) -> None:
    """Into a live case of the same kind; both histories say so."""
    into = _held(doing, doing.said["into"])
    if into.pk == doing.case.pk:
        raise ValidationError({"into": _("A case is not merged into itself.")})
    if into.code != doing.case.code:
        raise ValidationError({"into": _("Only cases of the same kind are merged.")})
    if not into.open:
        raise ValidationError(
            {"into": _("%(no)s has ended; choose one that is still open.") % {"no": into.no}}
        )
    if merged_into(doing.case).exists():
        raise ValidationError(
            _("Other cases were merged into this one: merge the other way round, or take them out first.")
        )
    Link.objects.create(source=doing.case, target=into, type=DUPLICATE, at=doing.at)
    doing.told["merged"] = {"into": into.pk, "was": doing.case.state}
    engine.apply(into, "join", doing.actor, {"other": doing.case, "note": doing.reason}, at=doing.at)


def _held(doing: Doing, other: Case) -> Case:
    """The other case, locked too; what happens to both happens after what was last done to either."""
    found = Case.objects.select_for_update(of=("self",)).get(pk=other.pk)
    doing.at = max(doing.at, found.last_at)
    return found


@effect("join")
def joined(doing: Doing) -> None:
    """On the case that lives on: another one joined it in this very moment, as a duplicate or a part."""
    other: Case = doing.said["other"]
    link = Link.objects.filter(source=other, target=doing.case, ended_at__isnull=True, at=doing.at)
    kind = link.filter(type__in=(DUPLICATE, PART)).values_list("type", flat=True).first()
    if kind is None:
        raise ValidationError({"other": _("Merge it, or delegate a part: a case joins another only so.")})
    doing.told["joined"] = {"case": other.pk, "type": kind}
    if kind == DUPLICATE:
        for own, theirs in _pairs(doing.case, other):
            doing.move_clock(own.policy, "join", theirs.extended, theirs.start_at)


def _pairs(case: Case, other: Case) -> list[tuple[Clock, Clock]]:
    """Clocks of the same policy that run in both."""
    own = {c.policy: c for c in Clock.objects.filter(case=case).exclude(state=Clock.State.STOPPED)}
    theirs = Clock.objects.filter(case=other).exclude(state=Clock.State.STOPPED).order_by("pk")
    return [(own[clock.policy], clock) for clock in theirs if clock.policy in own]


@effect("unmerge")
def unmerged(doing: Doing) -> None:
    """Out again: as open as before, its clocks as if they had never stopped."""
    link = Link.objects.filter(source=doing.case, type=DUPLICATE, ended_at__isnull=True).first()
    if link is None:
        raise ValidationError(_("This case is not merged into another."))
    into = _held(doing, link.target)
    if not into.open:
        raise ValidationError(
            _("%(no)s has ended, and with it this one: reopen that one first.") % {"no": into.no}
        )
    for clock in Clock.objects.filter(case=doing.case, state=Clock.State.STOPPED):
        last = clock.history[-1]
        if last[0] == "withdraw" and last[1] == engine.plain(doing.case.closed_at):
            doing.move_clock(clock.policy, "restore", _granted(into, clock))
    link.ended_at = doing.at
    link.save(update_fields=["ended_at"])
    doing.sets |= {"closed_at": None, "answered_at": None}
    doing.told["unmerged"] = {"from": into.pk}
    engine.apply(into, "part", doing.actor, {"other": doing.case, "note": doing.reason}, at=doing.at)


def _granted(into: Case, clock: Clock) -> int:
    """By how much the deadlines were extended while the two were one: it was granted to both."""
    held = Clock.objects.filter(case=into, policy=clock.policy).first()
    if held is None:
        return 0
    pairs = dict(clocking.state_of(held).joined)
    return max(pairs.get(clock.start_at, clock.extended) - clock.extended, 0)


@effect("part")
def parted(doing: Doing) -> None:
    """On the case that lives on: the other was taken out in this very moment."""
    other: Case = doing.said["other"]
    link = Link.objects.filter(source=other, target=doing.case, type=DUPLICATE, ended_at=doing.at)
    if not link.exists():
        raise ValidationError({"other": _("Take it out of the merger on its own page.")})
    doing.told["parted"] = {"case": other.pk}
    running = Clock.objects.filter(case=doing.case).exclude(state=Clock.State.STOPPED)
    starts = dict(Clock.objects.filter(case=other).values_list("policy", "start_at"))
    for clock in running:
        if clock.policy in starts:
            doing.move_clock(clock.policy, "part", 0, starts[clock.policy])


# --- each complainant gets an answer ---


@gate("together")
def together(doing: Doing) -> str:
    """A merged case is answered when the one it went into is, not before."""
    if doing.case.state != Case.State.MERGED:
        return ""
    link = Link.objects.filter(source=doing.case, type=DUPLICATE, ended_at__isnull=True).first()
    if link is None or link.target.answered_at is None:
        return _("The case it was merged into is not answered yet.")
    return ""


@gate("each_answered")
def each_answered(doing: Doing) -> str:
    """Everybody whose case was merged into this one got an answer of their own."""
    waiting = [link.source for link in merged_into(doing.case).select_related("source")]
    unanswered = [case for case in waiting if case.answered_at is None and _brought(case)]
    names = several(case.no for case in unanswered[:5])
    return _("Whoever brought %(cases)s has no answer yet.") % {"cases": names} if names else ""


def _brought(case: Case) -> bool:
    """Whether somebody outside the bank waits for an answer."""
    return Party.objects.filter(case=case, role__in=MAIN, ended_at__isnull=True).exists()


def merger(case: Case) -> dict[str, Any]:
    """The case that this one was merged into, and those merged into it: for pages and letters."""
    into = Link.objects.filter(source=case, type=DUPLICATE, ended_at__isnull=True).first()
    joined_ = [link.source for link in merged_into(case).select_related("source").order_by("pk")]
    return {"into": into.target if into else None, "joined": joined_}
