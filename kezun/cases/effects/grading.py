"""How grave a case is: by the table of its kind, graver by anybody's judgement, milder by two.

A kind that has a table of severity (urgency × complexity) says how grave its cases are. Whoever registers or
grades one may find it graver. Milder it becomes only by a request for another grade with its reason, which
somebody else grants (`effects/petitions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import standing, wording
from kezun.cases.doing import Doing, effect
from kezun.cases.rules.kinds import Kind

AXES = frozenset(("urgency", "complexity"))


def checked(severity: int) -> int:
    """A severity that there is. Raises ValidationError."""
    if not 1 <= severity <= 4:
        raise ValidationError({"severity": _("Severity is 1 (gravest) to 4.")})
    return severity


def graded(doing: Doing, values: Mapping[str, Any]) -> int:
    """The severity that was said, else that of the table. Raises ValidationError for a milder one.

    An old ledger tells how a case was graded before there was anybody to ask.
    """
    table = doing.kind.severity(values)
    severity = checked(doing.said.get("severity") or table)
    if severity > table and doing.kind.grades and not isinstance(doing.actor, standing.Ledger):
        raise ValidationError({"severity": refusal(doing, table)})
    return severity


def asked(doing: Doing) -> dict[str, int]:
    """What a request for another grade holds: which, instead of which, and that of the table."""
    severity, before = checked(doing.said.get("severity") or 0), doing.case.severity
    if severity == before:
        raise ValidationError({"severity": _("The case has this severity already.")})
    told = {"severity": severity, "before": before}
    return told | ({"table": doing.kind.severity(doing.data())} if doing.kind.grades else {})


def refusal(doing: Doing, table: int) -> str:
    """Why a milder grade is not simply set, and the way to it."""
    told = {"table": table, "ask": wording.button("ask"), "type": wording.choice_name("type", "grade")}
    if doing.verb == "open":
        text = _(
            "By the table of its kind this is severity %(table)d or graver. For a milder one register it "
            "first, then use «%(ask)s» (%(type)s) and give the reason: somebody else decides."
        )
    else:
        text = _(
            "By the table of its kind this is severity %(table)d or graver. For a milder one use «%(ask)s» "
            "(%(type)s) and give the reason: somebody else decides."
        )
    return text % told


def hint(kind: Kind, values: Mapping[str, Any], verb: str) -> str:
    """What a form says beside the severity; "" of a kind without a table."""
    if not kind.grades:
        return ""
    told = {"table": kind.severity(values), "ask": wording.button("ask")}
    if verb == "ask":
        text = _("By the table of its kind: %(table)d. Somebody else decides on a milder one.")
    else:
        text = _(
            "By the table of its kind: %(table)d as it is classified now; left empty, the table decides. "
            "Graver is free; for a milder one use «%(ask)s»: somebody else decides."
        )
    return text % told


@effect("grade")
def regraded(doing: Doing) -> None:
    """Another severity, by value or by the kind's table from urgency and complexity."""
    severity = graded(doing, doing.data())
    same = all(doing.case.data.get(id) == value for id, value in doing.fields.items())
    if severity == doing.case.severity and same:
        raise ValidationError({"severity": _("Nothing would change: the case has this severity already.")})
    doing.told["before"] = doing.case.severity
    doing.sets["severity"] = severity


@effect("amend")
def reclassified(doing: Doing) -> None:
    """What turns out to be more urgent or complex is graver from now on; milder it is not made on the way."""
    if AXES & doing.fields.keys() and doing.kind.grades:
        severity = doing.kind.severity(doing.data())
        if severity < doing.case.severity:
            doing.sets["severity"] = severity
