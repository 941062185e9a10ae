"""The demo's assessment: entries of the ledger, rounds open to appeal, lists proposed, an appeal, leads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import msgspec
import yaml
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.assessment import editing, shipped, upkeep
from kezun.assessment.actions import appeals, ledger
from kezun.assessment.actions.schemes import draft_scheme
from kezun.assessment.models import Merit, Run, Scheme, Score
from kezun.assessment.packing import unpack
from kezun.assessment.proposing import propose
from kezun.assessment.searching import search_leads
from kezun.kernel.actor import Actor
from kezun.org.models import Person, Unit
from kezun.site.packs.pack import Pack

NAME = "assessment.yaml"
AUTHOR, MANAGER = "office", "outlet"


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One entry of the ledger; day: how many days before the end of the last period it happened."""

    unit: str
    kind: str
    level: str
    day: int
    title: str
    issuer: str = ""
    confirmed: bool = True
    responsibility: str = ""
    reason: str = ""


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """What a pack says of its assessment. listed: schemes whose rules propose for lists and stars.
    drafted: the scheme whose next edition is being written."""

    second: str
    entries: list[Entry]
    listed: list[str] = []
    drafted: str = ""
    appealed: str = ""
    grounds: str = ""


@dataclass(frozen=True)
class Desk:
    """Who asks at the service office, and who agrees."""

    office: Person
    second: Person


def wanted(pack: Pack) -> Told | None:
    """A pack's assessment; None where it says nothing of it. msgspec.ValidationError names the key."""
    path = pack.folder / NAME
    if not path.exists():
        return None
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Told)


def judge(actor: Actor, pack: Pack, schemes: list[Scheme]) -> list[Run]:
    """Judge the last periods that the facts cover, and leave something to do for those who look round."""
    told = wanted(pack)
    desk = _desk(pack, told) if told else None
    if told is None or desk is None:
        return shipped.run_all(actor, schemes)
    periods = shipped.covered()
    if periods and not Merit.objects.exists():
        enter(desk, told.entries, periods[-1].end)
    made = shipped.run_all(actor, schemes, (desk.office, desk.second))
    draft_next(desk, told.drafted)
    last = {run.scheme.urn: run for run in made if run.kind == Run.Kind.PROVISIONAL}
    for urn in told.listed:
        if urn in last:
            propose(last[urn].pk)
    if told.appealed in last:
        appeal(pack, last[told.appealed], told.grounds)
    if periods:
        search_leads(periods[-1].start.isoformat(), periods[-1].end.isoformat())
    return made


def _person(pack: Pack, username: str) -> Person | None:
    """Whoever signs in to the demo under a name."""
    entries = pack.file.demo.sign_ins if pack.file.demo else ()
    code = next((entry.person for entry in entries if entry.username == username), "")
    return Person.objects.filter(code=code).first()


def _desk(pack: Pack, told: Told) -> Desk | None:
    office, second = _person(pack, AUTHOR), Person.objects.filter(code=told.second).first()
    return Desk(office, second) if office is not None and second is not None else None


def enter(desk: Desk, entries: list[Entry], end: dt.date) -> int:
    """Put a pack's entries into the ledger and make the confirmed ones facts; returns how many of these."""
    for row in entries:
        unit = Unit.objects.get(code=row.unit)
        day = end - dt.timedelta(days=row.day)
        made = ledger.enter_merit(
            desk.office,
            unit,
            kind=row.kind,
            level=row.level,
            occurred_date=day,
            title=row.title,
            issuer=row.issuer,
        )
        if row.confirmed:
            ledger.confirm_merit(desk.second, made)
        if row.responsibility:
            ledger.attribute_merit(desk.second, made, responsibility=row.responsibility, reason=row.reason)
    upkeep.publish_left()
    return sum(row.confirmed for row in entries)


def draft_next(desk: Desk, urn: str) -> None:
    """Begin the next edition of a scheme, once; it stays a draft."""
    rows = Scheme.objects.filter(urn=urn)
    newest = rows.filter(published_at__isnull=False).order_by("-from_date").first()
    if newest is None or rows.filter(state=Scheme.State.DRAFT).exists():
        return
    start = max(timezone.localdate(), newest.from_date) + dt.timedelta(days=1)
    text = editing.renewed(newest.text, list(rows.values_list("version", flat=True)), start)
    draft_scheme(desk.office, text=text)


def appeal(pack: Pack, run: Run, grounds: str) -> None:
    """The outlet manager of the demo objects to the line that costs the own outlet most."""
    manager = _person(pack, MANAGER)
    score = Score.objects.filter(run=run, unit=manager.home_unit).first() if manager else None
    if manager is None or score is None:
        return
    lines = [x for x in unpack(score.lines).lines if x.kind == "component" and x.weight]
    if not lines:
        return
    worst = max(lines, key=lambda x: x.possible - x.points)
    try:
        appeals.file_appeal(manager, score, rule=worst.id, grounds=grounds)
    except ValidationError:  # filed at an earlier start
        return
