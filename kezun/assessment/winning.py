"""The biggest losses of a scorecard in words: what would win them back, in values and in cases."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezun.assessment import wording
from kezun.assessment.cards import address
from kezun.assessment.rules.form import Component
from kezun.assessment.rules.lines import Figure
from kezun.assessment.rules.winning import Step, cases, steps
from kezun.assessment.scorecards import Loss, Scorecard, ScoreLine
from kezun.ui.rules import grouped


@dataclass(frozen=True)
class Won:
    """A loss, and what would win it back in words."""

    title: str
    href: str
    lost: str
    ways: tuple[str, ...]


def won(card: Scorecard) -> list[Won]:
    """The biggest losses with what would win them back."""
    return [
        Won(
            loss.line.title,
            address(card.run.pk, card.row.subject, "line", loss.line.id),
            wording.pts(loss.lost),
            tuple(_ways(loss)),
        )
        for loss in card.losses
    ]


def _ways(loss: Loss) -> list[str]:
    line = loss.line
    if not isinstance(line.rule, Component):
        n = sum(e.state == "counted" for e in line.events)
        return [
            ngettext(
                "%(n)d event took these points; without another one they stay yours next period.",
                "%(n)d events took these points; without new ones they stay yours next period.",
                n,
            )
            % {"n": n}
        ]
    figure = line.figure
    if figure is None or figure.estimate is None:
        return []
    found = steps(line.rule.transform, figure.estimate, line.weight)
    return [_way(line, figure, step) for step in found]


def _way(line: ScoreLine, figure: Figure, step: Step) -> str:
    now = figure.estimate or 0.0
    if step.past:
        raised = _("Raise it from %(now)s to above %(then)s: +%(gain)s")
        lowered = _("Bring it down from %(now)s to below %(then)s: +%(gain)s")
    else:
        raised = _("Raise it from %(now)s to %(then)s: +%(gain)s")
        lowered = _("Bring it down from %(now)s to %(then)s: +%(gain)s")
    here, there = wording.apart(now, float(step.value), line.unit)
    told = raised if float(step.value) > now else lowered
    text = told % {"now": here, "then": there, "gain": wording.pts(step.gain)}
    extra = _cases(line, figure, step)
    return f"{text} {extra}" if extra else text


def _cases(line: ScoreLine, figure: Figure, step: Step) -> str:
    """The step in cases of this period: «that is 12 more of 640»; of inspections, points are no cases."""
    rule = line.rule
    if (
        line.unit != "%"
        or not isinstance(rule, Component)
        or rule.estimator.casemix
        or rule.source.standard
        or not figure.denominator
    ):
        return ""
    more = cases(figure, step.value)
    if more is None:
        return _("(out of reach with %(n)s; more observations are needed)") % {
            "n": grouped(figure.denominator)
        }
    told = _("(%(n)s more of %(all)s)") if more > 0 else _("(%(n)s fewer of %(all)s)")
    return told % {"n": grouped(abs(more)), "all": grouped(figure.denominator)} if more else ""
