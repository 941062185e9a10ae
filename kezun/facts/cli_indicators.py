"""Commands: `kezun indicators` and `kezun facts rows`."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import json
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import click
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.facts import queries
from kezun.facts.asking import BadQuestion, moment
from kezun.facts.engine import TooLarge
from kezun.facts.evidence import PARTS
from kezun.facts.indicators import UnknownIndicator
from kezun.facts.questions import BREAKDOWNS, Answer, Question, period_named
from kezun.facts.rules import Period
from kezun.facts.yamlread import DefinitionError
from kezun.kernel.actor import Actor
from kezun.org.command import acting
from kezun.org.models import Unit
from kezun.ui.figures import figure

FORMATS = click.Choice(["table", "json", "csv"])
PERIODS = "1999-02|1999-W06|1999-02-03|1999-Q1|1999|FROM..TO"


def selectors(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which facts; the command gets them as one Question without indicators."""

    @click.option("--unit", required=True, metavar="CODE", help="The unit, with all below it.")
    @click.option("--below", type=click.Choice(Unit.Kind.values), help="Instead: its units of this kind.")
    @click.option("--period", "period_text", required=True, metavar=PERIODS)
    @click.option("--by", type=click.Choice(BREAKDOWNS), help="Broken down by.")
    @click.option("--person", metavar="CODE", help="Only facts of this person.")
    @click.option("--business", metavar="TYPE", help="Only this type of business.")
    @click.option("--class", "customer_class", metavar="CLASS", help="Only this class of customers.")
    @click.option("--known-at", metavar="MOMENT", help="The facts as they were known then.")
    @functools.wraps(function)
    def run(*args: Any, period_text: str, known_at: str | None, **told: Any) -> None:
        names = ("unit", "below", "by", "person", "business", "customer_class")
        narrow = {name: told.pop(name) for name in names}
        period, known = period_option(period_text), known_at_option(known_at)
        question = Question((), period=period, known_at=known, **narrow)
        try:
            function(*args, question=question, **told)
        except (BadQuestion, UnknownIndicator, TooLarge) as error:
            raise click.UsageError(str(error)) from error
        except DefinitionError as error:
            raise click.ClickException(str(error)) from error

    return run


def period_option(text: str) -> Period:
    """The period that `--period` names; UsageError with the forms there are."""
    try:
        return period_named(text)
    except ValueError as error:
        raise click.UsageError(f"--period: {error}") from error


def known_at_option(text: str | None) -> dt.datetime | None:
    """The moment that `--known-at` names (None: now); UsageError where it is none."""
    try:
        return moment(text, timezone.get_default_timezone()) if text else None
    except BadQuestion as error:
        raise click.UsageError(f"--known-at: {error}") from error


@click.command("indicators")
@selectors
@click.option("--indicator", "ids", multiple=True, metavar="ID", help="Only these (may be repeated).")
@click.option("--format", "form", type=FORMATS, default="table")
@acting
def indicators_command(actor: Actor, question: Question, ids: tuple[str, ...], form: str) -> None:
    """Indicators of a unit in a period; all that have facts, where none is named."""
    chosen = ids or tuple(queries.with_facts(_all_that_fit(question)))
    asked = Question(**{**vars(question), "indicators": chosen})
    answers = queries.measure(actor, asked) if chosen else []
    if form == "json":
        click.echo(json.dumps([a.as_dict() for a in answers], ensure_ascii=False, indent=1))
    elif form == "csv":
        rows = [list(a.as_dict().values()) for a in answers]
        click.echo(_csv(list(Answer.__struct_fields__), rows), nl=False)
    else:
        click.echo(_table(answers))


def _all_that_fit(question: Question) -> list[str]:
    """All indicators; without distributions where something is broken down, which they cannot be."""
    known = queries.indicators()
    return [d.id for d in known if question.by is None or d.kind != "distribution"]


@click.group("facts")
def facts_group() -> None:
    """The facts themselves."""


@facts_group.command("rows")
@selectors
@click.option("--indicator", "id", required=True, metavar="ID")
@click.option("--part", type=click.Choice(PARTS), default="numerator")
@click.option("--limit", type=click.IntRange(min=0), help="At most so many rows.")
@click.option("--offset", type=click.IntRange(min=0), default=0)
@click.option("--format", "form", type=FORMATS, default="table")
@acting
def rows_command(
    actor: Actor, question: Question, id: str, part: str, limit: int | None, offset: int, form: str
) -> None:
    """The facts behind an indicator's numerator or denominator, oldest first."""
    asked = Question(**{**vars(question), "indicators": (id,)})
    found = queries.rows(actor, asked, part, offset, limit)
    rows = [[_plain(value) for value in row] for row in found.rows]
    if form == "json":
        listed = [dict(zip(found.columns, row, strict=True)) for row in rows]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=1))
    elif form == "csv":
        click.echo(_csv(found.columns, rows), nl=False)
    else:
        click.echo(_aligned([found.columns, *rows]))
    click.echo(_("%(shown)d of %(total)d facts") % {"shown": len(rows), "total": found.total}, err=True)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _table(answers: Sequence[Answer]) -> str:
    """A table for people: names, values with units, and whether the target is met."""
    head = [_("unit"), _("by"), _("indicator"), "", _("value"), "n", _("interval"), _("target"), _("met")]
    rows: list[list[Any]] = [head]
    for a in answers:
        definition = queries.indicator(a.indicator)
        unit = definition.unit
        span = f"{figure(a.low, unit)} – {figure(a.high, unit)}" if a.low is not None else ""
        target = definition.target
        bound = f"{target.op} {figure(target.value, unit)}" if target else ""
        met = "" if a.met is None else _("yes") if a.met else _("no")
        value = figure(a.value, unit)
        rows.append([a.unit, a.by or "", a.indicator, definition.title, value, a.n, span, bound, met])
    return _aligned(rows)


def _aligned(rows: Sequence[Sequence[Any]]) -> str:
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(_width(row[i]) for row in texts) for i in range(len(texts[0]))]
    return "\n".join(
        "  ".join(
            text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in texts
    )


def _width(text: str) -> int:
    """Columns that a text takes in a terminal: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
