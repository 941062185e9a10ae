"""Checks of effect: planned at the close, reckoned when their day has come, settled by a third person.

What the figures say stands beside what the person says, and a person cannot settle on more than they show.
The same coming back within the window fails the remedy at once, without anybody.
"""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import kinds
from kezun.cases.actions.verbs import do
from kezun.cases.doing import Doing, after, effect, gate
from kezun.cases.effects import course  # its effect on the same verb runs first
from kezun.cases.models import Case, EffectCheck, Link
from kezun.cases.remarks import packed, remark
from kezun.cases.rules import effect as rules
from kezun.facts import indicators, queries
from kezun.facts.asking import BadQuestion
from kezun.facts.definitions import Definition
from kezun.facts.questions import Answer, Question, period_named
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import every

log = logging.getLogger("kezun.cases")
BY = SystemActor("effect")
__all__ = ["check_due", "course", "found_of", "planned", "settled"]


@gate("effect_planned")
def effect_planned(doing: Doing) -> str:
    """It is said how one will know whether it worked."""
    if doing.kind.effect is not None:
        return ""
    return _("Say first how it will be found out whether the remedy worked.")


@after
def planned(doing: Doing) -> None:
    """At the close: which days will be compared. A plan ends when the case is opened again."""
    case, spec = doing.case, doing.kind.effect
    if doing.verb == "reopen":
        EffectCheck.objects.filter(case=case, verdict="").delete()
    if doing.verb != "close" or spec is None or case.closed_at is None:
        return
    zone = ZoneInfo(case.unit.zone)
    received, closed = (at.astimezone(zone).date() for at in (case.received_at, case.closed_at))
    plan = rules.planned(received, closed, spec.days, spec.after_days)
    EffectCheck.objects.create(
        case=case,
        metric=(spec.indicator or str(case.data.get("indicator") or ""))[:80],
        before_from_date=plan.before_from,
        before_until_date=plan.before_until,
        after_from_date=plan.after_from,
        after_until_date=plan.after_until,
        due_date=plan.due,
    )


@effect("check")
def figures_count(doing: Doing) -> None:
    """Without a verdict the figures' own counts; with one, no better one than they give."""
    check = EffectCheck.objects.filter(case=doing.case, verdict="").order_by("-pk").first()
    computed = str(check.result.get("verdict") or "") if check else ""
    said = str(doing.said.get("verdict") or "")
    if doing.person is not None and check is not None and check.metric and not computed and said != rules.NOT:
        raise ValidationError(
            _("The figures for this are complete on %(day)s; it can be settled from then on.")
            % {"day": check.due_date.isoformat()}
        )
    if doing.person is not None and said and not rules.allowed(said, computed):
        raise ValidationError(
            {"verdict": _("The figures do not show this. Settle on what they show, or on less.")}
        )
    doing.sets["verdict"] = said or computed or rules.UNKNOWN
    if computed:
        doing.told["computed"] = computed


@after
def settled(doing: Doing) -> None:
    """The check holds who settled it, and how."""
    if doing.verb != "check":
        return
    row = EffectCheck.objects.filter(case=doing.case).order_by("-pk").first()
    if row is None:
        return
    row.verdict, row.checker, row.done_at = doing.sets["verdict"], doing.person, doing.at
    row.note = packed(doing.said.get("note"))
    row.save(update_fields=["verdict", "checker", "done_at", "note"])


@every(hours=6, name="cases.check_effects")
def catch_up() -> None:
    """What has come due, and what came back."""
    check_due()


def check_due() -> int:
    """Reckon the checks whose day has come, and fail remedies whose matter came back; returns how many.

    A check whose figures cannot be had is told in the log, and tried again; it holds up no other.
    """
    today, done = timezone.localdate(), 0
    waiting = EffectCheck.objects.filter(verdict="").select_related("case__kind", "case__unit")
    for row in waiting.filter(done_at__isnull=True).order_by("due_date", "pk"):
        again = _came_back(row.case)
        if again is not None:
            note = remark("came_back", case=again.no)
            do(BY, row.case, "check", {"verdict": rules.NOT, "note": note})
            done += 1
        elif row.due_date <= today and not row.result and row.metric:
            done += _reckon(row)
    return done


def _came_back(case: Case) -> Case | None:
    """A later case that recurs this one within the window of its kind."""
    spec = kinds.form_of(case.kind).effect
    if spec is None or case.closed_at is None:
        return None
    rows = Link.objects.filter(target=case, type=Link.Type.RECURRENCE_OF, ended_at__isnull=True)
    for row in rows.select_related("source").order_by("source__received_at"):
        if rules.recurred(case.closed_at, row.source.received_at, spec.recurrence_days):
            return row.source
    return None


def _reckon(row: EffectCheck) -> bool:
    try:
        row.result = found_of(row).plain()
    except (indicators.UnknownIndicator, BadQuestion):
        log.exception("the effect of a case cannot be reckoned", extra={"case": row.case_id})
        return False
    row.save(update_fields=["result"])
    return True


def found_of(row: EffectCheck) -> rules.Finding:
    """What the figures of the unit say of both periods. Raises UnknownIndicator, BadQuestion."""
    definition = indicators.catalogue()[row.metric]
    before = _answer(row, f"{row.before_from_date}..{row.before_until_date}")
    later = _answer(row, f"{row.after_from_date}..{row.after_until_date}")
    windows = (
        _window(definition, before, (row.before_until_date - row.before_from_date).days + 1),
        _window(definition, later, (row.after_until_date - row.after_from_date).days + 1),
    )
    return rules.judged(definition.kind, definition.direction, *windows)


def _answer(row: EffectCheck, period: str) -> Answer:
    [answer] = queries.measure(BY, Question((row.metric,), row.case.unit.code, period_named(period)))
    return answer


def _window(definition: Definition, answer: Answer, days: int) -> rules.Window:
    """Events and exposure of one period; a plain count is of its days."""
    exposure = days if definition.kind == "count" else int(answer.denominator or 0)
    return rules.Window(int(answer.numerator or 0), exposure)
