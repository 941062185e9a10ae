"""Typed looks at a mapping: what each takes, what it gives for what is wrong, and how that is said."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.standards.messages import say_problem
from kezun.standards.rules.fields import LARGEST, PLACES, Reading
from kezun.standards.rules.nodes import Problem, parse

D = Decimal
LINE = "first: 1\nk: "


def reading(value: str, path: str = "M1") -> Reading:
    """A look at a mapping whose key `k` stands in line 2."""
    return Reading(parse(f"{LINE}{value}\n"), path, [])


def only(at: Reading) -> Problem:
    [problem] = at.problems
    return problem


NUMBERS = {
    "whole": ("12", D(12)),
    "a point": ("2.50", D("2.5")),
    "below nothing": ("-3", D(-3)),
    "in quotes": ('"7"', D(7)),
    "with an exponent": ("1e3", D(1000)),
    "with a sign": ("+4", D(4)),
    "nothing": ("0", D(0)),
    "the largest": (f"{LARGEST:f}", LARGEST),
    "the largest below nothing": (f"-{LARGEST:f}", -LARGEST),
    "the finest": ("0.000000001", D("0.000000001")),
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_taken_exactly(text, value):
    at = reading(text)
    assert at.decimal("k") == value
    assert at.problems == []


NO_NUMBERS = {
    "a word": ("many", "not_number"),
    "not a number": (".nan", "not_number"),
    "spelt nan": ("NaN", "not_number"),
    "infinity": ("Infinity", "not_number"),
    "a list": ("[1]", "not_number"),
    "a mapping": ("{a: 1}", "not_number"),
    "empty quotes": ('""', "not_number"),
    "a comma": ('"1,5"', "not_number"),
    "too large": ("1000000001", "number_outside"),
    "too far below": ("-1000000001", "number_outside"),
    "too fine": ("0.0000000001", "number_outside"),
    "absurdly large": ("1e999999", "number_outside"),
    "absurdly fine": ("1e-999999", "number_outside"),
}


@pytest.mark.parametrize(("text", "code"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_named_with_line_and_place(text, code):
    at = reading(text)
    assert at.decimal("k") is None
    problem = only(at)
    assert (problem.line, problem.path, problem.code) == (2, "M1.k", code)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "x.yaml, line 2, M1.k: «many» is not a number; write digits, for instance 2.5"),
        ("zh-hans", "x.yaml, 第 2 行, M1.k: 「many」不是数字；请写数字，例如 2.5"),
    ],
    ids=["en", "zh"],
)
def test_a_word_for_a_number_is_said_to_the_writer(language, said):
    at = reading("many")
    at.decimal("k")
    with translation.override(language):
        assert say_problem(only(at), "x.yaml") == said


def test_how_large_and_how_fine_is_said_in_plain_figures():
    at = reading("1e12")
    at.decimal("k")
    with translation.override("en"):
        told = say_problem(only(at))
    assert told == "line 2, M1.k: 1e12 is too large or too fine; at most 1000000000 and 9 places are kept"


@given(st.decimals(-LARGEST, LARGEST, places=PLACES))
def test_every_number_within_bounds_comes_back_as_it_was(value):
    at = reading(f"{value:f}")
    assert at.decimal("k") == value
    assert at.problems == []


@pytest.mark.parametrize("empty", ["", "~", "null"], ids=["blank", "tilde", "null"])
def test_what_is_empty_is_missing_where_it_is_required_and_default_elsewhere(empty):
    at = reading(empty)
    assert not at.has("k")
    assert at.text("k", default="d") == "d"
    assert at.decimal("k", required=False, default=D(5)) == D(5)
    assert at.whole("k", required=False, default=3) == 3
    assert at.flag("k", default=True) is True
    assert at.day("k", required=False) is None
    assert at.texts("k") == () == at.rows("k")
    assert at.under("k") is None
    assert at.problems == []
    assert at.text("k", required=True) == ""
    problem = only(at)
    assert (problem.line, problem.code, problem.params) == (2, "missing_key", {"name": "k"})


LOOKS = {
    "text": lambda at: at.text("gone", required=True),
    "decimal": lambda at: at.decimal("gone"),
    "whole": lambda at: at.whole("gone", required=True),
    "day": lambda at: at.day("gone", required=True),
    "texts": lambda at: at.texts("gone", required=True),
    "rows": lambda at: at.rows("gone", required=True),
    "under": lambda at: at.under("gone", required=True),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_key_that_is_not_there_is_missing_once(look):
    at = reading("1")
    look(at)
    problem = only(at)
    assert (problem.path, problem.code, problem.line) == ("M1.gone", "missing_key", 1)


TEXTS = {
    "a word": ("门楣", "门楣"),
    "blanks around": ('"  a b  "', "a b"),
    "a number stays as written": ("1.10", "1.10"),
    "yes stays a word": ("yes", "yes"),
    "a day stays as written": ("2026-01-01", "2026-01-01"),
    "several lines": ("|\n  one\n  two", "one\ntwo"),
}


@pytest.mark.parametrize(("text", "value"), TEXTS.values(), ids=TEXTS)
def test_a_text_is_what_was_written_without_blanks_around(text, value):
    at = reading(text)
    assert at.text("k", required=True) == value
    assert at.problems == []


@pytest.mark.parametrize("value", ["[a]", "{a: b}"], ids=["list", "mapping"])
def test_a_list_or_mapping_is_no_text(value):
    at = reading(value)
    assert at.text("k", default="d") == "d"
    assert only(at).code == "not_text"


def test_blanks_alone_are_missing_only_where_a_text_must_be():
    at = reading('"   "')
    assert at.text("k") == ""
    assert at.problems == []
    at.text("k", required=True)
    assert only(at).code == "missing_key"


def test_a_choice_names_all_there_are():
    at = reading("middle")
    assert at.choice("k", ("left", "right"), "left") == "left"
    problem = only(at)
    assert problem.code == "unknown_value"
    with translation.override("en"):
        assert say_problem(problem).endswith("«middle» is not known here; choose one of: left, right")


def test_a_choice_that_is_known_or_left_open():
    assert reading("right").choice("k", ("left", "right"), "left") == "right"
    assert reading("~").choice("k", ("left", "right"), "right") == "right"


WHOLES = {
    "in bounds": ("3", 3, None),
    "with a point": ("3.0", 3, None),
    "the least": ("1", 1, None),
    "under the least": ("0", 9, "not_whole"),
    "a half": ("1.5", 9, "not_whole"),
    "below nothing": ("-1", 9, "not_whole"),
    "a word": ("one", 9, "not_number"),
}


@pytest.mark.parametrize(("text", "value", "code"), WHOLES.values(), ids=WHOLES)
def test_whole_numbers_from_a_least_one_on(text, value, code):
    at = reading(text)
    assert at.whole("k", required=True, default=9, least=1) == value
    assert [p.code for p in at.problems] == ([code] if code else [])


FLAGS = {
    "true": ("true", True, 0),
    "True": ("True", True, 0),
    "yes": ("yes", True, 0),
    "on": ("ON", True, 0),
    "false": ("false", False, 0),
    "no": ("No", False, 0),
    "off": ("off", False, 0),
    "a quoted true is a text": ('"true"', False, 1),
    "one": ("1", False, 1),
    "a word": ("ja", False, 1),
    "a list": ("[true]", False, 1),
}


@pytest.mark.parametrize(("text", "value", "problems"), FLAGS.values(), ids=FLAGS)
def test_a_flag_is_true_or_false_and_nothing_else(text, value, problems):
    at = reading(text)
    assert at.flag("k") is value
    assert [p.code for p in at.problems] == ["not_flag"] * problems


DAYS = {
    "a day": ("2026-01-31", dt.date(2026, 1, 31)),
    "in quotes": ('"2026-02-28"', dt.date(2026, 2, 28)),
    "a leap day": ("2028-02-29", dt.date(2028, 2, 29)),
    "no leap day": ("2026-02-29", None),
    "slashes": ("2026/01/31", None),
    "a month": ("2026-01", None),
    "a moment": ("2026-01-31 10:00", None),
    "a word": ("heute", None),
    "a list": ("[2026-01-31]", None),
}


@pytest.mark.parametrize(("text", "value"), DAYS.values(), ids=DAYS)
def test_days(text, value):
    at = reading(text)
    assert at.day("k", required=True) == value
    assert [p.code for p in at.problems] == ([] if value else ["not_day"])


LISTS = {
    "a list": ("[a, b]", ("a", "b"), []),
    "one text is a list of one": ("a", ("a",), []),
    "blanks around": ('[" a ", b]', ("a", "b"), []),
    "twice": ("[a, b, a]", ("a", "b"), ["twice"]),
    "twice but for blanks": ('[a, " a"]', ("a",), ["twice"]),
    "an empty entry": ("[a, ~]", ("a",), ["not_text"]),
    "a list within": ("[a, [b]]", ("a",), ["not_text"]),
    "a blank entry": ('[a, " "]', ("a",), ["not_text"]),
    "a blank alone": ('" "', (), ["missing_key"]),
    "a mapping": ("{a: b}", (), ["not_list"]),
    "nothing in it": ("[]", (), ["empty_list"]),
}


@pytest.mark.parametrize(("text", "value", "codes"), LISTS.values(), ids=LISTS)
def test_a_list_of_texts_without_repetition(text, value, codes):
    at = reading(text)
    assert at.texts("k", required=True) == value
    assert [p.code for p in at.problems] == codes


def test_an_entry_of_a_list_is_named_by_its_own_line():
    at = Reading(parse("k:\n  - a\n  - b\n  - a\n"), "", [])
    at.texts("k")
    assert (only(at).line, only(at).path, only(at).params) == (4, "k", {"value": "a"})


def test_rows_are_the_nodes_of_a_list():
    at = reading("[{a: 1}, {a: 2}]")
    assert [Reading(row, "", []).decimal("a") for row in at.rows("k")] == [1, 2]
    assert at.problems == []
    assert reading("[]").rows("k") == ()


@pytest.mark.parametrize(
    ("text", "code"), [("word", "not_list"), ("{a: 1}", "not_list"), ("[]", "empty_list")]
)
def test_rows_that_are_none(text, code):
    at = reading(text)
    assert at.rows("k", required=True) == ()
    assert only(at).code == code


def test_a_mapping_below_reports_to_the_same_list_under_its_path():
    at = reading("{inner: {deep: many}}")
    below = at.under("k").under("inner")
    assert below.decimal("deep") is None
    assert only(at).path == "M1.k.inner.deep"
    assert below.problems is at.problems


def test_a_path_begins_without_a_point_at_the_top():
    at = reading("many", path="")
    at.decimal("k")
    assert only(at).path == "k"


def test_what_should_be_a_mapping_and_is_none_is_told_once_and_looks_empty():
    at = reading("word")
    below = at.under("k")
    assert below.fields == {}
    assert not below.has("a")
    assert (only(at).code, only(at).path) == ("not_mapping", "M1.k")


def test_unknown_keys_are_named_with_those_that_are_known():
    at = Reading(parse("a: 1\nbb: 2\nc: 3\n"), "M1", [])
    at.only(("a", "b"))
    assert [(p.line, p.path, p.params["name"]) for p in at.problems] == [(2, "M1.bb", "bb"), (3, "M1.c", "c")]
    with translation.override("en"):
        assert say_problem(at.problems[0]).endswith("there is no key «bb» here; known are: a, b")


def test_a_problem_may_name_a_line_of_its_own():
    at = reading("1")
    at.say("twice", 7, "k", value="x")
    at.say("twice", value="y")
    assert [(p.line, p.path) for p in at.problems] == [(7, "M1.k"), (1, "M1")]


@given(st.lists(st.text(alphabet="abc门", min_size=1, max_size=3), min_size=1, max_size=8))
def test_texts_keep_the_first_of_each_in_their_order(values):
    quoted = ", ".join(f'"{v}"' for v in values)
    at = reading(f"[{quoted}]")
    assert at.texts("k") == tuple(dict.fromkeys(values))
    assert len(at.problems) == len(values) - len(set(values))
