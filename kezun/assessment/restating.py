"""A restated result beside the one it took the place of: for those judged, who read both."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kezun.assessment.lookups import result_of
from kezun.assessment.models import Run, Score
from kezun.assessment.models.runs import COUNTED
from kezun.assessment.rules.lines import Result
from kezun.assessment.scorecards import Scorecard
from kezun.kernel.actor import Actor


@dataclass(frozen=True)
class Beside:
    """One line in both results; None where a result has no such line."""

    title: str
    before: Decimal | None
    after: Decimal | None

    @property
    def moved(self) -> Decimal:
        return (self.after or Decimal(0)) - (self.before or Decimal(0))


@dataclass(frozen=True)
class Restated:
    """What a restated scorecard replaced: that score, and the lines that are not what they were.

    same: how many lines are as they were. moved: by how much the score moved.
    old is None where nothing was published before it.
    """

    old: Score | None
    lines: tuple[Beside, ...] = ()
    same: int = 0
    moved: Decimal | None = None


def replaced(actor: Actor, card: Scorecard) -> Restated | None:
    """What a scorecard of a restated run took the place of; None for any other run. Two statements.

    That is the last run of the round shown before it, whatever was computed and not shown in between.
    """
    run = card.run
    if run.kind != Run.Kind.RESTATED or run.round_id is None:
        return None
    shown = Run.objects.visible_to(actor).filter(
        round=run.round_id, kind__in=COUNTED, state=Run.State.DONE, shown_at__isnull=False, pk__lt=run.pk
    )
    old = (
        Score.objects.filter(run__in=shown.values("pk"), subject=card.row.subject)
        .select_related("run")
        .defer("run__inputs", "run__peers")
        .order_by("-run_id")
        .first()
    )
    if old is None:
        return Restated(None)
    lines = beside(card, result_of(old))
    differ = tuple(line for line in lines if line.before != line.after)
    now = card.row.score
    moved = None if now is None or old.score is None else now - old.score
    return Restated(old, differ, len(lines) - len(differ), moved)


def beside(card: Scorecard, then: Result) -> list[Beside]:
    """The lines of both results in the order of the scorecard, points of all editions added up."""
    titles = {(line.kind, line.id): line.title for line in card.lines}
    now: dict[tuple[str, str], Decimal] = {}
    for line in card.lines:
        now[line.kind, line.id] = now.get((line.kind, line.id), Decimal(0)) + line.points
    was: dict[tuple[str, str], Decimal] = {}
    for old in then.lines:
        was[old.kind, old.id] = was.get((old.kind, old.id), Decimal(0)) + old.points
    keys = dict.fromkeys((*now, *was))
    return [Beside(titles.get(key, key[1] or key[0]), was.get(key), now.get(key)) for key in keys]
