"""How people get in and what waits for a second person: tokens, open sign-ins, rosters sent in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kezun.org.models.base import PrivacyClasses
from kezun.org.models.people import Person
from kezun.org.sealed import SealedField


class Token(models.Model):
    """A secret with which a program acts for a person, within `permissions`, for a time; kept as digest."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "person", "name", "hint", "permissions", "created_at"),
            *("expires_at", "revoked_at", "used_at"),
        ),
        "none",
    ) | {"digest": "C1"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=80)
    hint = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    permissions = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class SignInSession(models.Model):
    """One open sign-in of a person: what «my sessions» lists and the limit of concurrent sessions counts."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "person", "started_at", "seen_at"), "none"
    ) | dict.fromkeys(("session_key", "address", "agent"), "C1")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.person_id} {self.started_at}"


class RosterUpload(models.Model):
    """A roster from a workbook: a draft, sent in, approved by a second person and applied, or refused."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Waiting for approval")
        APPLIED = "applied", _("Applied")
        REFUSED = "refused", _("Refused")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "name", "digest", "state", "counts", "submitted_by", "submitted_at"),
            *("decided_by", "decided_at", "reason"),
        ),
        "none",
    ) | {"rows": "C2"}

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    rows = SealedField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    counts = models.JSONField(default=dict)
    submitted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="rosters_submitted")
    submitted_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="rosters_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("submitted_by")),
                name="roster_decided_by_a_second_person",
                violation_error_message=_(
                    "Whoever sent a roster in cannot approve it; a second person must."
                ),
            ),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "submitted"), decided_by=None)
                | Q(state__in=("applied", "refused"), decided_by__isnull=False),
                name="roster_decided_has_decider",
            ),
        )

    def __str__(self) -> str:
        return self.name
