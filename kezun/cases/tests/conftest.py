"""A small kind of case and a complaint of it to try everything on."""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from kezun.cases import actions, kinds
from kezun.cases.models import Case, Notice
from kezun.cases.tests.courses import COURSES, fitted
from kezun.kernel.actor import SystemActor
from kezun.org.models import Assignment, BusinessLine, Person

KIND = """
schema: kezun.kind/1
id: trial
version: "1"
title: 试验事项
title_en: Trial case
valid: {from: 2020-01-01}
flow: full
parties: [complainant, agent, heir, representative, named_staff]
severity: {urgent/*: 1, "*/complex": 2, "*/*": 3}
fields:
  - {id: urgency, name: 紧急程度, type: choice, choices: [{id: urgent, name: 紧急}, {id: usual, name: 一般}]}
  - {id: complexity, name: 复杂程度, type: choice, choices: [{id: simple, name: 简单},
      {id: complex, name: 复杂}]}
  - {id: where, name: 地点, type: text}
  - {id: account, name: 账户说明, type: text, sealed: true}
  - {id: finding, name: 核查结果, type: long, at: [propose], required: true}
  - {id: decision, name: 处理决定, type: text, at: [answer], required: true}
"""


@pytest.fixture
def trial(db):
    """The kind `trial`, published."""
    return kinds.install_kind(SystemActor("test"), text=KIND, origin="test")


@pytest.fixture
def world(bank, person_in, trial):
    """People of the bank who have to do with cases: the teller and manager of O1, supervisor, office."""
    return {
        "teller": person_in("teller", "O1"),
        "manager": person_in("outlet_manager", "O1"),
        "lobby": person_in("lobby_manager", "O1"),
        "other": person_in("outlet_manager", "O2"),
        "far": person_in("outlet_manager", "O3"),
        "sub": person_in("unit_head", "S1"),
        "supervisor": person_in("supervisor", "P1"),
        "office": person_in("service_office", "HO"),
        "auditor": person_in("auditor", "HO"),
        "bank": bank,
    }


@pytest.fixture
def opened(world):
    """`opened(actor="lobby", unit="O1", **given)` registers a case of the trial kind."""

    def make(actor: str = "lobby", unit: str = "O1", **given) -> Case:
        values = {"title": "排队太久", "received_at": timezone.now(), **given}
        return actions.open_case(world[actor], "trial", world["bank"][unit], values)

    return make


@pytest.fixture
def timed(world):
    """`timed("2026-09-21T09:00", actor=…, unit=…)` registers a case with clocks, received at that moment."""
    from kezun.cases.tests.timing import TIMED, at, now_is

    kinds.install_kind(SystemActor("test"), text=TIMED, origin="test")

    def make(text: str = "2026-09-21T09:00", actor: str = "lobby", unit: str = "O1", **given) -> Case:
        with now_is(text):
            values = {"title": "排队太久", "received_at": at(text), **given}
            return actions.open_case(world[actor], "timed", world["bank"][unit], values)

    return make


@pytest.fixture
def mails(settings, tmp_path):
    """Mails are on, and kept in memory; everybody has an address."""
    settings.KEZUN_MAIL = "memory"
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture
def posted(world):
    """Everybody can be written to."""
    for person in Person.objects.all():
        Person.objects.filter(pk=person.pk).update(email=f"{person.code}@bank.example")
    return world


@pytest.fixture
def waiting(posted, timed):
    """One notice for the manager of O1, registered in the morning."""
    timed(actor="other", unit="O1", owner="O1")
    return Notice.objects.get()


@pytest.fixture
def closed(world, opened):
    """A case that went the whole way: handled by the lobby manager, verified by the supervisor."""

    def make(**given) -> Case:
        case = opened(**given)
        for who, verb, values in COURSE:
            case = actions.do(world[who], case, verb, values)
        return case

    return make


COURSE = (
    ("manager", "accept", {}),
    ("lobby", "take", {}),
    ("lobby", "contact", {"how": "phone"}),
    ("lobby", "propose", {"result": "已道歉并增开窗口", "finding": "属实"}),
    ("supervisor", "verify", {}),
    ("lobby", "answer", {"how": "phone", "decision": "道歉"}),
    ("manager", "close", {}),
)


@pytest.fixture
def shipped(world):
    kinds.install_all(SystemActor("test"))
    return world


@pytest.fixture
def done(shipped):
    """`done(kind)`: a case of a kind that went its whole way, or as far as a verb."""

    def make(kind: str, until: str = "", **more) -> Case:
        who, unit, given, steps = COURSES[kind]
        case = actions.open_case(shipped[who], kind, shipped["bank"][unit], fitted({**given, **more}))
        for actor, verb, values in steps:
            if verb == until:
                break
            case = actions.do(shipped[actor], case, verb, fitted(values))
        return case

    return make


@pytest.fixture
def complaint(shipped):
    """A complaint of O1 that the lobby manager handles."""

    from kezun.cases.tests.test_complaints import CODES

    def make(**given) -> Case:
        values = {"title": "等候太久", **CODES, **given}
        case = actions.open_case(shipped["lobby"], "complaint", shipped["bank"]["O1"], values)
        return actions.do(shipped["lobby"], case, "take")

    return make


@pytest.fixture
def get(client, world):
    """`get("lobby", address)` opens a page as somebody."""

    def open_(who, address, **more):
        client.force_login(world[who])
        return client.get(address, **more)

    return open_


@pytest.fixture
def limited(person_in, lines):
    """`limited((role, unit, line), …)`: somebody with these roles, each limited to its line (none: not).

    `lines` is the test's own.
    """
    numbers = itertools.count()

    def make(*roles: tuple[str, str, str | None]) -> Person:
        code = f"limited{next(numbers)}"
        person = Person(code=code, username=code, name="限条线", home_unit=None)
        person.set_unusable_password()
        person.save()
        for role, unit, name in roles:
            line = BusinessLine.objects.get(code=name) if name else None
            like = Assignment.objects.get(person=person_in(role, unit))
            Assignment.objects.create(person=person, unit=like.unit, post=like.post, line=line)
        return Person.objects.get(pk=person.pk)

    return make
