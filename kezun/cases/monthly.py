"""A month of complaints about a unit and all below it: read in a few statements, whatever the bank's size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from kezun.cases import catalogs, publishing
from kezun.cases.models import READ, Case, Clock, Kind
from kezun.cases.reach import highest, lines_at, of_lines
from kezun.cases.rules import measuring, monthly
from kezun.cases.rules.measuring import ANSWER, CONTACT, Running
from kezun.cases.rules.monthly import Change, Figures, Line, Row
from kezun.cases.terms import Term, terms
from kezun.kernel.actor import Actor, OutOfScope
from kezun.org.models import BusinessLine, Unit, UnitPath, valid_on

COMPLAINT = "complaint"
TABLES = {"channel": "complaint_channel", "business": "complaint_business", "reason": "complaint_reason"}
KEYS = {"channel": "channel", "business": "business", "reason": "reason_code"}
TREND, MOST_REASONS, MOST_LISTED, MOST_UNITS = 13, 10, 40, 30


@dataclass(frozen=True)
class Month:
    """Which unit, which month (its first day), as it stood when."""

    unit: Unit
    first: dt.date
    now: dt.datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(settings.KEZUN_BANK_ZONE)

    def span(self, months: int = 0) -> tuple[dt.datetime, dt.datetime]:
        """From the first moment of the month so many months away to that of the next, in the bank's zone."""
        first = monthly.shifted(self.first, months)
        begin, end = (
            dt.datetime.combine(day, dt.time(), self.zone) for day in (first, monthly.shifted(first, 1))
        )
        return begin, end

    def days(self, months: int = 0) -> int:
        """How many days of that month have passed."""
        first = monthly.shifted(self.first, months)
        passed = (timezone.localdate(self.now, self.zone) - first).days + 1
        return max(1, min(monthly.days_in(first), passed))


@dataclass(frozen=True)
class Report:
    """All that a monthly report says, in numbers; words and pictures are made of it."""

    month: Month
    rows: tuple[Row, ...]
    before: tuple[str, ...]
    year_ago: tuple[str, ...]
    axes: Mapping[str, tuple[Line, ...]]
    reasons: tuple[Line, ...]
    trend: tuple[tuple[dt.date, int], ...]
    units: tuple[tuple[Unit, int, monthly.Part], ...]
    listed: tuple[Case, ...]
    lines: tuple[BusinessLine, ...] | None = None  # to which the reader is limited
    terms: Mapping[int, Term] = field(default_factory=dict)  # of those listed, by primary key

    @cached_property
    def figures(self) -> Figures:
        return monthly.figures(self.rows)

    @cached_property
    def against_before(self) -> Change:
        """The month against the one before."""
        month = self.month
        return monthly.changed(len(self.rows), len(self.before), month.days(), month.days(-1))

    @cached_property
    def against_year_ago(self) -> Change:
        """The month against the same one a year ago."""
        month = self.month
        return monthly.changed(len(self.rows), len(self.year_ago), month.days(), month.days(-12))


def report(actor: Actor, unit: Unit, first: dt.date, now: dt.datetime | None = None) -> Report:
    """The report on a unit and all below it, of what was received in the month that begins on `first`.

    Whose roles there are limited to business lines is told of these and of complaints of no line.
    Raises OutOfScope for a unit whose cases the actor may not read.
    """
    if not actor.covers(READ, unit):
        raise OutOfScope(unit.code)
    month = Month(unit, first, now or timezone.now())
    below = UnitPath.objects.filter(valid_on(timezone.localdate()), ancestor=unit).values("unit")
    lines = lines_at(actor, READ, unit)
    base = Case.objects.filter(of_lines(lines), code=COMPLAINT, unit__in=below).counted()
    rows = _rows(base, month)
    compared = {months: _axes_of(base, month, months) for months in (-1, -12)}
    listed = _listed(rows)
    return Report(
        month=month,
        rows=rows,
        before=tuple(row[-1] for row in compared[-1]),
        year_ago=tuple(row[-1] for row in compared[-12]),
        axes={
            axis: tuple(_lines(axis, at, rows, compared[-1], compared[-12])) for at, axis in enumerate(TABLES)
        },
        reasons=tuple(_leaves(rows, compared[-1], compared[-12])),
        trend=_trend(base, month),
        units=_units(rows, unit),
        listed=listed,
        lines=highest(lines),
        terms=terms(listed, month.now),
    )


def _rows(base: QuerySet[Case], month: Month) -> tuple[Row, ...]:
    begin, end = month.span()
    found = base.filter(received_at__gte=begin, received_at__lt=end)
    clocks = _clocks(found)
    columns = ("pk", "unit", "state", "open", "severity", "extended", "returns", "reopened", "repeat")
    more = {key: KeyTextTransform(key, "data") for key in (*KEYS.values(), "finding")}
    named = found.annotate(**{f"d_{key}": value for key, value in more.items()})
    values = named.values_list(
        *columns, "satisfaction", "received_at", "closed_at", *(f"d_{key}" for key in more)
    )
    made = []
    for pk, unit, state, open_, severity, extended, returns, reopened, repeat, *rest in values:
        satisfaction, received, closed, *told = rest
        channel, business, reason, finding = (code or "" for code in told)
        own = clocks.get(pk, ())
        ended = closed if state in ("closed", "checked") else None
        made.append(
            Row(
                *(pk, unit, state, open_, severity, channel, business, reason, finding),
                *(extended, returns, reopened, repeat, satisfaction, measuring.seconds(received, ended)),
                answer=measuring.on_time(own, ANSWER, month.now),
                contact=measuring.on_time(own, CONTACT, month.now),
                late=any(clock.late(month.now) for clock in own),
            )
        )
    return tuple(made)


