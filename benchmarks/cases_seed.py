"""A bank's cases in bulk: a few go through the engine by real verbs, the rest are copies at other outlets.

Each copy has its own chain: the bodies of the events are those of the original with other units, people and
moments, sealed anew one after another. So 100,000 cases replay like any others, in about a minute.
`python -m benchmarks.cases_seed HOME [CASES] [OPEN]` makes a home that pages can be tried on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from kezun.cases.models import Case
    from kezun.org.models import Person, Unit

ROOT = Path(__file__).resolve().parents[1]
CASES, OPEN, DUE = 100_000, 20_000, 200
BATCH = 5_000
CUSTOMERS = 60_000  # so that some complain again
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")
UNITS = frozenset(("unit", "owner_unit", "pending_unit", "climbed_to"))
PEOPLE = frozenset(("actor", "handler", "opener", "verifier", "checker", "behalf", "person"))
TOLD = ROOT / "benchmarks" / "cases_seed.yaml"  # titles, codes and words of the cases
TOKEN = re.compile(
    rf'{MOMENT.pattern}|"title":"(?:[^"\\\\]|\\\\.)*"|"actor":"person:\d+"|"case":\d+'
    rf'|"(?:{"|".join(sorted(UNITS | PEOPLE - {"actor"}))})":\d+'
)
# what each original goes through: who, which verb, with what, how many hours after it was received
TAKEN = (("manager", "accept", "", 1), ("lobby", "take", "", 2), ("lobby", "contact", "contacted", 3))
PROPOSED = (*TAKEN, ("lobby", "propose", "proposed", 50))
CLOSED = (
    *PROPOSED,
    ("supervisor", "verify", "", 60),
    ("lobby", "answer", "answered", 70),
    ("manager", "close", "", 80),
)
REOPENED = (*CLOSED, ("manager", "reopen", "reopened", 200))
AGAIN = (*REOPENED, *((who, verb, given, hours + 220) for who, verb, given, hours in CLOSED[3:]))
WITHDRAWN = (*TAKEN, ("manager", "withdraw", "withdrawn", 20))
ENDED = (CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, AGAIN, WITHDRAWN)
CALLED = (("lobby", "contact", "contacted", 1),)
LEFT_OPEN = (CALLED, (*CALLED, *TAKEN[:1]), (*CALLED, *TAKEN[:2]), (*CALLED, *TAKEN[:2]))


@dataclass(frozen=True)
class Cast:
    """Who plays at one outlet."""

    unit: Unit
    manager: Person
    lobby: Person
    supervisor: Person

    def people(self) -> tuple[Person, ...]:
        return self.manager, self.lobby, self.supervisor


@dataclass(frozen=True)
class Original:
    """A case that went through the engine, with all that belongs to it."""

    case: Case
    cast: Cast
    events: tuple[Any, ...]
    clocks: tuple[Any, ...]
    parties: tuple[Any, ...]
    key: Any


@cache
def told() -> dict[str, Any]:
    """Titles, codes, and what is said at the steps."""
    return dict(yaml.safe_load(TOLD.read_text(encoding="utf-8")))


def prepare(home: str) -> None:
    """A home with the demo bank's organisation, calendars and kinds; made once."""
    os.environ["KEZUN_HOME"] = home
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
    os.environ.setdefault("KEZUN_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.core.management import call_command

    import kezun.site.urls  # noqa: F401  (declares fact types and actions)
    from kezun.cases import kinds
    from kezun.kernel.actor import SystemActor
    from kezun.org import shipped
    from kezun.site import demo
    from kezun.site.packs.pack import read

    call_command("migrate", verbosity=0)
    actor, pack = SystemActor("bench"), read(ROOT / "packs" / "demo-bank")
    demo.load_pack(actor, pack)
    demo.sign_ins(actor, pack)
    shipped.install_all(actor)
    kinds.install_all(actor)


def casts() -> list[Cast]:
    """The outlets that have a manager, a lobby manager and a supervisor above."""
    from kezun.org.models import Assignment, Unit, UnitPath

    held: dict[tuple[int, str], Person] = {}
    for row in Assignment.objects.filter(deputy_for=None).select_related("person", "post").order_by("pk"):
        held.setdefault((row.unit_id, row.post.role), row.person)
    above: dict[int, list[int]] = {}
    for below, ancestor in UnitPath.objects.order_by("depth").values_list("unit", "ancestor"):
        above.setdefault(below, []).append(ancestor)
    found = []
    for unit in Unit.objects.filter(kind="outlet").order_by("code"):
        boss = next((p for a in above[unit.pk] if (p := held.get((a, "supervisor")))), None)
        own = held.get((unit.pk, "outlet_manager")), held.get((unit.pk, "lobby_manager"))
        if boss is not None and own[0] is not None and own[1] is not None:
            found.append(Cast(unit, own[0], own[1], boss))
    return found


def original(cast: Cast, course: tuple[Any, ...], received: dt.datetime, number: int) -> Original:
    """One case by the engine's own verbs."""
    from kezun.cases import actions
    from kezun.cases.models import CaseKey, Event, Party

    given = {
        "title": told()["titles"][number % len(told()["titles"])],
        "received_at": received,
        **{axis: codes[number % len(codes)] for axis, codes in told()["codes"].items()},
        "parties": [{"role": "complainant", "name": told()["customer"], "phone": f"1390000{number:04d}"}],
    }
    case = actions.open_case(cast.lobby, "complaint", cast.unit, given, at=received)
    for who, verb, values, hours in course:
        said = told()["said"].get(values, {})
        case = actions.do(getattr(cast, who), case, verb, said, at=received + dt.timedelta(hours=hours))
    return Original(
        case,
        cast,
        tuple(Event.objects.filter(case=case).order_by("seq")),
        tuple(case.clocks.all()),
        tuple(Party.objects.filter(case=case)),
        CaseKey.objects.filter(case=case).first(),
    )


def later(value: Any, by: dt.timedelta) -> Any:
    """A moment, as such or as events write it, moved; lists (of a clock's history) part by part."""
    if isinstance(value, dt.datetime):
        return value + by
    if isinstance(value, list):
        return [later(part, by) for part in value]
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return (dt.datetime.fromisoformat(value) + by).isoformat()
    return value


@dataclass
class Cut:
    """A row as it is copied: what stays, the columns with moments, those with units or people."""

    model: Any
    fixed: dict[str, Any]
    moments: dict[str, Any]
    places: dict[str, tuple[bool, int]]

    @classmethod
    def of(cls, row: Any) -> Cut:
        fixed: dict[str, Any] = {}
        made = cls(type(row), fixed, {}, {})
        for field in row._meta.concrete_fields:
            value = getattr(row, field.attname)
            if field.primary_key or value is None:
                continue
            if field.name in UNITS or field.name in PEOPLE:
                made.places[field.attname] = (field.name in UNITS, value)
            elif isinstance(value, dt.datetime) or field.name == "history":
                made.moments[field.attname] = value
            else:
                fixed[field.attname] = value
        return made

    def row(self, by: dt.timedelta, units: dict[int, int], people: dict[int, int], **own: Any) -> Any:
        """A copy of the row with other moments, units and people, and with `own` columns."""
        moved = {name: later(value, by) for name, value in self.moments.items()}
        moved |= {
            name: (units if is_unit else people).get(value, value)
            for name, (is_unit, value) in self.places.items()
        }
        return self.model(**(self.fixed | moved | own))


class Pattern:
    """An original cut up once, so that each copy is put together quickly."""

    def __init__(self, of: Original) -> None:
        self.of = of
        self.case = Cut.of(of.case)
        self.events = [(Cut.of(event), event.body) for event in of.events]
        self.beside = [Cut.of(row) for row in (*of.clocks, *of.parties)]
        self.tokens = {token for _cut, body in self.events for token in TOKEN.findall(body)}

    def texts(
        self, by: dt.timedelta, units: dict[int, int], people: dict[int, int], pk: int, title: str
    ) -> dict[str, str]:
        """What stands in a copy for each token of the original."""
        found = {}
        for token in self.tokens:
            if MOMENT.fullmatch(token):
                found[token] = later(token, by)
                continue
            name, _colon, value = token.partition(":")
            plain = name.strip('"')
            if plain == "title":
                found[token] = f"{name}:{json.dumps(title, ensure_ascii=False)}"
            elif plain == "actor":
                person = int(value.strip('"').removeprefix("person:"))
                found[token] = f'{name}:"person:{people.get(person, person)}"'
            elif plain == "case":
                found[token] = f"{name}:{pk}"
            else:
                found[token] = f"{name}:{(units if plain in UNITS else people).get(int(value), int(value))}"
        return found

    def copy(self, seal_key: bytes, cast: Cast, pk: int, title: str, by: dt.timedelta) -> Iterator[Any]:
        """The rows of one copy: case, key, events, clocks, parties."""
        from kezun.cases.models import CaseKey
        from kezun.kernel.rules import GENESIS, chain_digest

        of = self.of
        units = {of.cast.unit.pk: cast.unit.pk}
        people = {a.pk: b.pk for a, b in zip(of.cast.people(), cast.people(), strict=True)}
        texts = self.texts(by, units, people, pk, title)
        head, events = GENESIS, []
        for cut, body in self.events:
            text = TOKEN.sub(lambda found: texts[found[0]], body)
            head = chain_digest(seal_key, head, text)
            events.append(cut.row(by, units, people, case_id=pk, body=text, digest=head))
        row = self.case.row(by, units, people, id=pk, title=title, head=head)
        row.mark = hashlib.sha256(str(pk % CUSTOMERS).encode()).hexdigest()
        row.fingerprint = of.case.fingerprint.replace(f"{of.case.unit_id}|", f"{cast.unit.pk}|", 1)
        row.words = row.words.replace(of.case.no, row.no).replace(of.case.title, title)
        yield row
        if of.key is not None:
            yield CaseKey(case_id=pk, key=of.key.key)
        yield from events
        for cut in self.beside:
            yield cut.row(by, units, people, case_id=pk)


def originals(players: list[Cast], now: dt.datetime) -> tuple[list[Original], list[Original]]:
    """Those that ended, a year's spread to be made of them; those left open, received some hours ago."""
    ended = [
        original(players[n % 7], course, now - dt.timedelta(days=16), n) for n, course in enumerate(ENDED)
    ]
    left = [
        original(players[n % 7], course, now - dt.timedelta(hours=6), n) for n, course in enumerate(LEFT_OPEN)
    ]
    return ended, left


def rows_of(
    models: tuple[list[Original], list[Original]], players: list[Cast], cases: int, open_: int, due: int
) -> Iterator[list[Any]]:
    """The rows of all copies, case by case. Of those left open the first `due` are two weeks old."""
    from kezun.cases.models import Case
    from kezun.kernel import trail

    ended, left = ([Pattern(of) for of in some] for some in models)
    titles, key = told()["titles"], trail.key()
    first = Case.objects.order_by("-pk").values_list("pk", flat=True)[0] + 1
    for n in range(cases):
        is_open = n % (cases // open_) == 0 if open_ else False
        nth = n // (cases // open_) if open_ else 0
        of = left[nth % len(left)] if is_open else ended[n % len(ended)]
        days = (14 if nth < due else nth % 3) if is_open else 1 + n * 7 % 690
        cast = players[(n * 31) % len(players)]
        title = f"{cast.unit.name}: {titles[n % len(titles)]}"
        yield list(of.copy(key, cast, first + n, title, -dt.timedelta(days=days)))


def keep(rows: Iterator[list[Any]]) -> int:
    """Put the rows into the tables, some thousands of cases at a time; returns how many cases."""
    from django.db import transaction

    count = 0
    while some := list(islice(rows, BATCH)):
        by_model: dict[Any, list[Any]] = {}
        for row in (row for case in some for row in case):
            by_model.setdefault(type(row), []).append(row)
        with transaction.atomic():
            for model, held in by_model.items():
                model._default_manager.bulk_create(held, batch_size=2000)
        count += len(some)
    return count


def seed(home: str, cases: int = CASES, open_: int = OPEN, due: int = DUE) -> None:
    """A home with so many cases, of which so many are open and so many of these overdue; made once."""
    prepare(home)
    from django.core.management.color import no_style
    from django.db import connection
    from django.utils import timezone

    from kezun.cases.models import Case

    ready = Path(home) / f"cases-{cases}"
    if ready.exists():
        return
    players = casts()
    keep(rows_of(originals(players, timezone.now()), players, cases, open_, due))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Case]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")
    ready.touch()


if __name__ == "__main__":
    seed(sys.argv[1], *(int(text) for text in sys.argv[2:]))
