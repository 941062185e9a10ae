"""The demo's cases: the pack's own file, and how a plan is walked through the engine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import yaml
from django.conf import settings
from django.utils import timezone

from kezun.cases import kinds
from kezun.cases.effects import gates  # noqa: F401  (declares what kinds ask for)
from kezun.cases.models import Case, EffectCheck, Proof
from kezun.cases.rules.reading import read
from kezun.cases.rules.verbs import VERBS
from kezun.facts import queries
from kezun.facts.questions import Question, period_named
from kezun.kernel.actor import SystemActor
from kezun.site import casework
from kezun.site.casting import Roster
from kezun.site.packs.casebook import Told
from kezun.site.packs.pack import check

DEMO = Path(settings.ROOT) / "packs" / "demo-bank"
SYSTEM = SystemActor("demo")
PARTS = {"opener", "manager", "handler", "sub", "second", "head", "office", "customer", "agent", "teller"}
SMALL = """
seed: 1
days: 20
customers: [王, 李]
words: {contact: {how: phone}, answer: {how: phone}, merge: {reason: 重复登记}}
courses:
  done: [[manager, accept, 1], [handler, take, 2], [handler, contact, 4], [handler, propose, 20],
    [second, verify, 30], [handler, answer, 32], [manager, close, 40],
    [customer, rate, 50, {satisfaction: 5}]]
  untouched: []
  longer: [[manager, accept, 1], [handler, take, 2], [handler, contact, 2.5],
    [handler, ask, 3, {type: extend, units: 15, reason: 调取凭证, notice: 已告知}], [head, grant, 4]]
  stopped: [[manager, attach, 1, {stage: work}], [manager, propose, 2], [second, verify, 3],
    [manager, close, 4]]
sorts:
  - kind: complaint
    count: 6
    courses: {done: 1}
    all: {channel: A11, business: B11, reason_code: C0102, complexity: simple, finding: upheld,
      fault: nothing, result: 已致歉, decision: 致歉, reasons: 属实, basis: 服务规范, onward: 可申请核查,
      story: 等了很久}
    texts: [{title: 等候太久, weight: 2}, {title: 大堂闷热, reason_code: C0203}]
  - kind: interception
    count: 0
    courses: {}
    opener: manager
    all: {staff: "{teller}", happened_at: "{received}", scheme: police, amount: "100", asked: 问过, times: 1,
      police: bank, outcome: full, saved: "100", result: 已核实}
    texts: [{title: 堵截诈骗}]
stories:
  - {kind: complaint, unit: O1, day: 3, text: 等候太久, course: untouched, customer: 1}
  - {kind: complaint, unit: O1, day: 2, text: 等候太久, course: untouched, customer: 1, merge: true}
  - {kind: complaint, unit: O2, day: 5, text: 等候太久, course: longer, set: {title: 延期}}
  - {kind: interception, unit: O1, day: 9, text: 堵截诈骗, course: stopped}
