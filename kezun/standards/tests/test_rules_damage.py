"""Damaged texts, sheets and answers: refused in words, never with another error, and never half taken."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.standards.cli_score import answers_in
from kezun.standards.excel import words
from kezun.standards.messages import say_lack, say_refusal, say_remark
from kezun.standards.rules import NotAStandard, NotScorable, Standard, evaluate, lacks, read, written
from kezun.standards.rules.columns import Row
from kezun.standards.rules.tables import table_of
from kezun.standards.tests.samples import TAGS, conforming, sample, text

NAMES = ("outlet", "hygiene", "everything", "festival", "outlet2025")
SCRAPS = [
    "",
    "[",
    "]",
    "{",
    "}",
    ":",
    "- ",
    "&a ",
    "*a",
    "null",
    "-1",
    "1e9",
    "0.5",
    "lost",
    "true",
    "!!x ",
    "'",
    "\t",
]
QUICK = settings(max_examples=150, deadline=None)


def taken(body: str) -> Standard | None:
    """The standard, or None after every problem could be said."""
    refused = None
    try:
        return read(body, known=[sample("outlet2025"), sample("outlet")])
    except NotAStandard as error:
        refused = error
    assert refused.problems
    assert all(p.line >= 1 for p in refused.problems)
    assert all(say_refusal(refused, "a.yaml"))
    return None


@st.composite
def damaged_lines(draw: st.DrawFn) -> str:
    """A sample with lines removed, doubled, or moved to the side."""
    lines = text(draw(st.sampled_from(NAMES))).splitlines()
    for _n in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["gone", "twice", "in", "out"]))
        if how == "gone" and len(lines) > 1:
            del lines[at]
        elif how == "twice":
            lines.insert(at, lines[at])
        elif how == "in":
            lines[at] = "  " + lines[at]
        else:
            lines[at] = lines[at].removeprefix("  ")
    return "\n".join(lines) + "\n"


@st.composite
def damaged_values(draw: st.DrawFn) -> str:
    """A sample in which what stands behind a colon is something else."""
    lines = text(draw(st.sampled_from(NAMES))).splitlines()
    for _n in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        head, colon, _rest = lines[at].partition(":")
        lines[at] = head + colon + " " + draw(st.sampled_from(SCRAPS))
    return "\n".join(lines) + "\n"


@QUICK
@given(damaged_lines())
def test_a_text_with_damaged_lines_is_refused_in_words_or_whole(body):
    made = taken(body)
    assert made is None or read(written(made)) == made


@QUICK
@given(damaged_values())
def test_a_text_with_other_values_is_refused_in_words_or_whole(body):
    made = taken(body)
    assert made is None or sum(m.points for m in made.modules) == made.scale.total


@QUICK
@given(st.text(max_size=200))
def test_any_text_at_all(body):
    assert taken(body) is None


@QUICK
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=20))
def test_any_yaml_at_all(value):
    import yaml

    assert taken(yaml.safe_dump({"schema": value, "modules": value, "scale": value, "valid": value})) is None


CELLS = st.sampled_from(
    [
        "",
        "1",
        "2",
        "1.1",
        "1.1.1",
        "甲",
        "一、环境",
        "（一）门前(5分)",
        "合计",
        "3分",
        "-1",
        "M1",
        "每处扣1分",
        "好得3分；差不得分",
    ]
)


@QUICK
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=12), st.sets(st.integers(2, 13), max_size=4))
def test_any_sheet_gives_a_tree_that_adds_up_or_problems(lines, wide):
    """Ids are unique and points add up in whatever is taken; what is refused can be said."""
    head = Row(1, ("序号", "内容", "分值", "评分标准"))
    rows = [
        Row(n, line, frozenset(range(4)) if n in wide else frozenset()) for n, line in enumerate(lines, 2)
    ]
    found = table_of([head, *rows], words())
    assert all(say_remark(r, "表") for r in (*found.problems, *found.notes))
    ids = [x for m in found.modules for x in (m.id, *(i.id for i in m.items), *(c.id for c in m.criteria()))]
    assert len(ids) == len(set(ids))
    for module in found.modules:
        assert module.points == sum(i.points for i in module.items)
        assert all(i.points == sum(c.points for c in i.criteria) for i in module.items)
    assert found.modules or found.problems


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.sampled_from(["好", "有", "在", "", "1", "1e9", "NaN", "是"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["na", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@QUICK
@given(st.dictionaries(st.sampled_from([*conforming(), "Z"]), JSON, max_size=9))
def test_any_answers_are_scored_or_refused_in_words(said):
    """Conforming answers with some of them replaced by whatever JSON may hold."""
    answers = answers_in(sample("outlet"), conforming() | said)
    lacking = lacks(sample("outlet"), answers, tags=TAGS)
    if lacking:
        assert all(say_lack(x) for x in lacking)
        with pytest.raises(NotScorable):
            evaluate(sample("outlet"), answers, tags=TAGS)
    else:
        assert Decimal(0) <= evaluate(sample("outlet"), answers, tags=TAGS).score <= Decimal(100)
