"""Editions of schemes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kezun.standards.editions import Edition, EditionQuerySet

PrivacyClasses = dict[str, str]


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

    objects = EditionQuerySet["Scheme"].as_manager()

    class Meta(Edition.Meta):
        pass
