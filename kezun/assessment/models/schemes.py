"""Editions of schemes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.standards.editions import Edition, EditionQuerySet

PrivacyClasses = dict[str, str]


class SchemeQuerySet(EditionQuerySet["Scheme"]):
    def visible_to(self, actor: Actor) -> SchemeQuerySet:
        """What was published is for all who read scores; drafts for those who may draft or approve."""
        if not actor.may("assessment.read"):
            return self.none()
        if actor.may("assessment.draft_scheme") or actor.may("assessment.approve_scheme"):
            return self
        return self.filter(published_at__isnull=False)


class Scheme(Edition):
    """One edition of a scheme; `subject` is the kind of what it judges."""

    class Subject(models.TextChoices):
        OUTLET = "outlet", _("Outlet")
        PERSON = "person", _("Person")
        UNIT = "unit", _("Unit")
        DEPARTMENT = "department", _("Department")
        LINE = "line", _("Business line")

    privacy: ClassVar[PrivacyClasses] = Edition.EDITION_PRIVACY | {"subject": "none"}

    subject = models.CharField(max_length=12, choices=Subject.choices)

    objects = SchemeQuerySet.as_manager()

    class Meta(Edition.Meta):
        pass


freeze(
    Frozen(
        "assessment_scheme",
        "published_at",
        (*Edition.SETTLED, "subject"),
    )
)
freeze(Frozen("assessment_scheme", "withdrawn_at", Edition.ENDED, step="withdrawn"))
