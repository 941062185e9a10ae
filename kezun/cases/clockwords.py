"""More time for a deadline of a case: whether it can be had, how much, and in which words it is told."""

from __future__ import annotations

import datetime as dt

from kezun.cases import clocking, policies, wording
from kezun.cases.models import Clock
from kezun.cases.rules.petitions import band, left_over


def title_of(clock: Clock) -> str:
    """What the deadline was called when it began, in the page's language."""
    told = clock.snapshot.get("policy") or {}
    return wording.named(told.get("name", ""), told.get("name_en", "")) or clock.policy


def basis_of(clock: Clock) -> str:
    """What the clock counts in; "" where its policy is not kept with it."""
    return str((clock.snapshot.get("policy") or {}).get("basis", ""))


def amount(clock: Clock, units: int) -> str:
    """So many units of a clock, in words: «10 workdays»."""
    return wording.amount(units, basis_of(clock))


def amount_of(policy: str, units: int) -> str:
    """So many units of the policy of that code, in words; the number alone where none has it."""
    known = policies.policies().get(policy)
    return wording.amount(units, known.rule.basis.value if known else "")


def left(clock: Clock) -> int:
    """By how many units the clock may still be extended; 0 where its policy is not kept with it."""
    if not clock.snapshot.get("policy"):
        return 0
    return left_over(clocking.rule_of(clock), clock.extended)


def may_extend(clock: Clock, now: dt.datetime) -> bool:
    """Whether an extension of this deadline can be asked for: it is not over, and some is left."""
    if clock.state == Clock.State.STOPPED or (clock.state == Clock.State.RUNNING and now > clock.due_at):
        return False
    return left(clock) > 0


def wants_notice(clock: Clock) -> bool:
    """Whether even the smallest extension asks that whoever brought the case is told."""
    return band(clocking.rule_of(clock), clock.extended, 1).notice
