"""Tables of the organisation: units and their places, business lines, posts, people, assignments, groups."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor

if TYPE_CHECKING:
    from kezun.org.scope import Scope

PrivacyClasses = dict[str, str]
FOREVER = dt.date(9999, 12, 31)


def valid_on(day: dt.date, prefix: str = "") -> Q:
    """Rows whose [from_date, to_date] contains `day`; to_date is the last day (9999-12-31: open)."""
    return Q(**{f"{prefix}from_date__lte": day, f"{prefix}to_date__gte": day})


class Named(models.Model):
    """A name in Chinese and one in English; the page's language chooses."""

    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)

    class Meta:
        abstract = True

    @property
    def title(self) -> str:
        """The name in the page's language, Chinese where there is no English one."""
        english = (translation.get_language() or "").startswith("en")
        return self.name_en if english and self.name_en else self.name

    def __str__(self) -> str:
        return self.title


class BusinessLine(Named):
    """A business line (条线), the second hierarchy."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "code", "name", "name_en", "parent"), "none")

    code = models.CharField(max_length=40, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="below")


class UnitQuerySet(models.QuerySet["Unit"]):
    def visible_to(self, actor: Actor, permission: str | None = None) -> UnitQuerySet:
        """Units in the actor's scope (of `permission`, where given; else of any role held today)."""
        if not isinstance(actor, Person):
            return self.all() if actor.may(permission or "") else self.none()
        return cast(UnitQuerySet, actor.scope.units(self, permission))

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


class Post(Named):
    """A post (岗位). Whoever is assigned to it holds its role; roles are listed in catalog/roles.yaml."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "code", "name", "name_en", "role"), "none")

    code = models.CharField(max_length=40, unique=True)
    role = models.CharField(max_length=40)


class PersonManager(BaseUserManager["Person"]):
    def get_queryset(self) -> PersonQuerySet:
        return PersonQuerySet(self.model, using=self._db)

    def visible_to(self, actor: Actor, permission: str | None = None) -> PersonQuerySet:
        return self.get_queryset().visible_to(actor, permission)

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Person:
        """Make a person who can sign in as `username`; without a password none will match."""
        person = self.model(username=username, code=fields.pop("code", username), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor, permission: str | None = None) -> PersonQuerySet:
        """People who belong to a unit in the actor's scope, and the one who acts."""
        if not isinstance(actor, Person):
            return self.all() if actor.may(permission or "") else self.none()
        return cast(PersonQuerySet, actor.scope.people(self, permission))


class Person(AbstractBaseUser):
    """Whoever works for the bank; signs in where a username is set. Personal data: name C1, phone C2."""

    privacy: ClassVar[PrivacyClasses] = (
        dict.fromkeys(("id", "code", "username", "is_active", "language", "joined_date", "left_date"), "none")
        | dict.fromkeys(("name", "email", "last_login", "password", "password_at", "home_unit"), "C1")
        | {"phone": "C2"}
    )

    code = models.CharField(_("staff number"), max_length=40, unique=True)
    username = models.CharField(_("sign-in name"), max_length=60, unique=True, null=True, blank=True)
    name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True)
    joined_date = models.DateField(default=dt.date(1900, 1, 1))
    left_date = models.DateField(default=FOREVER)
    password_at = models.DateTimeField(null=True, blank=True)
    home_unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="people")

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = PersonManager()

    def __str__(self) -> str:
        return self.name or self.code

    @property
    def trail_name(self) -> str:
        return f"person:{self.pk}"

    @property
    def scope(self) -> Scope:
        """What the person may and where; loaded once per object (one request, one command)."""
        from kezun.org.scope import Scope

        held: Scope | None = self.__dict__.get("_scope")
        if held is None:
            held = self.__dict__["_scope"] = Scope.of(self)
        return held

    @property
    def raised(self) -> bool:
        """Whether this person's rights are raised («sudo») now; set by the middleware from the session."""
        return bool(self.__dict__.get("_raised", False))

    def may(self, permission: str) -> bool:
        return self.is_active and self.scope.may(permission)

    def covers(self, permission: str, target: object) -> bool:
        return self.is_active and self.scope.covers(permission, target)


class Assignment(models.Model):
    """A person in a post at a unit (and, where it is limited, a business line), valid from–to."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "person", "unit", "post", "line", "from_date", "to_date", "deputy_for"), "none"
    )

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="assignments")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="assignments")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="assignments")
    line = models.ForeignKey(BusinessLine, null=True, blank=True, on_delete=models.PROTECT)
    from_date = models.DateField(default=dt.date(1900, 1, 1))
    to_date = models.DateField(default=FOREVER)
    deputy_for = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="deputies"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="assignment_to_after_from"),
            models.UniqueConstraint(
                fields=["person", "unit", "post", "from_date"], name="assignment_once_per_start"
            ),
        )
        indexes = (models.Index(fields=["unit", "to_date"], name="assignment_unit"),)

    def __str__(self) -> str:
        return f"{self.person_id} {self.post_id} @ {self.unit_id}"


class LeadingGroup(Named):
    """A leading group (领导小组) of a unit, for instance for civil and excellent service."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "unit", "name", "name_en"), "none")

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="leading_groups")


class GroupMember(models.Model):
    """A member of a leading group with a duty in it, valid from–to."""

    class Duty(models.TextChoices):
        HEAD = "head", _("Head")
        DEPUTY = "deputy", _("Deputy head")
        MEMBER = "member", _("Member")
        OFFICE = "office", _("Office")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "group", "person", "duty", "from_date", "to_date"), "none"
    )

    group = models.ForeignKey(LeadingGroup, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="group_duties")
    duty = models.CharField(max_length=8, choices=Duty.choices, default=Duty.MEMBER)
    from_date = models.DateField(default=dt.date(1900, 1, 1))
    to_date = models.DateField(default=FOREVER)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="member_to_after_from"),
            models.UniqueConstraint(fields=["group", "person", "from_date"], name="member_once_per_start"),
        )

    def __str__(self) -> str:
        return f"{self.person_id} in {self.group_id}"
