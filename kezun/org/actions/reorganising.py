"""Reorganisations: units are moved, closed, merged from a day on; what happened before stays where it was."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, require
from kezun.org.models import FOREVER, Assignment, Person, Unit, UnitPath, UnitPlace, valid_on
from kezun.org.rules import DAY
from kezun.org.tree import lock_tree, mark_changed, rebuild_paths


@action("org.move_unit", target="unit")
def move_unit(actor: Actor, unit: Unit, *, parent: Unit, from_date: dt.date) -> UnitPlace:
    """Put a unit under another parent from a day on; what happened before that day stays where it was."""
    require(actor, "org.move_unit", parent)
    if parent.pk == unit.pk:
        raise ValidationError({"parent": _("A unit cannot stand under itself or under a unit below it.")})
    lock_tree()
    moved = _move(unit, parent, from_date)
    rebuild_paths([unit.pk])
    return moved


def _move(unit: Unit, parent: Unit, from_date: dt.date) -> UnitPlace:
    place = UnitPlace.objects.select_for_update().get(unit=unit, to_date=FOREVER)
    if from_date <= place.from_date:
        raise ValidationError({"from_date": _("The move must start after the unit's present place began.")})
    if parent.closed_date < from_date:
        raise ValidationError({"parent": _("The new parent is closed by then; choose an open unit.")})
    place.to_date = from_date - DAY
    place.save(update_fields=["to_date"])
    return UnitPlace.objects.create(unit=unit, parent=parent, from_date=from_date)


@action("org.close_unit", target="unit")
def close_unit(actor: Actor, unit: Unit, *, last_day: dt.date) -> Unit:
    """Close a unit after its last day; it keeps its place, so that its past stays where it was.

    Refused while units below it are open. Assignments end with the last day.
    """
    lock_tree()
    if last_day < unit.opened_date:
        raise ValidationError({"last_day": _("The last day lies before the day the unit opened.")})
    below = UnitPath.objects.filter(valid_on(last_day + DAY), ancestor=unit, depth=1)
    names = list(below.filter(unit__closed_date__gt=last_day).values_list("unit__code", flat=True)[:5])
    if names:
        text = _("Units below are still open: %(codes)s. Move or close them first.")
        raise ValidationError(text % {"codes": ", ".join(names)})
    _close(unit, last_day)
    return unit


def _close(unit: Unit, last_day: dt.date) -> None:
    unit.closed_date = last_day
    unit.save(update_fields=["closed_date"])
    mark_changed([unit.pk])
    Assignment.objects.filter(unit=unit, from_date__gt=last_day).delete()
    Assignment.objects.filter(unit=unit, to_date__gt=last_day).update(to_date=last_day)


@action("org.merge_unit", target="unit")
def merge_unit(actor: Actor, unit: Unit, *, into: Unit, from_date: dt.date) -> Unit:
    """Merge a unit into another from a day on: what is below moves over, the unit closes the day before.

    Facts of the days before stay with the closed unit.
    """
    require(actor, "org.merge_unit", into)
    lock_tree()
    if into.pk == unit.pk:
        raise ValidationError({"into": _("A unit cannot be merged into itself.")})
    if from_date <= unit.opened_date:
        raise ValidationError({"from_date": _("The merger must start after the day the unit opened.")})
    if UnitPath.objects.filter(valid_on(from_date), unit=into, ancestor=unit).exists():
        raise ValidationError(
            {"into": _("A unit cannot be merged into a unit below it; move that one first.")}
        )
    places = UnitPlace.objects.filter(parent=unit, to_date=FOREVER, unit__closed_date__gte=from_date)
    moved = [child.unit for child in places.select_related("unit")]
    for child in moved:
        _move(child, into, from_date)
    _take_over(unit, into, from_date)
    _close(unit, from_date - DAY)
    Person.objects.get_queryset().filter(home_unit=unit).update(home_unit=into)
    rebuild_paths([child.pk for child in moved])
    return into


def _take_over(unit: Unit, into: Unit, day: dt.date) -> None:
    """Whoever stands in a post of the unit on that day, or is to later, stands in it at the other unit."""
    rows = Assignment.objects.filter(unit=unit, to_date__gte=day)
    for person, post, line, start, end in list(
        rows.values_list("person", "post", "line", "from_date", "to_date")
    ):
        Assignment.objects.get_or_create(
            person_id=person,
            unit=into,
            post_id=post,
            from_date=max(start, day),
            defaults={"line_id": line, "to_date": end},
        )
