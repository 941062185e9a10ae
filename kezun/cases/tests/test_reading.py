"""The text of a kind: what it says, and every mistake with its line."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import catalogs
from kezun.cases.rules.kinds import ENDED, STATES, ClockUse, Kind
from kezun.cases.rules.reading import Known, NotAKind, digest, read, read_steps
from kezun.cases.rules.verbs import KINDS, VERBS

HEAD = """schema: kezun.kind/1
id: k
version: "1"
title: 事项
valid: {from: 2026-01-01}
flow: full
"""
KNOWN = Known(
    flows=catalogs.flows().get,
    policies={"p"},
    tables={"t"},
    ladders={"l"},
    indicators={"i"},
)


def problems(text: str, known: Known = KNOWN) -> list[tuple[int, str]]:
    with pytest.raises(NotAKind) as refused:
        read(text, known)
    return [(p.line, p.code) for p in refused.value.problems]


def test_a_whole_kind():
    made = read(
        HEAD
        + """about: 说明
parties: [complainant]
severity: {urgent/*: 1, "*/*": 3}
fingerprint: [unit, where]
effect: {indicator: i, days: 30}
fields:
  - {id: where, name: 地点, required: true}
  - {id: level, name: 级别, type: choice, choices: [{id: a, name: 甲}]}
  - {id: code, name: 代码, type: code, table: t, at: [propose]}
clocks:
  - {policy: p, stops: [close], ladder: l, when: {level: [a]}}
""",
        KNOWN,
    )
    assert made.field("where").required
    assert made.field("nowhere") is None
    assert [f.id for f in made.asked("open")] == ["where", "level"]
    assert made.step("take", "assigned").to == "working"
    assert made.step("take", "closed") is None
    assert made.severity({"urgency": "urgent"}) == 1
    assert made.severity({}) == 3
    assert made.clocks[0].holds({"level": "a"})
    assert not made.clocks[0].holds({"level": "b"})
    assert made.effect.days == 30
    assert digest(made) == digest(dataclasses.replace(made))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonsense: ]", (1, "not_yaml")),
        ("", (1, "empty_file")),
        (HEAD + "colour: red\n", (7, "unknown_key")),
        (HEAD.replace("id: k\n", "id: a b\n"), (2, "not_a_name")),
        (HEAD.replace("flow: full", "flow: odd"), (6, "unknown_flow")),
        (HEAD.replace("flow: full\n", ""), (1, "no_steps")),
        (HEAD.replace("from: 2026-01-01", "from: soon"), (5, "not_day")),
        (HEAD + "parties: [stranger]\n", (7, "unknown_value")),
        (HEAD + "fields:\n  - {id: a, name: 甲, type: colour}\n", (8, "unknown_value")),
        (HEAD + "fields:\n  - {id: a, name: 甲, type: choice}\n", (8, "no_choices")),
        (HEAD + "fields:\n  - {id: a, name: 甲, type: code, table: x}\n", (8, "unknown_table")),
        (HEAD + "fields:\n  - {id: a, name: 甲}\n  - {id: a, name: 乙}\n", (7, "twice")),
        (HEAD + "fields:\n  - {id: title, name: 甲}\n", (7, "field_of_verb")),
        (HEAD + "clocks:\n  - {policy: nowhere}\n", (8, "unknown_policy")),
        (HEAD + "clocks:\n  - {policy: p, ladder: nowhere}\n", (8, "unknown_ladder")),
        (HEAD + "clocks:\n  - {policy: p, stops: [explode]}\n", (8, "unknown_value")),
        (HEAD + "clocks:\n  - {policy: p, when: {x: [y]}}\n", (7, "unknown_field")),
        (HEAD + "severity: {urgent: 1}\n", (7, "not_a_pair_of")),
        (HEAD + "severity: {a/b: 9}\n", (7, "whole_outside")),
        (HEAD + "fingerprint: [nothing]\n", (7, "unknown_field")),
        (HEAD + "effect: {indicator: x}\n", (7, "unknown_measure")),
        (HEAD + "effect: {days: 0}\n", (7, "not_whole")),
        (HEAD + "steps:\n  - {verb: close}\n", (6, "never_closed")),
        (HEAD + "steps:\n  - {verb: take, from: [registered], to: nirvana}\n", (8, "unknown_value")),
    ],
)
def test_each_mistake_is_named_at_its_line(text, expected):
    assert expected in problems(text)


def test_a_step_of_the_kind_takes_the_place_of_the_flows():
    made = read(HEAD + "steps:\n  - {verb: accept, from: [registered], to: working, by: [office]}\n", KNOWN)
    assert made.step("accept", "registered").to == "working"
    assert [s.by for s in made.steps if s.verb == "accept"] == [("office",)]


def test_a_step_without_states_takes_the_verb_away():
    made = read(HEAD + "steps:\n  - {verb: reject}\n", KNOWN)
    assert made.step("reject", "registered") is None


@pytest.mark.parametrize("name", sorted(catalogs.flows()))
def test_every_flow_reaches_its_end_and_names_only_states_it_can_reach(name):
    steps = catalogs.flows()[name]
    reached, grew = {"registered", "assigned"}, True
    while grew:
        found = {s.to for s in steps if s.to and set(s.states) & reached} - reached
        reached, grew = reached | found, bool(found)
    assert "closed" in reached
    assert {state for s in steps for state in s.states} <= reached
    seconds = [s for s in steps if s.verb == "verify"]
    assert seconds
    assert all("second" in s.by for s in seconds)


def test_a_flow_with_a_mistake_is_refused():
    with pytest.raises(NotAKind):
        read_steps("steps:\n  - {verb: close, from: [nowhere]}\n")
    with pytest.raises(NotAKind):
        read_steps("steps: [")


def test_verbs_take_only_kinds_of_values_that_are_known():
    kinds = {take.kind for verb in VERBS.values() for take in verb.takes}
    assert kinds <= set(KINDS)
    assert set(ENDED) <= set(STATES)


@given(st.dictionaries(st.sampled_from(["urgency", "complexity"]), st.sampled_from(["a", "b", "c"])))
def test_severity_is_always_of_the_table_or_three(values):
    grades = {"a/*": 1, "*/b": 2, "a/b": 4}
    kind = Kind("k", "1", "t", None, grades=grades)
    assert kind.severity(values) in {1, 2, 3, 4}
    if values == {"urgency": "a", "complexity": "b"}:
        assert kind.severity(values) == 4


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    try:
        made = read(text, KNOWN)
    except NotAKind as error:
        made = None
        said = error.problems
    assert made is not None or said


def test_a_clock_without_conditions_always_runs():
    assert ClockUse("p").holds({})


def test_every_problem_has_words():
    from kezun.cases.messages import say_refusal

    text = (
        HEAD.replace("full", "odd")
        + "severity: {urgent: 1}\nclocks:\n  - {policy: x, ladder: y}\ncolour: 1\n"
    )
    with pytest.raises(NotAKind) as refused:
        read(text, KNOWN)
    said = say_refusal(refused.value, "k.yaml")
    assert len(said) == len(refused.value.problems)
    assert all(line.startswith("k.yaml, ") for line in said)
    assert any("colour" in line for line in said)
