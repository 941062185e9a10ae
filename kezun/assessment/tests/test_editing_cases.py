"""A draft of a scheme as a form: lines of pairs and curves, fields in and out, rows that come and go."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.assessment.editing import (
    PARTS,
    NotATree,
    applied,
    curve_line,
    curve_of,
    fields_of,
    head_fields,
    moved,
    pairs_line,
    pairs_of,
    renewed,
    rows,
    shown,
    text_of,
    total_of,
    tree_of,
    weights,
)
from kezun.assessment.rules.reading import NotAScheme, digest, read
from kezun.assessment.tests.world import scheme_text

D = Decimal
DEDUCTION = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"一般": 1, "重大": 5}, "cap": 10}


def draft(**changes: object) -> dict:
    return tree_of(scheme_text(deductions=[DEDUCTION], **changes))


def posted(tree: dict) -> dict[str, str]:
    """What a browser sends back of a form that nobody touched."""
    found = {f"head.{key}": value for key, value in head_fields(tree).items()}
    for part in PARTS:
        for row in rows(tree, part):
            found |= {f"{row.place}.{key}": value for key, value in row.fields.items()}
    return found


NO_TREES = {
    "nothing": "",
    "a list": "- a",
    "broken": "a: [",
    "components are a word": "components: word",
    "a component is a word": "components: [word]",
    "grades are a mapping": "grades: {a: 1}",
    "a deduction is a list": "deductions: [[1]]",
}


@pytest.mark.parametrize("said", NO_TREES.values(), ids=NO_TREES)
def test_what_a_form_cannot_show(said):
    with pytest.raises(NotATree):
        tree_of(said)


@pytest.mark.parametrize("said", ["a: 1", "components:", "components: []\ngrades: ~"])
def test_parts_may_be_left_out(said):
    tree = tree_of(said)
    assert [rows(tree, part) for part in PARTS] == [[], [], [], []]
    assert total_of(tree) == (D(0), False)


def test_a_form_that_nobody_touched_changes_nothing():
    tree = draft()
    assert applied(tree, posted(tree)) == draft()
    assert digest(read(text_of(tree))) == digest(read(scheme_text(deductions=[DEDUCTION])))


SHOWN = {
    "none": (None, ""),
    "nothing": (0, "0"),
    "a number": (D("2.50"), "2.50"),
    "a day": (dt.date(2026, 1, 2), "2026-01-02"),
    "a text": ("a", "a"),
    "a flag": (True, "True"),
}


@pytest.mark.parametrize(("value", "said"), SHOWN.values(), ids=SHOWN)
def test_a_value_in_an_input(value, said):
    assert shown(value) == said


CURVES = {
    "corners": (
        "piecewise_linear",
        "0.5=0、0.9=80、1=100",
        {"points": [[D("0.5"), 0], [D("0.9"), 80], [1, 100]]},
    ),
    "a line": ("linear", "0=0、1=100", {"from": [0, 1], "to": [0, 100]}),
    "a target": (
        "ratio_to_target",
        "target=0.9、cap=1.2、direction=down",
        {"target": D("0.9"), "cap": D("1.2"), "direction": "down"},
    ),
    "bands": ("bands", "op=<=、10=100、20=50、=0", {"op": "<=", "bands": [[10, 100], [20, 50], [None, 0]]}),
}


@pytest.mark.parametrize(("kind", "line", "made"), CURVES.values(), ids=CURVES)
def test_a_curve_as_a_line_and_back(kind, line, made):
    assert curve_of(kind, line) == {"kind": kind, **made}
    assert curve_line({"kind": kind, **made}) == line


@pytest.mark.parametrize(
    "transform",
    [{}, {"kind": "linear"}, {"kind": "linear", "from": 1, "to": 2}, {"kind": "bands", "bands": [1, [2]]}],
    ids=["nothing", "no ends", "ends are numbers", "bands are no pairs"],
)
def test_a_curve_that_is_still_wrong_can_be_shown(transform):
    assert curve_line(transform) == ""


PAIRS = {
    "Chinese marks": ("一般=1、重大=5", [("一般", "1"), ("重大", "5")]),
    "Latin marks": ("a=1, b=2; c=3", [("a", "1"), ("b", "2"), ("c", "3")]),
    "a wide sign": ("一般＝1", [("一般", "1")]),
    "blanks": ("  a = 1 ", [("a", "1")]),
    "no name": ("=0", [("", "0")]),
    "no value is no pair": ("a=、b=1", [("b", "1")]),
    "no sign is no pair": ("a 1、b=1", [("b", "1")]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("line", "pairs"), PAIRS.values(), ids=PAIRS)
def test_pairs_of_a_line(line, pairs):
    assert pairs_of(line) == pairs


NAMES = st.text(alphabet="一般重大ab", min_size=1, max_size=4)


@given(st.dictionaries(NAMES, st.decimals(0, 100, places=2), max_size=5))
def test_any_levels_come_back_from_their_line(levels):
    assert [(name, D(value)) for name, value in pairs_of(pairs_line(levels))] == list(levels.items())


HEADS = {
    "title": ({"head.title": "新名"}, ("title",), "新名"),
    "blanks around": ({"head.title": " 新名 "}, ("title",), "新名"),
    "a day": ({"head.valid.from": "2026-07-01"}, ("valid", "from"), dt.date(2026, 7, 1)),
    "what is no day stays for the check": ({"head.valid.from": "July"}, ("valid", "from"), "July"),
    "base": ({"head.base": "10"}, ("base",), 10),
    "what is no number stays for the check": ({"head.base": "inf"}, ("base",), "inf"),
    "a part that was not there": ({"head.total.max": "105"}, ("total", "max"), 105),
}


@pytest.mark.parametrize(("said", "path", "value"), HEADS.values(), ids=HEADS)
def test_a_field_of_the_head(said, path, value):
    found: object = applied(draft(), said)
    for key in path:
        found = found[key]
    assert found == value


def test_an_emptied_field_is_taken_out_so_that_the_check_says_so():
    tree = applied(draft(), {"head.title": "  "})
    assert "title" not in tree
    with pytest.raises(NotAScheme) as refused:
        read(text_of(tree))
    assert [(p.path, p.code) for p in refused.value.problems] == [("title", "missing_key")]


def test_an_empty_part_that_is_not_there_is_not_made():
    assert "appeal" not in applied(draft(), {"head.appeal.window_days": ""})


COMPONENT = {
    "weight": ({"weight": "50.5"}, "weight", D("50.5")),
    "indicator": ({"source": "floor.wait"}, "source", {"indicator": "floor.wait"}),
    "standard": ({"source": "urn:x"}, "source", {"standard": "urn:x"}),
    "curve": (
        {"curve": "linear", "line": "0=0、1=100"},
        "transform",
        {"kind": "linear", "from": [0, 1], "to": [0, 100]},
    ),
    "the line alone": (
        {"line": "0=0、1=100"},
        "transform",
        {"kind": "piecewise_linear", "points": [[0, 0], [1, 100]]},
    ),
    "least number": ({"min_n": "30"}, "min_n", 30),
    "estimator": ({"estimator": "raw"}, "estimator", {"kind": "raw", "min_n": 5}),
    "missing": ({"missing": "exclude"}, "missing", "exclude"),
}


@pytest.mark.parametrize(("said", "key", "value"), COMPONENT.values(), ids=COMPONENT)
def test_a_field_of_a_component(said, key, value):
    tree = applied(draft(), {f"components.0.{name}": text for name, text in said.items()})
    assert tree["components"][0][key] == value
    assert tree["components"][1] == draft()["components"][1]


def test_the_least_number_moves_out_of_the_estimator_where_it_is_changed():
    row = applied(draft(), {"components.0.min_n": "30"})["components"][0]
    assert row["estimator"] == {"kind": "beta_binomial_eb"}
    assert fields_of("components", row)["min_n"] == "30"


def test_without_a_kind_there_is_no_transform():
    assert "transform" not in applied(draft(), {"components.0.curve": ""})["components"][0]


def test_floors_and_points_are_lines_of_pairs():
    tree = applied(draft(), {"grades.0.floors": "csat=70、answered=60", "deductions.0.points": "重大=8"})
    assert tree["grades"][0]["floors"] == {"csat": 70, "answered": 60}
    assert tree["deductions"][0]["points"] == {"重大": 8}
    assert tree["deductions"][0]["cap"] == 10


def test_what_the_form_does_not_show_is_named_and_stays():
    tree = draft()
    tree["components"][0]["gates"] = [{"indicator": "floor.tickets", "min": 30}]
    tree["components"][0]["about"] = "说明"
    [first, _second] = rows(tree, "components")
    assert first.kept == ("about", "gates")
    assert first.called == "csat"
    after = applied(tree, {"components.0.weight": "61"})["components"][0]
    assert (after["gates"], after["about"]) == ([{"indicator": "floor.tickets", "min": 30}], "说明")
    assert rows(tree, "grades")[0].called == "优秀"


MOVES = {
    "a component": ("add:components", "components.2", "components", 3),
    "an addition where there was none": ("add:additions", "additions.0", "additions", 1),
    "dropped": ("drop:components.1", "components.0", "components", 1),
    "the first dropped": ("drop:grades.0", "grades.0", "grades", -1),
    "up": ("up:components.1", "components.0", "components", 2),
}


@pytest.mark.parametrize(("word", "place", "part", "count"), MOVES.values(), ids=MOVES)
def test_rows_come_and_go(word, place, part, count):
    tree = draft()
    before = len(tree.get(part) or [])
    assert moved(tree, word) == place
    assert len(tree[part]) == (count if count > 0 else before + count)
    assert tree_of(text_of(tree)) == tree


def test_up_changes_places_and_a_new_row_shares_nothing_with_another():
    tree = draft()
    moved(tree, "up:components.1")
    assert [row["id"] for row in tree["components"]] == ["answered", "csat"]
    moved(tree, "add:components")
    moved(tree, "add:components")
    tree["components"][2]["source"]["indicator"] = "x"
    assert tree["components"][3]["source"] == {"indicator": ""}


@pytest.mark.parametrize(
    "word",
    [
        "",
        "add",
        "add:stars",
        "drop:components.9",
        "drop:components",
        "up:components.0",
        "up:components.-1",
        "x:grades.0",
    ],
)
def test_a_button_that_names_nothing_changes_nothing(word):
    tree = draft()
    assert moved(tree, word) is None
    assert applied(tree, {}) == draft()


WEIGHTS = {
    "as they are": ({}, D(100), True),
    "too much": ({"components.0.weight": "61"}, D(101), False),
    "with places": ({"components.0.weight": "59.5", "components.1.weight": "40.5"}, D(100), True),
    "a word counts nothing": ({"components.0.weight": "many"}, D(40), False),
    "none counts nothing": ({"components.0.weight": ""}, D(40), False),
}


@pytest.mark.parametrize(("said", "total", "whole"), WEIGHTS.values(), ids=WEIGHTS)
def test_what_the_weights_add_up_to(said, total, whole):
    assert total_of(applied(draft(), said)) == (total, whole)


def test_each_weight_comes_with_its_title_or_id():
    tree = draft()
    del tree["components"][1]["title"]
    assert list(weights(tree)) == [("满意率", D(60)), ("answered", D(40))]
    tree["components"][0]["weight"] = "many"
    assert next(weights(tree)) == ("满意率", None)


def test_the_next_edition_supersedes_this_one_and_nobody_has_approved_it_yet():
    text = scheme_text(approval={"doc_no": "客〔2026〕1号"}, valid={"from": "2025-01-01", "to": "2026-01-01"})
    made = read(renewed(text, ["2026.1", "2026.2"], dt.date(2026, 7, 1)))
    old = read(text)
    assert (made.version, made.supersedes) == ("2026.3", "2026.1")
    assert (made.start, made.end, made.doc_no) == (dt.date(2026, 7, 1), None, "")
    assert (made.components, made.grades) == (old.components, old.grades)


@settings(max_examples=20)
@given(
    st.lists(st.sampled_from(["weight", "title", "min_n", "line", "missing", "source"]), min_size=1), NAMES
)
def test_whatever_is_typed_the_text_can_be_opened_again(keys, typed):
    tree = applied(draft(), {f"components.0.{key}": typed for key in keys})
    assert tree_of(text_of(tree)) == tree
    assert yaml.safe_load(text_of(tree))["components"][1]["id"] == "answered"
