"""What keeps things from being done too often: tries of one place, rows of ledgers taken over."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kezun.cases.models.cases import Case

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


class LedgerRow(models.Model):
    """A row of an old ledger that was taken over: never twice, whoever brings it and whenever.

    key: a keyed hash of its cells (`takeover.key_of`).
    """

    privacy: ClassVar[PrivacyClasses] = {"id": "none", "case": "none", "key": "C1"}

    key = models.CharField(max_length=64, unique=True)
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.case_id}"
