"""A scorecard on paper and as a workbook: the same words as the page, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from kezun.assessment import cards, winning, wording
from kezun.assessment.cards import Row
from kezun.assessment.rules.form import Component
from kezun.assessment.scorecards import Scorecard
from kezun.ui.pdf import Document
from kezun.ui.workbook import Sheet, workbook


def file_name(card: Scorecard, suffix: str) -> str:
    return f"{card.scheme.id.rpartition(':')[2]}-{card.run.period}-{card.code}.{suffix}"


def head(card: Scorecard) -> list[tuple[str, str]]:
    """Who, the score, the grade, the rank, and what they are a function of."""
    row = card.row
    grade = wording.grade_name(card.grade, card.scheme.grades)
    rank = wording.rank_words(row.rank, row.ranked)
    if rank:
        rank += _(" (95 %% interval %(low)s–%(high)s, tier %(tier)s)") % {
            "low": row.rank_low,
            "high": row.rank_high,
            "tier": row.tier,
        }
    held = cards.capped(card)
    return [
        (_("Subject"), f"{card.code} {card.name}"),
        (_("Score"), wording.pts(card.score) if card.score is not None else card.why),
        (_("Grade"), f"{grade} {held}".strip()),
        (_("Rank"), rank or cards.unranked(row, card.scheme.ranking.min_n)),
        *cards.facts(card),
    ]


def printed(card: Scorecard, rows: Sequence[Row]) -> bytes:
    """The scorecard as a PDF: head, losses, lines, events, rules."""
    title = _("Scorecard") + f" · {card.name} · {card.run.period}"
    document = Document(
        title, foot=f"{card.code} · {card.run.inputs_hash[:16]} · {card.run.get_kind_display()}", wide=True
    )
    document.facts(head(card))
    losses = winning.won(card)
    if losses:
        document.heading(_("Where points were lost"))
        document.table(
            (_("Item judged"), _("Lost"), _("What would win them back")),
            [(w.title, w.lost, "\n".join(w.ways)) for w in losses],
            widths=(3, 1, 8),
            right=(1,),
        )
    document.heading(_("Line by line"))
    document.table(
        line_heads(),
        [_told(row) for row in rows],
        widths=(4, 1.2, 2, 3.4, 1.3, 1.4, 1.5, 1.5, 1.4),
        right=(1, 4, 5, 6, 7, 8),
    )
    happened = [(r.line.title, e.day, e.level, e.title, e.points, e.state) for r in rows for e in r.events]
    if happened:
        document.heading(_("Events"))
        document.table(event_heads(), happened, widths=(3, 1.5, 1.2, 4, 1, 2.5), right=(4,))
    document.heading(_("The rules"))
    document.table(
        (_("Item judged"), _("How it is judged")),
        [(r.line.title, _rule(r)) for r in rows if r.line.rule],
        widths=(2, 7),
    )
    return document.content()


def line_heads() -> tuple[str, ...]:
    return (
        *(
            _("Item judged"),
            _("Weight"),
            _("Measured"),
            _("Estimate"),
            "n",
            _("Out of 100"),
            _("Points"),
            _("Possible"),
        ),
        _("Against before"),
    )


def event_heads() -> tuple[str, ...]:
    return (_("Item judged"), _("Day"), _("Level"), _("What happened"), _("Points"), _("State"))


def _told(row: Row) -> tuple[str, ...]:
    estimate = f"{row.estimate} ({row.interval})\n{row.own}" if row.estimate else row.interval
    measured = row.measured if row.scored or not row.line.said else f"{row.measured} {row.line.said}".strip()
    moved = row.moved.text if row.moved else ""
    return (
        *(row.line.title, row.weight, measured, estimate, row.n, row.rated, row.points, row.possible, moved),
    )


def _rule(row: Row) -> str:
    rule = row.line.rule
    if not isinstance(rule, Component):
        return "; ".join(f"{name}: {text}" for name, text in cards.worth(rule)) if rule else ""
    steps = ", ".join(f"{value} → {points}" for value, points in wording.transform_words(rule, row.line.unit))
    told = [
        wording.source_words(rule),
        _("Points: %(steps)s") % {"steps": steps},
        _("From %(n)s observations on; else %(missing)s")
        % {"n": rule.min_n, "missing": wording.missing_words(rule)},
        *wording.gate_words(rule),
    ]
    return "\n".join(told)


def tabled(card: Scorecard, rows: Sequence[Row]) -> bytes:
    """The scorecard as a workbook: lines, events."""
    title = _("Scorecard") + f" · {card.name} · {card.run.period}"
    heads = (
        *(
            _("Item judged"),
            _("Kind"),
            _("Weight"),
            _("Measured"),
            _("Estimate"),
            _("Low"),
            _("High"),
            _("Own data"),
            "n",
        ),
        *(_("Out of 100"), _("Median of peers"), _("Points"), _("Possible"), _("Against before"), _("State")),
    )
    lines = Sheet(_("Lines"), title, heads, [_cells(row) for row in rows], head(card), (28, 12, *[11] * 13))
    events = [(r.line.title, e.day, e.level, e.title, e.points, e.state) for r in rows for e in r.events]
    more = [Sheet(_("Events"), title, event_heads(), events, (), (28, 12, 10, 40, 10, 24))] if events else []
    return workbook([lines, *more])


def _cells(row: Row) -> list[str | int | float | None]:
    line, figure = row.line, row.line.figure
    numbers: list[str | int | float | None] = [None] * 6
    if figure is not None:
        numbers = [figure.value, figure.estimate, figure.low, figure.high, figure.own, figure.n]
    return [
        *(line.title, kinds().get(line.kind, line.kind), round(float(line.weight), 4) or None, *numbers),
        *(_number(line.rated), line.peers.get("p50"), _number(line.points), _number(line.possible)),
        *(_number(line.moved), line.said),
    ]


def kinds() -> dict[str, str]:
    """Kinds of lines in words."""
    return {
        **{"base": _("Base"), "component": _("Component"), "deduction": _("Deduction")},
        **{"addition": _("Addition"), "limit": _("Limit"), "rounding": _("Rounding")},
    }


def _number(value: object) -> float | None:
    return None if value is None else round(float(str(value)), 6)
