"""What insight's pages read, other than numbers: how fresh the facts are, who and what can be found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.db.models import Max, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.facts.definitions import Definition
from kezun.facts.indicators import UnknownIndicator, catalogue
from kezun.facts.models import FactFile, Snapshot
from kezun.insight.models import SavedView
from kezun.kernel.actor import OutOfScope
from kezun.org.models import Person, Unit, UnitPath, UnitPlace, valid_on

CATALOG = Path(__file__).parent / "catalog" / "home.yaml"
FOUND_AT_MOST = 8


@lru_cache(maxsize=1)
def boards() -> dict[str, tuple[str, ...]]:
    """The lists of indicators in catalog/home.yaml."""
    raw: dict[str, list[str]] = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))
    return {name: tuple(ids) for name, ids in raw.items()}


def listed(name: str, kind: str = "") -> list[Definition]:
    """The indicators of one list of the catalog that are in force here, in order.

    kind: a kind of unit; where the catalog has a list of its own for it (`tiles_call_centre`), that one.
    """
    lists, known = boards(), catalogue().definitions
    return [known[id] for id in lists.get(f"{name}_{kind}", lists[name]) if id in known]


def definition(id: str) -> Definition:
    """The indicator with this id; 404 where there is none."""
    try:
        return catalogue()[id]
    except UnknownIndicator as error:
        raise OutOfScope(str(error)) from error


@dataclass(frozen=True)
class Freshness:
    """The last day that has facts, and when facts were last added; None where there are none yet."""

    latest: dt.date | None
    imported_at: dt.datetime | None


def freshness(versions: Mapping[str, int]) -> Freshness:
    """How far the facts reach under these versions; read once for each: what they list never changes."""
    return _freshness(tuple(sorted(versions.items())))


@lru_cache(maxsize=4)
def _freshness(_versions: tuple[tuple[str, int], ...]) -> Freshness:
    last = Snapshot.objects.order_by("-created_at")
    row: dict[str, Any] = FactFile.objects.filter(removed=None).aggregate(
        latest=Max("max_day"), at=Max(Subquery(last.values("created_at")[:1]))
    )
    return Freshness(row["latest"], row["at"])


@dataclass(frozen=True)
class Below:
    """A unit under another, with how many steps lie between."""

    code: str
    title: str
    kind: str
    depth: int


@dataclass(frozen=True)
class Home:
    """A unit where a reader's scope begins, with all that stands under it, nearest first."""

    unit: Unit
    below: tuple[Below, ...]


def homes(reader: Person, day: dt.date, permission: str) -> list[Home]:
    """Where the reader's scope begins, highest first, with what stood below on `day`; one statement.

    Empty for those whose scope is themselves alone.
    """
    scope = reader.scope
    if scope.whole_bank(permission):
        top = UnitPlace.objects.filter(valid_on(day), parent=None).values("unit_id")
        return _homes(Q(ancestor__in=top), day, frozenset())
    held = scope.carrying(permission)
    down = frozenset(h.unit_id for h in held if h.role.reach == "subtree")
    alone = frozenset(h.unit_id for h in held if h.role.reach == "unit") - down
    return _homes(Q(ancestor__in=down | alone), day, alone) if down or alone else []


def _homes(ancestors: Q, day: dt.date, alone: frozenset[int]) -> list[Home]:
    """Units that stand under no other of the same query, with their trees; `alone`: without what is below."""
    paths = list(_paths(ancestors, day).order_by("depth", "unit__code").values_list("ancestor_id", *COLUMNS))
    under = {row[1] for row in paths if row[7] > 0 and row[0] not in alone}
    own = [row for row in paths if row[7] == 0 and row[1] not in under]
    trees = _trees(row for row in paths if row[7] > 0 and row[0] not in alone)
    made = []
    for _ancestor, pk, code, name, name_en, kind, zone, _depth in own:
        unit = Unit(pk=pk, code=code, name=name, name_en=name_en, kind=kind, zone=zone)
        made.append(Home(unit, trees.get(pk, ())))
    return made


COLUMNS = (
    *("unit_id", "unit__code", "unit__name", "unit__name_en", "unit__kind", "unit__zone"),
    "depth",
)


def _paths(ancestors: Q, day: dt.date) -> QuerySet[UnitPath]:
    return UnitPath.objects.filter(
        ancestors, valid_on(day), unit__opened_date__lte=day, unit__closed_date__gte=day
    )


def units_below(unit: Unit, day: dt.date) -> tuple[Below, ...]:
    """All units that stood under `unit` on `day`, nearest first, by code; one statement.

    The reader's right to `unit` covers what is below it; callers have checked it.
    """
    rows = _paths(Q(ancestor=unit, depth__gt=0), day).order_by("depth", "unit__code")
    return _trees(rows.values_list("ancestor_id", *COLUMNS)).get(unit.pk, ())


def _trees(rows: Iterable[tuple[Any, ...]]) -> dict[int, tuple[Below, ...]]:
    english = (get_language() or "").startswith("en")
    found: dict[int, list[Below]] = {}
    for ancestor, _pk, code, name, name_en, kind, _zone, depth in rows:
        title = name_en if english and name_en else name
        found.setdefault(ancestor, []).append(Below(code, title, kind, depth))
    return {pk: tuple(below) for pk, below in found.items()}


def people_titles(reader: Person, codes: list[str]) -> dict[str, str]:
    """Names of people by code, of those whom the reader may see; others stay with their code."""
    people = Person.objects.visible_to(reader, "insight.read").filter(code__in=codes)
    return dict(people.values_list("code", "name"))


def person_by_code(reader: Person, code: str) -> Person:
    """A person in the reader's scope; 404 outside."""
    found = (
        Person.objects.visible_to(reader, "insight.read")
        .select_related("home_unit")
        .filter(code=code)
        .first()
    )
    if found is None:
        raise OutOfScope(_("No person %(code)s in your scope.") % {"code": code})
    return found


@dataclass(frozen=True)
class Found:
    """What a search found."""

    units: list[Unit]
    people: list[Person]


def search(reader: Person, text: str) -> Found:
    """Units and people in scope whose code begins with, or whose name holds, `text` (2 statements)."""
    text = text.strip()
    if not text:
        return Found([], [])
    named = Q(code__istartswith=text) | Q(name__icontains=text)
    units = Unit.objects.visible_to(reader, "insight.read").filter(
        named | Q(name_en__icontains=text), closed_date__gte=timezone.localdate()
    )
    people = Person.objects.visible_to(reader, "insight.read").filter(named, is_active=True)
    return Found(
        list(units.order_by("code")[:FOUND_AT_MOST]),
        list(people.select_related("home_unit").order_by("code")[:FOUND_AT_MOST]),
    )


def views_of(person: Person) -> list[SavedView]:
    """A person's saved views, by name."""
    return list(SavedView.objects.visible_to(person).order_by("title"))


def view_of(person: Person, pk: int) -> SavedView:
    """One saved view of the person's own; 404 for another's."""
    view = SavedView.objects.visible_to(person).filter(pk=pk).first()
    if view is None:
        raise OutOfScope(_("No such view of yours."))
    return view
