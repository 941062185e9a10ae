"""Clocks of cases, what fired from them, exceptions asked for, checks of effect."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezun.cases.models.cases import Case
from kezun.kernel.frozen import Frozen, freeze
from kezun.org.models import Unit

PrivacyClasses = dict[str, str]


class Clock(models.Model):
    """One deadline of a case: a projection of the events that moved it.

    snapshot: the policy and the ladder as they were when the clock was started. history: what moved it, as
    [verb, moment, units]; all dates follow from it. next_at: when the next step of the ladder fires; step:
    which one; cycle: how often the clock was begun anew.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        STOPPED = "stopped", _("Stopped")

    class Outcome(models.TextChoices):
        MET = "met", pgettext_lazy("outcome", "In time")
        MISSED = "missed", _("Too late")
        DROPPED = "dropped", _("No longer needed")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "case", "policy", "snapshot", "state", "start_at", "due_at", "act_by_at", "provisional"),
            *("stopped_at", "outcome", "extended", "next_at", "step", "cycle", "history"),
        ),
        "none",
    )

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="clocks")
    policy = models.CharField(max_length=60)
    snapshot = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    start_at = models.DateTimeField()
    due_at = models.DateTimeField()
    act_by_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    extended = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    step = models.PositiveSmallIntegerField(default=0)
    cycle = models.PositiveSmallIntegerField(default=0)
    history = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["case", "policy"], name="clock_one_per_policy"),
            models.CheckConstraint(
                condition=~Q(state="stopped") | Q(stopped_at__isnull=False), name="clock_stopped_when"
            ),
        )
        indexes = (
            models.Index(fields=["next_at", "id"], condition=Q(state="running"), name="clock_next"),
            models.Index(fields=["due_at"], condition=Q(provisional=True), name="clock_provisional"),
        )

    def __str__(self) -> str:
        return f"{self.case_id} {self.policy}"


class Firing(models.Model):
    """One step of a ladder that fired: once for a clock, step and cycle, whoever sweeps."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "clock", "step", "cycle", "at", "unit", "climbed", "told"), "none"
    )

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="firings")
    step = models.PositiveSmallIntegerField()
    cycle = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    climbed = models.PositiveSmallIntegerField(default=0)
    told = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["clock", "step", "cycle"], name="firing_once"),)
        indexes = (
            models.Index(
                fields=["-at", "-id", "clock", "climbed"], condition=Q(climbed__gt=0), name="firing_climbed"
            ),
        )

    def __str__(self) -> str:
        return f"{self.clock_id} {self.step}/{self.cycle}"


class Petition(models.Model):
    """An exception asked for by one and decided by another: an extension, a milder grade, an early close.

    policy: the clock that is meant; of accountability the staff number of whom it concerns. level: who has to
    decide. notice: how whoever brought the case was told. DROPPED: the case ended before it was decided.
    """

    class Type(models.TextChoices):
        EXTEND = "extend", _("Extension")
        GRADE = "grade", _("Another grade")
        MERGE = "merge", _("Merging")
        WAIVE = "waive", _("Closing without effect")
        ACCOUNT = "account", _("Accountability")

    class Decision(models.TextChoices):
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        DROPPED = "dropped", _("No longer needed")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "case", "type", "policy", "units", "asked_at", "decision", "decided_at", "level"), "none"
    ) | dict.fromkeys(("asked_by", "reason", "notice", "decided_by", "answer", "data"), "C1")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="petitions")
    type = models.CharField(max_length=8, choices=Type.choices)
    policy = models.CharField(max_length=60, blank=True)
    units = models.PositiveIntegerField(default=0)
    level = models.CharField(max_length=20, blank=True)
    reason = models.TextField()
    notice = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    decision = models.CharField(max_length=8, choices=Decision.choices, blank=True)
    answer = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="petition_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | Q(decision="dropped", decided_at__isnull=False)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="petition_decided_when",
            ),
            models.UniqueConstraint(
                fields=["case", "type", "policy"], condition=Q(decision=""), name="petition_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_id} {self.type}"


class EffectCheck(models.Model):
    """Whether the remedy worked: a rate before and after, tested exactly; or a second look."""

    class Verdict(models.TextChoices):
        EFFECTIVE = "effective", _("Effective")
        NOT = "not", _("Not effective")
        UNKNOWN = "unknown", _("Cannot tell")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "case", "metric", "before_from_date", "before_until_date", "after_from_date"),
            *("after_until_date", "due_date", "result", "verdict", "done_at"),
        ),
        "none",
    ) | {"checker": "C1", "note": "C1"}

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="effect_checks")
    metric = models.CharField(max_length=80)
    before_from_date = models.DateField()
    before_until_date = models.DateField()
    after_from_date = models.DateField()
    after_until_date = models.DateField()
    due_date = models.DateField()
    result = models.JSONField(default=dict)
    verdict = models.CharField(max_length=9, choices=Verdict.choices, blank=True)
    note = models.TextField(blank=True)
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["due_date"], condition=Q(verdict=""), name="effect_due"),)

    def __str__(self) -> str:
        return f"{self.case_id} {self.metric}"


class Notice(models.Model):
    """Something a person should know of a case: in the product, and by mail where wanted (the outbox)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        NONE = "none", _("No mail")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "case", "seq", "code", "data", "at", "read_at", "mail", "mail_at", "tries"), "none"
    ) | {"person": "C1", "error": "C1"}

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="case_notices"
    )
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="notices")
    seq = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=30)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=8, choices=State.choices, default=State.NONE)
    mail_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "case", "seq", "code"], name="notice_once"),)
        indexes = (
            models.Index(fields=["person", "-at"], name="notice_person"),
            models.Index(fields=["mail_at"], condition=Q(mail="waiting"), name="notice_outbox"),
        )

    def __str__(self) -> str:
        return f"{self.person_id} {self.code}"


freeze(
    Frozen(
        "cases_petition",
        "decided_at",
        (
            *("case_id", "type", "policy", "units", "level", "reason", "notice", "data", "asked_by_id"),
            *("asked_at", "decision", "answer", "decided_by_id"),
        ),
    )
)
freeze(Frozen("cases_firing", "at", ("clock_id", "step", "cycle", "unit_id", "climbed", "told")))
