"""The language of conditions: what it says, and everything it refuses."""

import duckdb
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts.expression import ExpressionError, compile, names, quoted, text_literal

COLUMNS = {
    "outcome": "text",
    "class": "text",
    "wait_s": "seconds",
    "promise_s": "seconds",
    "score": "integer",
    "day": "date",
    "occurred_at": "moment",
    "elder": "flag",
}
ROW = (
    "SELECT 'served' AS outcome, '2' AS class, 61 AS wait_s, 60 AS promise_s, "
    "CAST(NULL AS INTEGER) AS score, DATE '2026-03-01' AS day, "
    "TIMESTAMP '2026-03-01 08:30:00' AS occurred_at, "
    "TRUE AS elder"
)


@pytest.fixture(autouse=True)
def _english():
    """Messages are compared in the language of the code."""
    with translation.override("en"):
        yield


def run(sql: str, *values: object) -> object:
    with duckdb.connect() as connection:
        return connection.execute(sql, values).fetchone()[0]


def on_row(text: str) -> object:
    return run(f"SELECT {compile(text, COLUMNS)} FROM ({ROW})")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('outcome == "served"', True),
        ("outcome != 'served'", False),
        ('outcome == "it\'s"', False),
        ("wait_s <= promise_s", False),
        ("wait_s <= promise_s + 1", True),
        ("wait_s - promise_s * 2 == -59", True),
        ("0 <= wait_s < 61", False),
        ("0 <= wait_s < 62", True),
        ('class in ("1", "2")', True),
        ('class not in ["2"]', False),
        ('class == "class"', False),
        ("score is None", True),
        ("score is not None", False),
        ("score >= 4", None),
        ("not score >= 4", None),
        ("score >= 4 or elder", True),
        ("elder == True and not False", True),
        ('day >= "2026-03-01"', True),
        ('"2026-03-02" == day', False),
        ('day in ("2026-03-01", "2026-04-01")', True),
        ('occurred_at < "2026-03-01T08:30:01"', True),
        ('occurred_at == "2026-03-01T10:30:00+02:00"', True),
        ("  wait_s > 1  ", True),
    ],
)
def test_what_it_says(text, value):
    assert on_row(text) is value


@pytest.mark.parametrize(
    ("text", "position", "word"),
    [
        ('outcom == "served"', 1, "outcom"),
        ('outcome == "served" and wat_s > 1', 25, "wat_s"),
        ("wait_s / 2 > 1", 1, "+ - *"),
        ("wait_s ** 9 > 1", 1, "+ - *"),
        ("wait_s >> 9 > 1", 1, "+ - *"),
        ("~wait_s > 1", 1, "allowed"),
        ("abs(wait_s) > 1", 1, "allowed"),
        ("__import__('os').system('x')", 1, "allowed"),
        ("outcome.upper() == 'X'", 1, "allowed"),
        ("outcome[0] == 'X'", 1, "allowed"),
        ("[x for x in (1,)]", 1, "allowed"),
        ("lambda: 1", 1, "allowed"),
        ("wait_s if elder else 1", 1, "allowed"),
        ("(w := 1) > 0", 2, "allowed"),
        ("f'{wait_s}' == 'x'", 1, "allowed"),
        ("wait_s == 'x'", 11, "compared"),
        ("outcome == 1", 12, "compared"),
        ("wait_s in ('a',)", 12, "compared"),
        ("wait_s in ()", 11, "list"),
        ("wait_s in promise_s", 11, "list"),
        ("wait_s in (promise_s,)", 11, "list"),
        ("wait_s in (None,)", 11, "list"),
        ("wait_s == None", 11, "is None"),
        ("wait_s is 1", 11, "is None"),
        ("elder < True", 9, "order"),
        ("wait_s and elder", 1, "condition"),
        ("wait_s", 1, "condition"),
        ("not wait_s", 5, "condition"),
        ("-outcome == 1", 2, "number"),
        ("outcome + 1 == 1", 1, "number"),
        ("wait_s == 1.5", 11, "whole"),
        ("wait_s == 1j", 11, "whole"),
        ("outcome == b'x'", 12, "whole"),
        ("wait_s == 99999999999999999999", 11, "large"),
        ("day == 'soon'", 8, "date"),
        ("occurred_at == 'soon'", 16, "moment"),
        ("'a\\0b' == outcome", 1, "zero"),
        ("wait_s >", 9, "not an expression"),
        ("", 1, "not an expression"),
        ("wait_s > 1; drop", 11, "not an expression"),
        ("a\0b", 2, "not an expression"),
        ("wait_s > 1 and " * 200 + "elder", 2000, "too long"),
        ("(" * 300 + "elder" + ")" * 300, None, ""),
        ("事项 == 1", 1, "事项"),
        ("outcome == '事项' and wat > 1", 21, "wat"),
        ("elder or\nwat > 1", 10, "wat"),
    ],
)
def test_what_it_refuses(text, position, word):
    with pytest.raises(ExpressionError) as refused:
        compile(text, COLUMNS)
    assert word in str(refused.value)
    if position is not None:
        assert refused.value.position == position


def test_a_number_can_be_asked_for():
    sql = compile("wait_s + promise_s", COLUMNS, wants="number")
    assert run(f"SELECT {sql} FROM ({ROW})") == 121
    with pytest.raises(ExpressionError, match="number"):
        compile("wait_s > 1", COLUMNS, wants="number")


def test_arithmetic_is_64_bit():
    sql = compile("wait_s * 2000000000 > 0", COLUMNS)
    assert run(f"SELECT {sql} FROM ({ROW})") is True


def test_names():
    assert names('class == "class" and wait_s > 1 or elder', COLUMNS) == {"class", "wait_s", "elder"}


@given(st.text(max_size=60))
def test_any_text_compiles_or_is_refused(text):
    """Nothing but ExpressionError ever comes out, and what compiles is SQL that the engine accepts."""
    try:
        sql = compile(text, COLUMNS)
    except ExpressionError:
        return
    assert run(f"SELECT {sql} FROM ({ROW})") in (True, False, None)


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40))
def test_a_text_stays_a_text(value):
    """Whatever stands in quotes reaches the engine as that text and nothing else."""
    sql = compile(f"outcome == {value!r}", COLUMNS)
    made = run(f"SELECT {sql} FROM (SELECT ? AS outcome)", value)
    assert made is True
    assert run(f"SELECT {text_literal(value)}") == value


def test_quoted_doubles_quotes():
    assert quoted('a"b') == '"a""b"'
