"""Runs as text for a terminal and for machines: decimals as strings, nothing rounded twice."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from kezun.assessment.lookups import code_of, forms_of, name_of, result_of
from kezun.assessment.messages import say_state, say_why
from kezun.assessment.models import Run, Score
from kezun.assessment.rules.lines import Counted, Line
from kezun.assessment.scorecards import Scorecard, ScoreLine, title_of
from kezun.assessment.wording import grade_name, level_name

COLUMNS = (
    *("subject", "code", "group", "score", "low", "high", "grade", "rank", "rank_low", "rank_high"),
    *("ranked", "tier", "n", "vetoes", "why"),
)


def as_json(run: Run, scores: Iterable[Score]) -> dict[str, Any]:
    """A run with its subjects and their lines."""
    return {
        **{"run": run.pk, "kind": run.kind, "scheme": str(run.scheme), "period": run.period},
        "known_at": run.known_at.isoformat(),
        **{"inputs_hash": run.inputs_hash, "result_hash": run.result_hash, "change": run.change},
        "subjects": [_subject(score) for score in scores],
    }


def _subject(score: Score) -> dict[str, Any]:
    told: dict[str, Any] = dict(zip(COLUMNS, values(score), strict=True))
    result = result_of(score)
    told["pending"] = result.pending
    told["veto"] = list(result.vetoes)
    told["lines"] = [line_json(line) for line in result.lines]
    return told


def line_json(line: Line) -> dict[str, Any]:
    """A line with all that went into it, by names."""
    made = {name: getattr(line, name) for name in Line.__struct_fields__}
    made["figure"] = _named(line.figure) if line.figure else None
    made["events"] = [_named(event) for event in line.events]
    plain: dict[str, Any] = msgspec.to_builtins(made)
    for name in ("points", "possible", "weight", "rated"):
        plain[name] = None if made[name] is None else f"{made[name]:f}"
    return plain


def _named(value: msgspec.Struct) -> dict[str, Any]:
    made = {name: getattr(value, name) for name in value.__struct_fields__}
    if "shares" in made:
        made["shares"] = [_named(share) for share in made["shares"]]
    return made


def values(score: Score) -> list[Any]:
    """The columns of COLUMNS."""
    digits = [None if v is None else f"{v.normalize():f}" for v in (score.score, score.low, score.high)]
    return [
        *(score.subject, code_of(score), score.group, *digits, score.grade),
        *(
            score.rank,
            score.rank_low,
            score.rank_high,
            score.ranked,
            score.tier,
            score.n,
            score.vetoes,
            score.why,
        ),
    ]


def as_csv(scores: Iterable[Score]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(values(score) for score in scores)
    return out.getvalue()


def as_table(run: Run, scores: Iterable[Score]) -> str:
    """Names, scores with their interval, grades and rank intervals, in the reader's language."""
    forms = forms_of(run)
    titles = {c.id: title_of(c) for form in forms for c in form.components}
    rows: list[list[Any]] = [[_("rank"), "", _("code"), _("name"), _("score"), "", _("grade"), "n", ""]]
    for s in scores:
        told = values(s)
        ranks = f"{s.rank_low}–{s.rank_high} / {s.ranked}" if s.rank else ""
        span = f"{told[4]} – {told[5]}" if told[4] is not None else ""
        grade, why = grade_name(s.grade, forms[-1].grades), say_why(s.why, titles) if s.why else ""
        rows.append([s.rank, ranks, code_of(s), name_of(s), told[3], span, grade, s.n, why])
    return aligned(rows)


def explained(card: Scorecard) -> str:
    """One scorecard, line by line."""
    grade = grade_name(card.grade, card.scheme.grades)
    head = f"{card.code} {card.name}: {card.score if card.score is not None else card.why} {grade}".rstrip()
    rows: list[list[Any]] = [
        [_("line"), "", _("points"), _("of"), _("weight"), _("measured"), "n", _("estimate"), ""]
    ]
    rows += [_line(line) for line in card.lines]
    return f"{head}\n{aligned(rows)}"


def _line(line: ScoreLine) -> list[Any]:
    figure = line.figure
    measured = estimate = ""
    if figure is not None and figure.value is not None:
        parts = [f"{s.version} {s.earned_e4 / 10000:g}/{s.possible_e4 / 10000:g}" for s in figure.shares]
        measured = " + ".join(parts) or f"{figure.value:.4f}"
        estimate = f"{figure.estimate:.4f}" if figure.estimate is not None else ""
    told = line.said if line.kind != "rounding" else ""
    events = ", ".join(_event(event) for event in line.events)
    points = [f"{value:.4f}".rstrip("0").rstrip(".") for value in (line.points, line.possible, line.weight)]
    n = figure.n if figure else None
    return [line.id, line.title, *points, measured, n, estimate, "; ".join(t for t in (told, events) if t)]


def _event(event: Counted) -> str:
    level = level_name(event.level) if event.level else ""
    return " ".join(filter(None, (event.day, level, f"{event.points:f}", say_state(event.state))))


def aligned(rows: Sequence[Sequence[Any]]) -> str:
    """Columns of texts beside one another; wide characters take two places."""
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(_width(row[i]) for row in texts) for i in range(len(texts[0]))]
    lines = (
        "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
        for row in texts
    )
    return "\n".join(line.rstrip() for line in lines)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
