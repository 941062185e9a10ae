"""A scorecard as it is shown: every number as a text, with the bar, the words and the addresses beside it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment import wording
from kezun.assessment.messages import say_state
from kezun.assessment.models import Merit, Round, Run, Score
from kezun.assessment.rules.form import Adjustment, Component
from kezun.assessment.rules.lines import Counted, Figure
from kezun.assessment.scorecards import Rule, Scorecard, ScoreLine
from kezun.facts.indicators import catalogue
from kezun.kernel.actor import Actor
from kezun.org.models import Person
from kezun.standards.facts import E4
from kezun.ui import figures
from kezun.ui.components import Tile
from kezun.ui.figures import Change
from kezun.ui.rules import Bar, grouped

FULL = Bar(None)
NOTHING_TO_OPEN = ("base", "limit", "rounding")


@dataclass(frozen=True)
class Happened:
    """An event as a rule saw it; href opens its entry in the ledger where the reader may see it."""

    day: str
    level: str
    incident: str
    points: str
    state: str
    pending: bool
    href: str
    title: str


@dataclass(frozen=True)
class Row:
    """A line of a scorecard in words. bar: own points out of 100, peers' middle half and median."""

    line: ScoreLine
    weight: str
    measured: str
    estimate: str
    interval: str
    own: str
    n: str
    rated: str
    bar: Bar
    beside: str
    points: str
    possible: str
    moved: Change | None
    events: tuple[Happened, ...]
    href: str
    explain: str
    appeal: str

    @property
    def scored(self) -> bool:
        return self.line.state in ("scored", "peer_mean", "gated_zero")

    @property
    def quiet(self) -> bool:
        """Whether the line moved nothing: no data, or no event, now and before."""
        line = self.line
        return bool(self.href) and not (self.scored or line.points or line.moved or line.events)


def address(run: int, subject: str, page: str = "scorecard", *more: str) -> str:
    """Where a page about one subject of a run is."""
    return reverse(f"assessment.{page}", args=[run, subject, *more])


def rows(card: Scorecard, actor: Actor, appeals: bool = False) -> list[Row]:
    """All lines in their order; one statement more where there are events. appeals: whether to offer one."""
    entries = _entries(actor, [e.key for line in card.lines for e in line.events])
    return [_row(card, line, entries, appeals) for line in card.lines]


def _row(card: Scorecard, line: ScoreLine, entries: Mapping[str, Merit], appeals: bool) -> Row:
    figure, opens = line.figure, line.kind not in NOTHING_TO_OPEN
    appeal = (
        f"/appeals/new/?{urlencode({'score': card.row.pk, 'rule': line.id})}" if appeals and opens else ""
    )
    return Row(
        line=line,
        weight=f"{wording.pts(line.weight)} %" if line.weight else "",
        measured=measured(figure, line.unit),
        estimate=figures.figure(figure.estimate, line.unit) if drawn(line) and figure else "",
        interval=figures.interval_text(figure.low, figure.high, line.unit) if figure else "",
        own=wording.own_words(figure.own) if drawn(line) and figure else "",
        n=grouped(figure.n) if figure else "",
        rated=wording.pts(line.rated) if line.rated is not None else "",
        bar=bar(line),
        beside=beside(line.peers),
        points=wording.pts(line.points),
        possible=wording.pts(line.possible) if line.possible else "",
        moved=change(line.moved) if line.kind != "rounding" else None,
        events=tuple(_happened(e, entries, line.title) for e in line.events),
        href=address(card.run.pk, card.row.subject, "line", line.id) if opens else "",
        explain=evidence(line),
        appeal=appeal,
    )


def unit_of(rule: Rule | None) -> str:
    """The unit of a component's values."""
    source = rule.source if isinstance(rule, Component) else None
    known = catalogue().definitions.get(source.indicator) if source else None
    return known.unit if known else "%"


def drawn(line: ScoreLine) -> bool:
    """Whether the estimate is another thing than what was measured."""
    return isinstance(line.rule, Component) and line.rule.estimator.kind != "raw"


