"""Appeals against a line of a scorecard: filed in the window, decided level by level, never by who filed
it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kezun.assessment.models.ledger import OTHERS
from kezun.assessment.models.runs import Score
from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit

PrivacyClasses = dict[str, str]


class AppealQuerySet(models.QuerySet["Appeal"]):
    def visible_to(self, actor: Actor) -> AppealQuerySet:
        """One's own, those about oneself, and those of units in scope; of others, for those who may read
        others' records there."""
        if not isinstance(actor, Person):
            return self.all() if actor.may("assessment.read_appeals") else self.none()
        units = Unit.objects.visible_to(actor, "assessment.read_appeals").values("pk")
        over = Unit.objects.visible_to(actor, OTHERS).values("pk")
        seen = Q(unit__in=units) & (Q(person__isnull=True) | Q(unit__in=over))
        return self.filter(seen | Q(filed_by=actor) | Q(person=actor))


class Appeal(models.Model):
    """One objection to one line of one score. level: index into the scheme's levels of appeal.

    An upheld appeal changes no run: it names the correction (`remedy`) that becomes a new fact, and the next
    run counts it. A refused one may go to the next level while the window is open.
    """

    class State(models.TextChoices):
        FILED = "filed", _("Waiting to be heard")
        UPHELD = "upheld", _("Upheld")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Remedy(models.TextChoices):
        NONE = "", _("None")
        SHEET = "sheet", _("Inspection corrected")
        MERIT = "merit", _("Ledger entry corrected")
        DATA = "data", _("Data to be delivered anew")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *(
                "id",
                "score",
                "rule",
                "unit",
                "state",
                "level",
                "filed_at",
                "decided_at",
                "remedy",
                "remedy_ref",
            ),
            *("doc_no", "filed_by", "decided_by", "before"),
        ),
        "none",
    ) | dict.fromkeys(("person", "grounds", "decision"), "C1")

    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="appeals")
    rule = models.CharField(max_length=60)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="appeals")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="appeals"
    )
    grounds = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.FILED)
    level = models.PositiveSmallIntegerField(default=0)
    before = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="next")
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    filed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision = models.TextField(blank=True)
    doc_no = models.CharField(max_length=120, blank=True)
    remedy = models.CharField(max_length=8, choices=Remedy.choices, blank=True)
    remedy_ref = models.CharField(max_length=120, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("filed_by")),
                name="appeal_not_own_judge",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("upheld", "refused"))
                | (Q(decided_at__isnull=False) & ~Q(decision="")),
                name="appeal_decided_with_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="upheld") | ~Q(remedy=""), name="appeal_upheld_with_remedy"
            ),
            models.UniqueConstraint(
                fields=["score", "rule", "level"],
                condition=~Q(state="withdrawn"),
                name="appeal_once_each_level",
            ),
        )
        indexes = (models.Index(fields=["state", "-filed_at"], name="appeal_open"),)

    def __str__(self) -> str:
        return f"{self.score_id} {self.rule} {self.level}"


class AppealFile(models.Model):
    """What was put forward with an appeal."""

    privacy: ClassVar[PrivacyClasses] = {"id": "none", "appeal": "none", "file": "C1", "at": "none"}

    appeal = models.ForeignKey(Appeal, on_delete=models.CASCADE, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["appeal", "file"], name="appeal_file_once"),)

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.file_id}"


freeze(
    Frozen(
        "assessment_appeal",
        "decided_at",
        (
            *("score_id", "rule", "unit_id", "person_id", "grounds", "state", "level", "before_id"),
            *("filed_by_id", "filed_at", "decided_by_id", "decision", "doc_no", "remedy", "remedy_ref"),
        ),
    )
)
# What was put forward stays as it was, from the first moment.
freeze(Frozen("assessment_appealfile", "at", ("appeal_id", "file_id")))
