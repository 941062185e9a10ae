"""What a run may lead to: entries of the red and the black list, stars and titles. People decide each of
them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kezun.assessment.models.runs import Run, Score
from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.org.models import Person, Unit

PrivacyClasses = dict[str, str]


class Audience(models.TextChoices):
    """Who may see what was published: lists that name people are personal data."""

    SUBJECT = "subject", _("The subject and those above")
    BRANCH = "branch", _("The tier-1 branch")
    BANK = "bank", _("The whole bank")


class ListingQuerySet(models.QuerySet["Listing"]):
    def visible_to(self, actor: Actor) -> ListingQuerySet:
        """Published ones by their audience, as long as they are shown; all of units in scope for those who
        may read others' records there (they are heard, or decide); always one's own."""
        if not isinstance(actor, Person):
            return self.all() if actor.may("assessment.read_lists") else self.none()
        if not actor.may("assessment.read_lists"):
            return self.filter(person=actor)
        units = Unit.objects.visible_to(actor, "facts.read_rows").values("pk")
        day = actor.scope.day
        near = Q(
            unit__paths__ancestor__kind=Unit.Kind.TIER1,
            unit__paths__ancestor__paths_below__unit__in=actor.scope.roots(),
            unit__paths__ancestor__paths_below__from_date__lte=day,
            unit__paths__ancestor__paths_below__to_date__gte=day,
            unit__paths__from_date__lte=day,
            unit__paths__to_date__gte=day,
        )
        shown = Q(until_date__isnull=True) | Q(until_date__gte=day)
        published = Q(state=Listing.State.PUBLISHED) & shown
        told = published & (Q(audience=Audience.BANK) | (Q(audience=Audience.BRANCH) & near))
        return self.filter(Q(unit__in=units) | Q(person=actor) | told).distinct()


class Listing(models.Model):
    """One entry of the red or the black list: proposed by a rule's probability, heard, confirmed,
    published. ended_at, ended_by, ended_why: when it was dropped, by whom, and why."""

    class Colour(models.TextChoices):
        RED = "red", _("Red list")
        BLACK = "black", _("Black list")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        CONFIRMED = "confirmed", _("Confirmed")
        PUBLISHED = "published", _("Published")
        DROPPED = "dropped", _("Dropped")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *(
                "id",
                "run",
                "score",
                "colour",
                "unit",
                "why",
                "probability",
                "state",
                "audience",
                "heard_until_date",
            ),
            *("proposed_at", "proposed_by", "decided_by", "decided_at", "published_at", "until_date"),
            *("ended_at", "ended_by"),
        ),
        "none",
    ) | dict.fromkeys(("person", "note", "ended_why"), "C1")

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="listings")
    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="listings")
    colour = models.CharField(max_length=5, choices=Colour.choices)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="listings")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="listings"
    )
    why = models.JSONField(default=list)
    probability = models.FloatField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.SUBJECT)
    heard_until_date = models.DateField(null=True)
    proposed_at = models.DateTimeField(auto_now_add=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    until_date = models.DateField(null=True)
    note = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_why = models.TextField(blank=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "score", "colour"], name="listing_once"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="listing_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("confirmed", "published")) | Q(decided_at__isnull=False),
                name="listing_confirmed_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="proposed") | Q(decided_at__isnull=True), name="listing_never_undecided"
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(state__in=("published", "dropped")),
                name="listing_never_unpublished",
            ),
            models.CheckConstraint(
                condition=(Q(state="dropped", ended_at__isnull=False) & ~Q(ended_why=""))
                | (~Q(state="dropped") & Q(ended_at__isnull=True)),
                name="listing_dropped_when",
            ),
        )
        indexes = (models.Index(fields=["colour", "state"], name="listing_state"),)

    def __str__(self) -> str:
        return f"{self.colour} {self.unit_id} {self.person_id or ''}"


class AwardQuerySet(models.QuerySet["Award"]):
    def visible_to(self, actor: Actor) -> AwardQuerySet:
        """Granted ones are an honour and for all who read scores; proposals for those in whose scope they
        lie."""
        if not isinstance(actor, Person):
            return self.all() if actor.may("assessment.read") else self.none()
        units = Unit.objects.visible_to(actor, "facts.read_rows").values("pk")
        return self.filter(Q(person=actor) | Q(unit__in=units) | Q(state=Award.State.GRANTED))


class Award(models.Model):
    """A star of one to five, or a title, held from a day to a day; it can be revoked, with a reason.

    revoke_asked: why a run asks for its revocation, until somebody revokes or keeps it. asked_period: of
    that run; what was kept is not asked for again in the same period. ended_at, ended_by: when it was refused
    or revoked, and by whom.
    """

    class Kind(models.TextChoices):
        STAR = "star", _("Star")
        TITLE = "title", _("Title")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        REVOKED = "revoked", _("Revoked")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "kind", "level", "title", "unit", "run", "from_date", "to_date", "state", "doc_no"),
            *("proposed_at", "proposed_by", "decided_by", "decided_at", "why", "revoke_asked"),
            *("asked_period", "ended_at", "ended_by"),
        ),
        "none",
    ) | dict.fromkeys(("person", "reason"), "C1")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    level = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=120, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="awards")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="awards"
    )
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="awards")
    why = models.JSONField(default=list)
    from_date = models.DateField()
    to_date = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    doc_no = models.CharField(max_length=120, blank=True)
    proposed_at = models.DateTimeField(auto_now_add=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    revoke_asked = models.CharField(max_length=400, blank=True)
    asked_period = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = AwardQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="award_to_after_from"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="award_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(kind="star") | Q(level__gte=1, level__lte=5), name="award_stars_one_to_five"
            ),
            models.CheckConstraint(
                condition=~Q(state="revoked") | ~Q(reason=""), name="award_revoked_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True)
                | (~Q(state="proposed") & Q(decided_at__isnull=False)),
                name="award_decided_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("refused", "revoked"), ended_at__isnull=False)
                | (Q(state__in=("proposed", "granted")) & Q(ended_at__isnull=True)),
                name="award_ended_when",
            ),
        )
        indexes = (
            models.Index(fields=["unit", "state"], name="award_unit"),
            models.Index(fields=["person", "state"], name="award_person"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.level} {self.unit_id} {self.person_id or ''}"


PROPOSED = ("unit_id", "person_id", "run_id", "why", "proposed_at", "proposed_by_id", "decided_by_id")
freeze(
    Frozen(
        "assessment_listing",
        "decided_at",
        (*PROPOSED, "score_id", "colour", "probability", "heard_until_date", "note"),
    )
)
freeze(Frozen("assessment_listing", "published_at", ("audience", "until_date"), step="published"))
freeze(
    Frozen(
        "assessment_listing",
        "ended_at",
        (*PROPOSED, "score_id", "colour", "state", "decided_at", "published_at", "ended_by_id", "ended_why"),
        step="dropped",
    )
)
# A later star may shorten an earlier one, and a revocation ends it: the last day stays free until then.
freeze(
    Frozen(
        "assessment_award",
        "decided_at",
        (*PROPOSED, "kind", "level", "title", "from_date", "doc_no"),
    )
)
freeze(Frozen("assessment_award", "ended_at", ("state", "to_date", "reason", "ended_by_id"), step="ended"))
