"""The demo's cases: invented complaints, corrections and the rest, walked through the engine by demo people.

What a pack says in `cases.yaml` is done by the verbs of the engine itself, each at its moment. Steps
whose moment has not come are left out, so the latest cases are open, some overdue, as in any bank.
"""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import yaml
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from kezun.cases import actions, kinds, standing
from kezun.cases.effects import effect, facts
from kezun.cases.models import Case, EffectCheck
from kezun.cases.rules.kinds import Kind
from kezun.cases.rules.verbs import VERBS
from kezun.kernel import file
from kezun.kernel.actor import Actor, Denied
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit
from kezun.site.casting import Roster
from kezun.site.packs.casebook import Sort, Told
from kezun.site.packs.pack import Pack

NAME = "cases.yaml"
OPENS, CLOSES = 9, 18


def wanted(pack: Pack) -> Told | None:
    """A pack's cases; None where it says nothing of them. msgspec.ValidationError names the key."""
    path = pack.folder / NAME
    if not path.exists():
        return None
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Told)


def work(actor: Actor, pack: Pack, last: dt.date) -> int:
    """Walk the pack's cases up to now and make them facts; returns how many. Nothing where there are any.

    last: the last day of data, from which the stories count back.
    """
    told = wanted(pack)
    if told is None or Case.objects.exists():
        return 0
    desk = Desk(told, actor, pack.file.zone)
    plans = sorted(desk.plans(last), key=lambda plan: plan.received)
    with transaction.atomic():
        walked = [(plan, desk.walk(plan)) for plan in plans]
    effect.check_due()
    for plan, case in walked:
        desk.settle(plan, case)
    facts.publish_due()
    return len(plans)


@dataclass(frozen=True)
class Plan:
    """One case to be walked: what it says, who brings it, the steps to take."""

    kind: str
    unit: Unit
    received: dt.datetime
    said: dict[str, Any]
    course: str
    opener: str
    to_unit: bool = False
    customer: int = 0
    merge: bool = False
    team: tuple[str, ...] = ()
    settled: str = ""


