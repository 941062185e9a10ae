"""The demo: an invented bank loaded, its service simulated and imported, sign-ins made; all repeatable."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.facts import store
from kezun.facts.writing import store_rows
from kezun.floor.simulate import simulate
from kezun.floor.simulate_plan import Calendar
from kezun.floor.simulate_ratings import rate
from kezun.floor.simulate_tables import rating_table, ticket_table
from kezun.floor.simulator import Place, Queue
from kezun.kernel.actor import Actor
from kezun.org import loading
from kezun.org.models import Person, Unit
from kezun.site.install import install
from kezun.site.packs import Pack

SERVES = ("teller", "agent")


@dataclass
class Steps:
    """Says on the terminal what is being done and how long it has taken."""

    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        click.echo(f"[{time.monotonic() - self.started:6.1f} s] {text}")

    def share(self, text: str) -> Callable[[float], None]:
        """A function that shows `text` with a growing percentage, where somebody watches a terminal."""
        if not os.isatty(1):
            return lambda share: None
        return lambda share: click.echo(f"\r           {text} {share:4.0%}", nl=False)


def anchor(pack: Pack, given: dt.date | None = None) -> dt.date:
    """The day that `day-N` counts back from: fixed at the first load (`given`, else yesterday), then kept."""
    path = Path(settings.KEZUN_HOME) / "packs" / f"{pack.name}.json"
    if path.exists():
        return dt.date.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["anchor"])
    today = dt.datetime.now(ZoneInfo(pack.file.zone)).date()
    chosen = given or today - dt.timedelta(days=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps({"pack": pack.name, "anchor": chosen.isoformat()}), encoding="utf-8")
    draft.replace(path)
    return chosen


def load_pack(actor: Actor, pack: Pack, given: dt.date | None = None) -> dict[str, int]:
    """Load a pack; returns how many records of each table, and how many kept files, changed."""
    wanted = pack.organisation(anchor(pack, given))
    with transaction.atomic():
        changed = loading.load(actor, wanted, pack=pack.name, version=pack.file.version)
        files = install(actor, pack)
    return changed | ({"file": len(files)} if files else {})


def places(organisation: loading.Organisation) -> tuple[Place, ...]:
    """What can be simulated of an organisation: outlets and call centres with those who serve there."""
    parent = {u.code: u.parent for u in organisation.units}
    serving: dict[str, list[str]] = {}
    for row in organisation.assignments:
        if row.post in SERVES and row.deputy_for is None:
            serving.setdefault(row.unit, []).append(row.person)

    def above(code: str) -> Iterator[str]:
        at = parent[code]
        while at is not None:
            yield at
            at = parent[at]

    return tuple(
        Place(u.code, u.kind, frozenset(u.tags), frozenset(above(u.code)), tuple(serving.get(u.code, ())))
        for u in organisation.units
        if u.kind in ("outlet", "call_centre")
    )


def calendar(pack: Pack) -> Calendar:
    return Calendar(*(pack.special_days(kind) for kind in ("holiday", "workday", "pension")))


def service(pack: Pack, last: dt.date, steps: Steps) -> Iterator[tuple[Queue, pa.Table, pa.Table]]:
    """The simulated tickets and ratings of each queue of the pack, up to and with the day `last`."""
    if pack.simulator is None:
        raise click.UsageError(_("The pack «%s» has no simulator.yaml.") % pack.name)
    wanted = pack.simulator
    days = [last - dt.timedelta(days=n) for n in range(wanted.days - 1, -1, -1)]
    where = places(pack.organisation(last))
    for queue in wanted.queues:
        shown = steps.share(_("customers of %s") % queue.channel)
        tickets = simulate(queue, where, calendar(pack), days, wanted.stories, wanted.seed, shown)
        given = rate(tickets, wanted.stories, wanted.seed)
        yield queue, ticket_table(tickets), rating_table(tickets, given)


def fill(pack: Pack, last: dt.date, steps: Steps) -> None:
    """Simulate the pack's service and put it into the store, once."""
    if store.snapshot_at("ticket") is not None:
        return
    units, people = (
        dict(Unit.objects.values_list("code", "pk")),
        dict(Person.objects.values_list("code", "pk")),
    )
    zone = pack.file.zone
    for queue, tickets, ratings in service(pack, last, steps):
        for fact, table, moment, key in (
            ("ticket", tickets, "taken_at", "ticket_no"),
            ("rating", ratings, "rated_at", "rating_no"),
        ):
            rows = _typed(table, units, people, moment, key, zone)
            store_rows(fact, rows, source=f"demo-{queue.channel}")
            steps.say(
                _("%(n)d %(fact)s rows of %(channel)s")
                % {"n": rows.num_rows, "fact": fact, "channel": queue.channel}
            )


def _typed(
    table: pa.Table, units: dict[str, int], people: dict[str, int], moment: str, key: str, zone: str
) -> pa.Table:
    local = table[moment]
    columns = {name: table[name] for name in table.column_names if name not in (moment, key)}
    if key != "ticket_no":
        columns["ticket_id"] = columns.pop("ticket_no")
    columns |= {
        "source_id": table[key],
        "unit": _keys(table["unit"], units),
        "person": _keys(table["person"], people),
        "occurred_at": pc.assume_timezone(local, zone)
        .cast(pa.timestamp("us", "UTC"))
        .cast(pa.timestamp("us")),
        "day": local.cast(pa.date32()),
        "hour": pc.hour(local),
        "weekday": pc.day_of_week(local, count_from_zero=False),
    }
    return pa.table(columns)


def _keys(codes: pa.ChunkedArray, known: dict[str, int]) -> pa.ChunkedArray:
    found = pc.index_in(codes, pa.array(list(known), pa.string()))
    return pc.take(pa.array(list(known.values()), pa.int32()), found)


def sign_ins(actor: Actor, pack: Pack) -> None:
    """Make the pack's demo sign-ins, where they do not exist yet."""
    if pack.file.demo is None:
        return
    names = {entry.person: entry.username for entry in pack.file.demo.sign_ins}
    held = dict(Person.objects.filter(code__in=names).values_list("code", "username"))
    if held != names:
        loading.load_sign_ins(actor, names, password=pack.file.demo.password)


def welcome(pack: Pack, address: str) -> Iterator[str]:
    """Lines to print when the demo is ready: where it is and who can sign in."""
    if pack.file.demo is None:
        return
    yield ""
    yield _("Kezun is at %s") % address
    yield _("Everybody's password: %s") % pack.file.demo.password
    english = (get_language() or "").startswith("en")
    for entry in pack.file.demo.sign_ins:
        about = entry.about_en if english and entry.about_en else entry.about
        yield f"  {entry.username:<12} {about}"
