"""Conditions against a second reading of the same text: Python with the three truth values of SQL."""

import datetime as dt

import duckdb
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.facts.expression import ExpressionError, compile, names

COLUMNS = {"a": "integer", "b": "seconds", "t": "text", "f": "flag", "day": "date", "class": "text"}
NUMBERS = st.one_of(st.none(), st.integers(-3, 3))
ROWS = st.fixed_dictionaries(
    {
        "a": NUMBERS,
        "b": NUMBERS,
        "t": st.sampled_from([None, "", "x", "it's"]),
        "f": st.sampled_from([None, True, False]),
    }
)
SELECT = 'SELECT {} FROM (SELECT ?::INT "a", ?::INT "b", ?::VARCHAR "t", ?::BOOLEAN "f")'
COMPARE = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
SIGNS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        yield connection


def known(both, work):
    return None if None in both else work(*both)


def numbers():
    """Pairs of a text and what it means on a row (None: nothing)."""
    leaf = st.one_of(
        st.sampled_from(["a", "b"]).map(lambda n: (n, lambda row: row[n])),
        st.integers(-9, 9).map(lambda n: (f"({n})", lambda row: n)),
    )

    def wider(inner):
        def made(left, sign, right):
            work = SIGNS[sign]
            return (
                f"({left[0]} {sign} {right[0]})",
                lambda row: known((left[1](row), right[1](row)), work),
            )

        return st.builds(made, inner, st.sampled_from(sorted(SIGNS)), inner)

    return st.recursive(leaf, wider, max_leaves=4)


def conditions():
    def compared(left, sign, right):
        work = COMPARE[sign]
        return f"({left[0]} {sign} {right[0]})", lambda row: known((left[1](row), right[1](row)), work)

    def absent(name, no):
        text = f"{name} is {'not ' if no else ''}None"
        return text, lambda row: (row[name] is None) != no

    leaf = st.one_of(
        st.builds(compared, numbers(), st.sampled_from(sorted(COMPARE)), numbers()),
        st.builds(absent, st.sampled_from(["a", "b", "t", "f"]), st.booleans()),
        st.just(("f", lambda row: row["f"])),
        st.just(('t in ("x", "it\'s")', lambda row: known((row["t"],), lambda t: t in ("x", "it's")))),
    )

    def wider(inner):
        def joined(left, right, word):
            decides = word == "or"

            def value(row):
                both = left[1](row), right[1](row)
                return decides if decides in both else None if None in both else not decides

            return f"({left[0]} {word} {right[0]})", value

        def turned(one):
            return f"(not {one[0]})", lambda row: known((one[1](row),), lambda v: not v)

        return st.one_of(st.builds(joined, inner, inner, st.sampled_from(["and", "or"])), inner.map(turned))

    return st.recursive(leaf, wider, max_leaves=5)


@given(made=conditions(), row=ROWS)
@settings(max_examples=120, deadline=None)
def test_a_condition_means_the_same_to_the_engine(engine, made, row):
    text, value = made
    values = [row[name] for name in "abtf"]
    assert engine.execute(SELECT.format(compile(text, COLUMNS)), values).fetchone()[0] is value(row)


@given(made=numbers(), row=ROWS)
@settings(max_examples=60, deadline=None)
def test_arithmetic_means_the_same_to_the_engine(engine, made, row):
    text, value = made
    values = [row[name] for name in "abtf"]
    found = engine.execute(SELECT.format(compile(text, COLUMNS, "number")), values).fetchone()[0]
    assert found == value(row)


@given(made=conditions())
@settings(max_examples=60, deadline=None)
def test_the_columns_of_a_condition_are_those_that_stand_in_it(made):
    text = made[0]
    expected = {n for n in ("a", "b", "t", "f") if n in text.replace("'", " ").replace('"', " ").split()}
    assert expected <= names(text, COLUMNS) <= COLUMNS.keys()


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("a == 1", '("a" = CAST(1 AS BIGINT))'),
        ("f", '"f"'),
        ("not f", '(NOT "f")'),
        ("1 < a < 3", '((CAST(1 AS BIGINT) < "a") AND ("a" < CAST(3 AS BIGINT)))'),
        ("class == 'class'", "(\"class\" = 'class')"),
        ("t != 'it\\'s'", "(\"t\" <> 'it''s')"),
        ("day == '2026-03-01'", "(\"day\" = DATE '2026-03-01')"),
        ("day == '20260301'", "(\"day\" = DATE '2026-03-01')"),
        ("t is None", '("t" IS NULL)'),
        ("a\n==\n1", '("a" = CAST(1 AS BIGINT))'),
        ("-a == 1", '((- CAST("a" AS BIGINT)) = CAST(1 AS BIGINT))'),
        ("a in (1,)", '("a" IN (CAST(1 AS BIGINT)))'),
        ("f == None or True", None),
    ],
)
def test_the_sql_that_is_written(text, sql):
    if sql is None:
        with pytest.raises(ExpressionError):
            compile(text, COLUMNS)
    else:
        assert compile(text, COLUMNS) == sql


