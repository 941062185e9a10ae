"""A roster applied: what is new and what changed, written in bulk.

Applying the same roster twice changes nothing the second time. Rows that a roster does not name stay as
they are; nothing is ever deleted by a roster.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Model
from django.utils import timezone

from kezun.org.actions.units import change_tags
from kezun.org.models import (
    FOREVER,
    Assignment,
    BusinessLine,
    Person,
    Post,
    Unit,
    UnitPlace,
    UnitTag,
)
from kezun.org.roster import compare, count
from kezun.org.rules import DAY
from kezun.org.rules.roster import Roster
from kezun.org.rules.rows import AssignmentRow, PersonRow, PostRow, UnitRow
from kezun.org.tree import lock_tree, mark_changed, rebuild_paths

BATCH = 1000


def apply(roster: Roster) -> dict[str, dict[str, int]]:
    """Write what is new and changed, in bulk; the roster must have passed `check`; call in a transaction."""
    lock_tree()
    states = compare(roster)
    _apply_units(roster.units, states["units"])
    _apply_plain(Post, roster.posts, states["posts"], _post)
    units = dict(Unit.objects.values_list("code", "pk"))
    _apply_people(roster.people, states["people"], units)
    _apply_assignments(roster.assignments, states["assignments"], units)
    return count(states)


def _apply_units(rows: tuple[UnitRow, ...], states: Mapping[str, str]) -> None:
    today = timezone.localdate()
    fresh = [row for row in rows if states[row.code] == "new"]
    changed = [row for row in rows if states[row.code] == "changed"]
    fields = ("name", "name_en", "kind", "zone")
    Unit.objects.bulk_create(
        [
            Unit(code=r.code, opened_date=r.from_date, **{field: getattr(r, field) for field in fields})
            for r in fresh
        ],
        batch_size=BATCH,
    )
    units = {unit.code: unit for unit in Unit.objects.all()}
    UnitPlace.objects.bulk_create(
        [
            UnitPlace(unit=units[r.code], parent=units[r.parent] if r.parent else None, from_date=r.from_date)
            for r in fresh
        ],
        batch_size=BATCH,
    )
    UnitTag.objects.bulk_create(
        [
            UnitTag(unit=units[r.code], tag=tag, from_date=r.from_date)
            for r in fresh
            for tag in sorted(r.tags)
        ],
        batch_size=BATCH,
    )
    for row in changed:
        for field in fields:
            setattr(units[row.code], field, getattr(row, field))
    Unit.objects.bulk_update([units[row.code] for row in changed], fields, batch_size=BATCH)
    mark_changed(units[row.code].pk for row in changed)
    moved = [units[row.code].pk for row in changed if _moved(row, units, today)]
    for row in changed:
        change_tags(units[row.code].pk, set(row.tags), today)
    if fresh or moved:
        rebuild_paths([*(units[row.code].pk for row in fresh), *moved])


def _moved(row: UnitRow, units: Mapping[str, Unit], today: dt.date) -> bool:
    """Move a unit to the row's parent from the row's day, else today; a place begun that day is mended."""
    place = UnitPlace.objects.get(unit=units[row.code], to_date=FOREVER)
    parent = units[row.parent] if row.parent else None
    if place.parent_id == (parent.pk if parent else None):
        return False
    day = row.from_date if row.from_date > place.from_date else today
    if day <= place.from_date:
        place.parent = parent
        place.save(update_fields=["parent"])
        return True
    place.to_date = day - DAY
    place.save(update_fields=["to_date"])
    UnitPlace.objects.create(unit=units[row.code], parent=parent, from_date=day)
    return True


def _apply_plain(
    model: type[Model],
    rows: Iterable[Any],
    states: Mapping[str, str],
    values: Callable[[Any], dict[str, object]],
    first: Mapping[str, object] | None = None,
) -> None:
    """Create new rows of a model with a `code` (with `first` besides); write the values of the changed."""
    manager = model._default_manager
    new = [row for row in rows if states[row.code] == "new"]
    manager.bulk_create([model(code=r.code, **values(r), **(first or {})) for r in new], batch_size=BATCH)
    changed = {row.code: values(row) for row in rows if states[row.code] == "changed"}
    codes = list(changed)
    for start in range(0, len(codes), BATCH // 2):
        found = list(manager.filter(code__in=codes[start : start + BATCH // 2]))
        for one in found:
            for field, value in changed[one.code].items():  # type: ignore[attr-defined]
                setattr(one, field, value)
        manager.bulk_update(found, list(changed[codes[0]]), batch_size=BATCH // 4)


def _apply_people(rows: tuple[PersonRow, ...], states: Mapping[str, str], units: Mapping[str, int]) -> None:
    def values(row: PersonRow) -> dict[str, object]:
        own = {field: getattr(row, field) for field in ("name", "email", "phone", "joined_date")}
        return own | {"home_unit_id": units[row.unit], "username": row.username or None}

    _apply_plain(Person, rows, states, values, {"password": make_password(None)})


def _post(row: PostRow) -> dict[str, object]:
    return {"name": row.name, "role": row.role, "name_en": row.name_en}


def _apply_assignments(
    rows: tuple[AssignmentRow, ...], states: Mapping[str, str], units: Mapping[str, int]
) -> None:
    people = dict(Person.objects.get_queryset().values_list("code", "pk"))
    posts = dict(Post.objects.values_list("code", "pk"))
    lines: dict[str, int | None] = {"": None, **dict(BusinessLine.objects.values_list("code", "pk"))}
    fresh = []
    for row in rows:
        key = {
            "person_id": people[row.person],
            "unit_id": units[row.unit],
            "post_id": posts[row.post],
            "from_date": row.from_date,
        }
        given = {"line_id": lines[row.line], "to_date": row.to_date}
        if states[row.code] == "new":
            fresh.append(Assignment(**key, **given))
        elif states[row.code] == "changed":
            Assignment.objects.filter(**key).update(**given)
    Assignment.objects.bulk_create(fresh, batch_size=BATCH)
