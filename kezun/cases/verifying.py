"""All histories of cases replayed, and compared with what their rows and clocks say.

A history is sealed event by event under the trail's key. What a chain cannot show of itself, that its end was
cut off together with the row's head, the trail shows: each step by an action stands there too, and whole
cases that are gone.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from kezun.cases import clocking, engine, kinds
from kezun.cases.models import Case, Clock, Event
from kezun.cases.models import Kind as KindRow
from kezun.cases.rules.kinds import Kind
from kezun.cases.rules.projecting import PROJECTED, Fault, Recorded, Values, replay
from kezun.cases.rules.reading import digest
from kezun.cases.rules.verbs import VERBS
from kezun.kernel import trail
from kezun.kernel.models import TrailEntry
from kezun.kernel.rules import GENESIS, chain_digest

PAGE = 500
MOST = 1000
TARGET = re.compile(r"cases\.case:(\d{1,18})")
# columns of a clock that events tell of
CLOCKED = (
    *("state", "start_at", "due_at", "act_by_at", "provisional", "stopped_at", "outcome", "extended"),
    *("cycle", "history"),
)


class Wrong(NamedTuple):
    """What is wrong with a case: at which event (0: at the row), a code for machines, what it concerns."""

    case: str
    seq: int
    code: str
    about: str = ""


@dataclass
class Report:
    """What was replayed and what is wrong (the first 1,000 faults; `more` counts the others)."""

    cases: int = 0
    events: int = 0
    clocks: int = 0
    seconds: float = 0.0
    more: int = 0
    faults: list[Wrong] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.faults

    def add(self, found: Iterable[Wrong]) -> None:
        for wrong in found:
            if len(self.faults) < MOST:
                self.faults.append(wrong)
            else:
                self.more += 1

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `--json` and for a task's progress."""
        plain = {name: value for name, value in vars(self).items() if name != "faults"}
        told = [wrong._asdict() | {"message": explain(wrong)} for wrong in self.faults]
        return plain | {"intact": self.intact, "faults": told}


def explain(wrong: Wrong) -> str:
    """A fault in words, for people."""
    words = {
        "missing": _("events %(about)s were removed"),
        "edited": _("the event was changed: its digest does not fit its body and the event before it"),
        "unreadable": _("the event cannot be read"),
        "column": _("the event's column «%(about)s» does not say what its sealed body says"),
        "move": _("a step that the kind does not allow: %(about)s"),
        "cut": _("the history ends too early: %(about)s"),
        "extra": _("the history is longer than the row says: %(about)s"),
        "head": _("the row's digest is not that of its last event"),
        "differs": _("the row's «%(about)s» is not what the events make of it"),
        "kind": _("the row's kind is not the one under which it was opened: %(about)s"),
        "clock": _("the clock %(about)s is not what the events make of it"),
        "gone": _("the trail knows this case, but it is not there any more"),
        "orphan": _("events without a case"),
    }
    return words[wrong.code] % {"about": wrong.about}


FIELDS = ("case_id", "seq", "verb", "body", "digest", "at", "actor_id", "behalf_id", "clocked")


class Stored(NamedTuple):
    """An event as the table holds it."""

    case: int
    seq: int
    verb: str
    body: str
    digest: str
    at: dt.datetime
    person: int | None
    behalf: int | None
    clocked: bool

    def recorded(self) -> Recorded:
        beside = {
            **{"case": self.case, "at": engine.plain(self.at), "behalf": self.behalf},
            **{"person": self.person, "clocked": self.clocked},
        }
        return Recorded(self.seq, self.verb, self.body, self.digest, beside)


@dataclass
class _Replayer:
    """What stays the same over all cases of one verification."""

    key: bytes
    blank: Values
    forms: dict[int, tuple[KindRow, Kind, bool]] = field(default_factory=dict)

    def form(self, pk: int) -> tuple[KindRow, Kind, bool]:
        """The edition, what it says, and whether that is still what was published."""
        if pk not in self.forms:
            row = KindRow.objects.get(pk=pk)
            form = kinds.form_of(row)
            self.forms[pk] = row, form, digest(form) == row.sha256
        return self.forms[pk]

    def seal(self, previous: str, body: str) -> str:
        return chain_digest(self.key, previous, body, "sha256")

    def faults(self, case: Case, events: list[Stored], clocks: list[Clock]) -> list[Wrong]:
        """Everything that is wrong with one case."""
        row, form, genuine = self.form(case.kind_id)
        made = replay((event.recorded() for event in events), form, GENESIS, self.seal)
        found = [*made.faults, *_end(case, events), *_kind(case, row, genuine, made.opened)]
        now, wanted = engine.values_of(case), self.blank | made.values
        found += [Fault(0, "differs", name) for name in PROJECTED if now[name] != wanted[name]]
        found += _clocks(clocks, made.clocks)
        return [Wrong(case.no, fault.seq, fault.code, fault.about) for fault in found]


def _end(case: Case, events: list[Stored]) -> Iterator[Fault]:
    last = events[-1].seq if events else 0
    if last < case.seq:
        yield Fault(last + 1, "cut", f"{last} < {case.seq}")
    elif last > case.seq:
        yield Fault(case.seq + 1, "extra", f"{last} > {case.seq}")
    elif events and events[-1].digest != case.head:
        yield Fault(last, "head")
    if events and case.last_at != events[-1].at:
        yield Fault(0, "differs", "last_at")


