"""The supervisor's board: open cases counted by the unit with which they lie, and by kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from kezun.cases.kinds import kind_names
from kezun.cases.listing import SOON, Wanted, arms
from kezun.cases.models import Case, Clock, Firing
from kezun.org.models import Person, Unit
from kezun.ui.components import Cell, Chart
from kezun.ui.rules import grouped

# what is counted, and the filter of the list that holds the same cases
COUNTED = {
    "count": {},
    "late": {"due": "late"},
    "soon": {"due": "soon"},
    "returned": {"who": "returned"},
    "escalated": {"who": "escalated"},
}
MOST_UNITS, MOST_BARS, MOST_EMPTY = 40, 12, 50
MANY = 2000
ONGOING = (Clock.State.RUNNING, Clock.State.PAUSED)
OF_EMPTY = (
    *("at", "climbed", "unit__code", "unit__name", "unit__name_en"),
    *("clock__case__title", "clock__case__received_at"),
)


@dataclass
class Tally:
    """How many open cases of each sort; `name` says of what."""

    code: str = ""
    name: str = ""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))

    def add(self, counts: Iterable[tuple[str, int]]) -> None:
        for name, n in counts:
            self.counts[name] += n


@dataclass(frozen=True)
class Overview:
    """The whole board: everything, by unit, by kind; posts that were found empty."""

    whole: Tally
    units: tuple[Tally, ...]
    kinds: tuple[Tally, ...]
    empty: tuple[Firing, ...]


def overview(person: Person, now: dt.datetime) -> Overview:
    """What is open in the person's scope, counted."""
    columns = {
        "count": Count("pk"),
        "late": Count("pk", filter=Q(act_by_at__lt=now)),
        "soon": Count("pk", filter=Q(act_by_at__gte=now, act_by_at__lt=now + SOON)),
        "returned": Count("pk", filter=Q(returns__gte=2)),
        "escalated": Count("pk", filter=Q(level__gte=1)),
    }
    seen = Case.objects.visible_to(person).filter(open=True)
    grouped_by = seen.order_by().values("owner_unit", "code").annotate(**columns)
    rows = cast("list[dict[str, Any]]", list(grouped_by))
    whole, units, kinds = Tally(), dict[int, Tally](), dict[str, Tally]()
    for row in rows:
        counts = [(name, row[name]) for name in COUNTED]
        whole.add(counts)
        units.setdefault(row["owner_unit"], Tally()).add(counts)
        kinds.setdefault(row["code"], Tally(code=row["code"])).add(counts)
    worst = sorted(units.items(), key=lambda item: _worst(item[1]))[:MOST_UNITS]
    for unit in Unit.objects.filter(pk__in=[pk for pk, _tally in worst]).only("code", "name", "name_en"):
        units[unit.pk].code, units[unit.pk].name = unit.code, unit.title
    names = dict(kind_names())
    for tally in kinds.values():
        tally.name = names.get(tally.code, tally.code)
    return Overview(
        whole,
        tuple(tally for _pk, tally in worst),
        tuple(sorted(kinds.values(), key=_worst)),
        tuple(empty_posts(person, whole.counts["count"])),
    )


def _worst(tally: Tally) -> tuple[int, int, int, str]:
    counts = tally.counts
    return -counts["late"], -counts["soon"], -counts["count"], tally.code


def empty_posts(person: Person, seen: int) -> Sequence[Firing]:
    """Steps of running clocks that had to climb because nobody stood in the post; the latest first.

    seen: how many open cases the person sees. It decides only from which end the steps are looked for.
    """
    steps = _among_the_latest(person) if seen >= MANY else _of_cases(person)
    found = Firing.objects.filter(steps, climbed__gt=0).order_by("-at", "-pk")
    latest = list(found.values_list("pk", flat=True)[:MOST_EMPTY])
    shown = Firing.objects.filter(pk__in=latest).select_related("clock__case", "unit").only(*OF_EMPTY)
    return sorted(shown, key=lambda firing: latest.index(firing.pk))


def _among_the_latest(person: Person) -> Exists:
    """Who sees many cases sees some of the latest steps: these are gone through until there are enough."""
    case = Case.objects.visible_to(person).filter(open=True, pk=OuterRef("case"))
    return Exists(Clock.objects.filter(Exists(case), pk=OuterRef("clock"), state__in=ONGOING))


def _of_cases(person: Person) -> Q:
    """Who sees few would go through all that ever climbed: their open cases are asked for their steps."""
    first, *others = arms(person, Case.objects.filter(open=True), Wanted())
    cases = first.order_by().values("pk").union(*(one.order_by().values("pk") for one in others))
    return Q(clock__in=Clock.objects.filter(state__in=ONGOING, case__in=cases).values("pk"))


def list_of(name: str, **more: str) -> str:
    """The address of the list that holds what was counted."""
    query = urlencode({**COUNTED[name], **more})
    return f"{reverse('cases.list')}{f'?{query}' if query else ''}"


def chart(id: str, title: str, tallies: Sequence[Tally], where: Callable[[str, Tally], str]) -> Chart:
    """Open cases as bars, with those that are late beside them in the table; a bar leads to its list."""
    shown = [tally for tally in tallies if tally.counts["count"]][:MOST_BARS]
    data = {
        "labels": [tally.name for tally in shown],
        "values": [tally.counts["count"] for tally in shown],
        "texts": [
            _("%(n)s open, %(late)s late")
            % {"n": grouped(tally.counts["count"]), "late": grouped(tally.counts["late"])}
            for tally in shown
        ],
        "hrefs": [where("count", tally) for tally in shown],
        "unit": "count",
        "across": True,
        "fromZero": True,
    }
    rows = [
        [Cell(tally.name), Cell(grouped(tally.counts["count"])), Cell(grouped(tally.counts["late"]))]
        for tally in tallies
    ]
    return Chart(id, "bars", title, data, [title, _("still open"), _("late")], rows)
