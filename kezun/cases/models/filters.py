"""Saved filters: a choice of cases under a name its owner gave it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kezun.org.models import Person

PrivacyClasses = dict[str, str]


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def visible_to(self, person: Person) -> SavedFilterQuerySet:
        """A person's own."""
        return self.filter(person=person)


class SavedFilter(models.Model):
    """One saved filter: the query of the list's address, without the page."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "person", "at"), "none") | {
        "title": "C1",
        "query": "C1",
    }

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="case_filters"
    )
    title = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=600, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "title"], name="filter_one_name_each"),)

    def __str__(self) -> str:
        return self.title
