"""Where values come from: maps, defaults, first of several, dates with times, checks, composed keys."""

import datetime as dt

import pytest

from kezun.facts import profiles
from kezun.facts.mapping import plan as planning
from kezun.facts.profiles import ProfileError
from kezun.facts.tests.importing import HEADER, bring, counts, facts, line, profile, put, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture(autouse=True)
def _bank(_home, bank):
    """The bank is made after the home it belongs to."""


@pytest.mark.parametrize(
    ("take", "found"),
    [
        ("{from: biz, map: {cash: k}, otherwise: rest}", ["k", "rest", None]),
        ("{from: biz, map: {cash: k, loan: l}, default: none}", ["k", "l", "none"]),
        ("{from: biz, empty: [cash], default: none}", ["none", "loan", "none"]),
        ("{from: biz, empty: [cash]}", [None, "loan", None]),
        ("{value: all}", ["all", "all", "all"]),
        ("{from: biz, when: wait == 60}", [None, "loan", None]),
        ("{first: [{from: biz, when: wait == 60}, {from: state}]}", ["S", "loan", "S"]),
        ("{first: [{from: biz, map: {cash: k}}, {value: late}]}", ["k", "late", "late"]),
    ],
)
def test_texts(tmp_path, take, found):
    known = profile(business=f"  business: {take}", reads="reads: {wait: integer}")
    rows = line("a", biz="cash", wait="1") + line("b", biz="loan") + line("c", biz="", wait="")
    assert counts(bring(put(tmp_path / "f", HEADER + rows), known))[1] == 3
    assert [b for _k, b in facts("source_id, business")] == found


def test_a_map_without_the_value_is_a_reject_unless_its_condition_fails(tmp_path):
    take = "{first: [{from: biz, map: {cash: k}, when: state == 'S'}, {from: biz, map: {loan: l}}]}"
    known = profile(business=f"  business: {take}", reads="reads: {state: text}")
    rows = line("a", biz="cash") + line("b", biz="loan", state="A") + line("c", biz="x")
    done = bring(put(tmp_path / "f", HEADER + rows), known)
    assert reasons(done) == [(4, "biz", "unmapped")]
    assert facts("business") == [("k",), ("l",)]


DAY_TIME = """
profile: days
fact: ticket
source: q
zone: Asia/Shanghai
key: [day, no]
unit: {from: outlet, aliases: {"01": O1}, empty: ["00"]}
reads:
  day: {kind: date, format: "%y%m%d"}
  joined: seconds
  begun: {kind: seconds, format: "%H%M"}
  n: integer
columns:
  occurred_at:
    first:
      - {date: day, time: joined, date_format: "%y%m%d", when: joined != 0}
      - {date: day, time: begun, date_format: "%y%m%d", time_format: "%H%M"}
  outcome: {value: served}
  channel: {value: phone}
  direction: {value: in}
checks:
  - {code: late, warn: begun > 79200, title: 太晚, title_en: late}
  - {code: test_row, reject: n == 99, title: 测试行, title_en: a test row}
  - {code: old, reject: day < "2026-01-01"}
"""


def test_dates_with_times_conditions_and_checks(tmp_path):
    rows = [
        "day,no,outlet,joined,begun,n",
        "260301,1,01,9:00:00,0905,1",
        "260301,2,O2,0:00:00,2230,2",
        "260301,3,O1,9:00:00,0905,99",
        "251231,4,O1,9:00:00,0905,4",
        "260301,5,00,9:00:00,0905,5",
        "260301,6,O1,0:00:00,noon,6",
        "2026-03-01,7,O1,9:00:00,0905,7",
    ]
    done = bring(put(tmp_path / "f", "\n".join(rows)), profiles.parse(DAY_TIME, "test"))
    assert reasons(done) == [
        (4, "", "test_row"),
        (5, "", "old"),
        (6, "outlet", "missing"),
        (7, "day, joined, day, begun", "not_a_time"),
    ]
    assert done.warnings == {"late": 1}
    assert facts("source_id, occurred_at") == [
        ("2026-03-01|7", dt.datetime(2026, 3, 1, 1, 0)),
        ("260301|1", dt.datetime(2026, 3, 1, 1, 0)),
        ("260301|2", dt.datetime(2026, 3, 1, 14, 30)),
    ]


def test_keys_of_several_columns_never_run_together(tmp_path):
    known = profile(key="key: [no, biz]")
    rows = [
        line("a|", biz="b"),
        line("a", biz="|b"),
        line("a", biz="b"),
        line("a\\", biz="b"),
        line("", biz="b"),
    ]
    done = bring(put(tmp_path / "f", HEADER + "".join(rows)), known)
    assert counts(done) == (5, 4, 0, 0, 1)
    assert {key for (key,) in facts("source_id")} == {r"a\||b", r"a|\|b", "a|b", r"a\\|b"}


RATING = """
profile: pads
fact: rating
source: pads
key: [no]
unit: {value: O1}
columns:
  occurred_at: {date: day, date_format: "%d.%m.%Y"}
  channel: {value: counter}
  score: {from: score}
"""


def test_a_day_alone_and_bounds_of_numbers(tmp_path):
    rows = (
        "no,day,score\na,1.3.2026,5\nb,01.03.2026,0\nc,01.03.2026,6\nd,01.03.2026,4.5\ne,01.03.2026,\nf,x,3\n"
    )
    done = bring(put(tmp_path / "f", rows), profiles.parse(RATING, "test"))
    assert reasons(done) == [
        (3, "score", "out_of_range"),
        (4, "score", "out_of_range"),
        (5, "score", "not_a_number"),
        (6, "score", "missing"),
        (7, "day", "not_a_time"),
    ]
    assert facts("occurred_at, day, score", "rating") == [
        (dt.datetime(2026, 2, 28, 16), dt.date(2026, 3, 1), 5)
    ]


def test_a_constant_that_no_column_allows_rejects_every_row(tmp_path):
    done = bring(put(tmp_path / "f", HEADER + line("a")), profile(channel="  channel: {value: pigeon}"))
    assert reasons(done) == [(2, "channel", "not_allowed")]


def test_units_of_many_zones_each_keep_their_own_day(tmp_path, bank):
    for code, zone in (("O1", "Europe/Berlin"), ("O2", "America/New_York"), ("O3", "Asia/Shanghai")):
        bank[code].zone = zone
        bank[code].save()
    known = profile(zone="zone: Europe/Berlin")
    rows = "".join(line(code, outlet=code, taken="2026-03-29 02:30:00") for code in ("O1", "O2", "O3"))
    bring(put(tmp_path / "f", HEADER + rows), known)
    assert facts("day, hour") == [
        (dt.date(2026, 3, 29), 3),
        (dt.date(2026, 3, 28), 21),
        (dt.date(2026, 3, 29), 9),
    ]


def test_a_profile_with_too_many_warnings_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(planning, "MAX_WARNINGS", 0)
    with pytest.raises(ProfileError):
        bring(put(tmp_path / "f", HEADER + line("a")))
