"""Home, the page of a unit, and the page of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.facts.definitions import Definition
from kezun.facts.questions import Question
from kezun.insight import board, queries
from kezun.insight.asking import answers, unit_totals, versions
from kezun.insight.look import Look, look
from kezun.insight.rules import spark_step
from kezun.kernel.page import PAGES, Menu, menu_for, page
from kezun.org.models import Person, Unit
from kezun.org.queries import ancestors, unit_by_code
from kezun.org.reader import reader_of
from kezun.ui.components import Crumb

READ = "insight.read"
MOST_RANKED = 40


@page("", name="insight.home", menu=Menu("look", 10, gettext_lazy("Home"), "home", short=1))
def home(request: HttpRequest) -> HttpResponse:
    """Lands each reader on what is theirs: the bank, their branch or outlet, or their own page."""
    person = reader_of(request)
    if not person.may(READ):
        first = next((p for p in menu_for(person) if p.name != "insight.home"), None)
        return (
            redirect(first.name) if first else render(request, "insight/nothing.html", {"title": _("Home")})
        )
    at = versions()
    fresh = queries.freshness(at)
    seen = look(request, fresh.latest)
    homes = queries.homes(person, seen.period.end, READ)
    if not homes:
        return redirect("insight.person", person.code)
    chosen = next((h for h in homes if h.unit.code == seen.query.get("unit")), homes[0])
    others = [h.unit for h in homes if h is not chosen]
    context = _unit_board(person, chosen, seen, at)
    context |= {"fresh": fresh, "others": others, **_import_link(person, fresh)}
    return render(request, "insight/unit.html", context)


@page("units/<str:code>/", name="insight.unit", needs=READ)
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """The board of one unit in the reader's scope."""
    person = reader_of(request)
    found = unit_by_code(person, code, READ)
    at = versions()
    fresh = queries.freshness(at)
    seen = look(request, fresh.latest)
    above = ancestors(person, found, seen.period.end, READ)
    crumbs = [Crumb(u.title, seen.unit(u.code)) for u in above] + [Crumb(found.title)]
    context = _unit_board(person, queries.Home(found, queries.units_below(found, seen.period.end)), seen, at)
    context |= {"fresh": fresh, "crumbs": crumbs, **_import_link(person, fresh)}
    return render(request, "insight/unit.html", context)


@dataclass(frozen=True)
class Ranking:
    """What is ranked: the places, the questions that answer for them, and the choices of level."""

    places: Sequence[board.Place]
    questions: Sequence[Question]
    levels: Sequence[tuple[str, str, bool]]
    by_person: bool


def _unit_board(person: Person, home: queries.Home, seen: Look, at: Mapping[str, int]) -> dict[str, Any]:
    """The context of unit.html for one unit that the reader may open."""
    unit = home.unit
    shown, ranks, shares = (
        queries.listed("tiles", unit.kind),
        queries.listed("ranked"),
        queries.listed("worse"),
    )
    rank = next((d for d in ranks if d.id == seen.query.get("rank")), ranks[0] if ranks else None)
    ids = tuple(d.id for d in shown)
    wanted = tuple(dict.fromkeys([*(d.id for d in shares), *([rank.id] if rank else [])]))
    ranking = _ranking(home, seen, wanted)
    base = seen.ask(ids, unit.code)
    earlier = seen.period.previous()
    now, before, steps, *rest = answers(
        person,
        [
            base,
            replace(base, period=earlier),
            replace(base, by=spark_step(seen.period)),
            *ranking.questions,
            *(replace(q, period=earlier) for q in ranking.questions),
        ],
        known=[unit],
        at=at,
    )
    half = len(ranking.questions)
    places_now = board.index(a for part in rest[:half] for a in part)
    places_before = board.index(a for part in rest[half:] for a in part)
    places = ranking.places
    if ranking.by_person:
        places = _people_places(person, unit, seen, places_now)
    most = None if seen.query.get("all") else MOST_RANKED
    worst = seen.query.get("order") == "worst"
    table = board.ranked(rank, seen, places, places_now, places_before, most, worst) if rank else None
    return {
        "title": unit.title,
        "unit": unit,
        "now_href": seen.href(known_at=None),
        "look": seen,
        "picker": seen.picker(),
        "tiles": board.tiles(shown, unit.code, seen, board.index(now), board.index(before), steps),
        "rank": rank,
        "rank_target": board.target(rank) if rank else "",
        "ranks": ranks,
        "table": table,
        "all_href": seen.href(all="1"),
        "caption": board.caption(rank, seen) if rank else "",
        "levels": ranking.levels,
        "by_person": ranking.by_person,
        "losses": board.losses(shares, seen, places, places_now, places_before),
    }


