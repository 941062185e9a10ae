"""A draft as a tree: texts to values and back, answers in one line, places, and rows that come and go."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.standards import forming
from kezun.standards.editing import (
    NotATree,
    Place,
    answer_line,
    answer_of,
    at,
    criteria,
    joined,
    listed,
    loaded,
    number,
    text_of,
    tree_of,
)
from kezun.standards.rules import read
from kezun.standards.tests.samples import text

D = Decimal


def draft() -> dict:
    """Two modules; the first has two items, the second one of three criteria."""

    def row(id: str, points: object = 10) -> dict:
        return {
            "id": id,
            "text": f"看{id}",
            "points": points,
            "answer": {"type": "graded", "options": {"符合": 1}},
        }

    return {
        "version": "1",
        "modules": [
            {
                "id": "A",
                "title": "环境",
                "points": 20,
                "items": [
                    {"id": "A.1", "title": "门前", "points": 10, "criteria": [row("A.1.01")]},
                    {"id": "A.2", "title": "厅内", "points": 10, "criteria": [row("A.2.01")]},
                ],
            },
            {
                "id": "B",
                "title": "服务",
                "points": 30,
                "items": [
                    {
                        "id": "B.1",
                        "title": "柜台",
                        "points": 30,
                        "criteria": [row(f"B.1.0{n}") for n in (1, 2, 3)],
                    }
                ],
            },
        ],
    }


NUMBERS = {
    "whole": ("12", 12),
    "blanks around": (" 12 ", 12),
    "a point": ("2.5", D("2.5")),
    "zeros stay as written": ("2.50", D("2.50")),
    "a point without need": ("2.0", D("2.0")),
    "below nothing": ("-3", -3),
    "an exponent": ("1e2", 100),
    "a word": ("many", "many"),
    "nothing": ("", ""),
    "not a number": ("NaN", "NaN"),
    "a signalling one": ("sNaN", "sNaN"),
    "infinity": ("inf", "inf"),
    "infinity in full": ("-Infinity", "-Infinity"),
    "what would fill the memory": ("1e999999999", "1e999999999"),
    "a comma": ("1,5", "1,5"),
}


@pytest.mark.parametrize(("said", "value"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_where_the_text_is_one_else_the_text(said, value):
    made = number(said)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize("said", [said for said, _value in NUMBERS.values()], ids=NUMBERS)
def test_whatever_is_typed_into_a_field_leaves_a_draft_that_can_be_opened_again(said):
    tree = draft()
    forming.applied(tree, {"c-0-0-0.points": said, "m-0.points": said, "head.scale.total": said})
    again = tree_of(text_of(tree))
    assert again["modules"][0]["points"] == number(said)
    forming.sums(again)


@given(st.decimals(-(10**9), 10**9, places=3))
def test_numbers_come_back_through_text_as_they_were(value):
    assert tree_of(text_of({"modules": [], "x": number(str(value))}))["x"] == value


LISTED = {
    "nothing": ("", []),
    "one": ("明查", ["明查"]),
    "Chinese marks": ("明查、暗访，自查；巡检", ["明查", "暗访", "自查", "巡检"]),
    "Latin marks": ("a, b;c", ["a", "b", "c"]),
    "twice": ("a、b、a", ["a", "b"]),
    "blanks and empty parts": (" a ,, b 、", ["a", "b"]),
    "words with blanks stay whole": ("lobby manager, teller", ["lobby manager", "teller"]),
}


@pytest.mark.parametrize(("said", "words"), LISTED.values(), ids=LISTED)
def test_words_between_commas_of_either_script(said, words):
    assert listed(said) == words


@given(st.lists(st.text(alphabet="ab门厅", min_size=1, max_size=4), unique=True))
def test_what_is_joined_is_listed_again(words):
    assert listed(joined(words)) == words


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, ""), ("a", "a"), (3, "3"), (["a", "b"], "a、b"), ([], ""), (dt.date(2026, 1, 2), "2026-01-02")],
    ids=["none", "text", "number", "list", "empty", "day"],
)
def test_a_value_as_the_text_of_an_input(value, said):
    assert joined(value) == said


PLACES = {"module": Place(2), "item": Place(0, 1), "criterion": Place(3, 0, 12)}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_place_is_read_back_from_its_text(place):
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize("said", ["", "a", "1-", "-1", "1-2-3-4", "1.5"])
def test_what_is_no_place(said):
    with pytest.raises(ValueError, match=r".*"):
        Place.parse(said)


def test_what_stands_at_a_place():
    tree = draft()
    assert at(tree, Place(1))["id"] == "B"
    assert at(tree, Place(0, 1))["id"] == "A.2"
    assert at(tree, Place(1, 0, 2))["id"] == "B.1.03"
    with pytest.raises(IndexError):
        at(tree, Place(1, 0, 3))


def test_every_criterion_comes_with_its_place():
    assert [(str(place), row["id"]) for place, row in criteria(draft())] == [
        ("0-0-0", "A.1.01"),
        ("0-1-0", "A.2.01"),
        ("1-0-0", "B.1.01"),
        ("1-0-1", "B.1.02"),
        ("1-0-2", "B.1.03"),
    ]


NO_TREES = {
    "nothing": "",
    "a word": "word",
    "a list": "- a",
    "broken": "a: [",
    "no modules": "a: 1",
    "modules are a word": "modules: word",
    "a module is a word": "modules: [word]",
    "a module without items": "modules: [{id: A}]",
    "items are a mapping": "modules: [{items: {a: 1}}]",
    "an item without criteria": "modules: [{items: [{id: A}]}]",
    "a criterion is a word": "modules: [{items: [{criteria: [word]}]}]",
    "a number that is none": "modules: []\nx: .inf",
    "an object of Python": "modules: []\nx: !!python/object/apply:os.getcwd []",
}


@pytest.mark.parametrize("said", NO_TREES.values(), ids=NO_TREES)
def test_what_a_form_cannot_show(said):
    with pytest.raises(NotATree):
        tree_of(said)


def test_a_text_without_modules_is_still_a_mapping():
    assert loaded("a: 1.10\nb: yes") == {"a": D("1.10"), "b": True}


@pytest.mark.parametrize("name", ["outlet", "everything", "hygiene", "festival", "outlet2025"])
def test_opening_and_saving_a_draft_changes_nothing_of_what_it_says(name):
    before = text(name)
    assert tree_of(text_of(tree_of(before))) == tree_of(before)
    if name != "festival":
        assert read(text_of(tree_of(before))) == read(before)


ANSWERS = {
    "options": (
        "graded",
        "符合=1、部分符合=0.5、不符合=0",
        {"options": {"符合": 1, "部分符合": D("0.5"), "不符合": 0}},
    ),
    "defects": ("count_defects", "per=2、floor=0", {"per": 2, "floor": 0}),
    "a range": ("range", "min=-5、max=10", {"min": -5, "max": 10}),
    "bands": (
        "indicator",
        "ref=floor.wait、op=<=、600=1、900=0.5、=0",
        {"ref": "floor.wait", "op": "<=", "bands": [[600, 1], [900, D("0.5")], [None, 0]]},
    ),
    "words": ("text", "", {}),
}


@pytest.mark.parametrize(("kind", "line", "made"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_as_one_line_and_back(kind, line, made):
    assert answer_of(kind, line, {}) == {"type": kind, **made}
    assert answer_line({"type": kind, **made}) == line


def test_a_line_through_points_stays_one():
    before = {"type": "indicator", "ref": "x", "op": ">=", "linear": [[0, 0], [1, 1]]}
    line = answer_line(before)
    assert line == "ref=x、op=>=、0=0、1=1"
    assert answer_of("indicator", line, before) == before


KEPT = {
    "not applicable": ({"na": {"allowed": True}}, "graded", "好=1", {"na": {"allowed": True}}),
    "English names": ({"options_en": {"好": "good"}}, "graded", "好=1", {"options_en": {"好": "good"}}),
    "English of options that went": ({"options_en": {"坏": "bad"}}, "graded", "好=1", {}),
    "values of a range": ({"values": [0, 5]}, "range", "min=0、max=5", {"values": [0, 5]}),
    "values are none of options": ({"values": [0, 5]}, "graded", "好=1", {}),
}


@pytest.mark.parametrize(("before", "kind", "line", "more"), KEPT.values(), ids=KEPT)
def test_what_a_line_cannot_say_stays_as_it_was(before, kind, line, more):
    made = answer_of(kind, line, before)
    assert {key: made[key] for key in ("na", "options_en", "values") if key in made} == more


@pytest.mark.parametrize(
    "line", ["符合", "=", "符合=", "符合 1"], ids=["no sign", "a sign", "no share", "a blank"]
)
def test_a_part_without_name_and_share_is_not_guessed_at(line):
    assert answer_of("graded", line, {})["options"] == {}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"type": "graded"},
        {"type": "graded", "options": "word"},
        {"type": "indicator", "bands": ["x", [1]]},
    ],
    ids=["nothing", "no options", "options are a word", "bands are no pairs"],
)
def test_an_answer_that_is_still_wrong_can_be_shown(answer):
    assert answer_line(answer) == ""


SHARES = st.dictionaries(
    st.text(alphabet="好中差ab", min_size=1, max_size=4),
    st.integers(0, 100).map(lambda n: D(n) / 100),
    max_size=5,
)


@given(SHARES)
def test_any_options_come_back_from_their_line(options):
    line = answer_line({"type": "graded", "options": options})
    assert answer_of("graded", line, {})["options"] == options


def test_rows_are_added_with_ids_of_their_own():
    tree = draft()
    assert forming.changed(tree, "module", None) == Place(2)
    assert forming.changed(tree, "item", Place(0)) == Place(0, 2)
    assert forming.changed(tree, "criterion", Place(1, 0)) == Place(1, 0, 3)
    ids = [m["id"] for m in tree["modules"]]
    assert len(set(ids)) == 3
    items = [i["id"] for i in tree["modules"][0]["items"]]
    assert items[:2] == ["A.1", "A.2"]
    assert items[2].startswith("A.")
    assert len(set(items)) == 3
    rows = [c["id"] for c in tree["modules"][1]["items"][0]["criteria"]]
    assert rows[3] not in rows[:3]
    assert rows[3].startswith("B.1.")
    assert tree_of(text_of(tree)) == tree


MOVES = {
    "down": ("down", Place(1, 0, 0), Place(1, 0, 1), ["B.1.02", "B.1.01", "B.1.03"]),
    "up": ("up", Place(1, 0, 2), Place(1, 0, 1), ["B.1.01", "B.1.03", "B.1.02"]),
    "the first stays first": ("up", Place(1, 0, 0), Place(1, 0, 0), ["B.1.01", "B.1.02", "B.1.03"]),
    "the last stays last": ("down", Place(1, 0, 2), Place(1, 0, 2), ["B.1.01", "B.1.02", "B.1.03"]),
    "dropped": ("drop", Place(1, 0, 1), Place(1), ["B.1.01", "B.1.03"]),
}


@pytest.mark.parametrize(("word", "place", "then", "ids"), MOVES.values(), ids=MOVES)
def test_a_criterion_is_moved_or_dropped(word, place, then, ids):
    tree = draft()
    assert forming.changed(tree, word, place) == then
    assert [c["id"] for c in tree["modules"][1]["items"][0]["criteria"]] == ids


def test_items_and_modules_are_moved_with_all_that_is_in_them():
    tree = draft()
    assert forming.changed(tree, "down", Place(0, 0)) == Place(0, 1)
    assert [i["id"] for i in tree["modules"][0]["items"]] == ["A.2", "A.1"]
    assert forming.changed(tree, "up", Place(1)) == Place(0)
    assert [m["id"] for m in tree["modules"]] == ["B", "A"]
    assert len(tree["modules"][0]["items"][0]["criteria"]) == 3


@pytest.mark.parametrize("word", ["item", "criterion", "drop", "up"])
def test_without_a_place_nothing_is_changed(word):
    tree = draft()
    assert forming.changed(tree, word, None) is None
    assert tree == draft()


def test_sums_compare_what_is_stated_with_what_is_there():
    tree = draft() | {"scale": {"total": 60}}
    modules, stated, found = forming.sums(tree)
    assert (stated, found) == (60, 50)
    assert [(m["title"], m["stated"], m["found"]) for m in modules] == [("环境", 20, 20), ("服务", 30, 30)]
    assert [(i["title"], i["found"]) for i in modules[0]["items"]] == [("门前", 10), ("厅内", 10)]


@pytest.mark.parametrize("points", ["many", None, True, []], ids=["a word", "none", "a flag", "a list"])
def test_what_is_no_number_counts_nothing_in_a_sum(points):
    tree = draft()
    tree["modules"][1]["items"][0]["criteria"][0]["points"] = points
    modules, _stated, _found = forming.sums(tree)
    assert modules[1]["items"][0]["found"] == 20
