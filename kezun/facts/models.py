"""Tables of the fact store: the manifest of Parquet files, snapshots, the batch ledger, cached answers.

The facts themselves are never rows here. A snapshot is a number that grows by one with every commit to a
fact type; a file belongs to the snapshots from `added` up to, not including, `removed`. So «as known at T»
is the list of files of the last snapshot made at or before T, and a snapshot id is evidence for good.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PrivacyClasses = dict[str, str]
STALE = dt.timedelta(minutes=2)


class FactHead(models.Model):
    """The last snapshot number of a fact type; its row is locked by whoever commits, so commits queue up."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("fact", "number"), "none")

    fact = models.CharField(max_length=40, primary_key=True)
    number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.fact}: {self.number}"


class Snapshot(models.Model):
    """One commit to one fact type. `number` counts per type from 1; `created_at` orders «known at»."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "fact", "number", "created_at", "batch"), "none")

    fact = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    batch = models.ForeignKey("Batch", null=True, on_delete=models.PROTECT, related_name="snapshots")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["fact", "number"], name="snapshot_once"),)
        indexes = (models.Index(fields=["fact", "created_at"], name="snapshot_known_at"),)

    def __str__(self) -> str:
        return f"{self.fact}@{self.number}"


class FactFile(models.Model):
    """One immutable Parquet file: what it holds and in which snapshots it is listed."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "fact", "month", "path", "rows", "bytes", "sha256", "source", "schema_version"),
            *("min_unit", "max_unit", "min_day", "max_day", "min_key", "max_key", "added", "removed"),
        ),
        "none",
    )

    fact = models.CharField(max_length=40)
    month = models.CharField(max_length=7)
    path = models.CharField(max_length=200, unique=True)
    rows = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=80)
    schema_version = models.PositiveSmallIntegerField(default=1)
    min_unit = models.IntegerField()
    max_unit = models.IntegerField()
    min_day = models.DateField()
    max_day = models.DateField()
    min_key = models.CharField(max_length=200)
    max_key = models.CharField(max_length=200)
    added = models.PositiveIntegerField()
    removed = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(removed__isnull=True) | Q(removed__gt=F("added")), name="file_removed_after_added"
            ),
        )
        indexes = (models.Index(fields=["fact", "month"], name="file_month"),)

    def __str__(self) -> str:
        return self.path


class Batch(models.Model):
    """One import: who brought what, and what became of every row.

    A draft is a file at the import desk that waits for its profile and a yes; fact and profile are still
    open. errors: reasons of the first rejected rows as [line, column, code, message].
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("To be decided")
        WAITING = "waiting", _("Waiting its turn")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        DROPPED = "dropped", _("Cancelled")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "fact", "profile", "sha256", "state", "by", "started_at", "finished_at", "progress"),
            *("rows", "new", "same", "corrected", "rejected", "warnings", "message", "dry_run", "seen_at"),
        ),
        "none",
    ) | dict.fromkeys(("name", "rejects_path", "errors"), "C1")

    fact = models.CharField(max_length=40, blank=True)
    profile = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    by = models.CharField(max_length=80)
    dry_run = models.BooleanField(default=False)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)
    progress = models.FloatField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    new = models.PositiveBigIntegerField(default=0)
    same = models.PositiveBigIntegerField(default=0)
    corrected = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    warnings = models.JSONField(default=dict)
    rejects_path = models.CharField(max_length=300, blank=True)
    errors = models.JSONField(default=list)
    message = models.TextField(blank=True)

    class Meta:
        indexes = (models.Index(fields=["-started_at"], name="batch_recent"),)

    def __str__(self) -> str:
        return f"{self.profile} {self.name}"

    @property
    def interrupted(self) -> bool:
        """Still marked running, but its process has given no sign for `STALE`: it was killed."""
        return self.state == self.State.RUNNING and timezone.now() - self.seen_at > STALE

    @property
    def state_title(self) -> str:
        """The state in words, «Interrupted» for a batch whose process was killed."""
        return str(_("Interrupted") if self.interrupted else self.get_state_display())


class SavedProfile(models.Model):
    """An import profile made in the pages; its address is `saved/<name>`. The text is the YAML of a pack."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "name", "fact", "text", "version", "by", "saved_at"), "none"
    )

    name = models.CharField(max_length=60, unique=True)
    fact = models.CharField(max_length=40)
    text = models.TextField()
    version = models.PositiveIntegerField(default=1)
    by = models.CharField(max_length=80)
    saved_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"saved/{self.name}"


class CachedAnswer(models.Model):
    """An answer computed before: its key holds the question, the snapshots, the definitions and the tree."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("key", "at"), "none") | {"payload": "C1"}

    key = models.CharField(max_length=64, primary_key=True)
    payload = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key
