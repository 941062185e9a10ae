"""Old ledgers that people brought to have them taken over, and the rows that were."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kezun.cases.models.cases import Case
from kezun.kernel.models import StoredFile, Task
from kezun.org.models import Person

PrivacyClasses = dict[str, str]


class LedgerBook(models.Model):
    """A workbook that a person brought to have it taken over: nobody else opens it, and for nothing else.

    task: the latest taking over of it; rejects: the workbook of the rows that could not be taken then.
    """

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "file", "person", "at", "task", "rejects"), "none"
    )

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    task = models.ForeignKey(Task, null=True, on_delete=models.SET_NULL, related_name="+")
    rejects = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = (models.Index(fields=["person", "at"], name="ledger_book_of"),)

    def __str__(self) -> str:
        return f"{self.pk}"


class LedgerRow(models.Model):
    """A row of an old ledger that was taken over: never twice, whoever brings it and whenever.

    key: a keyed hash of its cells (`takeover_rows.key_of`). number: what it is called in its ledger, if
    anything. marks: keyed hashes of its cells by column; empty of rows from before these were kept.
    """

    privacy: ClassVar[PrivacyClasses] = {
        **{"id": "none", "case": "none", "key": "C1"},
        **{"number": "C1", "marks": "C1"},
    }

    key = models.CharField(max_length=64, unique=True)
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=400, blank=True)
    marks = models.JSONField(default=dict)

    class Meta:
        indexes = (models.Index(fields=["number"], condition=~models.Q(number=""), name="ledger_row_number"),)

    def __str__(self) -> str:
        return f"{self.case_id}"
