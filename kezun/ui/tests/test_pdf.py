"""PDF documents: pages, text of both scripts, tables, and the same bytes for the same content."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path

import pytest
import reportlab
from PIL import Image

from kezun.ui import fonts
from kezun.ui.pdf import Document

LATIN = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"


@pytest.fixture
def found_anew():
    """The font is looked for in this test, and again after it."""
    fonts.document_font.cache_clear()
    yield
    fonts.document_font.cache_clear()


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
    assert fonts.NAMED.encode() in content or b"/FontFile2" in content
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


def test_a_truetype_font_is_embedded_as_the_subset_in_use(found_anew, settings, monkeypatch):
    monkeypatch.setattr(fonts, "NEEDED", "Aa0")
    settings.KEZUN_PDF_FONT = str(LATIN)
    made = Document("Outlet 1")
    made.paragraph("An embedded line")
    content = made.content()
    assert b"/FontFile2" in content
    assert b"BitstreamVera" in content
    assert fonts.NAMED.encode() not in content
    assert len(content) < LATIN.stat().st_size, "only what is used"
    assert content == _again(made)


def _again(made: Document) -> bytes:
    """The same words in a document of their own."""
    other = Document(made.title)
    other.paragraph("An embedded line")
    return other.content()


@pytest.mark.parametrize("case", ["no Chinese", "no font", "not there", "no such part"])
def test_what_cannot_be_embedded_leaves_the_font_to_the_reader(found_anew, settings, tmp_path, caplog, case):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"\0\1\0\0 no font")
    settings.KEZUN_PDF_FONT = {
        "no Chinese": str(LATIN),
        "no font": str(broken),
        "not there": str(tmp_path / "none.ttf"),
        "no such part": f"{LATIN}#x",
    }[case]
    content = Document("网点").content()
    assert fonts.NAMED.encode() in content
    assert b"/FontFile" not in content
    assert "KEZUN_PDF_FONT" in caplog.text


def test_without_a_choice_the_first_fitting_place_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "NEEDED", "A")
    assert fonts.first_embeddable([str(tmp_path / "none"), str(LATIN)]).face.filename == str(LATIN)
    assert fonts.first_embeddable([]) is None


def test_postscript_outlines_are_passed_over():
    files = [str(p) for p in Path("/usr/share/fonts").glob("**/*CJK*.ttc")]
    if not files:
        pytest.skip("no font with PostScript outlines on this machine")
    assert fonts.first_embeddable(files) is None


def _photo(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, width, height)).save(out, "PNG")
    return out.getvalue()


def _album() -> bytes:
    one = Document("T")
    one.pictures([[("整改前", _photo(40, 20)), ("整改后", _photo(20, 40))], [("坏", b"not a picture")], []])
    return one.content()


def test_pictures_stand_side_by_side_and_what_is_none_leaves_a_gap():
    content = _album()
    assert content.count(b"/Subtype /Image") == 2
    assert content == _album()
