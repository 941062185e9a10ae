"""What standards and schemes have in common: a text with a version, two persons who answer for it, validity.

Which edition holds on a day, as known at a moment, is derived and never stored: of those published by then
and not withdrawn by then, whose validity holds the day, the one that begins last; of equal beginnings the one
published last (a correction for the past, which names its approval).
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import Actor

PrivacyClasses = dict[str, str]
M = TypeVar("M", bound="Edition")
# A draft may be given up by one; what was published ends only where one asked and another carried it out.
WITHDRAWN_BY_TWO = (
    Q(withdrawn_at__isnull=True) & ~Q(state="withdrawn")
    | Q(published_at__isnull=True)
    | Q(asked_by__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_by=F("asked_by"))
)


class EditionQuerySet(models.QuerySet[M]):
    """Texts of rules are no secret within the bank; drafts are for those who may draft or approve."""

    def visible_to(self, actor: Actor) -> EditionQuerySet[M]:
        """What was ever published to whoever may read, all the rest to whoever works on it."""
        if any(actor.may(name) for name in self.model.WORK):
            return self.all()
        return self.filter(published_at__isnull=False) if actor.may(self.model.READ) else self.none()

    def published(self, known_at: dt.datetime | None = None) -> EditionQuerySet[M]:
        """Published and not withdrawn, now or as known at a moment."""
        if known_at is None:
            return self.filter(published_at__isnull=False, withdrawn_at__isnull=True)
        gone = Q(withdrawn_at__isnull=False, withdrawn_at__lte=known_at)
        return self.filter(published_at__lte=known_at).exclude(gone)

    def in_force(self, day: dt.date, known_at: dt.datetime | None = None) -> EditionQuerySet[M]:
        """Those whose validity holds the day, the one that counts first for each urn."""
        until = Q(until_date__isnull=True) | Q(until_date__gt=day)
        found = self.published(known_at).filter(until, from_date__lte=day)
        return found.order_by("urn", "-from_date", "-published_at")

    def for_day(self, urn: str, day: dt.date, known_at: dt.datetime | None = None) -> M | None:
        """The edition of `urn` that counts on `day`, as known at a moment (None: now)."""
        return self.in_force(day, known_at).filter(urn=urn).first()


class Edition(models.Model):
    """One version of a text of rules. `text` is what was written, `sha256` the hash of its canonical form.

    READ and WORK: the permissions to read what is published, and to see drafts (any one of them).
    from_date and until_date are half open. origin: `pack:…` or `catalog` for what came with the product or
    a pack, empty for what was made in the pages. doc_no: the number of the decision that approved it.
    asked_by and asked_at: who asked that a published edition be withdrawn, and when; withdrawn_by: the second
    person, who carried it out.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PROPOSED = "proposed", _("Waiting for approval")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    READ: ClassVar[str] = ""
    WORK: ClassVar[tuple[str, ...]] = ()
    # what a published row keeps for ever; the database holds it (kernel/frozen.py)
    SETTLED: ClassVar[tuple[str, ...]] = (
        *("urn", "version", "title", "title_en", "text", "sha256", "from_date", "until_date", "supersedes"),
        *("origin", "doc_no", "revision", "drafted_by_id", "proposed_by_id", "approved_by_id", "proposed_at"),
    )
    # and what a withdrawn one keeps: it never comes back, and who ended it stays
    ENDED: ClassVar[tuple[str, ...]] = ("state", "note", "asked_by_id", "asked_at", "withdrawn_by_id")
    EDITION_PRIVACY: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *(
                "id",
                "urn",
                "version",
                "title",
                "title_en",
                "text",
                "sha256",
                "state",
                "from_date",
                "until_date",
            ),
            *("supersedes", "origin", "doc_no", "saved_at", "proposed_at", "published_at", "withdrawn_at"),
            *("drafted_by", "proposed_by", "approved_by", "note", "revision"),
            *("asked_by", "asked_at", "withdrawn_by"),
        ),
        "none",
    )

    urn = models.CharField(max_length=120)
    version = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    supersedes = models.CharField(max_length=20, blank=True)
    origin = models.CharField(max_length=60, blank=True)
    doc_no = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    saved_at = models.DateTimeField(auto_now=True)
    proposed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = (
            models.UniqueConstraint(fields=["urn", "version", "revision"], name="%(class)s_version_once"),
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gt=F("from_date")),
                name="%(class)s_valid_to_after_from",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
                name="%(class)s_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False),
                name="%(class)s_published_when",
            ),
            models.CheckConstraint(condition=WITHDRAWN_BY_TWO, name="%(class)s_withdrawn_by_two"),
        )
        indexes = (models.Index(fields=["urn", "from_date"], name="%(class)s_in_force"),)

    def __str__(self) -> str:
        return f"{self.urn}@{self.version}"

    @property
    def ending(self) -> bool:
        """Whether its withdrawal was asked for and waits for a second person."""
        return self.state == self.State.PUBLISHED and self.asked_by_id is not None

    @property
    def name(self) -> str:
        """The title in the page's language."""
        english = (translation.get_language() or "").startswith("en")
        return self.title_en if english and self.title_en else self.title
