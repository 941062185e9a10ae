"""Tables of standards: editions of standards, sheets filled from them, evidence."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit
from kezun.standards.editions import Edition, EditionQuerySet

PrivacyClasses = dict[str, str]
READ_SHEETS, READ_BLIND = "standards.read_sheets", "standards.read_blind"


class Standard(Edition):
    """One edition of a standard: a checklist (`standard`), a form or an overlay for a time (`kind`)."""

    class Kind(models.TextChoices):
        STANDARD = "standard", _("Standard")
        FORM = "form", _("Form")
        OVERLAY = "overlay", _("Overlay")

    READ: ClassVar[str] = "standards.read"
    WORK: ClassVar[tuple[str, ...]] = ("standards.draft", "standards.approve")
    privacy: ClassVar[PrivacyClasses] = Edition.EDITION_PRIVACY | {"kind": "none"}

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.STANDARD)

    objects = EditionQuerySet["Standard"].as_manager()

    class Meta(Edition.Meta):
        pass


class SheetQuerySet(models.QuerySet["Sheet"]):
    def visible_to(self, actor: Actor) -> SheetQuerySet:
        """Sheets of units in scope and one's own; blind ones only where the actor may read such."""
        if not isinstance(actor, Person):
            return self.all() if actor.may(READ_SHEETS) else self.none()
        if not actor.may(READ_SHEETS):
            return self.none()
        units = Unit.objects.visible_to(actor, READ_SHEETS).values("pk")
        found = self.filter(Q(unit__in=units) | Q(inspector=actor))
        covertly = Unit.objects.visible_to(actor, READ_BLIND).values("pk")
        return found.filter(Q(blind=False) | Q(inspector=actor) | Q(unit__in=covertly))


class Sheet(models.Model):
    """A checklist filled at a unit. Pins its edition when begun; once submitted it is never changed.

    key: made on the device, so that sending twice is once. person: the member of staff observed, if one.
    answers: criterion id → {"value": …} or {"na": reason}, each with an optional "note". tags: the unit's
    profile on the day of the visit. A correction is a new sheet that names the one it `corrects`, with
    the decision's number in `reason`; its facts supersede those of the first. release_date: the day from
    which the results of a covert visit are facts for all who read such; released_by: who chose that day.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Being filled")
        SUBMITTED = "submitted", _("Submitted")
        CORRECTED = "corrected", _("Corrected by a later one")
        VOID = "void", _("Void")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "key", "standard", "unit", "method", "announced", "blind", "visited_date", "tags"),
            *("started_at", "submitted_at", "state", "score", "earned", "applicable", "veto", "grade_cap"),
            *("corrects", "root", "indicators", "facts_at", "release_date", "released_by"),
        ),
        "none",
    ) | dict.fromkeys(("person", "inspector", "answers", "reason", "release_reason"), "C1")

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    root = models.UUIDField(db_index=True)
    standard = models.ForeignKey(Standard, on_delete=models.PROTECT, related_name="sheets")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="sheets")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="sheets_about"
    )
    inspector = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="sheets_filled"
    )
    method = models.CharField(max_length=40)
    announced = models.BooleanField(default=True)
    blind = models.BooleanField(default=False)
    visited_date = models.DateField()
    tags = models.JSONField(default=list)
    indicators = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    facts_at = models.DateTimeField(null=True)
    score = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    earned = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    applicable = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    veto = models.JSONField(default=list)
    grade_cap = models.CharField(max_length=40, blank=True)
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="corrections")
    reason = models.CharField(max_length=400, blank=True)
    release_date = models.DateField(null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    release_reason = models.CharField(max_length=400, blank=True)

    objects = SheetQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(state="draft") | Q(state="void") | Q(submitted_at__isnull=False),
                name="sheet_submitted_when",
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True) | Q(submitted_at__gte=F("started_at")),
                name="sheet_submitted_after_start",
            ),
            models.UniqueConstraint(
                fields=["corrects"], condition=Q(corrects__isnull=False), name="sheet_corrected_once"
            ),
            models.CheckConstraint(
                condition=Q(blind=False) | Q(release_date__isnull=False), name="sheet_covert_released_when"
            ),
        )
        indexes = (
            models.Index(fields=["unit", "-visited_date"], name="sheet_unit_day"),
            models.Index(fields=["state", "facts_at"], name="sheet_unsent"),
        )

    def __str__(self) -> str:
        return f"{self.standard_id} {self.unit_id} {self.visited_date}"

    @property
    def released(self) -> bool:
        """Whether its results may be facts for all who read such; an announced visit is so at once."""
        return self.release_date is None or self.release_date <= timezone.localdate()


class Evidence(models.Model):
    """A photo or document that shows what an answer says."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "sheet", "criterion", "at"), "none") | {
        "file": "C1"
    }

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="evidence")
    criterion = models.CharField(max_length=60)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["sheet", "criterion", "file"], name="evidence_once"),)

    def __str__(self) -> str:
        return f"{self.sheet_id} {self.criterion}"


freeze(Frozen("standards_standard", "published_at", (*Edition.SETTLED, "kind")))
freeze(Frozen("standards_standard", "withdrawn_at", Edition.ENDED, step="withdrawn"))
freeze(
    Frozen(
        "standards_sheet",
        "submitted_at",
        (
            *("key", "root", "standard_id", "unit_id", "person_id", "inspector_id", "method", "announced"),
            *("blind", "visited_date", "tags", "indicators", "answers", "started_at", "score", "earned"),
            *("applicable", "veto", "grade_cap", "corrects_id"),
        ),
    )
)
