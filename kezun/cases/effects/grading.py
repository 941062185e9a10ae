"""How grave a case is: by the table of its kind, graver by anybody's judgement, milder by two.

A kind that has a table of severity (urgency × complexity) says how grave its cases are. Whoever registers or
grades one may find it graver. Milder it becomes only by a request for another grade with its reason, which
somebody else grants (`effects/petitions`); so does its classification, where by the table that is milder, or
where it would give more time (`clocking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import standing, wording
from kezun.cases.doing import Doing, effect
from kezun.cases.models import Petition
from kezun.cases.rules.kinds import AXES, Kind
from kezun.cases.rules.verbs import VERBS

SET_FREELY = frozenset(("open", "ask", "grant"))  # before anybody classified it, or by two


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


def asked(doing: Doing) -> dict[str, Any]:
    """What a request for another grade holds: which, instead of which, and that of the table.

    fields: how the case is to be classified; was: how it was when this was asked, with what else its
    deadlines come from. Without a severity the table decides where an axis of it changes.
    """
    kind, held, before = doing.kind, doing.case.data, doing.case.severity
    fields = {id: value for id, value in doing.fields.items() if held.get(id) != value}
    table = kind.severity({**held, **fields})
    severity = doing.said.get("severity")
    if severity is None and fields:
        severity = table if kind.grades and not fields.keys().isdisjoint(AXES) else before
    severity = checked(severity or 0)
    if severity == before and not fields:
        raise ValidationError({"severity": _("The case has this severity already.")})
    told: dict[str, Any] = {"severity": severity, "before": before}
    if kind.grades:
        told["table"] = table
    if fields:
        counted = [field.id for field in kind.classing()] + [use.units for use in kind.clocks if use.units]
        told |= {"fields": fields, "was": {id: held.get(id) for id in counted}}
    return told


def granted(doing: Doing, petition: Petition) -> None:
    """Another grade or classification, of a case that still stands as it stood when this was asked."""
    asked, held = petition.data, doing.case.data
    was = asked.get("was", {})
    if doing.case.severity != asked["before"] or any(held.get(id) != value for id, value in was.items()):
        text = _("The case was graded or classified otherwise since: refuse this; it can be asked anew.")
        raise ValidationError({"petition": text})
    doing.told["before"] = doing.case.severity
    doing.sets["severity"] = asked["severity"]
    if asked.get("fields"):
        doing.sets["data"] = asked["fields"]


def refusal(doing: Doing, table: int) -> str:
    """Why a milder grade is not simply set, and the way to it."""
    told = {"table": table} | wording.way_to_grade()
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
        text = _(
            "By the table of its kind: %(table)d as it is classified now; left empty, the table decides by "
            "what is chosen below. Somebody else decides on it."
        )
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
    """What turns out to be more urgent or complex is graver from now on."""
    if doing.kind.grades and not doing.fields.keys().isdisjoint(AXES):
        severity = doing.kind.severity(doing.data())
        if severity < doing.case.severity:
            doing.sets["severity"] = severity


def classified(doing: Doing) -> None:
    """Nobody alone finds a case less urgent or complex than it was found before.

    What was never said may be said: that overturns nobody's judgement (the grade is looked at by itself).
    """
    held, said = doing.case.data, doing.fields
    axes = [axis for axis in AXES if axis in said and held.get(axis) not in (None, said[axis])]
    if not axes or not doing.kind.grades or isinstance(doing.actor, standing.Ledger):
        return
    if doing.kind.severity({**held, **said}) > doing.kind.severity(held):
        text = _(
            "By the table of its kind the case would be less grave. Use «%(ask)s» (%(type)s), choose this "
            "there and give the reason: somebody else decides."
        )
        raise ValidationError(dict.fromkeys(axes, text % wording.way_to_grade()))


for _verb in VERBS.keys() - SET_FREELY:
    effect(_verb)(classified)
