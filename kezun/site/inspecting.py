"""The demo's inspections: sheets of all outlets, and what stands open for those who sign in to look round."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml
from django.utils import timezone

from kezun.kernel.actor import Actor
from kezun.org.models import Person, Unit
from kezun.org.planning import Organisation
from kezun.site.packs.pack import Pack
from kezun.standards import actions, queries, upkeep
from kezun.standards.actions.bringing import Filled, bring_sheets
from kezun.standards.models import Sheet, Standard
from kezun.standards.renewing import next_version, renewed
from kezun.standards.rules.form import Standard as Edition
from kezun.standards.simulator import NAMESPACE, Inspections, Site, simulated

NAME = "inspections.yaml"
DAYS = 90
LOBBY, SELF_CHECK = "urn:kezun:std:dating-fuwu", "urn:kezun:std:wangdian-zicha"
AUTHOR, MANAGER = "office", "outlet"


def wanted(folder: Path) -> Inspections | None:
    """A pack's inspections; None where it says nothing of them. msgspec.ValidationError names the key."""
    path = folder / NAME
    if not path.exists():
        return None
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Inspections)


def inspect(actor: Actor, pack: Pack, last: dt.date) -> int:
    """Take over the invented sheets up to and with the day `last`, and make them facts; returns how many.

    Nothing is done where sheets are there already.
    """
    told = wanted(pack.folder)
    if told is None or Sheet.objects.filter(submitted_at__isnull=False).exists():
        return 0
    urns = {round_.standard for round_ in told.rounds}
    known = queries.known(urns)
    editions = {urn: [s for s in known if s.id == urn] for urn in urns}
    filled = list(sheets_of(told, sites(pack.organisation(last)), editions, last, pack.file.zone))
    made = bring_sheets(actor, filled=filled)
    upkeep.publish_due()
    return made


def sheets_of(
    told: Inspections,
    places: list[Site],
    editions: dict[str, list[Edition]],
    last: dt.date,
    zone: str,
) -> Iterator[Filled]:
    """The sheets of all outlets up to `last`, and those of the days before of the outlets that have them."""
    yield from simulated(told, places, editions, _days(last, DAYS), zone)
    if told.earlier is not None:
        older = [site for site in places if site.code in told.earlier.units]
        days = _days(last - dt.timedelta(days=DAYS), told.earlier.days)
        yield from simulated(told, older, editions, days, zone, last)


def _days(last: dt.date, count: int) -> list[dt.date]:
    return [last - dt.timedelta(days=n) for n in range(count - 1, -1, -1)]


def sites(organisation: Organisation) -> list[Site]:
    """The outlets with those who inspect them: of each post, whoever stands nearest, in it or above."""
    parent = {u.code: u.parent for u in organisation.units}
    people: dict[tuple[str, str], list[str]] = {}
    for row in organisation.assignments:
        if not row.deputy_for:
            people.setdefault((row.unit, row.post), []).append(row.person)
    posts = {post for _unit, post in people}

    def upwards(code: str) -> Iterator[str]:
        while code:
            yield code
            code = parent[code] or ""

    found = []
    for unit in organisation.units:
        if unit.kind == "outlet":
            near = {
                post: next((p for at in upwards(unit.code) if (p := people.get((at, post)))), [])
                for post in posts
            }
            found.append(Site(unit.code, frozenset(unit.tags), near))
    return found


def open_work(pack: Pack) -> None:
    """A draft for the office and a sheet being filled for the outlet, so that nobody finds empty pages."""
    names = {entry.username: entry.person for entry in pack.file.demo.sign_ins} if pack.file.demo else {}
    author = Person.objects.filter(code=names.get(AUTHOR)).first()
    old = Standard.objects.for_day(LOBBY, timezone.localdate())
    if (
        author is not None
        and old is not None
        and not Standard.objects.filter(urn=LOBBY, state="draft").exists()
    ):
        text = renewed(queries.standard_of(old), next_version(old.version, ()), queries.tomorrow())
        actions.draft(author, text=text)
    manager = Person.objects.filter(code=names.get(MANAGER)).first()
    unit = Unit.objects.filter(code=manager.home_unit.code).first() if manager and manager.home_unit else None
    if (
        manager is not None
        and unit is not None
        and Standard.objects.published().filter(urn=SELF_CHECK).exists()
    ):
        _begin(manager, unit)


def _begin(manager: Person, unit: Unit) -> None:
    """A self-check of today with its first answers."""
    key = uuid.uuid5(NAMESPACE, f"open|{unit.code}")
    if Sheet.objects.filter(key=key).exists():
        return
    today = timezone.localdate()
    edition = Standard.objects.for_day(SELF_CHECK, today)
    if edition is None:
        return
    made = queries.whole(edition)
    method = next(m for c in made.criteria() for m in c.checker.methods)
    sheet = actions.begin_sheet(manager, unit, urn=SELF_CHECK, method=method, visited=today, key=key)
    some = Sheet.objects.filter(standard=edition, unit=unit, submitted_at__isnull=False).first()
    if some is not None:
        actions.save_sheet(manager, sheet, entries=dict(list(some.answers.items())[:5]))
