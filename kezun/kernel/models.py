"""Tables of the kernel: the trail, tasks, stored files, idempotency keys."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

PrivacyClasses = dict[str, str]


class TrailEntry(models.Model):
    """One thing done. `detail` is the canonical body that `digest` covers, chained to the entry before."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "shard", "position", "at", "actor", "verb", "target", "digest"), "none"
    ) | {"detail": "C1"}

    shard = models.PositiveSmallIntegerField()
    position = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    verb = models.CharField(max_length=80)
    target = models.CharField(max_length=120, blank=True)
    detail = models.TextField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["shard", "position"], name="trail_one_per_position"),)
        indexes = (
            models.Index(fields=["-at"], name="trail_at"),
            models.Index(fields=["actor", "-at"], name="trail_actor"),
            models.Index(fields=["verb", "-at"], name="trail_verb"),
            models.Index(fields=["target"], name="trail_target"),
        )

    def __str__(self) -> str:
        return f"{self.shard}/{self.position} {self.verb}"


class TrailHead(models.Model):
    """Length and last digest of one chain, sealed with the installation's key."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("shard", "count", "head", "seal"), "none")

    shard = models.PositiveSmallIntegerField(primary_key=True)
    count = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64)
    seal = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.shard}: {self.count}"


class TrailAnchor(models.Model):
    """Copy of one line of KEZUN_HOME/trail/anchors.jsonl: the heads of all chains at a moment, sealed."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("sequence", "at", "line"), "none")

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    line = models.TextField()

    def __str__(self) -> str:
        return f"{self.sequence}"


class Task(models.Model):
    """Work to be done after commit: written in the transaction that causes it, run by a worker, retried."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "name", "state", "created_at", "due_at", "started_at", "finished_at", "lease_until"),
            *("attempts", "max_attempts", "worker", "progress"),
        ),
        "none",
    ) | {"arguments": "C1", "error": "C1"}

    name = models.CharField(max_length=120)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    worker = models.CharField(max_length=80, blank=True)
    progress = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        indexes = (models.Index(fields=["state", "due_at"], name="task_next"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"


class Schedule(models.Model):
    """When a repeating task is due next; whoever moves `next_at` on has the right to enqueue it."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("name", "next_at"), "none")

    name = models.CharField(max_length=120, primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """The last sign of life of a worker; how often it fell and was begun anew, and why the last time."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("worker", "started_at", "seen_at", "falls", "fell"), "none"
    )

    worker = models.CharField(max_length=80, primary_key=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    falls = models.PositiveIntegerField(default=0)
    fell = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return self.worker


class StoredFile(models.Model):
    """A file kept under the hash of its content; the type is what the content says, not the name."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("sha256", "bytes", "kind", "created_at"), "none") | {
        "name": "C1"
    }

    sha256 = models.CharField(max_length=64, primary_key=True)
    bytes = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class IdempotencyKey(models.Model):
    """An action already done under a caller's key: a repeat returns the first result."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "actor", "verb", "key", "body", "created_at"), "none"
    ) | {"result": "C1"}

    actor = models.CharField(max_length=80)
    verb = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    body = models.CharField(max_length=64)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["actor", "verb", "key"], name="idempotency_once"),)

    def __str__(self) -> str:
        return f"{self.verb} {self.key}"
