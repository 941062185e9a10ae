"""Repetitions of runs: who asked for one, what came of it, by which code. None of it changes afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from kezun.assessment.models.runs import Run
from kezun.kernel.frozen import Frozen, freeze

PrivacyClasses = dict[str, str]


class Replay(models.Model):
    """One repetition of a done run. equal: whether every byte came out the same; None while it is under way,
    and where it could not be done (`message` says why).

    code: version of the code that repeated it. then, now: hashes of the stored and the repeated result.
    notes: what the inputs are no longer, in words. differences: the first of them, each with `subject`,
    `line`, `then`, `now`; `more` counts those left out.
    """

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "run", "asked_by", "asked_at", "done_at", "equal", "code", "then", "now", "notes"),
            *("differences", "more", "message"),
        ),
        "none",
    )

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="replays")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    equal = models.BooleanField(null=True)
    code = models.CharField(max_length=80, blank=True)
    then = models.CharField(max_length=64, blank=True)
    now = models.CharField(max_length=64, blank=True)
    notes = models.JSONField(default=list)
    differences = models.JSONField(default=list)
    more = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(equal__isnull=True) | Q(done_at__isnull=False), name="replay_told_when_done"
            ),
        )
        indexes = (models.Index(fields=["run", "-asked_at"], name="replay_latest"),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.pk}"


freeze(
    Frozen(
        "assessment_replay",
        "done_at",
        (
            *("run_id", "asked_by_id", "asked_at", "equal", "code", "then", "now", "notes", "differences"),
            *("more", "message"),
        ),
    )
)