def measured(figure: Figure | None, unit: str) -> str:
    """The measured value with the whole numbers behind it."""
    if figure is None or figure.value is None:
        return ""
    told = figures.figure(figure.value, unit)
    if figure.shares:
        return f"{told} ({', '.join(s.version for s in figure.shares)})"
    return told


def counts(figure: Figure | None, unit: str) -> str:
    """«2,089 of 2,099» for shares; «90 of 97 points» for inspections, whose points are ten-thousandths."""
    if figure is None or unit != "%" or figure.numerator is None or not figure.denominator:
        return ""
    if figure.shares:
        return _("%(part)s of %(all)s points") % {
            "part": wording.plain(Decimal(figure.numerator) / E4),
            "all": wording.plain(Decimal(figure.denominator) / E4),
        }
    return _("%(part)s of %(all)s") % {
        "part": grouped(figure.numerator),
        "all": grouped(figure.denominator),
    }


def bar(line: ScoreLine) -> Bar:
    """Own points out of 100 (line), the middle half of peers (band), their median (dashed)."""
    if line.rated is None:
        return FULL
    told = line.peers
    return Bar(
        _within(line.rated), _within(told.get("p25")), _within(told.get("p75")), _within(told.get("p50"))
    )


def _within(value: Decimal | float | None) -> float | None:
    return None if value is None else round(min(100.0, max(0.0, float(value))), 2)


def beside(peers: Mapping[str, Any]) -> str:
    """The bar's band in words."""
    if not peers.get("n"):
        return ""
    told = _("peers: median %(middle)s, half of them %(low)s to %(high)s")
    return told % {
        "middle": wording.pts(peers["p50"]),
        "low": wording.pts(peers["p25"]),
        "high": wording.pts(peers["p75"]),
    }


def change(moved: Decimal | None) -> Change | None:
    return figures.change(float(moved), 0.0, "score", "up") if moved is not None else None


def evidence(line: ScoreLine) -> str:
    """The address of the explanation of a component's number, with its facts; the roof's page, if there."""
    asked = line.evidence
    if asked is None:
        return ""
    try:
        base = reverse("insight.explain")
    except NoReverseMatch:  # a roof without that page
        return ""
    told = {"indicator": asked.indicators[0], "unit": asked.unit, "period": asked.period.label}
    narrowed = {
        "person": asked.person,
        "business": asked.business,
        "customer_class": asked.customer_class,
    }
    told |= {name: value for name, value in narrowed.items() if value}
    told |= {"known_at": asked.known_at.isoformat()} if asked.known_at else {}
    return f"{base}?{urlencode(told)}"


def _entries(actor: Actor, keys: Iterable[str]) -> dict[str, Merit]:
    """Entries of the ledger behind events, by the event's key; only those that the reader may see."""
    wanted = {key: own for key in keys if is_key(own := key.rpartition("/")[2])}
    if not wanted:
        return {}
    found = {str(m.key): m for m in Merit.objects.visible_to(actor).filter(key__in=set(wanted.values()))}
    return {key: found[own] for key, own in wanted.items() if own in found}


