"""Rows of old ledgers, quiet hours and receipts: tables of what people write, and properties."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules import ledger, quiet, receipts
from kezun.cases.rules.ledger import Fault

NOW = dt.datetime(2026, 3, 10, 12, 0)
HEADS = {
    "no": ("编号", "投诉编号"),
    "received": ("受理时间", "投诉时间", "日期"),
    "contacted": ("首次联系",),
    "answered": ("答复时间",),
    "closed": ("办结时间", "结案"),
    "content": ("内容", "投诉内容"),
}
MOMENTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2026, 3, 10), timezones=st.none())


# --- heads ---


@pytest.mark.parametrize(
    ("heads", "told"),
    [
        (["编号", "受理时间", "内容"], {"no": 0, "received": 1, "content": 2}),
        (["投诉 编号*", "受理时间:", "(内容)"], {"no": 0, "received": 1, "content": 2}),
        (["客户投诉内容描述", "办结时间(必填)"], {"content": 0, "closed": 1}),
        (["日期", "受理时间"], {"received": 1}),
        (["", "  "], {}),
        ([], {}),
        (["内容", "内容"], {"content": 0}),
    ],
)
def test_columns_are_known_by_their_heads(heads, told):
    assert ledger.guess(heads, HEADS) == told


@given(st.lists(st.sampled_from(["编号", "日期", "投诉内容", "结案日期", "备注", ""]), max_size=8))
def test_no_column_is_taken_twice(heads):
    found = ledger.guess(heads, HEADS)
    assert len(set(found.values())) == len(found)
    assert all(0 <= at < len(heads) for at in found.values())


# --- moments ---


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-03-01", dt.datetime(2026, 3, 1)),
        ("2026/3/1", dt.datetime(2026, 3, 1)),
        ("2026.3.1", dt.datetime(2026, 3, 1)),
        ("2026年3月1日", dt.datetime(2026, 3, 1)),
        ("2026年3月1日 9时05", dt.datetime(2026, 3, 1, 9, 5)),
        ("2026-03-01 09:05:59", dt.datetime(2026, 3, 1, 9, 5)),
        ("2026-03-01T09:05", dt.datetime(2026, 3, 1, 9, 5)),
        ("2026-03-01 9:05", dt.datetime(2026, 3, 1, 9, 5)),
        ("20260301", dt.datetime(2026, 3, 1)),
        (" 2026-3-1 ", dt.datetime(2026, 3, 1)),
        ("46082", dt.datetime(2026, 3, 1)),
        ("46082.5", dt.datetime(2026, 3, 1, 12)),
        ("2026-02-30", None),
        ("2026-03-01 25:00", None),
        ("2026-13-01", None),
        ("三月一日", None),
        ("", None),
        ("1234", None),
        ("20261301", None),
    ],
)
def test_moments_as_ledgers_write_them(text, told):
    assert ledger.moment(text) == told


@given(MOMENTS)
def test_a_moment_is_read_back_however_it_is_written(at):
    day, minute = at.date(), at.replace(second=0, microsecond=0)
    assert ledger.moment(f"{at:%Y-%m-%d %H:%M}") == minute
    assert ledger.moment(f"{at.year}年{at.month}月{at.day}日 {at.hour}:{at.minute}") == minute
    assert ledger.moment(f"{at:%Y%m%d}") == dt.datetime.combine(day, dt.time())
    serial = (day - ledger.EXCEL_DAY_NULL).days
    assert ledger.moment(str(serial)) == dt.datetime.combine(day, dt.time())


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text):
    found = ledger.moment(text)
    assert found is None or isinstance(found, dt.datetime)


# --- rows ---

COLUMNS = {"no": 0, "received": 1, "contacted": 2, "answered": 3, "closed": 4}


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (["1", "2026-03-01", "", "", ""], ()),
        (["1", "2026-03-01 10:00", "2026-03-01", "", ""], ()),  # a day alone may be the same day
        (["1", "2026-03-01", "2026-03-02", "2026-03-05", "2026-03-05"], ()),
        (["1"], (Fault("received", "missing"),)),
        (["1", "   "], (Fault("received", "missing"),)),
        (["1", "昨天"], (Fault("received", "not_a_day", "昨天"),)),
        (["1", "1980-01-01"], (Fault("received", "not_a_day", "1980-01-01"),)),
        (["1", "2026-03-11"], (Fault("received", "future", "2026-03-11"),)),
        (["1", "2026-03-01", "2026-02-28"], (Fault("contacted", "too_early", "2026-02-28 00:00"),)),
        (
            ["1", "2026-03-01 10:00", "2026-03-01 09:00"],
            (Fault("contacted", "too_early", "2026-03-01 09:00"),),
        ),
        (
            ["1", "2026-03-01", "", "2026-03-05", "2026-03-04"],
            (Fault("closed", "too_early", "2026-03-04 00:00"),),
        ),
        (["1", "2026-03-01", "", "", "x" * 99], (Fault("closed", "not_a_day", "x" * 40),)),
        (
            ["1", "", "？", "", "2027-01-01"],
            (
                Fault("contacted", "not_a_day", "？"),
                Fault("closed", "future", "2027-01-01"),
                Fault("received", "missing"),
            ),
        ),
    ],
)
def test_a_row_is_taken_whole_or_every_mistake_is_named(cells, faults):
    row, found = ledger.read(cells, COLUMNS, NOW)
    assert found == faults
    assert (row is None) == bool(faults)


@given(st.lists(st.one_of(st.just(""), st.text(max_size=12), MOMENTS.map(str)), max_size=6))
def test_a_row_that_is_taken_is_in_order(cells):
    row, faults = ledger.read(cells, COLUMNS, NOW)
    assert (row is None) != (not faults)
    if row is not None:
        got = row.moments
        assert got["received"] <= NOW
        assert all(got["received"].date() <= at.date() <= NOW.date() for at in got.values())
        assert "answered" not in got or "closed" not in got or got["answered"].date() <= got["closed"].date()


@pytest.mark.parametrize(
    ("text", "told"),
    [("电话", "phone"), (" 电 话 ", "phone"), ("PHONE", "phone"), ("来信", "letter"), ("飞鸽", ""), ("", "")],
)
def test_a_word_of_the_ledger_is_a_value_or_nothing(text, told):
    assert ledger.matched(text, {"phone": ("电话", "来电"), "letter": ("来信",)}) == told


# --- quiet hours ---


@pytest.mark.parametrize(
    ("at", "start", "end", "told"),
    [
        ((23, 0), (22, 0), (7, 0), True),
        ((6, 59), (22, 0), (7, 0), True),
        ((7, 0), (22, 0), (7, 0), False),
        ((22, 0), (22, 0), (7, 0), True),
        ((12, 0), (12, 0), (13, 30), True),
        ((13, 30), (12, 0), (13, 30), False),
        ((12, 0), (12, 0), (12, 0), False),
        ((0, 0), (12, 0), (12, 0), False),
    ],
)
def test_quiet_hours_go_over_midnight(at, start, end, told):
    assert quiet.quiet(dt.time(*at), dt.time(*start), dt.time(*end)) is told


TIMES = st.times(timezones=st.none())


@given(st.datetimes(timezones=st.none()).filter(lambda at: at.year < 9000), TIMES, TIMES, TIMES)
def test_a_mail_never_leaves_in_quiet_hours_nor_before_its_time(now, start, end, digest):
    at = quiet.send_at(now, quiet.AT_ONCE, start, end, digest)
    assert at >= now
    assert at - now <= quiet.DAY
    assert not quiet.quiet(at.time(), start, end)
    later = quiet.send_at(now, quiet.DIGEST, start, end, digest)
    assert later.time() == digest
    assert dt.timedelta() < later - now <= quiet.DAY
    assert quiet.send_at(now, quiet.NEVER, start, end, digest) is None


@pytest.mark.parametrize(("tries", "minutes"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 360), (500, 360)])
def test_each_failure_waits_twice_as_long_up_to_six_hours(tries, minutes):
    assert quiet.retry_at(NOW, tries) - NOW == dt.timedelta(minutes=minutes)


# --- receipts ---

KEY = b"k" * 32


@given(st.integers(1, receipts.MOST - 1), st.binary(min_size=8, max_size=32))
def test_a_receipt_names_its_case_to_who_has_the_key(pk, key):
    text = receipts.receipt(pk, key)
    assert receipts.case_of(text, key) == pk
    assert receipts.case_of(text.lower().replace("-", " "), key) == pk
    assert receipts.case_of(text, key + b"!") is None
    assert len(receipts.plain(text)) == receipts.LENGTH + receipts.CHECK


@given(st.integers(1, 10**6), st.integers(0, 19), st.sampled_from(receipts.SIGNS))
def test_one_wrong_sign_is_noticed_without_a_look_into_the_database(pk, at, sign):
    text = receipts.plain(receipts.receipt(pk, KEY))
    wrong = text[:at] + sign + text[at + 1 :]
    assert receipts.is_whole(wrong) == (wrong == text)


@given(st.integers(1, 10**6), st.integers(0, 18))
def test_two_signs_in_the_wrong_order_are_noticed(pk, at):
    text = receipts.plain(receipts.receipt(pk, KEY))
    wrong = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    assert receipts.is_whole(wrong) == (wrong == text)


@pytest.mark.parametrize("pk", [0, -1, receipts.MOST])
def test_a_key_beyond_32_bits_has_no_receipt(pk):
    with pytest.raises(ValueError, match="32 bits"):
        receipts.receipt(pk, KEY)


@pytest.mark.parametrize("text", ["", "AAAAA", "A" * 20, "U" * 20, "Z" * 20, "0" * 20, "é" * 20])
def test_an_invented_receipt_names_nothing(text):
    assert receipts.case_of(text, KEY) is None


@given(st.text(max_size=30))
def test_no_text_breaks_the_check(text):
    assert receipts.case_of(text, KEY) is None


@pytest.mark.parametrize(("typed", "told"), [("o-il 2", "0112"), ("ab\tc", "ABC"), ("a–b—c", "ABC")])
def test_signs_that_look_alike_are_told_apart(typed, told):
    assert receipts.plain(typed) == told
