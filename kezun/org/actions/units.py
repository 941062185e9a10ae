"""Writes to single units: opened, renamed, given the tags of their profile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.actions.checks import tags_short, zone_known
from kezun.org.models import FOREVER, Unit, UnitPlace, UnitTag
from kezun.org.rules import DAY
from kezun.org.tree import lock_tree, mark_changed, rebuild_paths


@action("org.open_unit", target="parent")
def open_unit(
    actor: Actor,
    parent: Unit | None,
    *,
    code: str,
    name: str,
    kind: str,
    name_en: str = "",
    zone: str = "Asia/Shanghai",
    from_date: dt.date = dt.date(1900, 1, 1),
) -> Unit:
    """Open a unit under `parent` (None: a root of the tree) from a day on."""
    lock_tree()
    zone_known(zone)
    unit = Unit(code=code, name=name, name_en=name_en, kind=kind, zone=zone, opened_date=from_date)
    unit.full_clean()
    unit.save()
    UnitPlace.objects.create(unit=unit, parent=parent, from_date=from_date)
    rebuild_paths([unit.pk])
    return unit


@action("org.rename_unit", target="unit")
def rename_unit(actor: Actor, unit: Unit, *, name: str, name_en: str = "", kind: str = "") -> Unit:
    """Give a unit another name (or kind); its code, and with it its history, stays."""
    lock_tree()
    unit.name, unit.name_en, unit.kind = name, name_en, kind or unit.kind
    unit.full_clean()
    unit.save(update_fields=["name", "name_en", "kind"])
    mark_changed([unit.pk])
    return unit


@action("org.set_tags", target="unit")
def set_tags(actor: Actor, unit: Unit, *, tags: Iterable[str], from_date: dt.date | None = None) -> list[str]:
    """Give a unit exactly these tags from a day on (default today); what it bore before stays in its past."""
    wanted = {tag.strip() for tag in tags if tag.strip()}
    tags_short(wanted)
    change_tags(unit.pk, wanted, from_date or timezone.localdate())
    return sorted(wanted)


def change_tags(unit_id: int, wanted: set[str], day: dt.date) -> None:
    """End the unit's tags that are not wanted the day before `day`, and open the missing ones on it."""
    held = UnitTag.objects.filter(unit_id=unit_id, to_date__gte=day)
    held.filter(Q(from_date__gt=day) | Q(~Q(tag__in=wanted), from_date=day)).delete()
    held.exclude(tag__in=wanted).update(to_date=day - DAY)
    kept = held.filter(tag__in=wanted)
    kept.update(to_date=FOREVER)
    missing = wanted - set(kept.values_list("tag", flat=True))
    UnitTag.objects.bulk_create([UnitTag(unit_id=unit_id, tag=t, from_date=day) for t in sorted(missing)])
