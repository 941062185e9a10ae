"""Scorecards: one subject of one run, with what was lost, what would win it back and what moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import translation
from django.utils.translation import gettext as _

from kezun.assessment.lookups import code_of, forms_of, name_of, past, result_of, score_of
from kezun.assessment.messages import say_state, say_why
from kezun.assessment.models import Run, Score
from kezun.assessment.rules import steps
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.combining import combine, parts_of
from kezun.assessment.rules.form import Adjustment, Component, Source
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.lines import Counted, Figure, Line, Result
from kezun.assessment.rules.transform import best_value
from kezun.facts.indicators import catalogue
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor

LOSSES = 5
Rule = Component | Adjustment


@dataclass(frozen=True)
class ScoreLine:
    """One line of a scorecard, ready to be shown.

    kind: base, component, deduction, addition, limit, rounding. title: in the page's language. points: what
    it adds; possible: the most it could have added; lost: possible − points (a deduction: what it takes).
    rated: points out of 100 before `weight`. state: code, said: in words. figure: what went in. unit: of the
    indicator's value (%, s, …). moved: change of points since the period before. peers: {"n", "p10" … "p90"}
    of the group's points out of 100. evidence: the question that opens the facts behind it.
    """

    kind: str
    id: str
    version: str
    title: str
    points: Decimal
    possible: Decimal
    lost: Decimal
    weight: Decimal
    rated: Decimal | None
    state: str
    said: str
    figure: Figure | None
    unit: str
    events: tuple[Counted, ...]
    exposure: float | None
    moved: Decimal | None
    peers: Mapping[str, Any]
    evidence: Question | None
    rule: Rule | None


@dataclass(frozen=True)
class Loss:
    """One of the biggest losses: points lost, and the value that would win them back (None: events)."""

    line: ScoreLine
    lost: Decimal
    value: Decimal | None


@dataclass(frozen=True)
class Scorecard:
    """One subject of one run. score None: `why` says why in words. before: the score of the period before,
    moved: the change since then. peers: of the total, like ScoreLine.peers. past: of each period the score
    that counts."""

    run: Run
    row: Score
    scheme: Form
    result: Result
    name: str
    code: str
    score: Decimal | None
    grade: str
    why: str
    lines: tuple[ScoreLine, ...]
    losses: tuple[Loss, ...]
    before: Score | None
    moved: Decimal | None
    peers: Mapping[str, Any]
    past: Sequence[Score]

    @property
    def pending(self) -> tuple[Counted, ...]:
        """Events whose responsibility is still open: listed, not counted."""
        return tuple(e for line in self.lines for e in line.events if e.state == "pending")


def scorecard(actor: Actor, run: Run, subject: str) -> Scorecard:
    """Everything to be said of one subject of a run; at most eight statements. Raises OutOfScope."""
    row = score_of(actor, run, subject)
    forms, result = forms_of(run), result_of(row)
    counted = past(actor, run.scheme.urn, row.subject, seen=True)
    earlier = steps.before(Period.parse(run.period)).label
    before = next((one for one in counted if one.run.period == earlier), None)
    moved = _moved(result, result_of(before) if before else None)
    groups: Mapping[str, Any] = run.peers.get("groups", {}).get(row.group, {})
    rules: dict[tuple[str, str], Rule] = {}
    for form in forms:
        rules |= {(form.version, one.id): one for one in form.components}
        rules |= {(form.version, one.id): one for one in form.adjustments}
    by_unit = forms[-1].of.by == "unit"
    lines = tuple(
        _line(x, rules.get((x.version, x.id)), change, groups.get(x.id, {}), _Behind(row, run, by_unit))
        for x, change in zip(result.lines, moved, strict=True)
    )
    titles = {id: title_of(rule) for (_version, id), rule in rules.items()}
    old = before.score if before else None
    return Scorecard(
        *(run, row, forms[-1], result, name_of(row), code_of(row), result.score, row.grade),
        why=say_why(row.why, titles) if row.why else "",
        lines=lines,
        losses=_losses(lines),
        before=before,
        moved=None if row.score is None or old is None else row.score - old,
        peers=groups.get("total", {}),
        past=counted,
    )


def _moved(now: Result, before: Result | None) -> list[Decimal | None]:
    """For each line by how much its points moved; of several editions the last line says it of all."""
    then, sums = _sums(before), _sums(now)
    last = {(x.kind, x.id): at for at, x in enumerate(now.lines)}
    return [
        sums[x.kind, x.id] - then[x.kind, x.id]
        if (x.kind, x.id) in then and last[x.kind, x.id] == at
        else None
        for at, x in enumerate(now.lines)
    ]


def _sums(result: Result | None) -> dict[tuple[str, str], Decimal]:
    """Points by kind and id of the lines, over all editions."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in result.lines if result else ():
        found[line.kind, line.id] = found.get((line.kind, line.id), Decimal(0)) + line.points
    return found


