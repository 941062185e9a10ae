"""Who is part of a case, what is sealed about them, and what proves it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kezun.cases.models.cases import Case, Event
from kezun.kernel.frozen import Frozen, freeze
from kezun.kernel.models import StoredFile
from kezun.org.sealed import SealedField

PrivacyClasses = dict[str, str]


class CaseKey(models.Model):
    """The key of a case's personal data; destroying it erases them, and the chain stays whole."""

    privacy: ClassVar[PrivacyClasses] = {"case": "none", "key": "C2", "erased_at": "none"}

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.PROTECT, related_name="+")
    key = SealedField(max_length=200, blank=True)
    erased_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.case_id}"


class SealedText(models.Model):
    """A text with personal data (a customer's own words, a field of class C2) under the case's key."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "case", "name", "at"), "none") | {"sealed": "C2"}

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="sealed_texts")
    name = models.CharField(max_length=60)
    sealed = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case_id} {self.name}"


class Party(models.Model):
    """Somebody with a part in the case. Staff by `person`; others by what is sealed (JSON: name, phone, …).

    mark: a keyed hash of the telephone or identity number, to know the same customer again.
    """

    class Role(models.TextChoices):
        COMPLAINANT = "complainant", _("Complainant")
        CUSTOMER = "customer", _("Customer")
        AGENT = "agent", _("Agent")
        HEIR = "heir", _("Heir")
        REPRESENTATIVE = "representative", _("Representative")
        NAMED_STAFF = "named_staff", _("Named staff")
        WITNESS = "witness", _("Witness")
        TEAM = "team", _("Team member")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "case", "role", "at", "ended_at"), "none") | {
        "person": "C1",
        "mark": "C1",
        "sealed": "C2",
    }

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="parties")
    role = models.CharField(max_length=14, choices=Role.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="case_parts"
    )
    sealed = models.TextField(blank=True)
    mark = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(role="named_staff") | Q(person__isnull=False), name="party_staff_named"
            ),
        )
        indexes = (
            models.Index(fields=["mark", "-at"], condition=~Q(mark=""), name="party_mark"),
            models.Index(
                fields=["person", "case"],
                condition=Q(role="named_staff", ended_at__isnull=True),
                name="party_named",
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_id} {self.role}"


class Proof(models.Model):
    """A photo, recording or document that shows something of a case. before/after pairs share `pair`."""

    class Stage(models.TextChoices):
        GIVEN = "given", _("Brought by the customer")
        BEFORE = "before", _("Before")
        AFTER = "after", _("After")
        WORK = "work", _("Of the work")
        REPLY = "reply", _("Of the reply")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "case", "seq", "stage", "pair", "at"), "none"
    ) | {
        "file": "C1",
        "caption": "C1",
    }

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="proofs")
    seq = models.PositiveIntegerField()
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=8, choices=Stage.choices)
    pair = models.PositiveSmallIntegerField(default=0)
    caption = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["case", "file", "stage"], name="proof_once"),)

    def __str__(self) -> str:
        return f"{self.case_id} {self.stage}"


class Link(models.Model):
    """How one case belongs to another."""

    class Type(models.TextChoices):
        PART_OF = "part_of", _("Part of")
        DUPLICATE_OF = "duplicate_of", _("Merged into")
        CAUSED_BY = "caused_by", _("Caused by")
        RECTIFIES = "rectifies", _("Corrects")
        REVIEW_OF = "review_of", _("Review of")
        FOLLOW_UP_OF = "follow_up_of", _("Follow-up of")
        RECURRENCE_OF = "recurrence_of", _("Recurrence of")
        ROLL_OUT_OF = "roll_out_of", _("Roll-out of")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "source", "target", "type", "at", "ended_at"), "none"
    )

    source = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links")
    target = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="linked")
    type = models.CharField(max_length=14, choices=Type.choices)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(source=models.F("target")), name="link_not_itself"),
            models.UniqueConstraint(
                fields=["source", "target", "type"], condition=Q(ended_at__isnull=True), name="link_once"
            ),
            models.UniqueConstraint(
                fields=["source", "type"],
                condition=Q(ended_at__isnull=True, type__in=("part_of", "duplicate_of")),
                name="link_one_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source_id} {self.type} {self.target_id}"


freeze(Frozen("cases_sealedtext", "at", ("case_id", "name", "sealed")))
freeze(Frozen("cases_party", "at", ("case_id", "role", "person_id", "sealed")))
freeze(Frozen("cases_proof", "at", ("case_id", "seq", "file_id", "stage", "pair", "caption")))
__all__ = ["Case", "CaseKey", "Event", "Link", "Party", "Proof", "SealedText"]