def _import_link(person: Person, fresh: queries.Freshness) -> dict[str, str]:
    """Where there are no facts yet: the way to the import desk, for those who may import."""
    desk = PAGES.get("facts.batches")
    if fresh.latest is not None or desk is None or not person.may("facts.import_file"):
        return {}
    return {"import_href": reverse(desk.name), "import_action": _("Import service records")}


def _ranking(home: queries.Home, seen: Look, wanted: tuple[str, ...]) -> Ranking:
    """The units right below, or all of one kind below (`level`), or where there are none the people."""
    unit, below = home.unit, home.below
    if not below:
        return Ranking((), [seen.ask(wanted, unit.code, by="person")], (), True)
    level = seen.query.get("level")
    kinds = list(dict.fromkeys(b.kind for b in below))
    if level not in kinds:
        level = None
    shown = [b for b in below if (b.kind == level if level else b.depth == 1)]
    places = [board.Place((b.code, None), b.title, seen.unit(b.code)) for b in shown]
    asked = [seen.ask(wanted, unit.code, below=kind) for kind in dict.fromkeys(b.kind for b in shown)]
    names = dict(Unit.Kind.choices)
    choices = [("", _("Directly below"), level is None)]
    choices += [(kind, str(names[kind]), kind == level) for kind in kinds]
    return Ranking(places, asked, choices if len(kinds) > 1 else (), False)


def _people_places(person: Person, unit: Unit, seen: Look, now: board.Index) -> list[board.Place]:
    codes = list(dict.fromkeys(by for _id, _unit, by in now if by))
    names = queries.people_titles(person, codes)
    return [
        board.Place(
            (unit.code, code), names.get(code, code), seen.person(code) if code in names else "", code
        )
        for code in codes
    ]


@page("people/<str:code>/", name="insight.person", needs=READ)
def person(request: HttpRequest, code: str) -> HttpResponse:
    """One person's own numbers beside those of the unit; open to the person and to whoever leads them."""
    reader = reader_of(request)
    shown_person = queries.person_by_code(reader, code)
    if shown_person.home_unit is None:
        raise Http404(_("This person belongs to no unit."))
    at = versions()
    fresh = queries.freshness(at)
    seen = look(request, fresh.latest)
    shown = queries.listed("person")
    unit = shown_person.home_unit
    own = seen.ask(tuple(d.id for d in shown), unit.code, person=code)
    earlier = seen.period.previous()
    now, before, steps = answers(
        reader, [own, replace(own, period=earlier), replace(own, by=spark_step(seen.period))], [unit], at
    )
    around = _around(reader, seen, shown, unit, at)
    opens_unit = _opens(reader, unit)
    context = {
        "title": shown_person.name,
        "person": shown_person,
        "unit": unit,
        "unit_href": seen.unit(unit.code),
        "now_href": seen.href(known_at=None),
        "is_self": shown_person.pk == reader.pk,
        "opens_unit": opens_unit,
        "look": seen,
        "picker": seen.picker(),
        "fresh": fresh,
        "tiles": board.tiles(
            shown, unit.code, seen, board.index(now), board.index(before), steps, code, opens_unit
        ),
        "compared": board.compared(shown, unit.code, seen, board.index(now), around, code),
    }
    return render(request, "insight/person.html", context)


def _opens(reader: Person, unit: Unit) -> bool:
    """Whether the reader may open the unit as a whole, not only their own part in it."""
    if all(h.role.reach == "own" for h in reader.scope.carrying(READ)):
        return False
    return reader.covers(READ, unit)


def _around(
    reader: Person, seen: Look, shown: Sequence[Definition], unit: Unit, at: Mapping[str, int]
) -> board.Index:
    """The unit's own numbers, to compare with: shares and means only, and of several people."""
    return board.index(unit_totals(reader, seen.ask(tuple(d.id for d in shown), unit.code), unit, at))
