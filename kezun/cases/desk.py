"""My work: what needs a person today, in the order of the last moment to act.

Each group is found through an index of its own and cut after SHOWN; one statement then reads the lines of all
groups, and one counts them. See benchmarks/cases_pages.py for what this costs with 100,000 cases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value

from kezun.cases.listing import FREE, first_of, named_in
from kezun.cases.models import Case, Petition
from kezun.cases.reach import reaches, whole
from kezun.cases.rows import Row, rows_of
from kezun.cases.standing import TOP_CONCERN
from kezun.org.models import Person

SHOWN = 20
GROUPS = ("mine", "handed", "take", "verify", "overdue")
BY_TIME = (F("act_by_at").asc(nulls_last=True), "pk")


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
    """What needs this person (3 statements)."""
    arms = arms_of(person, now)
    counts = counted(arms)
    full = [found for name, found in arms.items() if counts.get(name)]
    rows = rows_of(first_of(full, BY_TIME, SHOWN), now) if full else []
    sorted_out: dict[str, list[Row]] = {name: [] for name in arms}
    for row in rows:
        sorted_out[group_of(row, person, arms)].append(row)
    groups = [
        Group(name, tuple(sorted_out[name][:SHOWN]), max(counts.get(name, 0), len(sorted_out[name])))
        for name in GROUPS
        if name in arms
    ]
    return Desk(tuple(groups), tuple(petitions_for(person)))


def arms_of(person: Person, now: dt.datetime) -> dict[str, QuerySet[Case]]:
    """The cases of each group, as conditions that an index serves."""
    scope, live = person.scope, Case.objects.filter(open=True)
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
        arms["verify"] = within(waiting, person, "cases.verify").exclude(grave_here)
    if scope.may("cases.assign"):
        late = live.filter(act_by_at__lt=now).exclude(state=Case.State.PROPOSED)
        others = within(late, person, "cases.assign").exclude(handler=person)
        arms["overdue"] = others.exclude(handed | lying).exclude(pk__in=named_in(person))
    return arms


def within(found: QuerySet[Case], person: Person, permission: str) -> QuerySet[Case]:
    """Of these, what lies with a unit where the person holds the permission."""
    if whole(person.scope, permission):
        return found
    return found.filter(any_of(reach.at("owner_unit") for reach in reaches(person.scope, permission)))


def any_of(conditions: Iterable[Q]) -> Q:
    """One of these; nothing where there is none."""
    known = list(conditions)
    return reduce(or_, known) if known else Q(pk__in=[])


def counted(arms: Mapping[str, QuerySet[Case]]) -> dict[str, int]:
    """How many each group holds; one statement for all."""
    asked = [
        found.order_by().annotate(arm=Value(name, CharField())).values("arm").annotate(n=Count("pk"))
        for name, found in arms.items()
    ]
    first, *others = [one.values_list("arm", "n") for one in asked]
    return dict(first.union(*others, all=True) if others else first)


def group_of(row: Row, person: Person, arms: Mapping[str, QuerySet[Case]]) -> str:
    """The group in which a line stands: the first that it belongs to."""
    if row.handler_id == person.pk:
        return "mine"
    if row.state == Case.State.PROPOSED:
        return "verify"
    own = set(person.scope.roots())
    if "take" in arms and row.handler_id is None and row.state in FREE and row.lies_with_id in own:
        return "handed" if row.pending else "take"
    return "overdue"


def petitions_for(person: Person) -> QuerySet[Petition]:
    """Requests that this person may decide on: of cases in scope, asked by others."""
    if not person.may("cases.grant"):
        return Petition.objects.none()
    waiting = Petition.objects.filter(decision="").exclude(asked_by=person)
    if not whole(person.scope, "cases.grant"):
        mine = reaches(person.scope, "cases.grant")
        reached = Case.objects.filter(any_of(reach.at("owner_unit", "unit") for reach in mine))
        # Asked of each request that waits, for few do; asked first, it is all cases of a branch.
        waiting = waiting.filter(Exists(reached.filter(pk=OuterRef("case_id"))))
    return waiting.select_related("case", "asked_by").order_by("case__act_by_at", "pk")[:SHOWN]
