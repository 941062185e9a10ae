"""The facts behind a number: exactly those of its numerator or its denominator, masked as the reader's
rights demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from kezun.facts.asking import BadQuestion, Bound
from kezun.facts.definitions import Definition
from kezun.facts.questions import Answer, RowPage
from kezun.facts.types import FACT_TYPES
from kezun.kernel.actor import Actor
from kezun.kernel.rules import mask_text
from kezun.org.models import Person, Unit

PARTS = ("numerator", "denominator")
UNMASK = "org.unmask"
NOTHING = "FALSE"


def side(definition: Definition, part: str) -> tuple[str, str]:
    """(fact type, condition) of one part of an indicator. A quantile's numerator still lacks its bound.

    Raises BadQuestion where the indicator has no such part.
    """
    if part not in PARTS:
        raise BadQuestion(_("A part is «numerator» or «denominator», not «%(part)s».") % {"part": part})
    top, bottom = definition.numerator, definition.denominator
    if top is None:
        raise BadQuestion(
            _("%(id)s is worked out from other indicators (%(formula)s): ask for the facts behind those.")
            % {"id": definition.id, "formula": definition.formula}
        )
    if definition.kind == "nps" and part == "numerator":
        high, low = definition.promoters_from, definition.detractors_to
        return top.fact, f"{top.condition} AND ({top.value} >= {high} OR {top.value} <= {low})"
    if part == "numerator" or definition.kind in {"quantile", "distribution", "nps"}:
        return top.fact, top.condition
    if bottom is None:
        raise BadQuestion(_("%(id)s has no denominator.") % {"id": definition.id})
    return bottom.fact, bottom.condition


def check_quantile(bound: Bound, part: str) -> bool:
    """Whether the part is bounded by the value itself: the facts up to a quantile, of one group only."""
    bounded = bound.definitions[0].kind == "quantile" and part == "numerator"
    if bounded and (bound.question.by or bound.question.below):
        raise BadQuestion(
            _("The facts up to a quantile differ by group: ask for one unit and without a breakdown.")
        )
    return bounded


def up_to(definition: Definition, condition: str, answer: Answer) -> str:
    """The condition narrowed to values not above the quantile found; nothing where there was none."""
    if definition.numerator is None or answer.value is None:
        return NOTHING
    return f"{condition} AND {definition.numerator.value} <= {int(answer.value) // definition.scale}"


def page(actor: Actor, fact: str, total: int, found: pa.Table) -> RowPage:
    """Rows as plain values: units and people by code, moments in UTC, what the reader may not see masked."""
    columns = [c for c in FACT_TYPES[fact].all_columns if c.name in found.column_names]
    values = {c.name: found.column(c.name).to_pylist() for c in columns}
    values["unit"] = _codes(Unit, values["unit"])
    values["person"] = _codes(Person, values["person"])
    clear = actor.may(UNMASK)
    for column in columns:
        if column.kind == "moment":
            values[column.name] = [v.replace(tzinfo=dt.UTC) if v else v for v in values[column.name]]
        # A staff number says who in the bank; it is no personal secret within the scope of the unit.
        if column.privacy != "none" and column.name != "person" and not clear:
            values[column.name] = [v if v is None else mask_text(str(v)) for v in values[column.name]]
    rows = zip(*(values[c.name] for c in columns), strict=True)
    return RowPage(tuple(c.name for c in columns), tuple(rows), total)


def _codes(model: type[Unit] | type[Person], keys: Sequence[int | None]) -> list[Any]:
    wanted = {key for key in keys if key is not None}
    codes = dict(model._default_manager.filter(pk__in=wanted).values_list("pk", "code"))
    return [codes.get(key) if key is not None else None for key in keys]