@dataclass
class Desk:
    """What is said, by whom, when: everything that a walk needs."""

    told: Told
    actor: Actor
    zone: str
    now: dt.datetime = field(default_factory=timezone.now)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.told.seed)  # noqa: S311 an invented bank, not a secret
        self.roster = Roster.read()
        self.units = {unit.code: unit for unit in Unit.objects.all()}
        self.sorts = {sort.kind: sort for sort in self.told.sorts}
        self.brought: dict[int, Case] = {}

    @cached_property
    def outlets(self) -> list[Unit]:
        return [u for u in self.units.values() if u.kind == "outlet" and self.roster.at(u, "lobby_manager")]

    def plans(self, last: dt.date) -> Iterator[Plan]:
        """All cases, those by lot first; the lot falls the same way every time."""
        for sort in self.told.sorts:
            courses, weights = list(sort.courses), list(sort.courses.values())
            for number in range(sort.count):
                unit = self.dice.choice(self.outlets)
                text = self.dice.choices(sort.texts, [t.get("weight", 1) for t in sort.texts])[0]
                day = last - dt.timedelta(days=int((number + 0.5) / sort.count * self.told.days))
                course = self.dice.choices(courses, weights)[0]
                yield self._plan(sort, unit, day, text, course, customer=1000 + number)
        for number, story in enumerate(self.told.stories):
            sort = self.sorts.get(story.kind) or Sort(story.kind, 0, {}, [])
            text = next((t for t in sort.texts if t["title"] == story.text), {}) | story.set
            day = last - dt.timedelta(days=story.day)
            made = self._plan(sort, self.units[story.unit], day, text, story.course, 0)
            yield replace(
                made,
                customer=story.customer or 3000 + number,
                opener=story.opener or ("agent" if story.unit == "CHCC" else made.opener),
                merge=story.merge,
                to_unit=made.to_unit or story.opener == "sibling",
                team=tuple(story.team) or made.team,
                settled=story.settled,
            )

    def _plan(
        self, sort: Sort, unit: Unit, day: dt.date, text: dict[str, Any], course: str, customer: int
    ) -> Plan:
        at = dt.time(self.dice.randrange(OPENS, CLOSES - 1), self.dice.randrange(60))
        received = min(dt.datetime.combine(day, at, ZoneInfo(self.zone)), self.now - dt.timedelta(hours=1))
        said = {key: value for key, value in (sort.all | text).items() if key != "weight"}
        return Plan(
            sort.kind,
            unit,
            received,
            said,
            course,
            sort.opener,
            sort.to_unit,
            customer,
            team=tuple(sort.team),
        )

    # --- one case ---

    def walk(self, plan: Plan) -> Case:
        """Open one case and take its steps as far as they lie in the past."""
        cast = self._cast(plan)
        form = kinds.form_of(kinds.kind_now(plan.kind))
        words = self._words(plan, cast)
        said = filled(plan.said, words)
        case = self._open(plan, cast, form, said)
        at, pace = plan.received, self.dice.uniform(0.8, 1.15)
        for who, verb, hours, *extra in self.told.courses[plan.course]:
            at = self._moment(plan.received + dt.timedelta(hours=hours * pace), at)
            if at > self.now:
                break
            given = taken(form, verb, said) | self.told.words.get(verb, {}) | filled(dict(*extra), words)
            case = self._step(cast, case, who, verb, given, at)
        before = self.brought.setdefault(plan.customer, case)
        if plan.merge and before != case:
            case = self._step(cast, case, "manager", "merge", self.told.words["merge"] | {"into": before}, at)
        return case

    def settle(self, plan: Plan, case: Case) -> None:
        """Settle the check of effect on what its figures say, by whom the story names."""
        row = EffectCheck.objects.filter(case=case, verdict="").exclude(result={}).first()
        if not plan.settled or row is None:
            return
        at = dt.datetime.combine(row.due_date, dt.time(OPENS), ZoneInfo(self.zone))
        if at <= self.now:
            given = dict(self.told.words.get("check", {}))
            self._step(self._cast(plan), case, plan.settled, "check", given, at)

    def _cast(self, plan: Plan) -> dict[str, Person]:
        """Who plays which part in a case."""
        siblings = [u for u in self.outlets if u.code[:-1] == plan.unit.code[:-1] and u != plan.unit]
        cast = self.roster.cast(plan.unit, (siblings or self.outlets)[0])
        cast["opener"] = cast[plan.opener]
        return cast

    def _open(self, plan: Plan, cast: dict[str, Person], form: Kind, said: dict[str, Any]) -> Case:
        given = taken(form, "open", said) | {"received_at": plan.received}
        given |= {"owner": plan.unit} if plan.to_unit else {}
        if parties := self._parties(plan, cast, form):
            given["parties"] = parties
        return actions.open_case(cast["opener"], plan.kind, plan.unit, given, at=plan.received)

    def _parties(self, plan: Plan, cast: dict[str, Person], form: Kind) -> list[dict[str, Any]]:
        """The customer who brings it, and the team."""
        role = next((role for role in ("complainant", "customer") if role in form.parties), "")
        name = self.told.customers[plan.customer % len(self.told.customers)]
        made: list[dict[str, Any]] = []
        if role:
            made.append({"role": role, "name": f"{name}**", "phone": f"1390000{plan.customer:04d}"})
        return made + [{"role": "team", "person": cast[part]} for part in plan.team if part in cast]

    def _words(self, plan: Plan, cast: dict[str, Person]) -> dict[str, str]:
        """What stands in braces in texts."""
        days = {f"d{n}": str((plan.received + dt.timedelta(days=n)).date()) for n in (10, 40)}
        people = {part: person.code for part, person in cast.items()}
        return {"unit": plan.unit.code, "received": plan.received.isoformat(), **days, **people}

    def _step(
        self, cast: dict[str, Person], case: Case, who: str, verb: str, given: dict[str, Any], at: dt.datetime
    ) -> Case:
        """One verb by whoever plays the part."""
        actor: Actor = standing.CUSTOMER if who == "customer" else cast[who]
        if verb == "grant":
            given["petition"] = case.petitions.get(decision="")
        if verb == "attach":
            given["files"] = [self.picture]
        try:
            return actions.do(actor, case, verb, given, at=at)
        except (ValidationError, Denied) as error:
            raise ValueError(f"{NAME}: {case.code} at {case.unit.code}: {who}, {verb}: {error}") from error

    def _moment(self, wished: dt.datetime, before: dt.datetime) -> dt.datetime:
        """A moment of the working day, after the one before."""
        at = max(wished, before + dt.timedelta(minutes=20))
        if at.hour >= CLOSES:
            at = (at + dt.timedelta(days=1)).replace(hour=OPENS)
        return at.replace(hour=OPENS) if at.hour < OPENS else at

    @cached_property
    def picture(self) -> StoredFile:
        """A photograph that shows nothing: an invented bank has no others."""
        out = io.BytesIO()
        made = Image.new("RGB", (640, 420), "#dfe7ee")
        ImageDraw.Draw(made).rectangle((60, 60, 580, 360), outline="#3b5b7a", width=6)
        made.save(out, "JPEG")
        out.seek(0)
        return file.keep(self.actor, out, "photo.jpg", allow=("jpeg",))


def taken(form: Kind, verb: str, said: dict[str, Any]) -> dict[str, Any]:
    """Of all that is said, what this verb of this kind takes."""
    known = {take.name for take in VERBS[verb].takes} | {field.id for field in form.asked(verb)}
    return {key: value for key, value in said.items() if key in known}


def filled(said: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    """Texts with what stands in braces put in."""
    return {key: value.format(**words) if isinstance(value, str) else value for key, value in said.items()}
