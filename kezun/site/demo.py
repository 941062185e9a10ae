"""The demo: an invented bank loaded, its service simulated and imported, sign-ins made; all repeatable."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import RequestFactory
from django.urls import resolve
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.assessment import shipped as schemes_shipped
from kezun.cases import kinds as case_kinds
from kezun.facts.importing import run_import
from kezun.facts.models import Batch
from kezun.facts.types import FACT_TYPES
from kezun.floor.simulator.parameters import Place, Queue
from kezun.floor.simulator.plan import Calendar
from kezun.floor.simulator.ratings import rate
from kezun.floor.simulator.tables import rating_table, ticket_table
from kezun.floor.simulator.tickets import simulate
from kezun.kernel.actor import Actor
from kezun.org import loading
from kezun.org import shipped as calendars_shipped
from kezun.org.models import Person
from kezun.org.planning import Organisation
from kezun.site.packs.install import install
from kezun.site.packs.pack import Pack
from kezun.standards import shipped

log = logging.getLogger("kezun.demo")

SERVES = ("teller", "agent")
PROFILES = {"ticket": "tickets", "rating": "ratings"}


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
        own = pack.folder / "calendars"
        calendars = calendars_shipped.install_all(actor, own) if own.is_dir() else []
        own = pack.folder / "standards"
        standards = shipped.install_all(actor, own, f"pack:{pack.name}") if own.is_dir() else []
        own = pack.folder / "schemes"
        schemes = schemes_shipped.install_all(actor, own, f"pack:{pack.name}") if own.is_dir() else []
        own = pack.folder / "cases" / "kinds"
        kinds = case_kinds.install_all(actor, own, f"pack:{pack.name}") if own.is_dir() else []
    found = {"file": len(files), "calendar": len(calendars), "kind": len(kinds)}
    found |= {"standard": len(standards), "scheme": len(schemes)}
    return changed | {name: count for name, count in found.items() if count}


def places(organisation: Organisation) -> tuple[Place, ...]:
    """What can be simulated of an organisation: outlets and call centres with those who serve there."""
    parent = {u.code: u.parent for u in organisation.units}
    serving: dict[str, dict[str, None]] = {}  # each once, however many assignments: in order, as a set is not
    for row in organisation.assignments:
        if row.post in SERVES and not row.deputy_for:
            serving.setdefault(row.unit, {})[row.person] = None

    def above(code: str) -> Iterator[str]:
        at = parent[code]
        while at:
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


def fill(actor: Actor, pack: Pack, last: dt.date, steps: Steps) -> bool:
    """Simulate the pack's service and import it as any bank's export is; what was imported before is left.

    Returns whether anything was imported.
    """
    files = {
        (queue.channel, fact): f"demo-{fact}-{queue.channel}-{last}.parquet"
        for queue in (pack.simulator.queues if pack.simulator else ())
        for fact in PROFILES
    }
    done = Batch.objects.filter(state=Batch.State.DONE, name__in=files.values()).values_list(
        "name", flat=True
    )
    missing = set(files.values()) - set(done)
    if not missing:
        return False
    with tempfile.TemporaryDirectory(dir=settings.KEZUN_HOME, prefix=".demo-") as folder:
        for queue, *tables in service(pack, last, steps):
            for fact, table in zip(PROFILES, tables, strict=True):
                name = files[queue.channel, fact]
                if name in missing:
                    path = Path(folder) / name
                    pq.write_table(table, path, compression="zstd")
                    bring(actor, pack, fact, path, steps)
    return True


def bring(actor: Actor, pack: Pack, fact: str, path: Path, steps: Steps) -> None:
    """Import one simulated file and say how it went; a row that is refused is a mistake of ours."""
    what = FACT_TYPES[fact].title
    told = steps.share(_("importing %s") % what)
    found = run_import(actor, path, fact=fact, profile=f"{pack.name}/{PROFILES[fact]}", progress=told)
    if found.rejected:
        raise click.ClickException(_("%(n)d simulated rows were refused.") % {"n": found.rejected})
    steps.say(_("%(new)d new: %(what)s, %(file)s") % {"new": found.new, "what": what, "file": path.name})


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


def warm(pack: Pack, steps: Steps) -> None:
    """Open everybody's first page once, so that its answers are in the cache when the first reader comes."""
    names = [entry.username for entry in pack.file.demo.sign_ins] if pack.file.demo else []
    readers = Person.objects.filter(username__in=names).order_by("username")
    for reader in readers:
        request = RequestFactory().get("/")
        request.user, request.session = reader, SessionStore()
        try:
            resolve("/").func(request)
        except Exception:  # a page that fails must not keep the demo from starting: its reader will see why
            log.exception("the first page could not be opened", extra={"person": reader.pk})
    steps.say(_("first pages of %d people computed") % len(readers))
