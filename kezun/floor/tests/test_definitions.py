"""The floor's fact types and indicators, declared whole and in two languages; more of how queues move."""

from pathlib import Path

import pytest
import yaml
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

import kezun.floor.facts as floor
from kezun.facts.types import FACT_TYPES
from kezun.floor.rules import serve

FILES = sorted((Path(floor.__file__).parent / "catalog" / "indicators").glob("*.yaml"))
ROWS = {row["id"]: row for file in FILES for row in yaml.safe_load(file.read_text())}
PROMISED = {
    f"floor.{name}"
    for name in (
        *("tickets", "served", "abandoned", "answer_rate", "abandon_rate", "within_promise"),
        *("wait_mean", "wait_p50", "wait_p90", "wait_p95", "service_mean", "service_p50", "service_p90"),
        *("rating_coverage", "satisfied_rate", "satisfaction_mean", "dissatisfied_per_10k"),
    )
}
UNITS = {"%", "s", "count", "score", "per_10k", "per_hour"}
KINDS = {
    "count",
    "ratio",
    "mean",
    "rate",
    "quantile",
    "distribution",
    "distinct",
    "coverage",
    "nps",
    "formula",
}


def columns_of(fact):
    return {column.name for column in FACT_TYPES[fact].all_columns}


def test_what_is_promised_is_declared():
    assert set(ROWS) >= PROMISED
    assert len(ROWS) == sum(len(yaml.safe_load(file.read_text())) for file in FILES), "no id twice"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_an_indicator_is_told_in_two_languages_and_owned(name):
    row = ROWS[name]
    assert name.split(".")[0] in {"floor", "phone", "cases"}
    for field in ("name", "about"):
        assert any("\u4e00" <= c <= "\u9fff" for c in row[field]), field
        assert row[f"{field}_en"].isascii() or "…" in row[f"{field}_en"], field
    assert row["unit"] in UNITS
    assert row["direction"] in {"up", "down", "none"}
    assert row["kind"] in KINDS
    assert row["owner"]
    assert row["version"] >= 1
    if target := row.get("target"):
        assert target["op"] in {">", ">=", "<", "<="}
        assert (target["op"][0] == ">") is (row["direction"] == "up"), "the target asks for the better side"


@pytest.mark.parametrize("name", sorted(n for n, row in ROWS.items() if row["kind"] != "formula"))
def test_an_indicator_names_only_columns_that_its_facts_have(name):
    for part in ("numerator", "denominator"):
        told = ROWS[name].get(part)
        if not told:
            continue
        known = columns_of(told["fact"])
        for key in ("sum", "distinct", "of"):
            if isinstance(told.get(key), str):
                assert told[key] in known
        for column in ("outcome", "channel", "wait_s", "service_s", "promise_s", "score"):
            if column in told.get("where", ""):
                assert column in known, f"{name}: {told['fact']} has no {column}"


@pytest.mark.parametrize("name", ["ticket", "rating"])
def test_a_fact_type_says_itself_in_two_languages(name):
    declared = FACT_TYPES[name]
    with translation.override("zh-hans"):
        chinese = [str(declared.title), str(declared.about), *(str(c.label) for c in declared.columns)]
    with translation.override("en"):
        english = [str(declared.title), str(declared.about), *(str(c.label) for c in declared.columns)]
    for zh, en in zip(chinese, english, strict=True):
        assert zh != en
        assert en.isascii()


def test_durations_are_seconds_of_at_most_half_a_day():
    for column in FACT_TYPES["ticket"].columns:
        assert (column.kind == "seconds") is column.name.endswith("_s")
        if column.kind == "seconds":
            assert (column.low, column.high) == (0, 43200)


days = st.lists(
    st.tuples(st.integers(0, 9000), st.integers(1, 900), st.integers(0, 2000)), min_size=1, max_size=40
).map(sorted)
ALWAYS = ((0, 10**9),)


def played(day, counters, pace=1.0, credit=0):
    arrivals, work, patience = (list(column) for column in zip(*day, strict=True))
    n = len(day)
    return serve(arrivals, work, patience, [credit] * n, counters, [pace] * len(counters))


@given(days, st.integers(1, 4))
def test_everybody_is_served_or_leaves_once(day, c):
    turns = played(day, (ALWAYS,) * c)
    assert len(turns) == len(day)
    assert all(-1 <= turn.counter < c for turn in turns)


@given(days, st.integers(0, 3000))
def test_credit_that_all_have_changes_nothing(day, credit):
    assert played(day, (ALWAYS,) * 2, credit=credit) == played(day, (ALWAYS,) * 2)


@given(days)
def test_as_many_counters_as_customers_let_nobody_wait(day):
    turns = played(day, (ALWAYS,) * len(day))
    assert [turn.at for turn in turns] == [arrival for arrival, _work, _patience in day]
    assert all(turn.counter >= 0 for turn in turns)


@settings(max_examples=50)
@given(days, st.integers(1, 3))
def test_whoever_waits_for_ever_is_served_in_the_end(day, c):
    patient = [(arrival, work, 10**8) for arrival, work, _patience in day]
    assert all(turn.counter >= 0 for turn in played(patient, (ALWAYS,) * c))


@given(days, st.integers(1, 5000))
def test_a_day_that_begins_later_is_the_same_day_later(day, shift):
    later = [(arrival + shift, work, patience) for arrival, work, patience in day]
    moved = [turn.at - shift for turn in played(later, (ALWAYS,))]
    assert moved == [turn.at for turn in played(day, (ALWAYS,))]


@given(days)
def test_no_counter_calls_before_it_opens_or_after_it_closes(day):
    turns = played(day, (((2000, 4000),), ((3000, 5000),)))
    for turn in turns:
        if turn.counter >= 0:
            start, end = ((2000, 4000), (3000, 5000))[turn.counter]
            assert start <= turn.at < end
