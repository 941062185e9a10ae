"""The deadline that counts for a case, and whether it was kept: as facts and indicators judge it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezun.cases import publishing
from kezun.cases.models import Case, Clock
from kezun.cases.rules.measuring import ANSWER, INNER, Running, on_time

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


def clocks_of(cases: Sequence[Case]) -> dict[int, list[Running]]:
    """The clocks of cases as they count, by primary key.

    One that was missed before its case was opened again stays so.
    """
    found: dict[int, list[Running]] = {case.pk: [] for case in cases}
    roles = {case.pk: publishing.roles_of(case.kind) for case in cases}
    missed = set(publishing.missed_before(cases))
    rows = Clock.objects.filter(case__in=list(found)).order_by("pk")
    columns = ("case", "policy", "state", "due_at", "outcome")
    for pk, policy, state, due_at, outcome in rows.values_list(*columns):
        told = "missed" if (pk, policy) in missed else outcome
        found[pk].append(Running(roles[pk].get(policy, INNER), state, due_at, told))
    return found


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
