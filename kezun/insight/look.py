"""What a reader chose to look at: read from the address, and written back into addresses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from django.http import Http404, HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kezun.facts.questions import Question, period_named
from kezun.facts.rules import Period
from kezun.insight.rules import first_period
from kezun.ui.components import PeriodPicker

# Choices for which an empty text says something: facts without a business type, without a class.
EMPTY = ("business", "customer_class")
KINDS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class Look:
    """The choices of one request: the period, the moment of knowledge, and everything else of the query.

    latest: the last day that has facts (None: there are none).
    """

    path: str
    query: dict[str, str]
    period: Period
    latest: dt.date | None
    known_at: dt.datetime | None = None

    def href(self, **changes: Any) -> str:
        """This page's address with the present choices and `changes` (None removes one)."""
        return self._address(self.path, self.query, changes)

    def to(self, path: str, **choices: Any) -> str:
        """Another page's address: it takes the period and the moment along, and `choices`."""
        kept = {k: v for k, v in self.query.items() if k in ("period", "known_at")}
        return self._address(path, kept, choices)

    def rows(self, **changes: Any) -> str:
        """The address of the facts behind the number that this page explains."""
        return self._address(reverse("insight.rows"), self.query, changes)

    @staticmethod
    def _address(path: str, kept: dict[str, str], changes: dict[str, Any]) -> str:
        chosen = {**kept, **changes}
        query = "&".join(
            _written(k, str(v)) for k, v in chosen.items() if v is not None and (v or k in EMPTY)
        )
        return f"{path}?{query}" if query else path

    def unit(self, code: str) -> str:
        return self.to(reverse("insight.unit", args=[code]))

    def person(self, code: str) -> str:
        return self.to(reverse("insight.person", args=[code]))

    def indicator(self, name: str, unit: str | None) -> str:
        """The address of an indicator's page, for one unit or (None) its words alone."""
        return self.to(reverse("insight.indicator", args=[name]), unit=unit)

    def explain(self, indicator: str, unit: str, **narrow: str | None) -> str:
        """The address of the explanation of one number; `period` is the one shown unless given."""
        chosen = {"indicator": indicator, "unit": unit, "period": self.period.label, **narrow}
        return self.to(_explaining(get_script_prefix()), **chosen)

    def ask(self, indicators: tuple[str, ...], unit: str, **more: Any) -> Question:
        """A question over the period and as of the moment looked at."""
        return replace(Question(indicators, unit, self.period, known_at=self.known_at), **more)

    def picker(self) -> PeriodPicker:
        """The period picker: keeps all other choices."""
        anchor = min(max(self.period.start, self.latest or self.period.end), self.period.end)
        kinds = [
            (kind, kind_name(kind), self.href(period=Period.of(anchor, kind).label), kind == self.period.kind)
            for kind in KINDS
        ]
        keep = [(k, v) for k, v in self.query.items() if k not in ("period", "from", "to", "page")]
        return PeriodPicker(
            period_name(self.period),
            self.period.start.isoformat(),
            self.period.end.isoformat(),
            self.href(period=_beside(self.period, -1), page=None),
            self.href(period=_beside(self.period, 1), page=None),
            kinds,
            keep,
        )


@lru_cache(maxsize=4096)
def _written(name: str, value: str) -> str:
    """One choice as an address holds it; kept, as a heat map writes the same ones a hundred times."""
    return f"{quote_plus(name)}={quote_plus(value)}"


@lru_cache(maxsize=8)
def _explaining(prefix: str) -> str:
    """The address of the explanation, looked up once and not for each number of a page."""
    return reverse("insight.explain")


def _beside(period: Period, step: int) -> str:
    try:
        return (period.previous() if step < 0 else period.following()).label
    except (ValueError, OverflowError):
        return period.label


def kind_name(kind: str) -> str:
    """The name of a length of period."""
    names = {
        "day": _("Day"),
        "week": _("Week"),
        "month": _("Month"),
        "quarter": _("Quarter"),
        "year": _("Year"),
    }
    return names[kind]


def period_name(period: Period) -> str:
    """A period as people write it in the page's language."""
    start = period.start
    if period.kind == "month":
        return date_format(start, _("F Y"))
    if period.kind == "quarter":
        return _("%(year)s, quarter %(quarter)s") % {"year": start.year, "quarter": (start.month + 2) // 3}
    if period.kind == "week":
        year, week, _day = start.isocalendar()
        return _("%(year)s, week %(week)s") % {"year": year, "week": week}
    if period.kind == "year":
        return _("Year %(year)s") % {"year": start.year}
    if period.kind == "day":
        return start.isoformat()
    return f"{start.isoformat()} – {period.end.isoformat()}"


def sent(request: HttpRequest) -> dict[str, str]:
    """The choices in the address, and for a form those in its body, which win."""
    both = [*request.GET.items(), *request.POST.items()]
    return {k: v for k, v in both if isinstance(v, str) and k != "csrfmiddlewaretoken"}


def look(request: HttpRequest, latest: dt.date | None) -> Look:
    """Read the choices of a request; what cannot be read is 404 with a message that says the forms."""
    query = sent(request)
    if query.get("from") and query.get("to"):
        query["period"] = f"{query.pop('from')}..{query.pop('to')}"
    period = first_period(latest, timezone.localdate())
    if query.get("period"):
        try:
            period = period_named(query["period"])
        except ValueError as error:
            raise Http404(str(error)) from error
        query["period"] = period.label
    known_at = None
    if query.get("known_at"):
        known_at = _moment(query["known_at"])
    return Look(request.path, query, period, latest, known_at)


def _moment(text: str) -> dt.datetime:
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None:
        raise Http404(_("«%(text)s» is not a moment: write 2026-03-01T08:30:00.") % {"text": text})
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