@pytest.mark.parametrize(
    ("values", "text", "sql"),
    [
        ({"promise": 60}, "b <= promise", '("b" <= CAST(60 AS BIGINT))'),
        ({"word": "x"}, "t == word", "(\"t\" = 'x')"),
        ({"since": "2026-03-01"}, "day >= since", "(\"day\" >= DATE '2026-03-01')"),
        ({"a": 7}, "a == 7", "(CAST(7 AS BIGINT) = CAST(7 AS BIGINT))"),
    ],
    ids=["number", "text", "day", "a-parameter-goes-before-a-column"],
)
def test_parameters_stand_for_their_values(values, text, sql):
    assert compile(text, COLUMNS, values=values) == sql


MESSAGES = [
    ("wat == 1", "没有列 wat；可用的列：", "there is no column wat; there are: a, b, class, day, f, t"),
    ("a == 'x'", "number 与 text 不能比较", "number cannot be compared with text"),
    ("a / 2 == 1", "数值之间只允许 + - *", "only + - * are allowed between numbers"),
    ("a", "此处应为条件", "a condition is expected here"),
    ("a == t + 1", "此处应为数值", "a number is expected here"),
    ("a == 1.5", "值只能是整数、文本、True、False 和 None", "only whole numbers, texts"),
    ("f < True", "真与假不能比较大小", "true and false have no order"),
    ("a == None", "请写成 is None 或 is not None", "write «is None» or «is not None»"),
    ("day == 'soon'", "日期请写成", 'write a date as "2026-03-01"'),
    ("a ==", "这不是有效的表达式", "this is not an expression"),
    ("a in 1", "in 之后应为一组值", "after «in» comes a list of values"),
    ("a == 9223372036854775808", "数值过大", "the number is too large"),
    ("a == 1 and " * 200 + "f", "表达式过长", "the expression is too long"),
    ("print(1)", "只允许使用列名", "only columns, values, comparisons"),
]


@pytest.mark.parametrize(("text", "zh", "en"), MESSAGES, ids=[m[2][:30] for m in MESSAGES])
def test_a_refusal_reads_in_both_languages(text, zh, en):
    for language, words, place in (("zh-hans", zh, "个字符："), ("en", en, ", character ")):
        with translation.override(language), pytest.raises(ExpressionError) as refused:
            compile(text, COLUMNS)
        assert words in str(refused.value)
        assert place in str(refused.value)
        assert refused.value.position >= 1


@pytest.mark.parametrize(("value", "fits"), [(2**63 - 1, True), (2**63, False), (0, True)])
def test_numbers_end_where_64_bits_end(engine, value, fits):
    if not fits:
        with pytest.raises(ExpressionError):
            compile(f"a == {value}", COLUMNS)
        return
    sql = compile(f"a < {value}", COLUMNS)
    assert engine.execute(SELECT.format(sql), [-1, None, None, None]).fetchone()[0] is True


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)))
@settings(max_examples=40, deadline=None)
def test_a_day_reads_as_the_day_it_names(engine, moment):
    sql = compile(f'day == "{moment.date()}"', {"day": "date"})
    found = engine.execute(f'SELECT {sql} FROM (SELECT ?::DATE "day")', [moment.date()]).fetchone()[0]
    assert found is True


@pytest.mark.parametrize("wants", ["flag", "number"])
def test_what_is_wanted_is_what_comes_out(wants):
    right, wrong = ("a == 1", "a + 1") if wants == "flag" else ("a + 1", "a == 1")
    assert compile(right, COLUMNS, wants)
    with pytest.raises(ExpressionError) as refused:
        compile(wrong, COLUMNS, wants)
    assert refused.value.position == 1
