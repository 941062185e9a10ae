"""Every read of control: the trail within scope, tasks, the state of the installation, who may what."""

from __future__ import annotations

import datetime as dt
import platform
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet

import kezun
from kezun.control.rules import Door, MatrixRow, matrix
from kezun.facts.models import Snapshot
from kezun.kernel.action import ACTIONS
from kezun.kernel.actor import require
from kezun.kernel.endpoint import ENDPOINTS
from kezun.kernel.models import Heartbeat, Schedule, Task, TrailEntry
from kezun.kernel.page import PAGES
from kezun.org.models import Person
from kezun.org.scope import Role, roles

READ_TRAIL = "control.read_trail"
PAGE = 50


@dataclass(frozen=True)
class TrailFilter:
    """What of the trail to show: texts are beginnings (an actor also a staff number), days are the bank's."""

    actor: str = ""
    verb: str = ""
    target: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


def trail_visible_to(person: Person) -> QuerySet[TrailEntry]:
    """Entries that the person may read: all with a bank-wide role, else those by people in scope."""
    require(person, READ_TRAIL)
    if person.scope.whole_bank(READ_TRAIL):
        return TrailEntry.objects.all()
    people = Person.objects.visible_to(person, READ_TRAIL).values_list("pk", flat=True)
    return TrailEntry.objects.filter(actor__in=[f"person:{pk}" for pk in people])


def trail_entries(person: Person, chosen: TrailFilter, before: int | None = None) -> list[TrailEntry]:
    """One page of entries, newest first, and one more where there are older ones (PAGE + 1 at most)."""
    entries = trail_visible_to(person)
    if chosen.actor:
        who = Person.objects.filter(code=chosen.actor).values_list("pk", flat=True).first()
        named = Q(actor=f"person:{who}") if who is not None else Q(actor__startswith=chosen.actor)
        entries = entries.filter(named)
    if chosen.verb:
        entries = entries.filter(verb__startswith=chosen.verb)
    if chosen.target:
        entries = entries.filter(target__startswith=chosen.target)
    if chosen.since:
        entries = entries.filter(at__gte=_midnight(chosen.since))
    if chosen.until:
        entries = entries.filter(at__lt=_midnight(chosen.until + dt.timedelta(days=1)))
    if before is not None:
        entries = entries.filter(pk__lt=before)
    return list(entries.order_by("-pk")[: PAGE + 1])


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZoneInfo(settings.KEZUN_BANK_ZONE))


def people_of(entries: list[TrailEntry]) -> dict[str, Person]:
    """The people behind `person:…` actors, by that text; one query."""
    ids = {e.actor.partition(":")[2] for e in entries if e.actor.startswith("person:")}
    people = Person.objects.filter(pk__in=[i for i in ids if i.isdigit()])
    return {person.trail_name: person for person in people}


def last_verification() -> Task | None:
    """The verification asked for last, under way or done."""
    return Task.objects.filter(name="control.verify_trail").order_by("-pk").first()


def doors() -> list[Door]:
    """Everything in the registries of pages, actions and operations."""
    pages = [Door("page", p.name, p.needs, p.public) for p in PAGES.values()]
    actions = [Door("action", name, name) for name in ACTIONS]
    operations = [Door("operation", e.name, e.needs) for e in ENDPOINTS.values()]
    return pages + actions + operations


def access(person: Person) -> tuple[list[Role], list[MatrixRow]]:
    """The roles, and for every page, action and operation which of them open it."""
    require(person, "control.read_access")
    known = list(roles().values())
    return known, matrix(doors(), [role.may for role in known])


@dataclass(frozen=True)
class Installation:
    """What an operator looks at: versions, tasks, workers, schedules, snapshots."""

    versions: list[tuple[str, str]]
    tasks: dict[str, int]
    shown: list[Task]
    workers: list[Heartbeat]
    schedules: list[Schedule]
    snapshots: list[tuple[Any, ...]]


def installation(person: Person) -> Installation:
    """The state of the installation; failed tasks first, then those running and waiting."""
    require(person, "control.read_health")
    counted = dict(Task.objects.values_list("state").annotate(n=Count("pk")))
    order = {Task.State.FAILED: 0, Task.State.RUNNING: 1, Task.State.WAITING: 2}
    open_tasks = Task.objects.exclude(state=Task.State.DONE).order_by("-pk")[:100]
    return Installation(
        versions=versions(),
        tasks={state: counted.get(state, 0) for state in Task.State.values},
        shown=sorted(open_tasks, key=lambda t: order[Task.State(t.state)]),
        workers=list(Heartbeat.objects.order_by("worker")),
        schedules=list(Schedule.objects.order_by("name")),
        snapshots=list(
            Snapshot.objects.values_list("fact").annotate(Count("pk"), Max("created_at")).order_by("fact")
        ),
    )


def versions() -> list[tuple[str, str]]:
    """The product, the language, the framework and the database, each with its version."""
    database = ".".join(str(part) for part in connection.get_database_version())
    return [
        ("Kezun", kezun.__version__),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        (connection.display_name, database),
    ]
