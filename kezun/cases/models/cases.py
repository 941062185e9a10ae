"""Cases and their events: the row is a projection, the history is what counts."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kezun.cases.models.kinds import Kind
from kezun.cases.reach import PLACES, reaches, whole
from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.org.models import BusinessLine, Person, Post, Unit

PrivacyClasses = dict[str, str]
READ = "cases.read"


def number(received_at: dt.datetime, pk: int) -> str:
    """The number of a case: the year of its receipt on the bank's clock, and the running number."""
    return f"C{timezone.localtime(received_at):%y}-{pk:06d}"


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, actor: Actor, permission: str = READ) -> CaseQuerySet:
        """Cases about a unit in scope or lying with one, and those one has a part in."""
        if not isinstance(actor, Person):
            return self.all() if actor.may(permission) else self.none()
        if not actor.may(permission):
            return self.none()
        if whole(actor.scope, permission):
            return self.all()
        found = Q(handler=actor) | Q(opener=actor) | Q(verifier=actor)
        for reach in reaches(actor.scope, permission):
            found |= reach.at(*PLACES)
        return self.filter(found)

    def counted(self) -> CaseQuerySet:
        """Those that figures count: one merged into another, or given out as a part of one, is that one."""
        parts = Q(links__type="part_of", links__ended_at__isnull=True)
        return self.exclude(state=Case.State.MERGED).exclude(pk__in=Case.objects.filter(parts).values("pk"))


