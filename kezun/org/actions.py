"""Every write to the organisation."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org import rules
from kezun.org.models import FOREVER, Unit, UnitPath, UnitPlace

DAY = dt.timedelta(days=1)


def rebuild_paths() -> None:
    """Derive UnitPath anew from UnitPlace; call inside the transaction that changed places."""
    places = [
        rules.Place(*row)
        for row in UnitPlace.objects.values_list("unit_id", "parent_id", "from_date", "to_date")
    ]
    try:
        found = rules.paths(places)
    except rules.Cycle as error:
        raise ValidationError(_("A unit cannot stand under itself or under a unit below it.")) from error
    UnitPath.objects.all().delete()
    UnitPath.objects.bulk_create(
        [
            UnitPath(
                unit_id=p.unit,
                ancestor_id=p.ancestor,
                depth=p.depth,
                from_date=p.from_date,
                to_date=p.to_date,
            )
            for p in found
        ],
        batch_size=2000,
    )


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
    unit = Unit(code=code, name=name, name_en=name_en, kind=kind, zone=zone, opened_date=from_date)
    unit.full_clean()
    unit.save()
    UnitPlace.objects.create(unit=unit, parent=parent, from_date=from_date)
    rebuild_paths()
    return unit


@action("org.move_unit", target="unit")
def move_unit(actor: Actor, unit: Unit, *, parent: Unit, from_date: dt.date) -> UnitPlace:
    """Put a unit under another parent from a day on; what happened before that day stays where it was."""
    place = UnitPlace.objects.select_for_update().get(unit=unit, to_date=FOREVER)
    if from_date <= place.from_date:
        raise ValidationError({"from_date": _("The move must start after the unit's present place began.")})
    place.to_date = from_date - DAY
    place.save(update_fields=["to_date"])
    moved = UnitPlace.objects.create(unit=unit, parent=parent, from_date=from_date)
    rebuild_paths()
    return moved
