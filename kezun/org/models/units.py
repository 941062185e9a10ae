"""Units and their places through time, business lines, tags."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, cast

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor
from kezun.org.models.base import FOREVER, Named, PrivacyClasses, valid_on

if TYPE_CHECKING:
    from kezun.org.scope import Scope


class BusinessLine(Named):
    """A business line (条线), the second hierarchy; `closed_date` is its last day."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "code", "name", "name_en", "parent", "closed_date"), "none"
    )

    code = models.CharField(max_length=40, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="below")
    closed_date = models.DateField(default=FOREVER)


class UnitQuerySet(models.QuerySet["Unit"]):
    def visible_to(self, actor: Actor, permission: str | None = None) -> UnitQuerySet:
        """Units in the actor's scope (of `permission`, where given; else of any role held today)."""
        scope: Scope | None = getattr(actor, "scope", None)
        if scope is None:
            return self.all() if actor.may(permission or "") else self.none()
        return cast(UnitQuerySet, scope.units(self, permission))

    def below(self, unit: Unit, day: dt.date) -> UnitQuerySet:
        """The unit and all that stood under it on `day`."""
        return self.filter(valid_on(day, "paths__"), paths__ancestor=unit)


class Unit(Named):
    """An organisational unit (机构). Its place in the tree lives in UnitPlace, with validity."""

    class Kind(models.TextChoices):
        HEAD_OFFICE = "head_office", _("Head office")
        TIER1 = "tier1", _("Tier-1 branch")
        TIER2 = "tier2", _("Tier-2 branch")
        SUB_BRANCH = "sub_branch", _("Sub-branch")
        OUTLET = "outlet", _("Outlet")
        CALL_CENTRE = "call_centre", _("Call centre")
        DEPARTMENT = "department", _("Department")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "code", "name", "name_en", "kind", "zone", "opened_date", "closed_date"), "none"
    )

    code = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    zone = models.CharField(max_length=40, default="Asia/Shanghai")
    opened_date = models.DateField(default=dt.date(1900, 1, 1))
    closed_date = models.DateField(default=FOREVER)

    objects = UnitQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(closed_date__gte=F("opened_date")), name="unit_closed_after_opened"
            ),
        )


class UnitPlace(models.Model):
    """Where a unit stands: its parent from a day to a day. A reorganisation ends one row, opens another."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "unit", "parent", "from_date", "to_date"), "none"
    )

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="places")
    parent = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="places_below")
    from_date = models.DateField(default=dt.date(1900, 1, 1))
    to_date = models.DateField(default=FOREVER)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="place_to_after_from"),
            models.CheckConstraint(condition=~Q(unit=F("parent")), name="place_not_own_parent"),
            models.UniqueConstraint(fields=["unit", "from_date"], name="place_one_start_per_day"),
        )

    def __str__(self) -> str:
        return f"{self.unit_id} < {self.parent_id} {self.from_date}–{self.to_date}"


class UnitPath(models.Model):
    """Derived from UnitPlace: every (unit, ancestor) pair with its validity; depth 0 is the unit itself."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "unit", "ancestor", "depth", "from_date", "to_date"), "none"
    )

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="paths")
    ancestor = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="paths_below")
    depth = models.PositiveSmallIntegerField()
    from_date = models.DateField()
    to_date = models.DateField()

    class Meta:
        indexes = (
            models.Index(fields=["ancestor", "depth"], name="path_ancestor"),
            models.Index(fields=["unit"], name="path_unit"),
        )

    def __str__(self) -> str:
        return f"{self.unit_id} ⊂ {self.ancestor_id} ({self.depth})"


class UnitTag(models.Model):
    """One trait of a unit's profile (for instance 临街网点, county, large), valid from–to."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "unit", "tag", "from_date", "to_date"), "none")

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="tags")
    tag = models.CharField(max_length=60)
    from_date = models.DateField(default=dt.date(1900, 1, 1))
    to_date = models.DateField(default=FOREVER)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="tag_to_after_from"),
            models.UniqueConstraint(fields=["unit", "tag", "from_date"], name="tag_once"),
        )

    def __str__(self) -> str:
        return self.tag
