"""Saved views: an address of a page with all its choices, under a name its owner gave it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kezun.org.models import Person

PrivacyClasses = dict[str, str]
LONGEST_ADDRESS = 1000


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, person: Person) -> SavedViewQuerySet:
        """A person's own views; an address is shared by sending it, not by opening another's list."""
        return self.filter(person=person)


class SavedView(models.Model):
    """One saved view (path and query only, never another site)."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "person", "at"), "none") | {
        "title": "C1",
        "address": "C1",
    }

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views")
    title = models.CharField(_("name"), max_length=80)
    address = models.CharField(max_length=LONGEST_ADDRESS)
    at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "title"], name="view_one_name_each"),)

    def __str__(self) -> str:
        return self.title
