"""What keeps things from being done too often: tries of one place."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

PrivacyClasses = dict[str, str]


class Tally(models.Model):
    """So many tries in one span. key: a keyed hash of the network address, or a unit; never the address."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "since_at", "count"), "none") | {"key": "C1"}

    key = models.CharField(max_length=80)
    since_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["key", "since_at"], name="tally_once"),)
        indexes = (models.Index(fields=["since_at"], name="tally_since"),)

    def __str__(self) -> str:
        return f"{self.key} {self.count}"