def _clocks(found: QuerySet[Case]) -> dict[int, list[Running]]:
    """The clocks of the month's cases, by case; what each is for is said by the case's own edition.

    One that was missed before its case was opened again stays so, as for facts and ledgers.
    """
    missed = set(publishing.missed_before(found.filter(reopened__gt=0).only("pk", "reopened")))
    roles = {kind.pk: publishing.roles_of(kind) for kind in Kind.objects.filter(urn=COMPLAINT)}
    rows = Clock.objects.filter(case__in=found.values("pk"))
    made: dict[int, list[Running]] = {}
    for case, kind, policy, state, due, outcome in rows.values_list(
        "case", "case__kind", "policy", "state", "due_at", "outcome"
    ):
        role = roles.get(kind, {}).get(policy, measuring.INNER)
        told = "missed" if (case, policy) in missed else outcome
        made.setdefault(case, []).append(Running(role, state, due, told))
    return made


def _axes_of(base: QuerySet[Case], month: Month, months: int) -> list[tuple[str, str, str]]:
    """(channel, business, reason) of each complaint of another month."""
    begin, end = month.span(months)
    found = base.filter(received_at__gte=begin, received_at__lt=end)
    named = found.annotate(**{f"d_{key}": KeyTextTransform(key, "data") for key in KEYS.values()})
    rows = named.values_list(*(f"d_{key}" for key in KEYS.values()))
    return [(channel or "", business or "", reason or "") for channel, business, reason in rows]


def _lines(
    axis: str,
    at: int,
    rows: Iterable[Row],
    before: list[tuple[str, str, str]],
    old: list[tuple[str, str, str]],
) -> list[Line]:
    table = catalogs.tables().get(TABLES[axis])
    parents = {code.id: code.parent for code in table.codes.values()} if table else {}
    now = [getattr(row, axis) for row in rows]
    return monthly.lines(now, (row[at] for row in before), (row[at] for row in old), parents)


def _leaves(
    rows: Iterable[Row], before: list[tuple[str, str, str]], old: list[tuple[str, str, str]]
) -> list[Line]:
    """The reasons as they were coded, the most frequent first."""
    found = monthly.lines((row.reason for row in rows), (r[-1] for r in before), (r[-1] for r in old), {})
    return [line for line in found if line.count][:MOST_REASONS]


def _trend(base: QuerySet[Case], month: Month) -> tuple[tuple[dt.date, int], ...]:
    """How many were received in each of the last thirteen months; one statement."""
    spans = {f"m{n}": month.span(-n) for n in range(TREND)}
    counts = base.filter(
        received_at__gte=month.span(1 - TREND)[0], received_at__lt=month.span()[1]
    ).aggregate(
        **{
            name: Count("pk", filter=Q(received_at__gte=begin, received_at__lt=end))
            for name, (begin, end) in spans.items()
        }
    )
    return tuple((monthly.shifted(month.first, -n), counts[f"m{n}"]) for n in reversed(range(TREND)))


def _units(rows: Iterable[Row], unit: Unit) -> tuple[tuple[Unit, int, monthly.Part], ...]:
    """The units directly below, with their complaints and how many were answered in time."""
    today = timezone.localdate()
    children = UnitPath.objects.filter(valid_on(today), ancestor=unit, depth=1).values("unit")
    paths = UnitPath.objects.filter(valid_on(today), ancestor__in=children).values_list("unit", "ancestor")
    above = dict(paths)
    held: dict[int, list[Row]] = {}
    for row in rows:
        if row.unit in above:
            held.setdefault(above[row.unit], []).append(row)
    units = {one.pk: one for one in Unit.objects.filter(pk__in=held)}
    made = [(units[pk], len(own), monthly.figures(own).answer) for pk, own in held.items()]
    return tuple(sorted(made, key=lambda found: (-found[1], found[0].code))[:MOST_UNITS])


def _listed(rows: Iterable[Row]) -> tuple[Case, ...]:
    """The grave ones and those that are overdue, the gravest first."""
    wanted = sorted((row for row in rows if row.severity <= monthly.GRAVE or row.late),
                    key=lambda row: (row.severity, not row.late, row.pk))[:MOST_LISTED]  # fmt: skip
    order = {row.pk: at for at, row in enumerate(wanted)}
    cases = Case.objects.filter(pk__in=order).select_related("unit", "kind").defer("data", "words")
    return tuple(sorted(cases, key=lambda case: order[case.pk]))
