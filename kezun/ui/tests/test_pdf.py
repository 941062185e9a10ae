"""PDF documents: pages, text of both scripts, tables, and the same bytes for the same content."""

from __future__ import annotations

import re
import zlib

import pytest

from kezun.ui.pdf import Document


def pages(content: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", content))


def sample(rows=3, **given) -> Document:
    made = Document("网点标准 Outlet", foot="foot", **given)
    made.heading("第一章 <b>not markup</b>")
    made.heading("第二节", 2)
    made.heading("第三段", 3)
    made.paragraph("一行\n又一行 & more")
    made.paragraph("小字", small=True)
    made.facts([("名称", "值")])
    made.table(("序号", "内容"), [(n, "文字" * 20) for n in range(rows)], widths=(1, 5), right=(0,))
    return made


def test_the_same_content_gives_the_same_bytes():
    assert sample().content() == sample().content()
    assert sample().content().startswith(b"%PDF-")


def test_long_tables_run_over_pages():
    assert pages(sample().content()) == 1
    assert pages(sample(rows=120).content()) > 2


def test_a_page_can_be_begun_and_turned():
    made = sample(wide=True)
    assert made.width > Document("x").width
    made.next_page()
    made.paragraph("x")
    assert pages(made.content()) == 2


def test_the_foot_says_page_of_pages():
    content = sample(rows=120).content()
    total = pages(content)
    assert total > 1
    assert b"STSong-Light" in content
    assert zlib.crc32(content) == zlib.crc32(sample(rows=120).content())


def test_an_empty_table_is_left_out_and_a_crooked_one_refused():
    made = Document("x")
    made.table(("a",), [])
    assert pages(made.content()) == 1
    for heads, rows, widths in (
        (("a", "b"), [(1,)], ()),
        (("a",), [(1,), (1, 2)], ()),
        (("a",), [(1,)], (1, 2)),
    ):
        with pytest.raises(ValueError, match="columns"):
            made.table(heads, rows, widths=widths)
