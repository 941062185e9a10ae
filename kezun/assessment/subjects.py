"""Whom a scheme judges over some days: its subjects, their peer groups, and which facts are theirs.

A roster is made once for a run and kept with it, so that a run can be repeated after any reorganisation.
Facts belong to whom they belonged on their own day: units by their place in the tree, people by themselves,
heads by the unit on the days on which they headed it, business lines by the people assigned to them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from kezun.assessment.rules.form import Of
from kezun.facts.branches import branches
from kezun.facts.compile import Branch
from kezun.facts.rules import Period
from kezun.org.models import (
    FOREVER,
    Assignment,
    BusinessLine,
    Person,
    Unit,
    UnitPath,
    UnitPlace,
    UnitTag,
    valid_on,
)

# Target of facts that are told apart by person and not by unit.
ALL = 0
KINDS = {"outlet": ("outlet",), "department": ("department",)}
NONE = "-"


class Subject(msgspec.Struct, frozen=True, array_like=True):
    """One subject: `unit:12`, `person:7` or `line:3`, where it stood at the end, and its peer group."""

    key: str
    code: str
    unit: int | None
    person: int | None
    line: int | None
    group: str

    @property
    def pk(self) -> int:
        """The primary key of what it is."""
        return int(self.key.partition(":")[2])


class Member(msgspec.Struct, frozen=True, array_like=True):
    """On these days (as ordinals) the facts of this person belong to this line."""

    person: int
    line: int
    since: int
    until: int


class Roster(msgspec.Struct, frozen=True, array_like=True):
    """All subjects in order of their key, and whose facts are theirs.

    by: `unit` (targets of the tree are the subjects' own keys), `person` (facts are told apart by person) or
    `line` (by person, who on a day belongs to a line: `members`). tree: unit, target, first and last day.
    """

    by: str
    subjects: list[Subject]
    tree: list[tuple[int, int, int, int]]
    members: list[Member] = []

    def branches(self, since: dt.date, until: dt.date) -> list[Branch]:
        """Where facts belong on some days; a branch that outlasts them is left open, so that nothing needs
        to be looked up by day."""
        first, last = since.toordinal(), until.toordinal()
        made = []
        for unit, target, start, end in self.tree:
            if start > last or end < first:
                continue
            low = dt.date.min if start <= first else dt.date.fromordinal(start)
            high = FOREVER if end >= last else dt.date.fromordinal(end)
            made.append(Branch(unit, target, low, high))
        return made

    def ground(self, since: dt.date, until: dt.date) -> list[Branch]:
        """The units and days that hold facts of any subject, each once, however many subjects they count for.

        An outlet lies under its own head and under everybody's above: asked for by `branches`, one fact of it
        comes once for each of them.
        """
        spans = {(b.unit, ALL, b.since.toordinal(), b.until.toordinal()) for b in self.branches(since, until)}
        day = dt.date.fromordinal
        return [Branch(unit, target, day(first), day(last)) for unit, target, first, last in joined(spans)]


@dataclass
class Owners:
    """Which subjects a single fact belongs to, by position in the roster."""

    roster: Roster
    _units: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    _people: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = {s.pk: at for at, s in enumerate(self.roster.subjects)}
        always = (dt.date.min.toordinal(), FOREVER.toordinal())
        if self.roster.by == "unit":
            for unit, target, since, until in self.roster.tree:
                if target in places:
                    self._units.setdefault(unit, []).append((places[target], since, until))
        elif self.roster.by == "person":
            self._people = {pk: [(at, *always)] for pk, at in places.items()}
        else:
            self._lines = {s.code: at for at, s in enumerate(self.roster.subjects)}
            for m in self.roster.members:
                self._people.setdefault(m.person, []).append((places[m.line], m.since, m.until))

    def of(self, unit: int, person: int | None, day: dt.date, line: str = "") -> set[int]:
        """The positions of the subjects that a fact of that day counts for."""
        if self._lines and line in self._lines:
            return {self._lines[line]}
        at = day.toordinal()
        spans = self._units.get(unit, ()) if self.roster.by == "unit" else self._people.get(person or 0, ())
        return {place for place, since, until in spans if since <= at <= until}


def roster(of: Of, period: Period) -> Roster:
    """Everyone whom a scheme judges in a period: units open and people posted on its last day."""
    if of.kind == "person":
        return _heads(of, period) if of.by == "unit" else _people(of, period)
    return _lines(period) if of.kind == "line" else _units(of, period)


def roots(day: dt.date) -> list[Unit]:
    tops = UnitPlace.objects.filter(valid_on(day), parent=None).values("unit")
    return list(Unit.objects.filter(pk__in=tops, closed_date__gte=day).order_by("pk"))


def _tree(spans: Iterable[Branch]) -> list[tuple[int, int, int, int]]:
    return joined((b.unit, b.target, b.since.toordinal(), b.until.toordinal()) for b in spans)


def joined(spans: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """(what, whose, first, last day) in order, those of one pair that overlap or touch as one span.

    Whoever heads a branch and an outlet below it, or holds two posts in one line, would otherwise have the
    facts of those days counted twice.
    """
    made: list[tuple[int, int, int, int]] = []
    for what, whose, first, last in sorted(spans):
        if made and made[-1][:2] == (what, whose) and first <= made[-1][3] + 1:
            made[-1] = (what, whose, made[-1][2], max(last, made[-1][3]))
        else:
            made.append((what, whose, first, last))
    return made


def _units(of: Of, period: Period) -> Roster:
    kinds = of.units or KINDS.get(of.kind, ())
    spans: set[Branch] = set()
    for root in roots(period.end):
        for kind in kinds:
            if root.kind == kind:
                spans |= set(branches(root, None, period)[0])
            spans |= set(branches(root, kind, period)[0])
    open_then = Unit.objects.filter(kind__in=kinds, opened_date__lte=period.end, closed_date__gte=period.end)
    found = list(open_then.order_by("pk").values_list("pk", "code"))
    peers = _Peers(of.peers, period.end)
    subjects = [Subject(f"unit:{pk}", code, pk, None, None, peers.of(pk)) for pk, code in found]
    wanted = {pk for pk, _code in found}
    return Roster("unit", subjects, _tree(span for span in spans if span.target in wanted))


def _posted(of: Of, period: Period) -> Iterator[tuple[int, str, int, str, int | None]]:
    """Person, staff number, unit, post and line of each who stood in one of the posts on the last day."""
    rows = Assignment.objects.filter(valid_on(period.end), post__code__in=of.posts, deputy_for=None)
    rows = rows.filter(person__left_date__gte=period.end).order_by("person_id", "-from_date", "pk")
    last = 0
    for row in rows.values_list("person_id", "person__code", "unit_id", "post__code", "line_id"):
        if row[0] != last:
            yield row
        last = row[0]


def _people(of: Of, period: Period) -> Roster:
    peers = _Peers(of.peers, period.end)
    subjects = [
        Subject(f"person:{pk}", code, unit, pk, line, peers.of(unit, post, line))
        for pk, code, unit, post, line in _posted(of, period)
    ]
    every = {b for root in roots(period.end) for b in branches(root, None, period)[0]}
    return Roster("person", subjects, _tree(b._replace(target=ALL) for b in every))


def _heads(of: Of, period: Period) -> Roster:
    """People judged by the unit that they head, on the days on which they headed it."""
    peers = _Peers(of.peers, period.end)
    subjects = [
        Subject(f"person:{pk}", code, unit, pk, line, peers.of(unit, post, line))
        for pk, code, unit, post, line in _posted(of, period)
    ]
    wanted = {s.person for s in subjects}
    held = Assignment.objects.filter(
        post__code__in=of.posts, deputy_for=None, from_date__lte=period.end, to_date__gte=period.start
    )
    below: dict[int, list[tuple[int, dt.date, dt.date]]] = {}
    inside = UnitPath.objects.filter(
        ancestor__in=held.values("unit"), from_date__lte=period.end, to_date__gte=period.start
    )
    for unit, ancestor, since, until in inside.values_list("unit_id", "ancestor_id", "from_date", "to_date"):
        below.setdefault(ancestor, []).append((unit, since, until))
    spans = set()
    for person, unit, first, last in held.values_list("person_id", "unit_id", "from_date", "to_date"):
        for low, since, until in below.get(unit, ()) if person in wanted else ():
            if max(since, first) <= min(until, last):
                spans.add(Branch(low, person, max(since, first), min(until, last)))
    return Roster("unit", subjects, _tree(spans))


def _lines(period: Period) -> Roster:
    """Business lines, by the people assigned to them on each day."""
    found = BusinessLine.objects.filter(closed_date__gte=period.end).order_by("pk")
    subjects = [
        Subject(f"line:{pk}", code, None, None, pk, "") for pk, code in found.values_list("pk", "code")
    ]
    wanted = {s.line for s in subjects}
    held = Assignment.objects.filter(line__in=wanted, from_date__lte=period.end, to_date__gte=period.start)
    members = joined(
        (person, line, max(first, period.start).toordinal(), min(last, period.end).toordinal())
        for person, line, first, last in held.values_list("person_id", "line_id", "from_date", "to_date")
        if line is not None
    )
    every = {b for root in roots(period.end) for b in branches(root, None, period)[0]}
    tree = _tree(b._replace(target=ALL) for b in every)
    return Roster("line", subjects, tree, [Member(*row) for row in members])


class _Peers:
    """Peer groups as of a day: what a scheme names, joined by `/`; the empty text where it names nothing."""

    def __init__(self, names: tuple[str, ...], day: dt.date) -> None:
        self.names = names
        self.kinds = dict(Unit.objects.values_list("pk", "kind")) if "kind" in names else {}
        self.lines = dict(BusinessLine.objects.values_list("pk", "code")) if "line" in names else {}
        self.above = {kind: _above(kind, day) for kind in ("tier1", "tier2") if kind in names}
        tags = [name[4:] for name in names if name.startswith("tag:")]
        held = UnitTag.objects.filter(valid_on(day), tag__in=tags).values_list("tag", "unit_id")
        self.tagged = set(held) if tags else set()

    def of(self, unit: int, post: str = "", line: int | None = None) -> str:
        return "/".join(self._part(name, unit, post, line) for name in self.names)[:120]

    def _part(self, name: str, unit: int, post: str, line: int | None) -> str:
        if name.startswith("tag:"):
            return name[4:] if (name[4:], unit) in self.tagged else NONE
        if name in self.above:
            return self.above[name].get(unit, NONE)
        known: Mapping[str, str] = {
            "kind": self.kinds.get(unit, NONE),
            "post": post or NONE,
            "line": self.lines.get(line, NONE) if line else NONE,
        }
        return known[name]


def _above(kind: str, day: dt.date) -> dict[int, str]:
    rows = UnitPath.objects.filter(valid_on(day), ancestor__kind=kind)
    return dict(rows.values_list("unit_id", "ancestor__code"))


def names(subjects: Iterable[Subject]) -> dict[str, str]:
    """Subject key → its name in the page's language; three statements whatever their number."""
    found: dict[str, str] = {}
    wanted = list(subjects)
    units = {s.pk for s in wanted if s.key.startswith("unit:")}
    people = {s.person for s in wanted if s.person}
    lines = {s.pk for s in wanted if s.key.startswith("line:")}
    found |= {f"unit:{u.pk}": u.title for u in Unit.objects.filter(pk__in=units)} if units else {}
    found |= {f"person:{p.pk}": str(p) for p in Person.objects.filter(pk__in=people)} if people else {}
    found |= {f"line:{x.pk}": x.title for x in BusinessLine.objects.filter(pk__in=lines)} if lines else {}
    return found
