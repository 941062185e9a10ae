"""YAML as a tree with lines, one criterion read from its text, and a standard written and read again."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import pytest
import yaml
from django.utils import translation

from kezun.standards.messages import say_problem
from kezun.standards.rules import NotAStandard, canonical, digest, read, written
from kezun.standards.rules.criteria import read_criterion
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.form import (
    Applies,
    Cascade,
    Checker,
    Criterion,
    Evidence,
    Lineage,
    Rectify,
    Reference,
    Rounding,
    Trigger,
    Veto,
)
from kezun.standards.rules.nodes import MOST_DEPTH, parse
from kezun.standards.rules.writing import as_tree
from kezun.standards.tests.samples import sample, text

D = Decimal
BASE = {"id": "A1", "text": "门楣", "points": 10, "answer": {"type": "graded", "options": {"好": 1, "差": 0}}}


def criterion(**more: object) -> tuple[Criterion, list[tuple[str, str]]]:
    """The criterion of these fields, and (path, code) of what is wrong with it."""
    said = {k: v for k, v in (BASE | more).items() if v is not None}
    at = Reading(parse(yaml.safe_dump(said, allow_unicode=True)), "A1", [])
    made = read_criterion(at)
    return made, [(p.path, p.code) for p in at.problems]


REFUSED = {
    "nothing": ("", "empty_file", 1),
    "a remark alone": ("# later\n", "empty_file", 1),
    "open brackets": ("a: 1\nb: [1\nc: 2\n", "not_yaml", 3),
    "a tab": ("a:\n\t- b\n", "not_yaml", 2),
    "a sign that no text has": ("a: \x01\n", "not_yaml", 1),
    "too deep": ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "too_deep", 1),
    "a key twice": ("a: 1\nb: 2\na: 3\n", "key_twice", 3),
    "an alias": ("a: &x [1]\nb: *x\n", "alias", 1),
}


@pytest.mark.parametrize(("body", "code", "line"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_is_no_tree_is_said_with_its_line(body, code, line, language):
    with pytest.raises(NotAStandard) as refused:
        parse(body)
    [problem] = refused.value.problems
    assert (problem.code, problem.line) == (code, line)
    with translation.override(language):
        told = say_problem(problem, "x.yaml")
    assert told.startswith("x.yaml, ")
    assert "%(" not in told


def test_brackets_as_deep_as_allowed_are_a_tree():
    assert parse("[" * MOST_DEPTH + "]" * MOST_DEPTH).rows is not None


def test_every_value_knows_its_line_and_every_key_its_own():
    root = parse("a: 1\nb:\n  c: 2\n  d:\n    - e\n    - f: 3\n")
    assert root.lines == {"a": 1, "b": 2}
    below = root.fields["b"]
    assert (below.line, dict(below.lines)) == (3, {"c": 3, "d": 4})
    assert [row.line for row in below.fields["d"].rows] == [5, 6]
    assert (root.fields["a"].text, root.fields["a"].fields, root.fields["a"].rows) == ("1", None, None)


def test_problems_are_told_in_the_order_of_lines():
    with pytest.raises(NotAStandard) as refused:
        parse("b: 1\nb: 2\na: 1\na: 2\n")
    assert [p.line for p in refused.value.problems] == [2, 4]
    assert str(refused.value) == "2: b: key_twice; 4: a: key_twice"


PARTS = {
    "checker": (
        {"checker": {"roles": ["督导"], "methods": ["暗访"], "blind": True}},
        {"checker": Checker(("督导",), ("暗访",), True)},
    ),
    "one method without a list": ({"checker": {"methods": "明查"}}, {"checker": Checker((), ("明查",))}),
    "frequency": ({"frequency": {"明查": "每季"}}, {"frequency": (("明查", "每季"),)}),
    "evidence": ({"evidence": [{"kind": "photo"}]}, {"evidence": (Evidence("photo"),)}),
    "evidence on an answer": (
        {"evidence": [{"kind": "photo", "min": 2, "when": ["差"]}]},
        {"evidence": (Evidence("photo", 2, Trigger(("差",))),)},
    ),
    "evidence when lost": (
        {"evidence": [{"kind": "note", "when": "lost"}]},
        {"evidence": (Evidence("note", 1, Trigger(lost=True)),)},
    ),
    "rectify": ({"rectify": {"due_days": 7}}, {"rectify": Rectify(7, True)}),
    "rectify without a second look": (
        {"rectify": {"due_days": 7, "recheck": False}},
        {"rectify": Rectify(7, False)},
    ),
    "tags": ({"applies_to": {"any": ["a"], "none": ["b"]}}, {"applies_to": Applies(("a",), (), ("b",))}),
    "cascade": (
        {"cascade": {"when": "差", "zero": ["A2"]}},
        {"cascade": Cascade(Trigger(("差",)), ("A2",))},
    ),
    "veto": (
        {"veto": {"when": "lost", "effect": {"grade_cap": "达标"}}},
        {"veto": Veto(Trigger(lost=True), "达标")},
    ),
    "new": ({"lineage": {"new": True}}, {"lineage": Lineage("new")}),
    "the same as": (
        {"lineage": {"same_as": "1#A0"}},
        {"lineage": Lineage("same_as", (Reference("1", "A0"),), "editorial")},
    ),
    "merged": (
        {"lineage": {"merged_from": ["1#A0", "1#B0"], "change": "points"}},
        {"lineage": Lineage("merged_from", (Reference("1", "A0"), Reference("1", "B0")), "points")},
    ),
    "not applicable": ({"answer": BASE["answer"] | {"na": True}}, {"na": True}),
}


@pytest.mark.parametrize(("said", "made"), PARTS.values(), ids=PARTS)
def test_each_part_of_a_criterion_is_read(said, made):
    found, problems = criterion(**said)
    assert problems == []
    assert {name: getattr(found, name) for name in made} == made


WRONG = {
    "no answer": ({"answer": None}, [("A1.answer", "missing_key")]),
    "an answer of no kind": (
        {"answer": {"type": "stars"}},
        [
            ("A1.answer.type", "unknown_value"),
            ("A1.answer.options", "missing_key"),
        ],
    ),
    "points below nothing": ({"points": -1}, [("A1.points", "negative_points")]),
    "a share beyond one": (
        {"answer": {"type": "graded", "options": {"好": 1, "更好": 1.5}}},
        [("A1.answer.options.更好", "share_outside")],
    ),
    "no option earns all": (
        {"answer": {"type": "graded", "options": {"好": 0.9}}},
        [("A1.answer.options", "no_full_option")],
    ),
    "no options": ({"answer": {"type": "graded", "options": {}}}, [("A1.answer.options", "empty_list")]),
    "English of nothing": (
        {"answer": BASE["answer"] | {"options_en": {"中": "fair"}}},
        [("A1.answer.options_en", "unknown_option")],
    ),
    "a floor above the points": (
        {"answer": {"type": "count_defects", "per": 1, "floor": 11}},
        [("A1.answer.floor", "floor_outside")],
    ),
    "defects for nothing": (
        {"answer": {"type": "count_defects", "per": 0}},
        [("A1.answer.per", "not_positive")],
    ),
    "bands and a line": (
        {"answer": {"type": "indicator", "ref": "x", "bands": [[1, 1]], "linear": [[0, 0], [1, 1]]}},
        [("A1.answer", "bands_or_linear")],
    ),
    "a band of one": (
        {"answer": {"type": "indicator", "ref": "x", "bands": [[1]]}},
        [("A1.answer.bands", "not_pair")],
    ),
    "a line of one point": (
        {"answer": {"type": "indicator", "ref": "x", "linear": [[1, 1]]}},
        [("A1.answer.linear", "line_order")],
    ),
    "a range of other points": (
        {"answer": {"type": "range", "min": 0, "max": 9}},
        [("A1.answer.max", "range_points")],
    ),
    "a range that is none": (
        {"answer": {"type": "range", "min": 10, "max": 10}},
        [("A1.answer.max", "range_empty")],
    ),
    "a value outside": (
        {"answer": {"type": "range", "min": 0, "max": 10, "values": [0, 11]}},
        [("A1.answer.values", "value_outside")],
    ),
    "words with points": ({"answer": {"type": "text"}}, [("A1.answer", "text_has_points")]),
    "blind without a method": ({"checker": {"blind": True}}, [("A1.checker.blind", "blind_without_method")]),
    "a tag both ways": (
        {"applies_to": {"all": ["a"], "none": ["a"]}},
        [("A1.applies_to.none", "tag_both_ways")],
    ),
    "a veto without effect": (
        {"veto": {"when": "差", "effect": {"exclude_from_awards": False}}},
        [("A1.veto.effect", "veto_without_effect")],
    ),
    "a cascade on no option": (
        {"cascade": {"when": ["坏"], "zero": ["A2"]}},
        [("A1.cascade.when", "unknown_option")],
    ),
    "two origins": ({"lineage": {"new": True, "same_as": "1#A"}}, [("A1.lineage", "lineage_how")]),
    "same as two": ({"lineage": {"same_as": ["1#A", "1#B"]}}, [("A1.lineage.same_as", "one_reference")]),
    "no edition named": ({"lineage": {"same_as": "A0"}}, [("A1.lineage.same_as", "not_reference")]),
    "no days": ({"rectify": {"recheck": True}}, [("A1.rectify.due_days", "missing_key")]),
    "no photos at least": ({"evidence": [{"kind": "photo", "min": 0}]}, [("A1.evidence.min", "not_whole")]),
    "a frequency of nothing": ({"frequency": {"明查": ""}}, [("A1.frequency.明查", "missing_key")]),
    "a key that nobody knows": ({"colour": "red"}, [("A1.colour", "unknown_key")]),
    "a method of blanks": ({"checker": {"methods": ["明查", " "]}}, [("A1.checker.methods", "not_text")]),
}


@pytest.mark.parametrize(("said", "problems"), WRONG.values(), ids=WRONG)
def test_each_mistake_in_a_criterion_is_named_alone(said, problems):
    assert criterion(**said)[1] == problems


def test_a_mistake_of_a_criterion_does_not_hide_another():
    _made, problems = criterion(points=-1, colour="red", checker={"blind": True})
    assert {code for _path, code in problems} == {"negative_points", "unknown_key", "blind_without_method"}


@pytest.mark.parametrize("name", ["outlet", "outlet2025", "everything", "hygiene"])
def test_what_is_written_is_the_same_text_when_written_again(name):
    once = written(sample(name))
    again = read(once, known=[sample("outlet2025")] if name == "outlet" else [])
    assert again == sample(name)
    assert written(again) == once
    assert digest(again) == digest(sample(name))


def test_the_canonical_form_is_json_with_plain_figures_in_order():
    tree = json.loads(canonical(sample("everything")))
    assert list(tree) == sorted(tree)
    assert tree["scale"]["total"] == "100"
    assert tree["valid"] == {"from": "2026-01-01", "to": "2027-01-01"}
    assert tree["scale"]["bands"][1] == {"least": "60.5", "rating": "乙"}
    assert b" : " not in canonical(sample("everything"))


CHANGES = {
    "title": {"title": "别名"},
    "version": {"version": "9"},
    "rounding": {"rounding": Rounding(1)},
    "retired": {"retired": ("Z9",)},
    "covert": {"covert": ("暗访", "录像抽查")},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_of_the_head_changes_the_hash(change):
    assert digest(replace(sample("outlet"), **change)) != digest(sample("outlet"))


def test_the_line_on_which_something_stood_changes_no_hash():
    moved = read("\n\n# a remark\n" + text("everything"))
    assert [c.line for c in moved.criteria()] != [c.line for c in sample("everything").criteria()]
    assert digest(moved) == digest(sample("everything"))


def test_what_says_nothing_is_not_written():
    tree = as_tree(sample("hygiene"))
    assert {"title_en", "about", "owner", "covert", "retired", "over", "kind", "beside"}.isdisjoint(tree)
    assert tree["valid"] == {"from": dt.date(2026, 1, 1), "to": None}
    [first] = tree["modules"][0]["items"][0]["criteria"][:1]
    assert set(first) == {"id", "text", "points", "answer"}
