"""The demo's assessment: what a pack says of it is done once, by two persons, and can be looked at."""

import datetime as dt

import msgspec
import pytest

from kezun.assessment import shipped
from kezun.assessment.models import Appeal, Merit, Round, Run, Scheme
from kezun.assessment.tests import world
from kezun.kernel.models import TrailEntry
from kezun.site import judging
from kezun.site.packs import pack as packs
from tools import tree

DEMO = tree.ROOT / "packs" / "demo-bank"


@pytest.fixture
def own_home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture
def judged(own_home, bank, person_in, tmp_path, monkeypatch):
    """A small bank with facts of February and March, two persons of the office and an outlet manager."""
    people = {"office": person_in("service_office", "HO"), "second": person_in("service_office", "P1")}
    people["outlet"] = person_in("outlet_manager", "O1")
    for day in ("2026-01-20", "2026-02-10", "2026-03-10", "2026-03-31"):
        for outlet in ("O1", "O2"):
            world.served(outlet, day, 40, 5)
            world.rated(outlet, day, 30, 10)
    entry = {"unit": "O1", "kind": "praise", "level": "锦旗", "day": 3, "title": "锦旗一面"}
    told = judging.Told(
        second=people["second"].code,
        entries=[
            msgspec.convert(entry, judging.Entry),
            msgspec.convert(entry | {"unit": "O2", "confirmed": False}, judging.Entry),
            msgspec.convert(
                {"unit": "O2", "kind": "complaint", "level": "一般", "day": 1, "title": "投诉"}
                | {"responsibility": "responsible", "reason": "录像核实"},
                judging.Entry,
            ),
        ],
        listed=["urn:kezun:scheme:test"],
        drafted="urn:kezun:scheme:test",
        appealed="urn:kezun:scheme:test",
        grounds="评价器断网两天，评价未能上传",
    )
    monkeypatch.setattr(judging, "wanted", lambda pack: told)
    monkeypatch.setattr(judging, "_person", lambda pack, name: people.get(name))
    return world.installed(world.scheme_text())


@pytest.mark.django_db
def test_the_last_periods_are_judged_and_left_open_to_appeal(judged):
    made = judging.judge(world.US, packs.read(DEMO), [judged])
    assert [(run.period, run.kind) for run in made] == [("2026-02", "final"), ("2026-03", "provisional")]
    draft = Scheme.objects.get(state="draft")
    assert (draft.version, draft.supersedes, draft.drafted_by.code) == (
        "2026.2",
        "2026.1",
        "service_office.HO",
    )
    states = dict(Round.objects.values_list("period", "state"))
    assert states == {"2026-02": Round.State.CLOSED, "2026-03": Round.State.APPEAL}
    assert all(run.shown_at for run in made)
    steps = TrailEntry.objects.filter(verb__in=("assessment.ask_step", "assessment.take_step"))
    assert len(set(steps.values_list("actor", flat=True))) == 2


@pytest.mark.django_db
def test_entries_are_confirmed_by_the_second_and_one_appeal_waits(judged):
    judging.judge(world.US, packs.read(DEMO), [judged])
    states = dict(Merit.objects.values_list("title", "state"))
    assert Merit.objects.filter(unit__code="O2", kind="praise", state="entered").count() == 1
    assert states["投诉"] == "confirmed"
    assert Merit.objects.get(kind="complaint").occurred_date == dt.date(2026, 3, 30)
    filed = Appeal.objects.get()
    assert (filed.unit.code, filed.state, filed.score.run.period) == ("O1", "filed", "2026-03")


@pytest.mark.django_db
def test_a_second_start_does_nothing_twice(judged):
    judging.judge(world.US, packs.read(DEMO), [judged])
    before = (Run.objects.count(), Merit.objects.count(), Appeal.objects.count())
    assert judging.judge(world.US, packs.read(DEMO), [judged]) == []
    assert (Run.objects.count(), Merit.objects.count(), Appeal.objects.count()) == before


@pytest.mark.django_db
def test_a_pack_that_says_nothing_is_judged_all_the_same(judged, monkeypatch):
    monkeypatch.setattr(judging, "wanted", lambda pack: None)
    assert len(judging.judge(world.US, packs.read(DEMO), [judged])) == 2
    assert not Merit.objects.exists()


def test_what_the_demo_pack_says_can_be_read():
    told = judging.wanted(packs.read(DEMO))
    urns = {made.id for made, _text in shipped.shipped()}
    assert {told.appealed, *told.listed} <= urns
    assert {row.confirmed for row in told.entries} == {True, False}
    assert any(row.responsibility for row in told.entries)
