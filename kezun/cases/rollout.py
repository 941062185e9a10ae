"""Roll-outs: which units are asked, and how far the answers have come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from kezun.cases import remarks
from kezun.cases.models import Case, Event
from kezun.kernel.actor import SystemActor
from kezun.org.models import Unit, UnitPath, UnitTag, valid_on

BY = SystemActor("roll-out")
SELF_CHECK, CORRECTION = "self_check", "correction"
TASK = "cases.roll_out"
ANSWERED = (Case.State.PROPOSED, Case.State.VERIFIED, Case.State.CLOSED)
VERIFIED = (Case.State.VERIFIED, Case.State.CLOSED)
FOUND = ("conforming", "same", "na")


@dataclass(frozen=True)
class Order:
    """One order to look for the same: told as its event says it, units as counted when it was given."""

    event: Event
    told: Mapping[str, Any]
    question: str
    days: int

    @property
    def seq(self) -> int:
        return self.event.seq

    @property
    def units(self) -> int:
        """How many units were asked."""
        return int(self.told["units"])


@dataclass(frozen=True)
class Coverage:
    """How far an order has come: numbers of units. answered ≥ verified; found by result."""

    order: Order
    opened: int
    answered: int
    verified: int
    late: int
    found: Mapping[str, int]

    @property
    def open(self) -> int:
        """How many have not answered."""
        return max(self.order.units - self.answered, 0)

    @property
    def shares(self) -> Sequence[tuple[str, float]]:
        """What each result, and what is still open, has of all that were asked (0 to 100), in their order."""
        whole = max(self.order.units, self.answered, 1)
        parts = [(name, self.found.get(name, 0)) for name in FOUND]
        return [(name, n * 100 / whole) for name, n in (*parts, ("open", self.open))]


def order_of(event: Event) -> Order:
    """The order that an event is."""
    body = json.loads(event.body)
    said = body["said"]
    return Order(event, body["told"]["order"], str(said["question"]), int(said.get("days") or 0))


def orders_of(case: Case) -> list[Order]:
    """All orders of a case, the latest first."""
    rows = case.events.filter(verb="roll_out").select_related("actor", "case").order_by("-seq")
    return [order_of(row) for row in rows]


def peers(case: Case, told: Mapping[str, Any]) -> QuerySet[Unit]:
    """Units open today below `under`, of a kind and, where one is named, with a tag; never the case's own."""
    today = timezone.localdate()
    below = UnitPath.objects.filter(valid_on(today), ancestor=told["under"]).values("unit")
    found = Unit.objects.filter(pk__in=below, kind=told["kind"], closed_date__gte=today).exclude(
        pk=case.unit_id
    )
    if told.get("tag"):
        tagged = UnitTag.objects.filter(valid_on(today), tag=told["tag"]).values("unit")
        found = found.filter(pk__in=tagged)
    return found


def checks_of(order: Order) -> QuerySet[Case]:
    """The self-checks that an order opened."""
    return Case.objects.filter(
        code=SELF_CHECK,
        links__target=order.event.case_id,
        links__type="roll_out_of",
        links__ended_at__isnull=True,
        data__order=order.seq,
    )


def coverage(order: Order) -> Coverage:
    """How far an order has come; one statement."""
    answered = Q(state__in=ANSWERED)
    found = {f"f_{name}": Count("pk", filter=answered & Q(data__found=name)) for name in FOUND}
    told = checks_of(order).aggregate(
        opened=Count("pk"),
        answered=Count("pk", filter=answered),
        verified=Count("pk", filter=Q(state__in=VERIFIED)),
        late=Count("pk", filter=~answered & Q(open=True, due_at__lt=timezone.now())),
        **found,
    )
    by = {name: told[f"f_{name}"] for name in FOUND}
    return Coverage(order, told["opened"], told["answered"], told["verified"], told["late"], by)


def result_of(case: Case) -> str:
    """What was last proposed as the result of a case, in words."""
    return results_of(Case.objects.filter(pk=case.pk)).get(case.pk, "")


def results_of(cases: QuerySet[Case]) -> dict[int, str]:
    """What was last proposed as the result of each of these cases, in words; one statement."""
    asked = Event.objects.filter(verb="propose", case__in=cases.order_by().values("pk"))
    told = asked.order_by("seq").values_list("case", "body")
    return {case: remarks.text(json.loads(body)["said"].get("result")) for case, body in told.iterator()}
