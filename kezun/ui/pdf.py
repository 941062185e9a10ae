"""PDF documents as a bank sends them round: headings, paragraphs, tables, page numbers, Chinese and Latin.

Which font is used, and whether it is embedded, is told in `fonts.py`. The same content gives the same bytes
on a machine with the same font. What is written is plain text: no markup of the caller's is taken.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image, ImageOps
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus import Image as Drawn

from kezun.ui.fonts import document_font

INK, PALE, LINE = colors.HexColor("#1b2733"), colors.HexColor("#eef2f5"), colors.HexColor("#c5ced6")
MARGIN = 16 * mm
PICTURE = 60 * mm


def _style(size: float, *, after: float = 2, right: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"k{size}{right}",
        fontName=document_font(),
        fontSize=size,
        leading=size * 1.45,
        textColor=INK,
        wordWrap="CJK",
        spaceAfter=after,
        alignment=TA_RIGHT if right else 0,
    )


def _words(text: object) -> str:
    """Plain text as reportlab takes it; line breaks stay."""
    return escape(str(text)).replace("\n", "<br/>")


class _Numbered(Canvas):
    """A canvas that writes «page of pages» and the document's name on every page once all are known."""

    def __init__(self, *args: Any, foot: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._foot = foot
        self._kept: list[dict[str, Any]] = []
        self._own: Any = self  # what follows touches members that reportlab keeps to itself

    def showPage(self) -> None:  # noqa: N802 the name is reportlab's
        self._kept.append(dict(self.__dict__))
        self._own._startPage()

    def save(self) -> None:
        """Write the pages that were kept, each with its foot."""
        for number, state in enumerate(self._kept, 1):
            self.__dict__.update(state)
            self._write_foot(number)
            super().showPage()
        super().save()

    def _write_foot(self, number: int) -> None:
        width, _height = self._own._pagesize
        self.setFont(document_font(), 8)
        self.setFillColor(INK)
        self.drawString(MARGIN, 9 * mm, self._foot)
        self.drawRightString(width - MARGIN, 9 * mm, f"{number} / {len(self._kept)}")


@dataclass
class Document:
    """A document that grows from top to bottom; `content` gives the finished file.

    title: stands at the top and in the file's properties. foot: at the left of every page's foot. wide: pages
    lie on their side.
    """

    title: str
    foot: str = ""
    wide: bool = False
    _parts: list[Flowable] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._parts.append(Paragraph(_words(self.title), _style(16, after=6)))

    @property
    def width(self) -> float:
        """What lies between the margins, in points."""
        return float((landscape(A4) if self.wide else A4)[0] - 2 * MARGIN)

    def heading(self, text: str, level: int = 1) -> None:
        """A heading of level 1, 2 or 3; it never stands alone at the foot of a page."""
        style = _style({1: 13, 2: 11}.get(level, 10), after=3)
        style.spaceBefore, style.keepWithNext = 9 if level == 1 else 5, 1
        self._parts.append(Paragraph(_words(text), style))

    def paragraph(self, text: str, *, small: bool = False) -> None:
        """Running text."""
        self._parts.append(Paragraph(_words(text), _style(8 if small else 9.5, after=3)))

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names with their values, in two columns."""
        self.table((), pairs, widths=(1, 4))

    def table(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        widths: Sequence[float] = (),
        right: Sequence[int] = (),
    ) -> None:
        """A table whose heads stand again on every page. widths: shares of the page's width, one a column;
        right: the columns of numbers. A table without rows is not written."""
        if not rows:
            return
        columns = len(rows[0])
        shares = widths or (1,) * columns
        if (
            min(shares, default=0) <= 0
            or len(shares) != columns
            or any(len(row) != columns for row in rows)
            or (heads and len(heads) != columns)
        ):
            raise ValueError("a table has as many heads, widths and cells in a row as it has columns")
        cells = [[self._cell(value, at in right) for at, value in enumerate(row)] for row in rows]
        top = [[self._cell(head, at in right) for at, head in enumerate(heads)]] if heads else []
        made = Table(
            top + cells,
            colWidths=[self.width * share / sum(shares) for share in shares],
            repeatRows=len(top),
            splitInRow=1,
        )
        made.setStyle(TableStyle(_lines(bool(top))))
        self._parts += [made, Spacer(1, 3 * mm)]

    def _cell(self, value: object, right: bool) -> Paragraph:
        return Paragraph(_words("" if value is None else value), _style(8.5, after=0, right=right))

    def pictures(self, rows: Sequence[Sequence[tuple[str, bytes]]]) -> None:
        """Pictures side by side, each with its caption; a row may hold up to three. What is none is left out.

        Each is at most a row's share of the page wide and PICTURE high, its proportions kept.
        """
        for row in rows:
            share = self.width / max(len(row), 1)
            cells = [[_picture(content, share - 3 * mm), self._cell(said, False)] for said, content in row]
            if cells:
                made = Table([cells], colWidths=[share] * len(cells))
                made.setStyle(
                    TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
                )
                self._parts += [made, Spacer(1, 2 * mm)]

    def next_page(self) -> None:
        self._parts.append(PageBreak())

    def content(self) -> bytes:
        """The file."""
        out = io.BytesIO()
        size = landscape(A4) if self.wide else A4
        made = SimpleDocTemplate(
            out,
            pagesize=size,
            title=self.title,
            author="Kezun",
            invariant=1,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN,
            bottomMargin=MARGIN,
        )
        made.build(list(self._parts), canvasmaker=lambda *a, **k: _Numbered(*a, foot=self.foot, **k))
        return out.getvalue()


def _picture(content: bytes, width: float) -> Flowable:
    """A picture in its proportions, set upright as its camera held it; a gap where it cannot be read."""
    try:
        with Image.open(io.BytesIO(content)) as raw:
            upright = ImageOps.exif_transpose(raw).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return Spacer(1, PICTURE)
    upright.thumbnail((1200, 1200))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=80)
    out.seek(0)
    scale = min(width / upright.width, PICTURE / upright.height)
    return Drawn(out, upright.width * scale, upright.height * scale)


def _lines(headed: bool) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
    return found + ([("BACKGROUND", (0, 0), (-1, 0), PALE)] if headed else [])
