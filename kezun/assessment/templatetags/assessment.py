"""Filters of the assessment's templates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

from kezun.assessment import cards, wording
from kezun.assessment.models import Scheme
from kezun.assessment.schemes import scheme_of
from kezun.ui.figures import Change

register = template.Library()


@register.filter(name="points")
def points_in(value: Decimal | float | None) -> str:
    """Points with two decimals: `{{ score.score|points }}`."""
    return wording.pts(value)


@register.filter
def graded(name: str, scheme: Scheme) -> str:
    """A grade in the page's language: `{{ score.grade|graded:run.scheme }}`."""
    return wording.grade_name(name, scheme_of(scheme).grades) if name else ""


@register.filter
def moving(moved: Decimal | None) -> Change | None:
    """Points by which something moved, for the tag: `{% change line.moved|moving %}`."""
    return cards.change(moved)


@register.filter
def at(known: Mapping[int, Any], key: int) -> Any:
    """What stands under a key; None where nothing does: `{{ again|at:run.pk }}`."""
    return known.get(key)
