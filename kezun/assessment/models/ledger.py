"""The ledger of merits and faults: events that schemes add or deduct points for, confirmed by a second
person."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit

PrivacyClasses = dict[str, str]
# The permission that opens records about other people.
OTHERS = "facts.read_rows"


class MeritQuerySet(models.QuerySet["Merit"]):
    def visible_to(self, actor: Actor) -> MeritQuerySet:
        """Entries about units in scope, about oneself, and those one made; of others, for those who may read
        others' records there: a colleague's fault is not the floor's business."""
        if not isinstance(actor, Person):
            return self.all() if actor.may("assessment.read_ledger") else self.none()
        units = Unit.objects.visible_to(actor, "assessment.read_ledger").values("pk")
        over = Unit.objects.visible_to(actor, OTHERS).values("pk")
        seen = Q(unit__in=units) & (Q(person__isnull=True) | Q(unit__in=over))
        return self.filter(seen | Q(person=actor) | Q(entered_by=actor))


class Merit(models.Model):
    """One event for or against a unit or a member of its staff, on the day it happened.

    kind, level: of catalog/merits.yaml. incident: the number of what happened, so that one incident seen by
    several eyes counts once. responsibility: who was found to answer for it; pending ones are listed in
    scorecards and count nothing; it may be decided anew. ended_at, ended_by: when it was made void, by whom.
    key: what its fact is known by; each settled change publishes it again.
    """

    class State(models.TextChoices):
        ENTERED = "entered", _("To be confirmed")
        CONFIRMED = "confirmed", _("Confirmed")
        VOID = "void", _("Void")

    class Responsibility(models.TextChoices):
        PENDING = "pending", _("Not yet attributed")
        RESPONSIBLE = "responsible", _("Responsible")
        SHARED = "shared", _("Shared")
        NONE = "none", _("Not responsible")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "key", "kind", "level", "unit", "occurred_date", "incident", "responsibility", "state"),
            *("issuer", "entered_at", "confirmed_at", "facts_at", "entered_by", "confirmed_by"),
            *("ended_at", "ended_by"),
        ),
        "none",
    ) | dict.fromkeys(("person", "title", "note", "reason"), "C1")

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=40)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="merits")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="merits"
    )
    occurred_date = models.DateField()
    title = models.CharField(max_length=200)
    issuer = models.CharField(max_length=120, blank=True)
    incident = models.CharField(max_length=60, blank=True)
    responsibility = models.CharField(
        max_length=12, choices=Responsibility.choices, default=Responsibility.PENDING
    )
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ENTERED)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    entered_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    facts_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = MeritQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("entered_by")),
                name="merit_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False), name="merit_confirmed_when"
            ),
            models.CheckConstraint(
                condition=~Q(state="entered") | Q(confirmed_at__isnull=True), name="merit_never_unconfirmed"
            ),
            models.CheckConstraint(condition=~Q(state="void") | ~Q(reason=""), name="merit_void_with_reason"),
            models.CheckConstraint(
                condition=Q(state="void", ended_at__isnull=False)
                | ~Q(state="void") & Q(ended_at__isnull=True),
                name="merit_void_when",
            ),
        )
        indexes = (
            models.Index(fields=["unit", "-occurred_date"], name="merit_unit_day"),
            models.Index(fields=["state", "-entered_at"], name="merit_open"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.unit_id} {self.occurred_date}"


class MeritFile(models.Model):
    """A document that proves an entry: the certificate, the clipping, the letter."""

    privacy: ClassVar[PrivacyClasses] = {"id": "none", "merit": "none", "file": "C1", "at": "none"}

    merit = models.ForeignKey(Merit, on_delete=models.CASCADE, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["merit", "file"], name="merit_file_once"),)

    def __str__(self) -> str:
        return f"{self.merit_id} {self.file_id}"


freeze(
    Frozen(
        "assessment_merit",
        "confirmed_at",
        (
            *("key", "kind", "level", "unit_id", "person_id", "occurred_date", "title", "issuer"),
            *("incident", "note", "entered_by_id", "entered_at", "confirmed_by_id"),
        ),
    )
)
freeze(
    Frozen(
        "assessment_merit",
        "ended_at",
        ("state", "responsibility", "reason", "ended_by_id"),
        step="void",
    )
)
# A document that proves something stays as it was, from the first moment.
freeze(Frozen("assessment_meritfile", "at", ("merit_id", "file_id")))