def is_key(text: str) -> bool:
    """Whether an event may be an entry of the ledger: other sources name their events as they like."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _happened(event: Counted, entries: Mapping[str, Merit], title: str) -> Happened:
    entry = entries.get(event.key)
    return Happened(
        *(event.day, event.level, event.incident, wording.pts(event.points), say_state(event.state)),
        pending=event.state == "pending",
        href=reverse("assessment.merit", args=[entry.pk]) if entry else "",
        title=entry.title if entry else title,
    )


def tiles(card: Scorecard, group: str) -> list[Tile]:
    """The head of a scorecard: score, rank, change, peers."""
    row = card.row
    low_high = figures.interval_text(_float(row.low), _float(row.high), "score")
    found = [
        Tile(
            label=_("Score"),
            value=wording.pts(card.score),
            change=change(card.moved),
            n=_("95 %% interval %(span)s") % {"span": low_high} if low_high else card.why,
        ),
        Tile(label=_("Rank (median)"), value=wording.rank_words(row.rank, row.ranked) or "—", n=_rank(card)),
    ]
    told = card.peers
    if told.get("n"):
        scored = _("%(n)s scored") % {"n": grouped(told["n"])}
        found.append(
            Tile(
                label=_("Median of peers"),
                value=wording.pts(told["p50"]),
                n=_("half of them %(low)s to %(high)s")
                % {"low": wording.pts(told["p25"]), "high": wording.pts(told["p75"])},
                target="",
                period=f"{group} · {scored}",
            )
        )
    return found


def _rank(card: Scorecard) -> str:
    row = card.row
    if row.rank is not None:
        return _("95 %% interval %(low)s–%(high)s, tier %(tier)s") % {
            "low": row.rank_low,
            "high": row.rank_high,
            "tier": row.tier,
        }
    return unranked(row, card.scheme.ranking.min_n)


def unranked(row: Score, least: int) -> str:
    """Why a subject has no rank."""
    if row.score is None:
        return _("not scored, so not ranked")
    return _("not ranked: n = %(n)s, from %(least)s on") % {"n": grouped(row.n), "least": grouped(least)}


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def capped(card: Scorecard) -> str:
    """Why the grade is lower than the score says: the veto's title; empty where it is not."""
    if not card.row.capped:
        return ""
    known = {v.id: v for v in card.scheme.vetoes}
    titles = [
        (wording.english() and known[id].title_en) or known[id].title
        for id in card.result.vetoes
        if id in known
    ]
    return _("held at this grade by: %(why)s (else %(grade)s)") % {
        "why": ", ".join(titles) or _("a veto"),
        "grade": wording.grade_name(card.row.capped, card.scheme.grades),
    }


def may_appeal(actor: Actor, run: Run) -> bool:
    """Whether the round of a run takes appeals, from a person who may file them."""
    return (
        run.round is not None
        and run.round.state == Round.State.APPEAL
        and isinstance(actor, Person)
        and actor.may("assessment.file_appeal")
    )


def facts(card: Scorecard) -> list[tuple[str, str]]:
    """What the score is a function of, for the foot of the page and of the printed sheet."""
    run = card.run
    told = [
        (_("Scheme"), f"{wording.scheme_name(card.scheme)} {card.scheme.version}"),
        (_("Period"), f"{run.period} ({run.from_date:%Y-%m-%d} – {run.to_date:%Y-%m-%d})"),
        (_("Counts as"), run.get_kind_display()),
        (_("Facts and rules as known at"), f"{timezone.localtime(run.known_at):%Y-%m-%d %H:%M}"),
        (_("Run"), _("%(number)d, inputs %(hash)s") % {"number": run.pk, "hash": run.inputs_hash[:12]}),
    ]
    if run.decision:
        told.append((_("By decision"), run.decision))
    if run.reason:
        told.append((_("Because"), run.reason))
    if run.change:
        told.append((_("Changed numbers"), ", ".join(f"{k} = {v}" for k, v in run.change.items())))
    return told


def scale_of(component: Component) -> int:
    known = catalogue().definitions.get(component.source.indicator)
    return known.scale if known else 1


def total_of(shown: Sequence[Row]) -> str:
    """What the lines add up to."""
    return wording.pts(sum((r.line.points for r in shown), Decimal(0)))


def worth(rule: Adjustment) -> list[tuple[str, str]]:
    """What a rule of events says: points by level, cap, and how it counts."""
    told = [(wording.level_name(level), wording.plain(value)) for level, value in rule.points]
    told.append((_("at most in all"), wording.plain(rule.cap)))
    if rule.once:
        told.append((_("how often"), _("once a period, the highest")))
    if rule.attributed:
        told.append((_("counts when"), _("responsibility has been decided")))
    if rule.per is not None:
        known = catalogue().definitions.get(rule.per.indicator)
        name = known.title if known else rule.per.indicator
        told.append(
            (
                _("measured by"),
                _("%(name)s, per %(unit)s") % {"name": name, "unit": grouped(float(rule.per.unit))},
            )
        )
    return told
