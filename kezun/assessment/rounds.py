"""Where a round stands: what is done, what is open, what the next step waits for."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kezun.assessment.models import Appeal, Merit, Round, Run, Scheme
from kezun.assessment.models.ledger import MeritQuerySet
from kezun.assessment.rules.steps import Stand, judged_by
from kezun.assessment.schemes import scheme_of
from kezun.assessment.telling import cadence_words, examples
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor, OutOfScope

HINDRANCES = {
    "under_way": _("A run is being computed: wait until it is done."),
    "period": _("The period is not over yet."),
    "run": _("There is no finished run to show: make one."),
    "window": _("The window for appeals is still open."),
    "appeals": _("Some appeals are not decided."),
    "pending": _("Some entries of the ledger wait to be attributed or confirmed."),
    "last": _("The round is closed: only a restatement by decision may follow."),
}
NOT_DONE = (Run.State.WAITING, Run.State.RUNNING)
READ = "assessment.read_rounds"


def rounds_for(actor: Actor) -> QuerySet[Round]:
    """Rounds belong to the whole bank: whoever may see them at all sees each, the latest period first."""
    found = Round.objects.select_related("asked_by").order_by("-to_date", "-from_date", "urn")
    return found if actor.may(READ) else found.none()


def round_by_id(actor: Actor, pk: int) -> Round:
    """One round; OutOfScope (404) where the actor sees none."""
    found = rounds_for(actor).filter(pk=pk).first()
    if found is None:
        raise OutOfScope(gettext("No such period."))
    return found


def stand_of(held: Round) -> Stand:
    """What `rules.steps` needs to know of a round."""
    done = set(Run.objects.filter(round=held, state=Run.State.DONE).values_list("kind", flat=True))
    today = timezone.localdate()
    return Stand(
        state=held.state,
        provisional_done=Run.Kind.PROVISIONAL in done,
        final_done=Run.Kind.FINAL in done,
        under_way=Run.objects.filter(round=held, state__in=NOT_DONE).exists(),
        appeals_open=Appeal.objects.filter(score__run__round=held, state=Appeal.State.FILED).count(),
        window_open=held.appeal_until_date is not None and today <= held.appeal_until_date,
        pending=pending(held).count(),
        period_over=today > held.to_date,
    )


def latest(held: Round, kind: str) -> Run | None:
    """The last finished run of a kind."""
    return Run.objects.filter(round=held, kind=kind, state=Run.State.DONE).order_by("-done_at").first()


def scheme_for(held: Round) -> Scheme:
    """The edition by which the round is run: in force on its last day; ValidationError where there is
    none."""
    found = Scheme.objects.for_day(held.urn, held.to_date)
    if found is None:
        raise ValidationError(
            gettext("No published edition of %(urn)s is in force on %(day)s.")
            % {"urn": held.urn, "day": held.to_date.isoformat()}
        )
    return found


def begin(urn: str, span: Period) -> Round:
    """The round of a scheme and a period, begun where there was none. ValidationError where no edition is in
    force on its last day, or that edition judges periods of another length."""
    held = Round.objects.filter(urn=urn, period=span.label).first()
    if held is not None:
        return held
    held = Round(urn=urn, period=span.label, from_date=span.start, to_date=span.end)
    scheme = scheme_for(held)
    form = scheme_of(scheme)
    if not judged_by(form.cadences, span.kind, span.start, span.end):
        raise ValidationError(
            {
                "period": gettext(
                    "«%(name)s» is judged %(cadence)s, so %(period)s cannot be opened: choose %(examples)s "
                    "or another such period."
                )
                % {
                    **{"name": scheme.name, "cadence": cadence_words(form), "period": span.label},
                    "examples": ", ".join(examples(form, span.end)),
                }
            }
        )
    defaults = {"from_date": span.start, "to_date": span.end}
    return Round.objects.get_or_create(urn=urn, period=span.label, defaults=defaults)[0]


def pending(held: Round) -> MeritQuerySet:
    """Entries of the ledger in the period that a scheme could not count yet."""
    within = Merit.objects.filter(occurred_date__range=(held.from_date, held.to_date))
    unsettled = Q(state=Merit.State.CONFIRMED, responsibility=Merit.Responsibility.PENDING)
    return within.filter(Q(state=Merit.State.ENTERED) | unsettled)
