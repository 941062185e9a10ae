"""A roster against the bank: what is there now, what would change; and the roster as text, to be kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from kezun.kernel.rules import canonical
from kezun.org.models import (
    FOREVER,
    Assignment,
    BusinessLine,
    Person,
    Post,
    Unit,
    UnitPlace,
    UnitTag,
    valid_on,
)
from kezun.org.rules.roster import Known, Roster, changes
from kezun.org.rules.rows import AnyRow, AssignmentRow, PersonRow, PostRow, UnitRow
from kezun.org.scope import roles, separate

BATCH = 1000


def known() -> Known:
    """What the bank has, as `rules.roster.check` wants it; eight queries."""
    places = UnitPlace.objects.filter(to_date=FOREVER).values_list("unit__code", "parent__code")
    return Known(
        kinds=Unit.Kind.values,
        roles=set(roles()),
        zones=zoneinfo.available_timezones(),
        parents={code: parent or "" for code, parent in places},
        posts=dict(Post.objects.values_list("code", "role")),
        people=set(Person.objects.get_queryset().values_list("code", flat=True)),
        lines=set(BusinessLine.objects.values_list("code", flat=True)),
        usernames={
            name.casefold(): code
            for name, code in Person.objects.get_queryset().values_list("username", "code")
            if name
        },
        separate=separate(),
        closed_posts=_closing(Post),
        closed_lines=_closing(BusinessLine),
    )


def _closing(model: type[Post] | type[BusinessLine]) -> dict[str, dt.date]:
    rows = model._default_manager.filter(closed_date__lt=FOREVER)
    return dict(rows.values_list("code", "closed_date"))


def present() -> dict[str, Mapping[str, AnyRow]]:
    """The bank as it stands today, as rows by code, to compare a roster with."""
    return {
        "units": {row.code: row for row in _units_now()},
        "posts": {
            code: PostRow(code, name, role, name_en)
            for code, name, role, name_en in Post.objects.values_list("code", "name", "role", "name_en")
        },
        "people": {
            p.code: PersonRow(
                p.code,
                p.name,
                p.home_unit.code if p.home_unit else "",
                p.username or "",
                p.email,
                p.phone,
                p.joined_date,
            )
            for p in Person.objects.get_queryset().select_related("home_unit").iterator(BATCH)
        },
        "assignments": {row.code: row for row in _assignments_now()},
    }


def _units_now() -> Iterable[UnitRow]:
    tags: dict[int, set[str]] = {}
    for unit, tag in UnitTag.objects.filter(valid_on(timezone.localdate())).values_list("unit_id", "tag"):
        tags.setdefault(unit, set()).add(tag)
    places = UnitPlace.objects.filter(to_date=FOREVER).values_list(
        *("unit__code", "unit__name", "unit__kind", "parent__code", "unit__name_en", "unit__zone"),
        *("unit_id", "from_date"),
    )
    for code, name, kind, parent, name_en, zone, pk, from_date in places:
        yield UnitRow(code, name, kind, parent or "", name_en, zone, frozenset(tags.get(pk, ())), from_date)


def _assignments_now() -> Iterable[AssignmentRow]:
    rows = Assignment.objects.values_list(
        "person__code", "unit__code", "post__code", "line__code", "from_date", "to_date"
    )
    for person, unit, post, line, from_date, to_date in rows:
        yield AssignmentRow(person, unit, post, line or "", from_date, to_date)


def compare(roster: Roster) -> dict[str, dict[str, str]]:
    """For each sheet and code: `new`, `changed` or `same`."""
    now = present()
    return {sheet: changes(rows, now[sheet]) for sheet, rows in roster.sheets().items()}


def count(states: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """How many rows of each sheet are new, changed, same."""
    return {
        sheet: {state: list(codes.values()).count(state) for state in ("new", "changed", "same")}
        for sheet, codes in states.items()
    }


KINDS = {"units": UnitRow, "posts": PostRow, "people": PersonRow, "assignments": AssignmentRow}


def dump(roster: Roster) -> str:
    """The roster as canonical JSON, to be kept until it is decided."""
    return canonical(
        {sheet: [dataclasses.asdict(row) for row in rows] for sheet, rows in roster.sheets().items()}
    )


def restore(text: str) -> Roster:
    """The roster that `dump` wrote."""
    sheets: dict[str, tuple[Any, ...]] = {}
    for sheet, rows in json.loads(text).items():
        made = []
        for row in rows:
            days = {k: dt.date.fromisoformat(v) for k, v in row.items() if k.endswith("_date")}
            tags = {"tags": frozenset(row["tags"])} if "tags" in row else {}
            made.append(KINDS[sheet](**(row | days | tags)))
        sheets[sheet] = tuple(made)
    return Roster(**sheets)