def _kind(case: Case, row: KindRow, genuine: bool, told: Mapping[str, object]) -> Iterator[Fault]:
    """The edition that the case was opened under is the one its row names, and still says the same."""
    if case.code != row.urn or not genuine:
        yield Fault(0, "kind", case.code)
    if "kind" in told and told["kind"] != engine.edition(row):
        yield Fault(0, "kind", f"{row.urn} {row.version}")


def _clocks(clocks: list[Clock], moved: Mapping[str, Values]) -> Iterator[Fault]:
    """Each clock as its events left it, with the policy and ladder it was begun with; none without events."""
    held = {clock.policy: clock for clock in clocks}
    for name in sorted(held.keys() | moved.keys()):
        clock, said = held.get(name), moved.get(name)
        if clock is None or said is None:
            yield Fault(0, "clock", name)
            continue
        stands = {column: _plain(getattr(clock, column)) for column in CLOCKED}
        stands["snapshot"] = clocking.snapshot_digest(clock)
        for column, value in stands.items():
            if said.get(column) != value:
                yield Fault(0, "clock", f"{name}: {column}")


def _plain(value: Any) -> Any:
    return engine.plain(value) if isinstance(value, dt.datetime) else value


# --- reading ---


def verify(only: Case | None = None, tell: Callable[[int, int], None] = lambda done, total: None) -> Report:
    """Replay all cases (or `only` one), page by page; `tell(done, total)` hears of the progress in events.

    A case that somebody changes meanwhile is read once more, locked, before anything is said against it.
    """
    began = time.monotonic()
    report = Report()
    replayer = _Replayer(trail.key(), engine.values_of(Case(title="", state="")))
    total = Event.objects.count() if only is None else only.seq
    known = _in_trail(only)
    for page, span in _pages(only):
        _one_page(report, replayer, page, span, known)
        tell(report.events, total)
    if only is None:
        report.add(Wrong(str(pk), 0, "gone") for pk in sorted(known))
    report.seconds = round(time.monotonic() - began, 3)
    return report


def _pages(only: Case | None) -> Iterator[tuple[list[Case], Q]]:
    """Cases in pages, each with the span of cases whose events belong to it: together they leave out none."""
    if only is not None:
        yield list(Case.objects.filter(pk=only.pk)), Q(case_id=only.pk)
        return
    after, page = 0, list(Case.objects.order_by("pk")[:PAGE])
    while len(page) == PAGE:
        yield page, Q(case_id__gt=after, case_id__lte=page[-1].pk)
        after = page[-1].pk
        page = list(Case.objects.filter(pk__gt=after).order_by("pk")[:PAGE])
    yield page, Q(case_id__gt=after)


def _one_page(report: Report, replayer: _Replayer, page: list[Case], span: Q, known: dict[int, int]) -> None:
    clocks: dict[int, list[Clock]] = {}
    for clock in Clock.objects.filter(span):
        clocks.setdefault(clock.case_id, []).append(clock)
    histories = dict(_histories(span))
    strays = histories.keys() - {case.pk for case in page}
    strays -= set(Case.objects.filter(pk__in=strays).values_list("pk", flat=True))
    report.add(Wrong(str(pk), 0, "orphan") for pk in sorted(strays))
    for case in page:
        events, own = histories.get(case.pk, []), clocks.get(case.pk, [])
        found = replayer.faults(case, events, own)
        if found:
            found = _once_more(replayer, case.pk)
        if known.pop(case.pk, 0) > len(events) and not found:
            found = [Wrong(case.no, len(events) + 1, "cut", _("the trail knows of more steps"))]
        report.add(found)
        report.cases, report.events, report.clocks = (
            report.cases + 1,
            report.events + len(events),
            report.clocks + len(own),
        )


def _histories(span: Q) -> Iterator[tuple[int, list[Stored]]]:
    rows = Event.objects.filter(span).order_by("case_id", "seq").values_list(*FIELDS)
    for pk, events in groupby(rows.iterator(chunk_size=5000), key=lambda row: row[0]):
        yield pk, [Stored(*event) for event in events]


def _once_more(replayer: _Replayer, pk: int) -> list[Wrong]:
    """The faults of a case while nobody can write to it."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=pk)
        events = next((rows for _pk, rows in _histories(Q(case_id=pk))), [])
        return replayer.faults(case, events, list(Clock.objects.filter(case=case)))


def _in_trail(only: Case | None) -> dict[int, int]:
    """How many steps of each case the trail tells of: never more than its history has events."""
    verbs = [f"cases.{verb}" for verb in VERBS]
    rows = TrailEntry.objects.filter(verb__in=verbs, target__startswith="cases.case:")
    if only is not None:
        rows = rows.filter(target=f"cases.case:{only.pk}")
    counted = rows.values_list("target").annotate(steps=Count("pk")).order_by()
    return {int(found[1]): steps for target, steps in counted if (found := TARGET.fullmatch(target))}