class _Behind(NamedTuple):
    """Whose facts of which run stand behind a line; by_unit: a person judged by the unit they head."""

    row: Score
    run: Run
    by_unit: bool


def _line(
    line: Line, rule: Rule | None, moved: Decimal | None, peers: Mapping[str, Any], behind: _Behind
) -> ScoreLine:
    source = rule.source if isinstance(rule, Component) else None
    known = catalogue().definitions.get(source.indicator) if source else None
    return ScoreLine(
        *(line.kind, line.id, line.version, title_of(rule) if rule else _fixed(line.kind), line.points),
        *(line.possible, line.possible - line.points, line.weight, line.rated, line.state),
        said=say_state(line.state),
        figure=line.figure,
        unit=known.unit if known else "%",
        events=line.events,
        exposure=line.exposure,
        moved=moved,
        peers=peers,
        evidence=_evidence(source, behind, line.version) if source and known else None,
        rule=rule,
    )


def _evidence(source: Source, behind: _Behind, version: str) -> Question | None:
    """The question that opens the facts behind a component: those counted, as known when the run was made."""
    row, run, by_unit = behind
    if row.unit is None:
        return None
    return Question(
        *((source.indicator,), row.unit.code, days_of(run, version)),
        person=row.person.code if row.person and not by_unit else None,
        business=source.business,
        customer_class=source.customer_class,
        known_at=run.known_at,
    )


def days_of(run: Run, version: str) -> Period:
    """The days of a run that an edition of its scheme judged: the whole period unless several shared it."""
    told = run.inputs["scheme"]["editions"]
    mine = next((e for e in told if e["version"] == version), None) if len(told) > 1 else None
    return Period.parse(f"{mine['since']}..{mine['until']}" if mine else run.period)


def _losses(lines: Sequence[ScoreLine]) -> tuple[Loss, ...]:
    """The biggest losses first; what was not scored has lost nothing."""
    lost = [x for x in lines if x.kind in ("component", "deduction") and x.lost > 0]
    lost.sort(key=lambda x: (-x.lost, x.id))
    return tuple(
        Loss(x, x.lost, best_value(x.rule.transform) if isinstance(x.rule, Component) else None)
        for x in lost[:LOSSES]
    )


def title_of(rule: Rule) -> str:
    english = (translation.get_language() or "").startswith("en")
    return rule.title_en if english and rule.title_en else rule.title


def _fixed(kind: str) -> str:
    known = {"base": _("Base"), "limit": _("Limit of the total"), "rounding": _("Rounding")}
    return known.get(kind, kind)


def what_if(actor: Actor, run: Run, subject: str, change: Mapping[str, str]) -> tuple[Result, Result]:
    """A stored result and what it would be with other numbers in the scheme (`rules.changing.PATHS`).

    Nothing is stored, and ranks stay as they are. Raises NotAScheme for a change that names nothing.
    """
    before = result_of(score_of(actor, run, subject))
    forms = [changed(form, change) for form in forms_of(run)]
    return before, combine(parts_of(before, forms))
