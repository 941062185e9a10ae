"""The deadline that counts for a case, and whether it was kept: as facts and indicators judge it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezun.cases.models import Case
from kezun.cases.publishing import clocks_of
from kezun.cases.rules.measuring import ANSWER, on_time

AT_ONCE = 1000


@dataclass(frozen=True)
class Term:
    """The deadline that counts for a case, of its answer or result, and whether it was kept.

    due_at: None where it has none. kept: None while it runs in time.
    """

    due_at: dt.datetime | None = None
    kept: bool | None = None

    @property
    def words(self) -> str:
        """In time, too late, or nothing while that is open."""
        return "" if self.kept is None else _("yes") if self.kept else _("no")


def terms(cases: Sequence[Case], now: dt.datetime) -> dict[int, Term]:
    """The deadlines of cases by primary key, as facts and indicators judge them."""
    found = {}
    for start in range(0, len(cases), AT_ONCE):
        for pk, clocks in clocks_of(cases[start : start + AT_ONCE]).items():
            due = [one.due_at for one in clocks if one.role == ANSWER and one.outcome != "dropped"]
            found[pk] = Term(min(due, default=None), on_time(clocks, ANSWER, now))
    return found


def due_of(case: Case) -> dt.datetime | None:
    """When the case is or was due: the deadline that counts, or what runs where none does."""
    return terms([case], case.last_at)[case.pk].due_at or case.due_at
