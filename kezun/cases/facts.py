"""The facts that cases become: each case as it stands, and the moments that stand out in its course.

A case is one row, corrected as the case goes on; it lies at the day on which the bank learned of it, so rates
are those of what was received in a period. `case_event` lies at the day of the moment itself, for what was
done in a period. Nothing personal of a customer is in either. `person` is set only where a decision names
a member of staff as answerable: being named in a complaint is not a fact about anybody's work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache

from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kezun.facts.links import link, worded
from kezun.facts.types import Column, FactType, fact_type

_OF = (
    Column("kind", "text", _("Kind of case"), required=True),
    Column("severity", "integer", _("Severity"), required=True, low=1, high=4),
    Column("channel", "text", _("Channel")),
    Column("reason", "text", _("Reason for complaining")),
)

CASE = fact_type(
    FactType(
        name="case",
        title=_("Case"),
        about=_("One complaint, correction, request or other case, as it stands now."),
        counted='state != "merged" and part is None',
        schema_version=2,  # `part` came with the second
        columns=(
            *_OF,
            Column("state", "text", _("State"), required=True),
            Column("open", "flag", _("Still open"), required=True),
            Column("part", "flag", _("Part of another")),
            Column("owner", "text", _("Lies with")),
            Column("line", "text", _("Business line")),
            Column("handler", "text", _("Handler"), privacy="C1"),
            Column("finding", "text", _("Finding")),
            Column("contact_s", "seconds", _("To the first contact"), low=0),
            Column("answer_s", "seconds", _("To the answer"), low=0),
            Column("close_s", "seconds", _("To the close"), low=0),
            Column("contact_on_time", "flag", _("Contacted in time")),
            Column("answer_on_time", "flag", _("Answered in time")),
            Column("extended", "integer", _("Extensions"), required=True, low=0),
            Column("returns", "integer", _("Sent back"), required=True, low=0),
            Column("reopened", "integer", _("Reopened"), required=True, low=0),
            Column("repeat", "integer", _("Earlier ones alike"), required=True, low=0),
            Column("held_30d", "flag", _("First close held for 30 days")),
            Column("satisfaction", "integer", _("Satisfaction with handling"), low=1, high=5),
            Column("effect", "text", _("Effect"), choices=("effective", "not", "unknown")),
            Column("stopped_yuan", "integer", _("Money stopped (yuan)"), low=0),
        ),
    )
)

CASE_EVENT = fact_type(
    FactType(
        name="case_event",
        title=_("Moment of a case"),
        about=_("A case opened, contacted, answered, closed, extended, overdue, reopened or checked."),
        columns=(
            *_OF,
            Column("what", "text", _("Kind of moment"), required=True),
            Column("case_id", "text", _("Case"), required=True),
            Column("after_s", "seconds", _("After it was received"), low=0),
        ),
    )
)


@link("case")
def of_case(row: Mapping[str, object]) -> str:
    """The page of the case that a fact is about."""
    return _page(row.get("source_id"))


@link("case_event")
def of_moment(row: Mapping[str, object]) -> str:
    """The page of the case to which a moment belongs."""
    return _page(row.get("case_id"))


def _page(no: object) -> str:
    try:
        return reverse("cases.case", args=[no])
    except NoReverseMatch:  # a number that no page can have: text from another source
        return ""


@worded(("case", "state"))
def state_words(code: str) -> str:
    """The state of a case."""
    from kezun.cases.models import Case

    return str(dict(Case.State.choices).get(code, code))


@worded(("case", "effect"))
def effect_words(code: str) -> str:
    """The verdict on the effect."""
    from kezun.cases.models import EffectCheck

    return str(dict(EffectCheck.Verdict.choices).get(code, code))


@worded(("case", "finding"))
def finding_words(code: str) -> str:
    """What a complaint was found to be; findings of other kinds keep their code."""
    said = {"upheld": _("Upheld"), "partly": _("Partly upheld"), "not_upheld": _("Not upheld")}
    return str(said.get(code, _("Cannot be found out") if code == "unclear" else code))


@worded(("case", "channel"), ("case_event", "channel"))
def channel_words(code: str) -> str:
    """A channel by the code table, with its code."""
    return _coded("complaint_channel", code)


@worded(("case", "reason"), ("case_event", "reason"))
def reason_words(code: str) -> str:
    """A reason by the code table, with its code."""
    return _coded("complaint_reason", code)


def _coded(table: str, code: str) -> str:
    from kezun.cases import catalogs

    known = catalogs.tables().get(table)
    return f"{known.codes[code].title} {code}" if known and code in known.codes else code


@worded(("case", "kind"), ("case_event", "kind"))
def kind_words(code: str) -> str:
    """A kind of case as it is called today."""
    return _kind_title(code, get_language() or "", int(time.monotonic() // 60))


@lru_cache(maxsize=256)
def _kind_title(code: str, _language: str, _minute: int) -> str:
    """Read once a minute and language: a page of facts names the same kind on every row."""
    from kezun.cases import kinds

    held = kinds.kinds_now().get(code)
    return kinds.title_of(kinds.form_of(held)) if held else code
