"""How a number comes about: the explanation, the facts behind it, and taking them out as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezun.facts.definitions import Definition
from kezun.facts.indicators import catalogue
from kezun.facts.links import LINKS
from kezun.facts.questions import Answer, Question
from kezun.facts.types import FACT_TYPES
from kezun.insight import board, queries
from kezun.insight.actions import export_rows
from kezun.insight.asking import MOST_EXPORTED, answers, rows_behind, snapshots, spanned, unit_for
from kezun.insight.charts import bin_text, value_unit, weekday_names
from kezun.insight.look import Look, look, period_name, sent
from kezun.insight.names import interval_name, kind_text, no_interval, owner_text, part_text
from kezun.insight.sheet import column_titles, for_reading, linked_rows, workbook
from kezun.kernel.actor import require
from kezun.kernel.page import page
from kezun.org.models import Person, Unit
from kezun.org.reader import reader_of
from kezun.ui import figures
from kezun.ui.components import Crumb
from kezun.ui.rules import grouped

READ, READ_ROWS, EXPORT = "insight.read", "facts.read_rows", "facts.export"
PER_PAGE = 25
PARTS = ("numerator", "denominator")


@dataclass(frozen=True)
class Asked:
    """One number that is asked about: its indicator, unit, question, and the reader's choices."""

    definition: Definition
    unit: Unit
    question: Question
    look: Look
    person: Person | None

    @property
    def parts(self) -> list[str]:
        """The sides that have facts of their own to show."""
        d = self.definition
        return [p for p in PARTS if getattr(d, p) is not None]


def _asked(request: HttpRequest) -> Asked:
    """Read which number is meant; what lies outside the reader's scope is 404."""
    reader = reader_of(request)
    query = sent(request)
    for name in ("indicator", "unit", "period"):
        if not query.get(name):
            raise Http404(_("«%(name)s» is missing in the address.") % {"name": name})
    d = queries.definition(query["indicator"])
    seen = look(request, None)
    person = queries.person_by_code(reader, query["person"]) if query.get("person") else None
    unit = unit_for(reader, query["unit"], person)
    question = seen.ask(
        (d.id,),
        unit.code,
        person=person.code if person else None,
        business=query.get("business"),
        customer_class=query.get("customer_class"),
        hour=_number(query.get("hour"), 0, 23),
        weekday=_number(query.get("weekday"), 1, 7),
    )
    return Asked(d, unit, question, seen, person)


def _number(text: str | None, least: int, most: int) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 3 and least <= int(text) <= most):
        raise Http404(
            _("«%(text)s» is not a number from %(least)d to %(most)d.")
            % {"text": text, "least": least, "most": most}
        )
    return int(text)


@page("explain/", name="insight.explain", needs=READ)
def explain(request: HttpRequest) -> HttpResponse:
    """The explanation of one number; in the drawer for htmx, else as a page of its own."""
    asked = _asked(request)
    reader = reader_of(request)
    d = asked.definition
    (found,) = answers(reader, [asked.question], _known(reader, asked))
    answer = found[0] if found else None
    if answer is not None and d.kind == "quantile":
        answer = spanned(reader, asked.question, answer)
    context: dict[str, Any] = {
        "title": d.title,
        "crumbs": _crumbs(asked),
        "asked": asked,
        "d": d,
        "answer": answer,
        "lines": _lines(asked, answer),
        "kind": kind_text(d.kind),
        "owner": owner_text(d.owner),
        "page_href": asked.look.href(part=None, page=None),
        "bins": [(bin_text(a.by or "", value_unit(d)), a) for a in found] if d.kind == "distribution" else [],
        "below": [
            (part, asked.look.href(indicator=part.id)) for part in catalogue().parts(d.id) if part.id != d.id
        ],
    }
    if reader.may(READ_ROWS) and asked.parts:
        context |= _rows(request, asked, reader)
    template = "insight/explain_drawer.html" if _in_drawer(request) else "insight/explain.html"
    return render(request, template, context)


@page("explain/rows/", name="insight.rows", needs=READ_ROWS)
def rows(request: HttpRequest) -> HttpResponse:
    """The facts behind one side of a number, a page at a time; for htmx only this part."""
    if not _in_drawer(request):
        return explain(request)
    asked = _asked(request)
    return render(request, "insight/rows.html", _rows(request, asked, reader_of(request)))


def _crumbs(asked: Asked) -> list[Crumb]:
    """The way back: the person, or the unit and its indicator."""
    seen, here = asked.look, Crumb(_("How it comes about"))
    if asked.person is not None:
        return [Crumb(asked.person.name, seen.person(asked.person.code)), here]
    unit, d = asked.unit, asked.definition
    return [Crumb(unit.title, seen.unit(unit.code)), Crumb(d.title, seen.indicator(d.id, unit.code)), here]


