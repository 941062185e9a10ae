"""The font of PDF documents: one of the machine's that can be embedded, else one that readers bring along.

A font with TrueType outlines (WenQuanYi, Droid Sans Fallback, AR PL) is embedded as the subset that a
document uses, and looks the same everywhere. Fonts with PostScript outlines (Noto CJK) cannot be embedded by
the library that writes the files; without a fitting one the documents name STSong-Light, which the PDF
standard lets readers bring along, and embed nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

log = logging.getLogger("kezun.ui")
NAMED, EMBEDDED = "STSong-Light", "KezunEmbedded"
# What a font must have to be of use: a word of the bank, digits, marks of both scripts.
NEEDED = "\u7f51\u70b9\u670d\u52a1\u8003\u6838\u3002\uff0c\u00b7\u2013Aa0%"
PLACES = tuple(
    f"/usr/share/fonts/{place}"
    for place in (
        *("truetype/wqy/wqy-microhei.ttc", "truetype/wqy/wqy-zenhei.ttc"),
        *("wqy-microhei/wqy-microhei.ttc", "wqy-zenhei/wqy-zenhei.ttc"),
        *("truetype/droid/DroidSansFallbackFull.ttf", "google-droid-sans-fonts/DroidSansFallbackFull.ttf"),
        *("truetype/arphic/uming.ttc", "truetype/arphic/ukai.ttc"),
    )
)


@cache
def document_font() -> str:
    """The name under which reportlab knows the font of all documents; found once for each process.

    KEZUN_PDF_FONT names a file (`file.ttc#2`: the third font in it); one that does not fit is in the log.
    """
    wanted = settings.KEZUN_PDF_FONT
    found = first_embeddable([wanted] if wanted else PLACES)
    if found is not None:
        pdfmetrics.registerFont(found)
        return EMBEDDED
    if wanted:
        log.warning("KEZUN_PDF_FONT cannot be embedded: %s is named instead", NAMED)
    pdfmetrics.registerFont(UnicodeCIDFont(NAMED))
    return NAMED


def first_embeddable(files: Iterable[str]) -> TTFont | None:
    """The first of the files that is a TrueType font with the glyphs needed; None where there is none."""
    for file in files:
        path, _mark, index = file.partition("#")
        if not Path(path).is_file():
            continue
        try:
            font = TTFont(EMBEDDED, path, subfontIndex=int(index or 0))
        except (TTFError, OSError, ValueError) as error:
            log.info("%s cannot be embedded: %s", path, error)
            continue
        if all(ord(sign) in font.face.charToGlyph for sign in NEEDED):
            return font
        log.info("%s lacks Chinese glyphs", path)
    return None
