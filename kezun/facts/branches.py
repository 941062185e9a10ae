"""Where facts belong: from units to the units asked about, by the tree of each fact's own day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q

from kezun.facts.compile import Branch
from kezun.facts.rules import Period
from kezun.org.models import FOREVER, Unit, UnitPath

DAY = dt.timedelta(days=1)


def branches(unit: Unit, below: str | None, period: Period) -> tuple[list[Branch], dict[int, str]]:
    """The branches of a question, and the codes of the units answered for, by primary key, in order of code.

    below None: `unit` itself with all that stood under it on each day. Else each unit of that kind that
    stood under `unit` within the period, with what stood under both on the same day: a unit that moved away
    counts for the days before, so the parts add up to the whole.
    """
    if below is None:
        steady, parts = _spans(Q(ancestor=unit), period)
        return steady + _merged(parts), {unit.pk: unit.code}
    kept, passing = _spans(Q(ancestor=unit, unit__kind=below), period)
    under = UnitPath.objects.filter(_within(period), ancestor=unit, unit__kind=below).values("unit")
    open_then = Q(opened_date__lte=period.end, closed_date__gte=period.start)
    targets = dict(Unit.objects.filter(open_then, pk__in=under).order_by("code").values_list("pk", "code"))
    stays = {branch.unit for branch in kept} & targets.keys()
    times: dict[int, list[tuple[dt.date, dt.date]]] = {}
    for target, _top, since, until in passing:
        times.setdefault(target, []).append((since, until))

    steady, parts = _spans(Q(ancestor__in=under), period)
    whole = [branch for branch in steady if branch.target in stays]
    clipped = [branch for branch in parts if branch.target in stays]
    for low, target, since, until in (*parts, *steady) if times else ():
        for first, last in times.get(target, ()) if target in targets else ():
            if max(since, first) <= min(until, last):
                clipped.append(Branch(low, target, max(since, first), min(until, last)))
    return whole + _merged(clipped), targets


def tree_version() -> int:
    """A number that grows whenever the tree is derived anew: paths are always rebuilt as a whole."""
    last = UnitPath.objects.order_by("-pk").values_list("pk", flat=True).first()
    return last or 0


def _within(period: Period) -> Q:
    return Q(from_date__lte=period.end, to_date__gte=period.start)


def _spans(where: Q, period: Period) -> tuple[list[Branch], list[Branch]]:
    """Paths within the period: those that outlast it, read without their days, and those that do not."""
    inside = UnitPath.objects.filter(_within(period), where)
    outlasting = Q(from_date__lte=period.start, to_date__gte=period.end)
    pairs = inside.filter(outlasting).values_list("unit_id", "ancestor_id")
    parts = inside.exclude(outlasting).values_list("unit_id", "ancestor_id", "from_date", "to_date")
    return [Branch(unit, above, dt.date.min, FOREVER) for unit, above in pairs], [Branch(*p) for p in parts]


def _merged(spans: Iterable[Branch]) -> list[Branch]:
    """Spans of one unit and target that meet, as one: a move between two parents under it changes nothing."""
    made: list[Branch] = []
    unit_before, target_before, until_before = 0, 0, dt.date.min
    for unit, target, since, until in sorted(spans):
        meets = since <= until_before or since - DAY <= until_before
        if unit == unit_before and target == target_before and meets:
            until_before = max(until_before, until)
            made[-1] = made[-1]._replace(until=until_before)
        else:
            unit_before, target_before, until_before = unit, target, until
            made.append(Branch(unit, target, since, until))
    return made