def _known(reader: Person, asked: Asked) -> list[Unit]:
    """The unit, where the reader may see it as a whole (not only the person's part in it)."""
    return [asked.unit] if asked.person is None else []


def _in_drawer(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _lines(asked: Asked, answer: Answer | None) -> list[tuple[str, str]]:
    """Everything that makes up the number, as (name, text)."""
    d, seen = asked.definition, asked.look
    lines = [(_("Unit"), f"{asked.unit.title} ({asked.unit.code})")]
    if asked.person:
        lines.append((_("Person"), f"{asked.person.name} ({asked.person.code})"))
    asks = asked.question
    if asks.business is not None:
        lines.append((_("Business"), asks.business or "—"))
    if asks.customer_class is not None:
        lines.append((_("Customer class"), asks.customer_class or "—"))
    if asks.weekday is not None:
        lines.append((_("Weekday"), weekday_names()[asks.weekday - 1]))
    if asks.hour is not None:
        lines.append((_("Hour"), f"{asks.hour}:00 – {asks.hour + 1}:00"))
    period = seen.period
    lines.append((_("Period"), f"{period_name(period)} ({period.start} – {period.end})"))
    if answer is not None:
        lines += _numbers(d, answer)
    known = f"{timezone.localtime(seen.known_at):%Y-%m-%d %H:%M:%S}" if seen.known_at else _("now")
    lines.append((_("As known at"), known))
    for fact, number in snapshots(d, seen.known_at):
        lines.append((_("Snapshot"), f"{fact}@{number}"))
    return lines


def _numbers(d: Definition, answer: Answer) -> list[tuple[str, str]]:
    lines = []
    if answer.numerator is not None:
        lines.append((part_text("numerator"), grouped(answer.numerator)))
    if answer.denominator is not None:
        lines.append((part_text("denominator"), grouped(answer.denominator)))
    few = (
        " · " + _("fewer than the %(min)s needed to judge") % {"min": d.min_n}
        if board.thin(d, answer)
        else ""
    )
    lines.append(("n", grouped(answer.n) + few))
    span = figures.interval_text(answer.low, answer.high, d.unit)
    if text := span or (no_interval(d.kind) if answer.value is not None else ""):
        lines.append((interval_name(d.kind), text))
    if text := board.target(d):
        met = {True: _("met"), False: _("not met"), None: _("not judged")}[answer.met]
        lines.append((_("Target"), f"{text} · {met}"))
    return lines


def _rows(request: HttpRequest, asked: Asked, reader: Person) -> dict[str, Any]:
    part = request.GET.get("part", "")
    if part not in asked.parts:
        part = asked.parts[0]
    number = request.GET.get("page", "1")
    at = max(int(number), 1) if number.isascii() and number.isdigit() and len(number) < 8 else 1
    fact = FACT_TYPES[getattr(asked.definition, part).fact]
    found = for_reading(
        rows_behind(reader, asked.question, part, (at - 1) * PER_PAGE, PER_PAGE), linked=fact.name in LINKS
    )
    address = asked.look.rows
    return {
        "asked": asked,
        "tabs": [(part_text(p), address(part=p, page=None), p == part) for p in asked.parts],
        "part": part,
        "found": found,
        "columns": column_titles(found, fact),
        "rows_shown": linked_rows(found, fact, asked.unit.zone),
        "first": (at - 1) * PER_PAGE + 1 if found.total else 0,
        "last": (at - 1) * PER_PAGE + len(found.rows),
        "before": address(part=part, page=str(at - 1)) if at > 1 else "",
        "after": address(part=part, page=str(at + 1)) if at * PER_PAGE < found.total else "",
        "may_export": reader.may("insight.export_rows") and reader.may(EXPORT),
        "hidden": [(k, v) for k, v in asked.look.query.items() if k not in ("part", "page")],
        "too_many": found.total > MOST_EXPORTED,
        "most": MOST_EXPORTED,
    }


@page("explain/export/", name="insight.export", needs="insight.export_rows")
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The facts behind one side of a number as an Excel file; the trail records who took them."""
    asked = _asked(request)
    reader = reader_of(request)
    require(reader, EXPORT, asked.person or asked.unit)
    part = sent(request).get("part", "")
    if part not in asked.parts:
        raise Http404(_("There is no such side of this number."))
    found = rows_behind(reader, asked.question, part, 0, MOST_EXPORTED)
    body = workbook(found, [*_lines(asked, None), (_("Side"), part_text(part))], asked.definition.title)
    export_rows(
        reader,
        asked.person or asked.unit,
        indicator=asked.definition.id,
        period=asked.look.period.label,
        part=part,
        rows=len(found.rows),
    )
    name = f"{asked.definition.id}-{asked.unit.code}-{asked.look.period.label}-{part}.xlsx".replace("..", "_")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": content_disposition_header(True, name) or ""}
    )
