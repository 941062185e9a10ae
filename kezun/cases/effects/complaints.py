"""What complaints need beyond the course of every case: a cause that explains, a review of a decision."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kezun.cases import catalogs
from kezun.cases.doing import Doing, gate
from kezun.cases.rules import causes


@gate("cause")
def cause(doing: Doing) -> str:
    """Where the bank is at fault, a root cause; blaming a person is none until the system was judged too."""
    told = catalogs.numbers("complaints")
    lacking = causes.lacking(doing.data(), told["blame"], told["blame_rest"])
    if not lacking:
        return ""
    if {"cause", "cause_code"} & set(lacking):
        return _("The bank is at fault: name the root cause and its kind.")
    return _(
        "Blaming a person is no cause. Say whether a rule, a procedure or a system let it happen, and why "
        "you think so."
    )
