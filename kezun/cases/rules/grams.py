"""Words for full-text search: Chinese by pairs of characters, other scripts by words. Pure.

A text in Chinese has no spaces, so an index of words would find nothing. «柜台排队» is kept as
柜台 台排 排队 队: a search for any part of it becomes a phrase of pairs, which finds exactly the texts that
hold the part.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
RUN = re.compile(r"[^\W_]+")
NUMBER = re.compile(r"(?:c(\d\d)-)?0*(\d{1,18})")
MOST_TERMS = 12


def runs(text: str) -> list[tuple[bool, str]]:
    """The text in small letters as runs of (is it Chinese, characters), without what separates them."""
    plain = unicodedata.normalize("NFKC", text).lower()
    found = []
    for word in RUN.findall(plain):
        for chinese, part in groupby(word, key=lambda c: CJK.match(c) is not None):
            found.append((chinese, "".join(part)))
    return found


def pairs(run: str) -> list[str]:
    """Each character with the one after it; the last one alone."""
    return [run[at : at + 2] for at in range(len(run))]


def grams(text: str) -> list[str]:
    """Everything that is kept of a text, in its order."""
    return [gram for chinese, run in runs(text) for gram in (pairs(run) if chinese else [run])]


def phrases(asked: str) -> list[tuple[str, ...]]:
    """What a search asks for, each a sequence that has to stand somewhere; the last gram may go on.

    A run of Chinese asks for its pairs without the last character alone, unless it is the only one.
    """
    found = []
    for chinese, run in runs(asked):
        wanted = pairs(run)[:-1] if chinese and len(run) > 1 else [run]
        found.append(tuple(wanted))
    return found[:MOST_TERMS]


def number(asked: str) -> tuple[int | None, int] | None:
    """A case's number: its year (None for digits alone) and its running number; None for other words."""
    found = NUMBER.fullmatch(unicodedata.normalize("NFKC", asked).strip().lower())
    if found is None:
        return None
    return int(found[1]) if found[1] else None, int(found[2])
