"""Which runs a reader can choose from: for each scheme and period the one that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from kezun.assessment.lookups import runs_for
from kezun.assessment.models import Run, Scheme, Score
from kezun.assessment.models.runs import COUNTED
from kezun.kernel.actor import Actor

MOST = 400
SHOWN = (
    *(
        "scheme__urn",
        "scheme__title",
        "scheme__title_en",
        "scheme__subject",
        "period",
        "from_date",
        "to_date",
        "kind",
        "state",
    ),
    *("done_at", "shown_at", "made_at", "round_id"),
)


@dataclass(frozen=True)
class Choice:
    """A scheme and period with the run that counts there: the last one done."""

    urn: str
    name: str
    run: Run


def choices(actor: Actor) -> list[Choice]:
    """Those in which the actor sees a score: of outlets, people, units …, of each the latest period first.

    One statement, without what runs keep inside.
    """
    rows = runs_for(actor).filter(kind__in=COUNTED, state=Run.State.DONE)
    rows = rows.filter(Exists(Score.objects.visible_to(actor).filter(run=OuterRef("pk"))))
    rows = rows.select_related(None).select_related("scheme").only(*SHOWN)
    rows = rows.order_by("-to_date", "-done_at", "-pk")[:MOST]
    found: dict[tuple[str, str], Choice] = {}
    for run in rows:
        found.setdefault((run.scheme.urn, run.period), Choice(run.scheme.urn, run.scheme.name, run))
    place = {subject: at for at, subject in enumerate(Scheme.Subject.values)}
    return sorted(found.values(), key=lambda c: (place[c.run.scheme.subject], c.run.scheme.title))


def pick(found: Sequence[Choice], urn: str, period: str) -> Choice | None:
    """The one asked for; else the latest of that scheme, of that period, or of all."""
    for wanted in (
        [c for c in found if c.urn == urn and c.run.period == period],
        [c for c in found if c.urn == urn],
        [c for c in found if c.run.period == period],
        found,
    ):
        if wanted:
            return max(wanted, key=lambda c: c.run.to_date)
    return None


def matching(text: str) -> Q:
    """Subjects by code, or by what they or their unit are called."""
    unit = Q(unit__code__istartswith=text) | Q(unit__name__icontains=text) | Q(unit__name_en__icontains=text)
    return unit | Q(person__code__istartswith=text) | Q(person__name__icontains=text)
