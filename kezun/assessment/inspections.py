"""The inspections behind a line of a scorecard: those that the run counted, with the sheets that are open to
the reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from kezun.assessment.cards import is_key
from kezun.assessment.rules.form import Component
from kezun.assessment.scorecards import Scorecard, ScoreLine, days_of
from kezun.assessment.subjects import roots
from kezun.facts.branches import branches
from kezun.facts.queries import READ_ROWS
from kezun.facts.vectors import Equal, Span, rows
from kezun.kernel.actor import Actor
from kezun.org.queries import units_for
from kezun.standards.facts import E4, INSPECTION
from kezun.standards.models import Sheet
from kezun.standards.queries import sheets_for

NAMES = ("day", "method", "version", "earned_e4", "possible_e4", "veto", "source_id")
# So many are shown, found among the latest whose sheets are looked for.
SHOWN, LOOKED_AT = 60, 1_000


@dataclass(frozen=True)
class Visit:
    """One inspection: points earned and possible, whether a veto was found; sheet: None if it is not open."""

    day: dt.date
    method: str
    version: str
    earned: Decimal
    possible: Decimal
    veto: bool
    sheet: int | None

    @property
    def share(self) -> float:
        return float(self.earned / self.possible)


@dataclass(frozen=True)
class Visits:
    """The last inspections that the reader may see, the latest first, and how many were counted in all."""

    rows: tuple[Visit, ...]
    counted: int

    @property
    def hidden(self) -> int:
        return self.counted - len(self.rows)


def visits(actor: Actor, card: Scorecard, line: ScoreLine) -> Visits | None:
    """What a line about a standard was made of, in the facts of the run; None for other lines.

    Whoever may not read rows of the subject's unit finds those whose sheets are open to them. The subject was
    found in the actor's scope before. Business lines have none here: theirs are those of their people.
    """
    rule, unit = line.rule, card.row.unit
    if not isinstance(rule, Component) or not rule.source.standard or unit is None:
        return None
    days, person = days_of(card.run, line.version), card.row.person_id
    equal: Equal = (("standard", rule.source.standard),)
    above = [unit]
    if person is not None and card.scheme.of.by == "person":
        equal, above = (*equal, ("person", person)), roots(days.end)
    tree = [branch for one in above for branch in branches(one, None, days)[0]]
    told = card.run.inputs["facts"].get(INSPECTION.name, {})
    span = Span(days.start, days.end, {INSPECTION.name: told.get("snapshot", 0)}, tree, equal=equal)
    table = rows(INSPECTION.name, span).select(list(NAMES))
    found = [
        row
        for row in zip(*(table.column(name).to_pylist() for name in NAMES), strict=True)
        if row[4] > 0 and (not rule.source.methods or row[1] in rule.source.methods)
    ]
    every = units_for(actor, READ_ROWS).filter(pk=unit.pk).exists()
    latest = found[: -(SHOWN if every else LOOKED_AT) - 1 : -1]
    sheets = _sheets(actor, (row[-1] for row in latest))
    open_ = [row for row in latest if every or row[-1] in sheets][:SHOWN]
    return Visits(
        tuple(
            Visit(day, method, version, _points(earned), _points(possible), bool(veto), sheets.get(id))
            for day, method, version, earned, possible, veto, id in open_
        ),
        len(found),
    )


def _sheets(actor: Actor, keys: Iterable[str]) -> dict[str, int]:
    """The sheets open to the actor that hold now, by the key of their inspection."""
    wanted = [key for key in keys if is_key(key)]
    if not wanted:
        return {}
    found = sheets_for(actor).filter(root__in=wanted, state=Sheet.State.SUBMITTED)
    return {str(root): pk for root, pk in found.values_list("root", "pk")}


def _points(e4: int) -> Decimal:
    return Decimal(e4) / E4
