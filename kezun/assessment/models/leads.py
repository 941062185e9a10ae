"""Leads: signs that figures were made rather than earned, until a person has looked and decided."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.org.models import Person, Unit

PrivacyClasses = dict[str, str]


class LeadQuerySet(models.QuerySet["Lead"]):
    def visible_to(self, actor: Actor) -> LeadQuerySet:
        """Leads about units in scope; never those about oneself: whoever is looked into does not look."""
        if not isinstance(actor, Person):
            return self.all() if actor.may("assessment.read_leads") else self.none()
        units = Unit.objects.visible_to(actor, "assessment.read_leads").values("pk")
        return self.filter(unit__in=units).exclude(person=actor)


class Lead(models.Model):
    """One sign about one subject over some days, with its evidence, and what a person made of it.

    k of n observations showed it where `expected` (a share) was to be expected; p is the chance of that much
    by accident, q the false discovery rate at which it still stands among all of its search. sample: keys of
    facts to open, of the type `fact`. A lead never changes a score.
    """

    class State(models.TextChoices):
        OPEN = "open", _("To be looked into")
        EXPLAINED = "explained", _("Explained")
        CONFIRMED = "confirmed", _("Confirmed")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *(
                "id",
                "signal",
                "unit",
                "from_date",
                "to_date",
                "k",
                "n",
                "expected",
                "p",
                "q",
                "fact",
                "sample",
            ),
            *("state", "found_at", "decided_at", "decided_by"),
        ),
        "none",
    ) | dict.fromkeys(("person", "note"), "C1")

    signal = models.CharField(max_length=40)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="leads")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="leads"
    )
    from_date = models.DateField()
    to_date = models.DateField()
    k = models.PositiveBigIntegerField()
    n = models.PositiveBigIntegerField()
    expected = models.FloatField()
    p = models.FloatField()
    q = models.FloatField()
    fact = models.CharField(max_length=40)
    sample = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(blank=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["signal", "unit", "person", "from_date", "to_date"],
                condition=Q(person__isnull=False),
                name="lead_person_once",
            ),
            models.UniqueConstraint(
                fields=["signal", "unit", "from_date", "to_date"],
                condition=Q(person__isnull=True),
                name="lead_unit_once",
            ),
            models.CheckConstraint(
                condition=Q(state="open") | (Q(decided_at__isnull=False) & ~Q(note="")),
                name="lead_decided_with_reason",
            ),
        )
        indexes = (models.Index(fields=["state", "-found_at"], name="lead_open"),)

    def __str__(self) -> str:
        return f"{self.signal} {self.unit_id} {self.person_id or ''}"

    @property
    def share(self) -> float:
        return self.k / self.n if self.n else 0.0


freeze(
    Frozen(
        "assessment_lead",
        "decided_at",
        (
            *("signal", "unit_id", "person_id", "from_date", "to_date", "k", "n", "expected", "p", "q"),
            *("fact", "sample", "state", "found_at", "decided_by_id", "note"),
        ),
    )
)
