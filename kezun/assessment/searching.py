"""The search for leads as work in the background: asked for on the page, and once a month by itself."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
from django.utils import timezone

from kezun.assessment.actions.leads import find_leads
from kezun.assessment.models import Lead
from kezun.assessment.signals.finding import search
from kezun.assessment.signals.ratings import SAMPLE
from kezun.assessment.signals.span import Span, opened
from kezun.facts import evidence
from kezun.facts.proposal import choice_word
from kezun.facts.questions import RowPage
from kezun.facts.types import FACT_TYPES
from kezun.kernel.actor import Actor, SystemActor, require
from kezun.kernel.task import enqueue, every, task

SEARCH = "assessment.search_leads"
FIND = "assessment.find_leads"
LONGEST = dt.timedelta(days=100)
LAST = ("source", "source_id", "recorded_at")
DERIVED = ("day", "hour", "weekday")


def ask(actor: Actor, since: dt.date, until: dt.date) -> None:
    """Have the facts of some days searched by the worker; raises Denied."""
    require(actor, FIND)
    enqueue(SEARCH, since=since.isoformat(), until=until.isoformat())


@task(SEARCH)
def search_leads(since: str, until: str) -> None:
    """Search, and keep what was found. Repeated, it renews what is still open."""
    first, last = dt.date.fromisoformat(since), dt.date.fromisoformat(until)
    find_leads(SystemActor("worker"), since=first, until=last, found=search(Span(first, last)))


@every(days=1, name="assessment.search_last_month")
def search_last_month() -> None:
    """From the third day of a month on, the month before, once."""
    today = timezone.localdate()
    last = today.replace(day=1) - dt.timedelta(days=1)
    first = last.replace(day=1)
    if today.day >= 3 and not Lead.objects.filter(from_date=first, to_date=last).exists():
        search_leads(first.isoformat(), last.isoformat())


def facts_of(actor: Actor, lead: Lead) -> tuple[list[str], list[list[str]]]:
    """The facts that show a lead: headings and rows of texts, masked as the reader's rights demand."""
    if not lead.sample:
        return [], []
    with opened(Span(lead.from_date, lead.to_date), lead.fact) as engine:
        keys = pa.table({"key": pa.array(lead.sample, pa.string())})
        engine.register("wanted", keys)
        found = engine.sql(
            f'SELECT f.* FROM "{lead.fact}" f JOIN wanted ON f.source_id = wanted.key '
            f"WHERE f.unit = {int(lead.unit_id)} OR {'TRUE' if lead.fact == 'inspection' else 'FALSE'} "
            f"ORDER BY f.occurred_at, f.source_id LIMIT {SAMPLE}"
        ).to_arrow_table()
    return _told(lead.fact, evidence.page(actor, lead.fact, found.num_rows, found))


def _told(fact: str, page: RowPage) -> tuple[list[str], list[list[str]]]:
    """Columns that hold something, under their labels, machines' own last; moments in the page's zone."""
    order = [name for name in page.columns if name not in (*DERIVED, *LAST)]
    order += [name for name in LAST if name in page.columns]
    places = [page.columns.index(name) for name in order]
    used = [n for n in places if any(row[n] is not None for row in page.rows)]
    heads = [str(FACT_TYPES[fact].column(page.columns[n]).label) for n in used]
    return heads, [[_text(page.columns[n], row[n]) for n in used] for row in page.rows]


def _text(column: str, value: object) -> str:
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else choice_word(column, str(value))
