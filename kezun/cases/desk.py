"""My work: what needs a person today, in the order of the last moment to act.

Each group is found through an index of its own and cut after SHOWN; one statement then reads the lines of all
groups, and one counts them. What is asked is put into SQL once a day for each scope: that costs more than to
answer it. See benchmarks/cases_pages.py for what this costs with 100,000 cases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from kezun.cases.listing import FREE, named_in
from kezun.cases.models import Case, Petition
from kezun.cases.reach import reaches, whole
from kezun.cases.rows import Row, rows_of
from kezun.cases.standing import TOP_CONCERN
from kezun.org.models import Person
from kezun.org.scope import Scope

SHOWN = 20
GROUPS = ("mine", "handed", "take", "verify", "overdue")
BY_TIME = (F("act_by_at").asc(nulls_last=True), "pk")
REQUESTS = "requests"
MOMENT = dt.datetime(7000, 7, 7, 7, 7, tzinfo=dt.UTC)  # nobody's


@dataclass(frozen=True)
class Group:
    """One group of my work: its lines, and how many there are in all."""

    name: str
    rows: tuple[Row, ...]
    count: int

    @property
    def more(self) -> int:
        return max(self.count - len(self.rows), 0)


@dataclass(frozen=True)
class Desk:
    """All that needs a person today."""

    groups: tuple[Group, ...]
    petitions: tuple[Petition, ...]

    @property
    def count(self) -> int:
        """How much there is, each case once; what others are late with does not count."""
        return sum(g.count for g in self.groups if g.name != "overdue") + len(self.petitions)


def desk_of(person: Person, now: dt.datetime) -> Desk:
    """What needs this person (2 statements, 3 where requests wait for them)."""
    asked = _asked(person.scope, timezone.localdate(), connection.vendor)
    counts = _counted(asked, now)
    keys, values = _together([asked[name].first for name in GROUPS if counts.get(name)], now)
    # compiled by Django from the groups, with their values as parameters
    first = Case.objects.filter(pk__in=RawSQL(keys, values)).order_by(*BY_TIME) if keys else None  # noqa: S611
    held = [name for name in GROUPS if name in asked]
    lines: dict[str, list[Row]] = {name: [] for name in held}
    for row in rows_of(first, now) if first is not None else ():
        lines[group_of(row, person, held)].append(row)
    groups = [
        Group(name, tuple(lines[name][:SHOWN]), max(counts.get(name, 0), len(lines[name]))) for name in held
    ]
    return Desk(tuple(groups), tuple(_told(petitions_for(person.scope))) if counts.get(REQUESTS) else ())


class Part(NamedTuple):
    """A statement with its values; MOMENT stands where the moment of asking belongs."""

    statement: str
    values: tuple[Any, ...]

    def at(self, now: dt.datetime) -> list[Any]:
        """The values for a moment."""
        probe, moment = (connection.ops.adapt_datetimefield_value(one) for one in (MOMENT, now))
        return [moment if value == probe else value for value in self.values]


class Asked(NamedTuple):
    """The keys of a group: of all its cases, and of those that come first."""

    every: Part
    first: Part


@lru_cache(maxsize=1000)
def _asked(scope: Scope, today: dt.date, vendor: str) -> dict[str, Asked]:
    """What is asked for somebody's desk: all day the same but for the moment."""
    arms = arms_of(scope, MOMENT)
    asked = {name: Asked(_part(arm), _part(arm.order_by(*BY_TIME)[:SHOWN])) for name, arm in arms.items()}
    waiting = _part(petitions_for(scope))
    return asked | {REQUESTS: Asked(waiting, waiting)}


def _part(found: QuerySet[Any]) -> Part:
    """The keys of what is found, in SQL; an empty statement where nothing can be."""
    try:
        statement, values = found.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return Part("", ())
    return Part(statement, tuple(values))


