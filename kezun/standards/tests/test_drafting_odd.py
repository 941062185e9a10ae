"""The editor's form over drafts with anything in them: nothing breaks, nothing is lost, nothing swells."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.standards import editing, forming
from kezun.standards.tests.world import text

MANY = settings(max_examples=150, deadline=None)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=4)
    | st.dates()
    | st.decimals(-9, 9, places=2)
)
ODD = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text("abc", max_size=2), below, max_size=3)
    ),
)
KEYS = (
    *(
        "answer",
        "checker",
        "veto",
        "cascade",
        "evidence",
        "rectify",
        "applies_to",
        "lineage",
        "points",
        "text",
    ),
    *("severity", "id", "guide"),
)
BELOW = {
    "answer": ("type", "options", "options_en", "na", "bands", "linear", "per", "ref", "values"),
    "veto": ("when", "effect"),
    "checker": ("roles", "methods", "blind"),
    "rectify": ("due_days",),
    "cascade": ("when", "zero"),
    "applies_to": ("any", "none"),
}


@st.composite
def oddly(draw):
    """A criterion in which some keys hold what they never should."""
    row = editing.tree_of(text())["modules"][0]["items"][0]["criteria"][0]
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=4)):
        inner = draw(st.sampled_from((*BELOW.get(key, ()), "")))
        if inner and isinstance(row.get(key), dict):
            row[key][inner] = draw(ODD)
        else:
            row[key] = draw(ODD)
    return row


def around(criterion):
    """A draft with one criterion."""
    items = [{"id": "I", "points": 1, "criteria": [criterion]}]
    head = {"valid": {"from": "2026-01-01", "to": None}, "scale": {"total": 1, "kind": "points"}}
    return head | {"modules": [{"id": "M", "points": 1, "items": items}]}


def shown(tree):
    """What the form shows, as it comes back where nobody touched it."""
    fields = {f"head.{k}": v for k, v in forming.head_fields(tree).items()}
    for place, criterion in editing.criteria(tree):
        fields |= {f"c-{place}.{k}": v for k, v in forming.fields_of(criterion).items()}
    return fields


@MANY
@given(oddly())
def test_no_draft_breaks_the_form(row):
    fields = shown(around(row))
    assert all(isinstance(value, str) for value in fields.values())
    after = forming.applied(around(row), fields)
    assert editing.tree_of(editing.text_of(after))["modules"][0]["id"] == "M"


@MANY
@given(ODD, ODD)
def test_sums_count_numbers_and_nothing_else(one, other):
    tree = around({"id": "c", "points": one})
    tree["modules"][0]["items"][0]["criteria"].append({"points": other})
    tree["scale"] = one
    [module], _stated, total = forming.sums(tree)
    numbers = [v for v in (one, other) if type(v) in (int, Decimal)]
    assert module["items"][0]["found"] == sum(numbers)
    assert total == 1


@pytest.mark.parametrize(
    "odd", ["2026-01-01", "!!binary aGk=", "2026-01-01 10:00:00", "yes", "~", "{a: 1}", "x"]
)
def test_points_that_are_none_count_nothing(odd):
    tree = editing.tree_of(text().replace("points: 6", f"points: {odd}"))
    modules, _stated, _found = forming.sums(tree)
    assert modules[1]["items"][0]["found"] == 19


NAMES = st.text("符合不、,;=＝ab ；", min_size=1, max_size=6).map(str.strip).filter(bool)


@MANY
@given(st.dictionaries(NAMES, st.sampled_from([1, 0, Decimal("0.5")]), min_size=1, max_size=4))
def test_options_of_any_name_outlive_a_form_that_nobody_touched(options):
    row = {"id": "c", "text": "x", "points": 3, "answer": {"type": "graded", "options": options}}
    row["veto"] = {"when": [next(iter(options))], "effect": {"grade_cap": "B"}}
    row["checker"] = {"roles": list(options), "methods": ["m、n"]}
    tree = around(row)
    before = editing.text_of(tree)
    assert editing.text_of(forming.applied(tree, shown(tree))) == before


@pytest.mark.parametrize("kind", ["count_defects", "indicator", "range"])
def test_what_a_line_cannot_say_stays(kind):
    answer = {
        "count_defects": {"type": kind, "per": 2, "floor": 1},
        "indicator": {"type": kind, "ref": "a.b", "op": ">=", "bands": [[Decimal("0.9"), 1], [None, 0]]},
        "range": {"type": kind, "min": -3, "max": 5, "values": [-3, 0, 5]},
    }[kind]
    tree = around({"id": "c", "text": "x", "points": 5, "answer": answer})
    before = editing.text_of(tree)
    assert editing.text_of(forming.applied(tree, shown(tree))) == before


def test_a_browsers_line_ends_change_no_words():
    tree = around({"id": "c", "text": "一\n二", "guide": "甲\n乙", "points": 5, "answer": {"type": "text"}})
    before = editing.text_of(tree)
    fields = {name: value.replace("\n", "\r\n") for name, value in shown(tree).items()}
    assert editing.text_of(forming.applied(tree, fields)) == before


@pytest.mark.parametrize(
    "bomb",
    [
        "modules: &m [*m]",
        "a: &a [x, x]\nb: &b [*a, *a]\nmodules: [*b]",
        "c: &c [{id: a}]\ni: &i [{criteria: *c}]\nmodules: [{items: *i}, {items: *i}]",
        "base: &b {id: x}\nmodules: [{<<: *b, items: []}]",
    ],
)
def test_aliases_are_for_the_text_alone(bomb):
    with pytest.raises(editing.NotATree):
        editing.tree_of(bomb)


@pytest.mark.parametrize("said", ["Infinity", "-Infinity", "NaN", "sNaN", "1e9999", "1E-9999", "-1e400"])
def test_numbers_beyond_all_measure_stay_words(said):
    assert editing.number(f" {said} ") == said


@given(st.decimals(-1000, 1000, places=3))
@settings(deadline=None)
def test_numbers_keep_their_value_and_their_look(value):
    found = editing.number(f"{value:f}")
    assert found == value
    assert (type(found) is int) == (value == value.to_integral_value() and "." not in f"{value:f}")


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
@settings(deadline=None)
def test_a_place_reads_as_it_is_written(module, item, criterion):
    for place in (
        editing.Place(module),
        editing.Place(module, item),
        editing.Place(module, item, criterion),
    ):
        assert editing.Place.parse(str(place)) == place


@pytest.mark.parametrize("said", ["", "-1", "a", "0-1-2-3", "1-", "0-x"])
def test_what_is_no_place(said):
    with pytest.raises(ValueError, match=r""):
        editing.Place.parse(said)


def test_days_stay_days():
    tree = editing.tree_of(text(start="2026-03-01"))
    assert tree["valid"]["from"] == dt.date(2026, 3, 1)
    assert forming.head_fields(tree)["valid.from"] == "2026-03-01"