class Case(models.Model):
    """Something that must end: what it is about, with whom it lies, by when, how far it has come.

    Every column from `state` on is a projection of the events; only `engine.apply` writes here. unit: what it
    is about; owner_unit and owner_post: with whom it lies; pending_unit: to whom it was handed over and who
    has not taken it yet. severity: 1 is the gravest of 4. level: how often it escalated. received_at: when
    the bank learned of it, by whatever channel. data: the fields of its kind, without what is sealed.
    act_by, due_at: of the clock that comes first. seq, head: number and digest of the last event.
    """

    class State(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        ACCEPTED = "accepted", _("Accepted")
        ASSIGNED = "assigned", _("Assigned")
        WORKING = "working", _("In work")
        WAITING = "waiting", _("Waiting")
        PROPOSED = "proposed", _("Waiting for verification")
        VERIFIED = "verified", _("Verified")
        ANSWERED = "answered", _("Answer given")
        CLOSED = "closed", _("Case closed")
        CHECKED = "checked", _("Effect checked")
        REJECTED = "rejected", _("Not accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        MERGED = "merged", _("Merged into another")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "kind", "code", "unit", "line", "owner_unit", "owner_post", "pending_unit", "state"),
            *("severity", "level", "received_at", "opened_at", "contacted_at", "answered_at", "closed_at"),
            *(
                "act_by_at",
                "due_at",
                "provisional",
                "returns",
                "reopened",
                "extended",
                "satisfaction",
                "verdict",
            ),
            *("fingerprint", "repeat", "open", "seq", "head", "last_at", "facts_at"),
        ),
        "none",
    ) | dict.fromkeys(("title", "data", "words", "handler", "opener", "verifier", "checker", "mark"), "C1")

    kind = models.ForeignKey(Kind, on_delete=models.PROTECT, related_name="cases")
    code = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="cases_about")
    line = models.ForeignKey(BusinessLine, null=True, on_delete=models.PROTECT, related_name="+")
    owner_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="cases_owned")
    owner_post = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="+")
    pending_unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="cases_pending")
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="cases_handled"
    )
    opener = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="cases_opened"
    )
    verifier = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="cases_verified"
    )
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices)
    open = models.BooleanField(default=True)
    severity = models.PositiveSmallIntegerField(default=3)
    level = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    contacted_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    act_by_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    provisional = models.BooleanField(default=False)
    returns = models.PositiveSmallIntegerField(default=0)
    reopened = models.PositiveSmallIntegerField(default=0)
    extended = models.PositiveSmallIntegerField(default=0)
    satisfaction = models.PositiveSmallIntegerField(null=True)
    verdict = models.CharField(max_length=12, blank=True)
    repeat = models.PositiveSmallIntegerField(default=0)
    fingerprint = models.CharField(max_length=120, blank=True)
    mark = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)
    words = models.TextField(blank=True)
    seq = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    last_at = models.DateTimeField()
    facts_at = models.DateTimeField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(verifier__isnull=True) | Q(handler__isnull=True) | ~Q(verifier=F("handler")),
                name="case_verified_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("closed", "checked", "verified", "answered"))
                | Q(verifier__isnull=False),
                name="case_closed_verified",
            ),
            models.CheckConstraint(
                condition=Q(checker__isnull=True)
                | ((Q(handler__isnull=True) | ~Q(checker=F("handler"))) & ~Q(checker=F("verifier"))),
                name="case_effect_by_another",
            ),
            models.CheckConstraint(condition=Q(severity__gte=1, severity__lte=4), name="case_severity"),
        )
        # lists of open cases come in the order of the last moment to act, others in that of receipt; each way
        # in which somebody may see a case has an index of its own (see `listing`)
        indexes = (
            models.Index(
                fields=[
                    *("act_by_at", "id", "state", "code", "severity", "owner_unit", "unit", "handler"),
                    *("pending_unit", "opener", "verifier", "returns", "level"),
                ],
                condition=Q(open=True),
                name="case_open_due",
            ),
            models.Index(
                fields=["state", "act_by_at", "id", "owner_unit", "handler", "severity"],
                condition=Q(open=True),
                name="case_state_open",
            ),
            models.Index(
                fields=["owner_unit", "act_by_at", "id", "state"],
                condition=Q(open=True, handler__isnull=True, pending_unit__isnull=True),
                name="case_free_open",
            ),
            models.Index(fields=["code", "act_by_at"], condition=Q(open=True), name="case_kind_open"),
            models.Index(fields=["unit", "act_by_at"], condition=Q(open=True), name="case_unit_open"),
            models.Index(fields=["owner_unit", "act_by_at"], condition=Q(open=True), name="case_owner_open"),
            # the supervisor's board reads nothing but this, in the order of its groups; of a partial index
            # SQLite reads also the column of the condition
            models.Index(
                fields=[
                    *("owner_unit", "code", "act_by_at", "returns", "level", "unit", "pending_unit"),
                    *("handler", "opener", "verifier", "line", "open"),
                ],
                condition=Q(open=True),
                name="case_board",
            ),
            models.Index(
                fields=["pending_unit", "act_by_at"],
                condition=Q(pending_unit__isnull=False),
                name="case_pending",
            ),
            models.Index(fields=["handler", "act_by_at"], condition=Q(open=True), name="case_handler_open"),
            models.Index(fields=["opener", "act_by_at"], condition=Q(open=True), name="case_opener_open"),
            models.Index(
                fields=["verifier"],
                condition=Q(open=True, verifier__isnull=False),
                name="case_verifier_open",
            ),
            models.Index(fields=["-received_at", "-id", "open"], name="case_received"),
            models.Index(fields=["state", "-received_at", "-id"], name="case_state_received"),
            models.Index(fields=["code", "-received_at", "-id"], name="case_kind_received"),
            models.Index(fields=["unit", "-received_at", "open", "state"], name="case_unit_received"),
            models.Index(fields=["owner_unit", "-received_at", "open", "state"], name="case_owner_received"),
            models.Index(fields=["fingerprint", "-received_at"], name="case_fingerprint"),
            models.Index(fields=["mark", "-received_at"], condition=~Q(mark=""), name="case_mark"),
            models.Index(fields=["last_at"], condition=Q(facts_at__isnull=True), name="case_unsent"),
        )

    def __str__(self) -> str:
        return self.no

    @property
    def no(self) -> str:
        """The number that people say: year of receipt and the running number (`C26-000123`)."""
        return number(self.received_at, self.pk)


class Event(models.Model):
    """One thing that happened to a case. Never changed or removed; the database refuses.

    body: canonical JSON of all of it, which `digest` seals together with the digest before.
    """

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "case", "seq", "at", "verb", "digest", "clocked"), "none"
    ) | dict.fromkeys(("actor", "behalf", "body"), "C1")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    behalf = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    verb = models.CharField(max_length=20)
    clocked = models.BooleanField(default=False)
    body = models.TextField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["case", "seq"], name="event_no_holes"),)
        indexes = (models.Index(fields=["verb", "at"], name="event_verb"),)

    def __str__(self) -> str:
        return f"{self.case_id}#{self.seq} {self.verb}"


freeze(
    Frozen(
        "cases_event",
        "at",
        ("case_id", "seq", "actor_id", "behalf_id", "verb", "clocked", "body", "digest"),
    )
)