def _together(parts: Sequence[Part], now: dt.datetime) -> tuple[str, list[Any]]:
    """The keys of all parts as one statement."""
    told = (f'SELECT "pk" FROM ({part.statement}) AS arm{at}' for at, part in enumerate(parts))
    return " UNION ".join(told), [value for part in parts for value in part.at(now)]


def _counted(asked: Mapping[str, Asked], now: dt.datetime) -> dict[str, int]:
    """How many each group holds; one statement for all."""
    every = {name: one.every for name, one in asked.items() if one.every.statement}
    told = (f"SELECT '{name}', COUNT(*) FROM ({part.statement}) AS of_{name}" for name, part in every.items())
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(told), [value for part in every.values() for value in part.at(now)])
        return dict(cursor.fetchall())


def arms_of(scope: Scope, now: dt.datetime) -> dict[str, QuerySet[Case]]:
    """The cases of each group, as conditions that an index serves."""
    person, live = scope.person_id, Case.objects.filter(open=True)
    arms: dict[str, QuerySet[Case]] = {"mine": live.filter(handler=person)}
    taking = reaches(scope, "cases.take")
    handed = Q(handler=None, state__in=FREE) & any_of(reach.posted("pending_unit") for reach in taking)
    lying = Q(handler=None, state__in=FREE, pending_unit=None)
    lying &= any_of(reach.posted("owner_unit") for reach in taking)
    if taking:
        arms["handed"] = live.filter(handed).exclude(pk__in=named_in(person))
        arms["take"] = live.filter(lying).exclude(pk__in=named_in(person))
    if scope.may("cases.verify"):
        waiting = (
            live.filter(state=Case.State.PROPOSED).exclude(handler=person).exclude(pk__in=named_in(person))
        )
        grave_here = Q(severity__lte=TOP_CONCERN, owner_unit__in=scope.roots())
        arms["verify"] = within(waiting, scope, "cases.verify").exclude(grave_here)
    if scope.may("cases.assign"):
        late = live.filter(act_by_at__lt=now).exclude(state=Case.State.PROPOSED)
        others = within(late, scope, "cases.assign").exclude(handler=person)
        arms["overdue"] = others.exclude(handed | lying).exclude(pk__in=named_in(person))
    return arms


def within(found: QuerySet[Case], scope: Scope, permission: str) -> QuerySet[Case]:
    """Of these, what lies with a unit where the permission is held."""
    if whole(scope, permission):
        return found
    return found.filter(any_of(reach.at("owner_unit") for reach in reaches(scope, permission)))


def any_of(conditions: Iterable[Q]) -> Q:
    """One of these; nothing where there is none."""
    known = list(conditions)
    return reduce(or_, known) if known else Q(pk__in=[])


def group_of(row: Row, person: Person, held: Sequence[str]) -> str:
    """The group in which a line stands: the first that it belongs to."""
    if row.handler_id == person.pk:
        return "mine"
    if row.state == Case.State.PROPOSED:
        return "verify"
    own = set(person.scope.roots())
    if "take" in held and row.handler_id is None and row.state in FREE and row.lies_with_id in own:
        return "handed" if row.pending else "take"
    return "overdue"


def petitions_for(scope: Scope) -> QuerySet[Petition]:
    """Requests that may be decided on: of cases in scope, asked by others."""
    if not scope.may("cases.grant"):
        return Petition.objects.none()
    waiting = Petition.objects.filter(decision="").exclude(asked_by=scope.person_id)
    if not whole(scope, "cases.grant"):
        mine = reaches(scope, "cases.grant")
        reached = Case.objects.filter(any_of(reach.at("owner_unit", "unit") for reach in mine))
        # Asked of each request that waits, for few do; asked first, it is all cases of a branch.
        waiting = waiting.filter(Exists(reached.filter(pk=OuterRef("case_id"))))
    return waiting


def _told(asked: QuerySet[Petition]) -> QuerySet[Petition]:
    """The requests as a page tells of them: those of the most pressing cases."""
    return asked.select_related("case", "asked_by").order_by("case__act_by_at", "pk")[:SHOWN]
