"""Readers: what may come typed does, chunk by chunk, and nothing else about a row changes by it."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts.mapping.plan import plain
from kezun.facts.profiles import Format
from kezun.facts.readers import open_source
from kezun.facts.readers.base import LINE, trimmed_texts
from kezun.facts.readers.lines import PATIENCE
from kezun.facts.readers.text import padded
from kezun.facts.tests.importing import HEADER, bring, counts, facts, line, profile, put, reasons

PLAIN = {"n": "integer", "at": "moment"}


def read(path, content, wanted=("n", "text"), plainly=PLAIN):
    source = open_source(put(path, content), Format())
    return list(source.chunks(wanted, plainly))


def rows(chunks):
    return [tuple(row.values()) for chunk in chunks for row in chunk.table.to_pylist()]


def kinds(chunks, column="n"):
    return [str(chunk.table.schema.field(column).type) for chunk in chunks]


def test_whole_numbers_of_a_text_file_come_as_numbers(tmp_path):
    chunks = read(tmp_path / "f", "n,text\n7,a\n007,\n-3,c\n,d\n")
    assert kinds(chunks) == ["int64"]
    assert rows(chunks) == [(7, "a", 2), (7, None, 3), (-3, "c", 4), (None, "d", 5)]


@pytest.mark.parametrize("odd", ["1.5", "1e3", "0x10", "0X1F", "0:03:10", "n/a", "99999999999999999999"])
def test_a_column_with_anything_else_stays_as_it_is_written(tmp_path, odd):
    chunks = read(tmp_path / "f", f"n,text\n007,a\n{odd},b\n")
    assert kinds(chunks) == ["string"]
    assert rows(chunks) == [("007", "a", 2), (odd, "b", 3)]


def test_one_odd_column_leaves_the_others_typed(tmp_path):
    blocks = "".join(f"{n},0:01:00,x\n" for n in range(400_000))
    source = open_source(put(tmp_path / "f", "n,m,text\n" + blocks), Format())
    chunks = list(source.chunks(("n", "m"), {"n": "integer", "m": "integer"}))
    assert kinds(chunks, "n")[-1] == "int64"
    assert set(kinds(chunks, "m")) == {"string"}
    assert [row[2] for row in rows(chunks)] == list(range(2, 400_002))


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (b"a,b c,d\n", False),
        (b"a, b\n", True),
        (b"a ,b\n", True),
        (b" a,b\n", True),
        (b"a,b \n", True),
        (b"a,b \r\n", True),
        (b'a," b"\n', True),
        (b"a,b", False),
        (b"a,b ", True),
        (b"a,\tb\n", True),
        ("a,\u3000b\n".encode(), True),
        ("a,b\u00a0\n".encode(), True),
        ("a,\u5317\u4eac\n".encode(), False),
    ],
)
def test_blanks_at_the_edge_of_a_value_are_seen(block, found):
    assert padded(block, b",") is found


@given(st.lists(st.text(alphabet=" \t\u00a0\u3000ab\u5317", max_size=6) | st.none(), min_size=1, max_size=8))
def test_texts_are_trimmed_and_null_where_nothing_is_left(texts):
    wanted = [None if t is None else t.strip("\t\u00a0\u3000 ") or None for t in texts]
    assert trimmed_texts(pa.array(texts, pa.string())).to_pylist() == wanted


def test_blanks_around_are_no_part_of_a_value(tmp_path):
    chunks = read(tmp_path / "f", "n,text\n 7 ,\ta\n8,\u3000b c \n")
    assert rows(chunks) == [(7, "a", 2), (8, "b c", 3)]


def test_json_lines_of_one_kind_come_typed(tmp_path):
    content = '{"n": 7, "text": " a", "more": [1]}\n{"text": "", "n": null}\n{"n": -1}\n'
    chunks = read(tmp_path / "f", content)
    assert kinds(chunks) == ["int64"]
    assert rows(chunks) == [(7, "a", 1), (None, None, 2), (-1, None, 3)]


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ('{"n": 12.0, "text": "b"}', ("12", "b", 2)),
        ('{"n": "x", "text": "b"}', ("x", "b", 2)),
        ('{"n": true, "text": "b"}', ("true", "b", 2)),
        ('{"n": 8, "text": 5}', (8, "5", 2)),
        ('{"n": 8, "text": {"a": 1}}', (8, '{"a":1}', 2)),
        ('{"n": 8, "n": 9, "text": "b"}', (9, "b", 2)),
        ('{"n": 8, "text": "\\u5317"}', (8, "\u5317", 2)),
    ],
)
def test_other_json_lines_are_read_one_by_one(tmp_path, second, found):
    chunks = read(tmp_path / "f", f'{{"n": 7, "text": "a"}}\n{second}\n')
    assert rows(chunks)[1] == found


@pytest.mark.parametrize("bad", ["not json", '{"n": 1}{"n": 2}', "[1]", '{"n": 1', '{"text": "\x01"}', "7"])
def test_a_line_that_is_no_object_keeps_its_number(tmp_path, bad):
    chunks = read(tmp_path / "f", f'{{"n": 1}}\n\n{bad}\n{{"n": 2}}\n')
    assert [row[-1] for row in rows(chunks)] == [1, 4]
    assert [(b.line, b.code, b.text) for c in chunks for b in c.broken] == [(3, "not_json", bad)]


def test_bytes_that_are_no_characters_are_told_by_line(tmp_path):
    chunks = read(tmp_path / "f", b'{"n": 1, "text": "a"}\n{"n": 2, "text": "\xff"}\n')
    assert [b.line for c in chunks for b in c.broken] == [2]


def test_a_source_that_never_fits_is_not_asked_for_ever(tmp_path):
    line_ = '{"n": 1.5, "text": "' + "x" * 1000 + '"}\n'
    source = open_source(put(tmp_path / "f", line_ * 25_000), Format())
    chunks = list(source.chunks(("n", "text"), PLAIN))
    assert source.patience == 0 < PATIENCE
    assert sum(c.table.num_rows for c in chunks) == 25_000
    assert chunks[-1].table.column(LINE)[-1].as_py() == 25_000


def test_only_a_column_used_once_and_as_it_is_may_come_typed():
    assert plain(profile()) == {"taken": "moment", "wait": "integer"}
    assert plain(profile(wait_s="  wait_s: {from: wait, unit: ms}")) == {"taken": "moment"}
    assert plain(profile(wait_s="  wait_s: {from: wait, empty: ['0']}")) == {"taken": "moment"}
    assert plain(profile(key="key: [no, wait]")) == {"taken": "moment"}


@pytest.mark.django_db
@pytest.mark.usefixtures("queue_home", "bank")
def test_a_typed_file_says_the_same_as_its_texts(tmp_path):
    """Every problem of a typed number is found, with the value in its message, and line by line."""
    waits = ["60", "-5", "99999", "3000000000", ""]
    content = HEADER + "".join(line(str(n), wait=wait) for n, wait in enumerate(waits))
    typed = bring(put(tmp_path / "f.csv", content))
    assert reasons(typed) == [
        (3, "wait", "negative"),
        (4, "wait", "out_of_range"),
        (5, "wait", "not_a_duration"),
    ]
    assert ["-5" in typed.errors[0].message, "99999" in typed.errors[1].message] == [True, True]
    assert "3000000000" in typed.errors[2].message
    odd = bring(put(tmp_path / "g.csv", content + line("9", wait="x")))
    assert [e for e in odd.errors if e.line < 7] == list(typed.errors)
    assert counts(odd)[1:4] == (0, 2, 0)
    assert facts() == [("0", 60), ("4", None)]
