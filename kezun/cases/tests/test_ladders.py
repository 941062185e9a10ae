"""Ladders: read with every mistake named, when a step fires, whom it reaches."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import catalogs
from kezun.cases.rules.ladders import GROUP, Coming, NotALadder, coming, moment, reached, read_ladder
from kezun.org.rules import calendarfile
from kezun.org.rules.worktime import Worktime

SHANGHAI = ZoneInfo("Asia/Shanghai")
FOLDER = Path(__file__).parent.parent / "catalog" / "ladders"
GOOD = {
    "id": "trial",
    "name": "试验",
    "lines": {"service": ["supervisor"], "business": ["unit_head"]},
    "steps": [
        {"share": 0.5, "to": ["handler"]},
        {"share": 1.0, "up": 1, "to": ["handler", "service"]},
        {"days": 1, "up": 2, "to": ["service", "business", "group"]},
    ],
}


@lru_cache
def cn() -> Worktime:
    table = Path(calendarfile.__file__).parent.parent / "catalog" / "calendars" / "cn.csv"
    days, wrong = calendarfile.read(table.read_text(encoding="utf-8"))
    assert not wrong
    return Worktime(days, zone=SHANGHAI, windows=((510, 720), (810, 1050)), official=range(2004, 2027))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_every_shipped_ladder_is_in_order():
    for path in FOLDER.glob("*.yaml"):
        made = read_ladder(yaml.safe_load(path.read_text(encoding="utf-8")))
        assert made.id == path.stem
        assert made.name_en
        assert path.stem in catalogs.ladders()


def test_the_service_ladder_is_that_of_the_rule():
    made = read_ladder(yaml.safe_load((FOLDER / "service.yaml").read_text(encoding="utf-8")))
    assert [r.share for r in made.rungs[:4]] == [0.5, 0.75, 0.9, 1.0]
    assert [r.days for r in made.rungs[4:]] == [1, 3, 5]
    assert [r.up for r in made.rungs] == [0, 0, 1, 2, 3, 4, 5]
    assert made.rungs[-1].to[-1] == GROUP
    assert set(made.lines) == {"service", "business"}


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"id": ""}, "name", 0),
        ({"name": None}, "name", 0),
        ({"lines": {}}, "lines", 0),
        ({"lines": {"service": []}}, "lines", 0),
        ({"lines": {"handler": ["teller"]}}, "lines", 0),
        ({"steps": []}, "steps", 0),
        ({"steps": "all"}, "steps", 0),
        ({"steps": ["now"]}, "key", 1),
        ({"steps": [{"share": 0.5, "to": ["handler"], "when": 1}]}, "key", 1),
        ({"steps": [{"to": ["handler"]}]}, "place", 1),
        ({"steps": [{"share": 0.5, "days": 1, "to": ["handler"]}]}, "place", 1),
        ({"steps": [{"share": 1.2, "to": ["handler"]}]}, "place", 1),
        ({"steps": [{"share": True, "to": ["handler"]}]}, "place", 1),
        ({"steps": [{"days": 0, "to": ["handler"]}]}, "place", 1),
        ({"steps": [{"days": 1, "up": -1, "to": ["handler"]}]}, "place", 1),
        ({"steps": [{"days": 1, "to": []}]}, "to", 1),
        ({"steps": [{"days": 1, "to": ["boss"]}]}, "to", 1),
        ({"steps": [{"days": 1, "to": ["handler"]}, {"share": 0.5, "to": ["handler"]}]}, "order", 2),
        ({"steps": [{"share": 0.5, "up": 2, "to": ["handler"]}, {"days": 1, "to": ["handler"]}]}, "order", 2),
    ],
)
def test_each_mistake_is_named_with_its_step(change, code, where):
    with pytest.raises(NotALadder) as refused:
        read_ladder(GOOD | change)
    assert (refused.value.code, refused.value.where) == (code, where)


def test_warnings_count_working_time_and_fall_before_the_holiday():
    """Received on 2026-09-21, to be met by 09-30 17:30: half of that working time lies on 09-25 or before."""
    made, start, act_by = read_ladder(GOOD), at("2026-09-21T08:30"), at("2026-09-30T17:30")
    half = moment(made, 0, cn(), start, act_by)
    assert cn().working(start, half) * 2 == cn().working(start, act_by)
    assert moment(made, 1, cn(), start, act_by) == act_by
    assert moment(made, 2, cn(), start, act_by).date() == dt.date(2026, 10, 8)  # the first day worked again
    assert moment(made, 3, cn(), start, act_by).date() == dt.date(2026, 10, 9)
    assert moment(made, 4, cn(), start, act_by).date() == dt.date(2026, 10, 10)  # a Saturday that is worked


def test_of_steps_that_have_passed_only_the_latest_is_left():
    made, start, act_by = read_ladder(GOOD), at("2026-09-21T08:30"), at("2026-09-30T17:30")
    assert coming(made, cn(), start, act_by, start).step == 0
    late = coming(made, cn(), start, act_by, at("2026-10-01T09:00"))
    assert late == Coming(1, act_by)
    after = coming(made, cn(), start, act_by, at("2026-10-01T09:00"), since=2)
    assert after.step == 2
    assert after.at > at("2026-10-01T09:00")


@given(
    share=st.floats(0.01, 1),
    hours=st.integers(1, 900),
    waited=st.integers(0, 3000),
    since=st.integers(0, 5),
)
def test_there_is_always_a_next_step_and_it_never_goes_back(share, hours, waited, since):
    made = read_ladder(GOOD | {"steps": [{"share": share, "to": ["handler"]}, *GOOD["steps"][2:]]})
    start = at("2026-03-02T09:00")
    act_by = cn().last_working(start + dt.timedelta(hours=hours), start)
    now = start + dt.timedelta(hours=waited)
    found = coming(made, cn(), start, act_by, now, since=since)
    assert found.step >= since
    assert moment(made, found.step + 1, cn(), start, act_by) > now
    again = coming(made, cn(), start, act_by, now, since=found.step + 1)
    assert again.step == found.step + 1
    assert again.at > now


def test_an_empty_level_is_climbed_and_named_staff_do_not_count():
    chain, holders = (1, 2, 3), {1: (10,), 2: (), 3: (30, 31)}
    assert reached(chain, 0, holders, frozenset()) == (1, 0, (10,))
    assert reached(chain, 1, holders, frozenset()) == (3, 1, (30, 31))
    assert reached(chain, 0, holders, frozenset({10, 31})) == (3, 2, (30,))
    assert reached(chain, 9, holders, frozenset()) == (3, 0, (30, 31))
    assert reached(chain, 2, holders, frozenset({30, 31})) == (None, 1, ())
    assert reached((), 0, {}, frozenset()) == (None, 0, ())
