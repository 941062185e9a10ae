"""Posts, people, their assignments, leading groups."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor
from kezun.org.models.base import FOREVER, Named, PrivacyClasses
from kezun.org.models.units import BusinessLine, Unit
from kezun.org.sealed import SealedField

if TYPE_CHECKING:
    from kezun.org.models.access import Token
    from kezun.org.scope import Scope


class Post(Named):
    """A post (岗位). Whoever is assigned to it holds its role; roles are listed in catalog/roles.yaml.

    `closed_date` is the last day on which anybody may stand in it.
    """

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "code", "name", "name_en", "role", "closed_date"), "none"
    )

    code = models.CharField(max_length=40, unique=True)
    role = models.CharField(max_length=40)
    closed_date = models.DateField(default=FOREVER)


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
        | {"must_change_password": "none"}
        | dict.fromkeys(("name", "email", "last_login", "password", "password_at", "home_unit"), "C1")
        | {"phone": "C2"}
    )

    code = models.CharField(_("staff number"), max_length=40, unique=True)
    username = models.CharField(_("sign-in name"), max_length=60, unique=True, null=True, blank=True)
    name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(blank=True)
    phone = SealedField(max_length=300, blank=True)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True)
    joined_date = models.DateField(default=dt.date(1900, 1, 1))
    left_date = models.DateField(default=FOREVER)
    password_at = models.DateTimeField(null=True, blank=True)
    must_change_password = models.BooleanField(default=False)
    home_unit = models.ForeignKey(
        Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="people"
    )

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = PersonManager()

    def __str__(self) -> str:
        return self.name or self.code

    @property
    def trail_name(self) -> str:
        """`person:12`, and `person:12/token:3` where a token acts for the person."""
        token: Token | None = self.__dict__.get("_token")
        return f"person:{self.pk}/token:{token.pk}" if token else f"person:{self.pk}"

    @property
    def scope(self) -> Scope:
        """What the person may and where; loaded once per object (one request, one command)."""
        from kezun.org.scope import Scope

        held: Scope | None = self.__dict__.get("_scope")
        if held is None:
            held = self.__dict__["_scope"] = Scope.of(self, token=self.__dict__.get("_token"))
        return held

    @property
    def raised(self) -> bool:
        """Whether this person's rights are raised («sudo») now; set by the middleware from the session."""
        return bool(self.__dict__.get("_raised", False))

    def raise_until(self, until: dt.datetime) -> None:
        """Raise this person's rights for this request; `until` is for the frame to show."""
        self.__dict__.update(_raised=True, raised_until=until)

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
