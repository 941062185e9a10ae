"""Keeps UnitPath, the derived table of the tree, in step with UnitPlace."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.org import rules
from kezun.org.models import Unit, UnitPath, UnitPlace


def lock_tree() -> None:
    """One change of the tree at a time until the transaction ends; the first thing that an action does.

    Two moves at once could together close a loop that neither sees. And the highest key of UnitPath is the
    tree's version: keys given out behind the lock grow in the order of the commits, so no reader ever meets
    a version whose changes are not all there.
    """
    Unit.objects.select_for_update().order_by("pk").values_list("pk", flat=True).first()


def rebuild_paths(changed: Iterable[int] | None = None) -> None:
    """Derive UnitPath anew from UnitPlace; call inside the transaction that changed places.

    changed: ids of the units whose places changed; they and all that ever stood below are derived anew
    (default: the whole tree). Raises ValidationError where a unit would stand under itself.
    """
    lock_tree()
    old = UnitPath.objects.all()
    only: set[int] | None = None
    if changed is not None:
        moved = set(changed)
        only = moved | set(old.filter(ancestor_id__in=moved).values_list("unit_id", flat=True))
        old = old.filter(unit_id__in=only)
    rows = UnitPlace.objects.values_list("unit_id", "parent_id", "from_date", "to_date")
    try:
        found = rules.paths((rules.Place(*row) for row in rows), only)
    except rules.Cycle as error:
        raise ValidationError(_("A unit cannot stand under itself or under a unit below it.")) from error
    old.delete()
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


def mark_changed(units: Iterable[int]) -> None:
    """Let a changed kind or closing day of units (by id) count as a change of the tree.

    Who keeps answers keeps them under the highest key of UnitPath, which grows whenever paths are derived
    anew: here a unit's path to itself alone. Call inside the transaction that changed the units.
    """
    lock_tree()
    own = list(UnitPath.objects.filter(unit_id__in=set(units), depth=0))
    UnitPath.objects.filter(pk__in=[path.pk for path in own]).delete()
    for path in own:
        path.pk = None
    UnitPath.objects.bulk_create(own, batch_size=2000)
