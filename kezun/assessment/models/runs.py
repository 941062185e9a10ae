"""Rounds (one scheme, one period), runs (one computation, for good) and scores (one subject of a run)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kezun.assessment.models.ledger import OTHERS
from kezun.assessment.models.schemes import Scheme
from kezun.kernel.actor import Actor
from kezun.kernel.frozen import Frozen, freeze
from kezun.org.models import BusinessLine, Person, Unit

PrivacyClasses = dict[str, str]


class Round(models.Model):
    """One period of a scheme on its way: data collected, provisional, open to appeal, final, closed."""

    class State(models.TextChoices):
        COLLECTING = "collecting", _("Collecting data")
        PROVISIONAL = "provisional", _("Provisional")
        APPEAL = "appeal", _("Open to appeal")
        FINAL = "final", _("Final")
        CLOSED = "closed", _("Closed")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "urn", "period", "from_date", "to_date", "state", "appeal_until_date", "asked_at"),
            *("asked_by", "asked_state", "changed_at"),
        ),
        "none",
    )

    urn = models.CharField(max_length=120)
    period = models.CharField(max_length=30)
    from_date = models.DateField()
    to_date = models.DateField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.COLLECTING)
    appeal_until_date = models.DateField(null=True)
    asked_state = models.CharField(max_length=12, choices=State.choices, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["urn", "period"], name="round_once"),
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="round_to_after_from"),
        )

    def __str__(self) -> str:
        return f"{self.urn} {self.period}"


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, actor: Actor) -> RunQuerySet:
        """Runs that count are for all who read scores; what-if ones for whoever made them."""
        if not actor.may("assessment.read"):
            return self.none()
        if not isinstance(actor, Person) or actor.may("assessment.run"):
            return self
        mine = Q(kind=Run.Kind.WHAT_IF, made_by=actor)
        told = Q(kind__in=COUNTED, shown_at__isnull=False)
        return self.filter(mine | told)


class Run(models.Model):
    """One computation of a scheme over a period: never changed once done, always repeatable.

    inputs: what it is a function of (`inputs.pin`): editions, facts, indicators, roster, code, each with its
    hash; inputs_hash covers their contents, result_hash the canonical lines of all subjects in order.
    known_at: the facts and rules as known then. shown_at: when people were first shown it. peers:
    {"groups": {group: {"total" or component: {"n", "p10", "p25", "p50", "p75", "p90"}}}, "learned": what
    estimators learned of peers, by edition, component and group, "mixes": what each kind of case was taken
    for, by edition and component}. change: numbers that a what-if run changed.
    decision, reason: of a restated run, what ordered it and why.
    """

    class Kind(models.TextChoices):
        PROVISIONAL = "provisional", _("Provisional")
        FINAL = "final", _("Final")
        RESTATED = "restated", _("Restated")
        WHAT_IF = "what_if", _("What if")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting its turn")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *(
                "id",
                "scheme",
                "round",
                "kind",
                "state",
                "period",
                "from_date",
                "to_date",
                "known_at",
                "made_at",
            ),
            *("made_by", "done_at", "shown_at", "inputs", "inputs_hash", "result_hash", "subjects", "peers"),
            *("supersedes", "decision", "reason", "change", "progress", "message"),
        ),
        "none",
    )

    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="runs")
    round = models.ForeignKey(Round, null=True, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    period = models.CharField(max_length=30)
    from_date = models.DateField()
    to_date = models.DateField()
    known_at = models.DateTimeField()
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    done_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    inputs = models.JSONField(default=dict)
    inputs_hash = models.CharField(max_length=64, blank=True)
    result_hash = models.CharField(max_length=64, blank=True)
    subjects = models.PositiveIntegerField(default=0)
    peers = models.JSONField(default=dict)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    decision = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    change = models.JSONField(default=dict)
    progress = models.FloatField(default=0)
    message = models.TextField(blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(kind="restated") | ~Q(decision=""), name="run_restated_by_decision"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(result_hash=""), name="run_done_with_result"
            ),
        )
        indexes = (models.Index(fields=["scheme", "period", "-made_at"], name="run_latest"),)

    def __str__(self) -> str:
        return f"{self.scheme_id} {self.period} {self.kind} {self.pk}"


COUNTED = (Run.Kind.PROVISIONAL, Run.Kind.FINAL, Run.Kind.RESTATED)


class ScoreQuerySet(models.QuerySet["Score"]):
    def visible_to(self, actor: Actor) -> ScoreQuerySet:
        """Scores of runs that may be seen: of units in scope, one's own, other people's for those who may
        read others' records there; of business lines for those who see the whole bank, or those lines of it
        to which their role is limited."""
        if not isinstance(actor, Person):
            return self.all() if actor.may("assessment.read") else self.none()
        runs = Run.objects.visible_to(actor).values("pk")
        units = Unit.objects.visible_to(actor, "assessment.read").values("pk")
        people = Person.objects.visible_to(actor, OTHERS).values("pk")
        mine = Q(person__isnull=True, unit__in=units) | Q(person__in=people)
        if actor.scope.whole_bank("assessment.read"):
            lines = actor.scope.lines("assessment.read")
            of_line = Q(person__isnull=True, unit__isnull=True)
            mine |= of_line if lines is None else of_line & Q(line__in=lines)
        return self.filter(mine, run__in=runs)


class Score(models.Model):
    """What a run says of one subject. `lines` is the packed explanation: Σ lines = score.

    subject: `unit:12`, `person:7` or `line:3`. unit: the subject itself, or where the person or department
    stood at the end of the period. score None: not scored, `why` says why. low, high: 95 % interval of the
    score. n: the smallest n behind its components. rank, rank_low, rank_high: median rank and its 95 %
    interval among the `ranked` peers of `group`.
    """

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *(
                "id",
                "run",
                "subject",
                "unit",
                "line",
                "group",
                "score",
                "low",
                "high",
                "grade",
                "capped",
                "n",
                "why",
            ),
            *("rank", "rank_low", "rank_high", "ranked", "tier", "vetoes"),
        ),
        "none",
    ) | dict.fromkeys(("person", "lines"), "C1")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="scores")
    subject = models.CharField(max_length=40)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    line = models.ForeignKey(BusinessLine, null=True, on_delete=models.PROTECT, related_name="+")
    group = models.CharField(max_length=120, blank=True)
    score = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    low = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    high = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    grade = models.CharField(max_length=40, blank=True)
    capped = models.CharField(max_length=40, blank=True)
    vetoes = models.PositiveSmallIntegerField(default=0)
    n = models.PositiveBigIntegerField(default=0)
    why = models.CharField(max_length=60, blank=True)
    rank = models.PositiveIntegerField(null=True)
    rank_low = models.PositiveIntegerField(null=True)
    rank_high = models.PositiveIntegerField(null=True)
    ranked = models.PositiveIntegerField(null=True)
    tier = models.PositiveSmallIntegerField(null=True)
    lines = models.BinaryField()

    objects = ScoreQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "subject"], name="score_once"),)
        indexes = (
            models.Index(fields=["run", "rank"], name="score_ranking"),
            models.Index(fields=["run", "unit"], name="score_unit"),
            models.Index(fields=["run", "person"], name="score_person"),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.subject} {self.score}"


freeze(
    Frozen(
        "assessment_run",
        "done_at",
        (
            *(
                "scheme_id",
                "round_id",
                "kind",
                "state",
                "period",
                "from_date",
                "to_date",
                "known_at",
                "made_at",
            ),
            *("made_by_id", "inputs", "inputs_hash", "result_hash", "subjects", "peers", "supersedes_id"),
            *("decision", "reason", "change"),
        ),
    )
)
# A score is written once, together with the end of its run: what it says is settled from the first moment.
freeze(
    Frozen(
        "assessment_score",
        "run_id",
        (
            *(
                "subject",
                "unit_id",
                "person_id",
                "line_id",
                "score",
                "low",
                "high",
                "grade",
                "capped",
                "vetoes",
            ),
            *("group", "n", "why", "rank", "rank_low", "rank_high", "ranked", "tier", "lines"),
        ),
    )
)
