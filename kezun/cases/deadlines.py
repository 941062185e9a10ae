"""A deadline asked for by itself, without a case: what the page and the command share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from kezun.cases.policies import Deadline, policy
from kezun.cases.rules.clocks import ClockEvent, ClockRefused, Policy
from kezun.cases.rules.explaining import Line, explain
from kezun.org.models import Unit
from kezun.org.queries import worktime_for
from kezun.org.rules.calendar import Unreckonable
from kezun.org.rules.worktime import Basis, Due, Worktime


@dataclass(frozen=True)
class Reckoned:
    """A deadline with everything that explains it; `policy` None where only a basis was given."""

    policy: Deadline | None
    rule: Policy
    worktime: Worktime
    start: dt.datetime
    due: Due
    lines: list[Line]


def bank_zone() -> ZoneInfo:
    """The zone of the bank, in which moments are given and told."""
    return ZoneInfo(settings.KEZUN_BANK_ZONE)


def moment(text: str) -> dt.datetime:
    """A day (its beginning) or a moment, without a zone in the bank's. Raises ValidationError for `from`."""
    try:
        day = parse_date(text.strip())
        at = dt.datetime.combine(day, dt.time()) if day else parse_datetime(text.strip())
    except ValueError:
        at = None
    if at is None:
        message = _("“%(value)s” is no moment; write 2026-09-21 or 2026-09-21T10:00.")
        raise ValidationError({"from": message % {"value": text[:40]}})
    return at if at.tzinfo else at.replace(tzinfo=bank_zone())


def reckon(
    *,
    start: dt.datetime,
    code: str = "",
    basis: str = "",
    units: float | None = None,
    calendar: str = "",
    unit: Unit | None = None,
    roll: str = "",
) -> Reckoned:
    """Work out a deadline from a policy or from a basis with units, for a receipt at `start`.

    Raises ValidationError that names what is wrong: policy, basis, units, calendar, from.
    """
    chosen = policy(code) if code else None
    rule = _rolled(chosen.rule, roll) if chosen else _rule(basis, units, roll)
    worktime = worktime_for(unit, calendar or (chosen.calendar if chosen else ""))
    try:
        due = worktime.due(rule.basis, rule.budget, start, rule.roll)
        lines = explain(rule, worktime, [ClockEvent("start", start)])
    except (Unreckonable, ClockRefused) as error:
        field = "from" if _outside(worktime, start) else "units"
        raise ValidationError({field: say(error.code)}) from error
    return Reckoned(chosen, rule, worktime, start, due, lines)


def _outside(worktime: Worktime, start: dt.datetime) -> bool:
    return not worktime.first <= worktime.date_of(start) <= worktime.last


def _rolled(rule: Policy, roll: str) -> Policy:
    return replace(rule, roll=roll) if roll and rule.basis is Basis.NATURAL else rule


def _rule(basis: str, units: float | None, roll: str) -> Policy:
    if not basis:
        raise ValidationError({"basis": _("Choose a policy, or a basis with a number of units.")})
    if units is None:
        raise ValidationError({"units": _("How many units of the basis?")})
    try:
        rule = Policy(Basis(basis), units)
    except ClockRefused as error:
        raise ValidationError({"units": say(error.code)}) from error
    except ValueError as error:
        text = _("There is no basis «%(basis)s»; there are %(known)s.")
        known = {"basis": basis[:20], "known": ", ".join(Basis)}
        raise ValidationError({"basis": text % known}) from error
    except OverflowError as error:
        raise ValidationError({"units": say("beyond")}) from error
    return _rolled(rule, roll)


def say(code: str) -> str:
    """Why a deadline cannot be worked out, in words."""
    return {
        "units": _("The number must be above zero."),
        "whole": _("Days, workdays and minutes are whole numbers."),
        "beyond": _("No calendar reaches that far."),
        "naive": _("The moment has no time zone."),
    }[code]