"""


@pytest.fixture
def pack(tmp_path, bank, person_in):
    """A small pack on the small bank."""
    for unit in ("O1", "O2", "O3"):
        for role in ("outlet_manager", "lobby_manager", "teller"):
            person_in(role, unit)
    for unit in ("C1", "C2"):
        person_in("supervisor", unit)
        person_in("unit_head", unit)
    person_in("service_office", "HO")
    (tmp_path / "cases.yaml").write_text(SMALL, encoding="utf-8")
    kinds.install_all(SYSTEM)
    return SimpleNamespace(folder=tmp_path, file=SimpleNamespace(zone="Asia/Shanghai"))


def test_plans_are_walked_by_real_people_at_past_moments(pack):
    today = timezone.localdate()
    assert casework.work(SYSTEM, pack, today) == 10
    done = Case.objects.filter(code="complaint", state="closed")
    assert done.count() >= 4
    case = done.first()
    assert case.verifier.code.startswith("supervisor.")
    assert case.satisfaction == 5
    assert case.received_at < case.answered_at < case.closed_at < timezone.now()
    moments = list(case.events.order_by("seq").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert {p.role for p in case.parties.all()} == {"complainant"}
    texts = [v for data in Case.objects.values_list("data", flat=True) for v in data.values()]
    assert not [text for text in texts if isinstance(text, str) and "{" in text]


def test_stories_happen(pack):
    casework.work(SYSTEM, pack, timezone.localdate())
    merged = Case.objects.get(state="merged")
    assert (merged.unit.code, merged.repeat) == ("O1", 1)
    longer = Case.objects.get(title="延期")
    assert longer.extended == 1
    assert longer.petitions.get().decided_by.code == "unit_head.C1"
    stopped = Case.objects.get(code="interception")
    assert stopped.data["staff"] == "teller.O1"
    assert Proof.objects.filter(case=stopped).count() == 1


def test_a_second_start_changes_nothing(pack):
    casework.work(SYSTEM, pack, timezone.localdate())
    before = Case.objects.count()
    assert casework.work(SYSTEM, pack, timezone.localdate()) == 0
    assert Case.objects.count() == before


def test_the_same_lot_falls_every_time(pack):
    told, last = casework.wanted(pack), timezone.localdate()
    now = timezone.now()
    one, other = ([*casework.Desk(told, SYSTEM, "Asia/Shanghai", now).plans(last)] for _ in range(2))
    assert one == other


def test_they_become_facts(pack):
    casework.work(SYSTEM, pack, timezone.localdate())
    today = timezone.localdate()
    period = period_named(f"{today - dt.timedelta(days=60)}..{today}")
    [answer] = queries.measure(SYSTEM, Question(("cases.complaints",), "HO", period))
    assert answer.value == 8  # nine, of which one was merged
    assert not EffectCheck.objects.exists()


def test_a_step_that_cannot_be_names_the_case(pack):
    text = SMALL.replace("[[manager, accept, 1], [handler, take, 2], [handler, contact", "[[handler, contact")
    (pack.folder / "cases.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"cases\.yaml: complaint at O\d: handler, propose"):
        casework.work(SYSTEM, pack, timezone.localdate())
    assert not Case.objects.exists()


def test_a_pack_without_cases(tmp_path):
    pack = SimpleNamespace(folder=tmp_path, file=SimpleNamespace(zone="Asia/Shanghai"))
    assert casework.work(SYSTEM, pack, dt.date(2026, 6, 30)) == 0


def test_nobody_plays_what_is_not_there(pack, bank):
    cast = Roster.read().cast(bank["O1"], bank["O2"])
    assert cast["manager"].code == "outlet_manager.O1"
    assert cast["sibling"].code == "outlet_manager.O2"
    assert cast["head"].code == "unit_head.C1"
    assert "sub" not in cast


# --- the demo bank's own file ---


@pytest.fixture(scope="module")
def told():
    return msgspec.convert(yaml.safe_load((DEMO / "cases.yaml").read_text(encoding="utf-8")), Told)


def test_the_file_is_checked_with_its_pack(tmp_path):
    import shutil

    copy = tmp_path / "demo-bank"
    shutil.copytree(DEMO, copy)
    assert check(copy) == []
    path = copy / "cases.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("count: 96", "count: many"), encoding="utf-8")
    [mistake] = check(copy)
    assert (mistake.file, mistake.path) == ("cases.yaml", "sorts[0].count")


def test_courses_have_parts_verbs_and_hours_that_rise(told):
    for name, steps in told.courses.items():
        hours = [step[2] for step in steps]
        assert hours == sorted(hours), name
        for who, verb, *_rest in steps:
            assert who in PARTS, name
            assert verb in VERBS, name


def test_sorts_and_stories_name_what_there_is(told):
    shipped = {path.stem for path in kinds.FOLDER.glob("*.yaml")}
    titles = {(sort.kind, text["title"]) for sort in told.sorts for text in sort.texts}
    for sort in told.sorts:
        assert sort.kind in shipped
        assert set(sort.courses) <= set(told.courses)
    for story in told.stories:
        assert story.kind in shipped
        assert story.course in told.courses
        assert not story.text or (story.kind, story.text) in titles
        assert story.text or story.set.get("title")
    assert len(titles) == sum(len(sort.texts) for sort in told.sorts)


def test_what_kinds_require_is_said(told):
    """A field that a kind begins to ask for is missed here, and not when a demo starts."""
    said = {
        sort.kind: [(sort.all | text, name) for text in sort.texts for name in sort.courses]
        for sort in told.sorts
    }
    for story in told.stories:
        sort = next((sort for sort in told.sorts if sort.kind == story.kind), None)
        text = next((t for t in sort.texts if t["title"] == story.text), {}) if sort else {}
        said.setdefault(story.kind, []).append(
            (({**sort.all} if sort else {}) | text | story.set, story.course)
        )
    lacking = set()
    for kind, cases in said.items():
        form = read((kinds.FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"), kinds.known())
        for values, course in cases:
            for verb, extra in [("open", {}), *((s[1], dict(*s[3:])) for s in told.courses[course])]:
                required = {field.id for field in form.asked(verb) if field.required}
                lacking |= {(kind, verb, id) for id in required - set(values) - set(extra)}
    assert lacking == set()
