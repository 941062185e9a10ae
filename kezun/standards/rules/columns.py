"""The columns of a bank's own checklist: which row holds their titles, and which column is which."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kezun.standards.rules.marking import Marking

HEADER_ROWS = 30
BARE = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]|[\s:：]+")
FIELDS = ("number", "content", "points", "guide", "method", "roles", "frequency", "severity", "due")


@dataclass(frozen=True)
class Row:
    """A row of a sheet: number, texts from column A on, and the columns merged sideways or from above."""

    number: int
    cells: tuple[str, ...]
    wide: frozenset[int] = frozenset()
    below: frozenset[int] = frozenset()

    def cell(self, column: int | None) -> str:
        return self.cells[column].strip() if column is not None and column < len(self.cells) else ""

    @property
    def text(self) -> str:
        """The row's words in one line, what is merged said once."""
        return " ".join(dict.fromkeys(c.strip() for c in self.cells if c.strip()))


@dataclass(frozen=True)
class Words:
    """The words of a language for tables: see catalog/excel.yaml."""

    headers: Mapping[str, Sequence[str]]
    total: Sequence[str]
    levels: Mapping[str, re.Pattern[str]]
    worth: re.Pattern[str]
    marking: Marking


def header_of(
    rows: Sequence[Row], words: Words, columns: Mapping[str, str]
) -> tuple[int, dict[str, int]] | None:
    """(index of the header row, field → column): the first row with columns for content and for points."""
    best: tuple[int, dict[str, int]] | None = None
    for index, row in enumerate(rows[:HEADER_ROWS]):
        at = _columns(row, words, columns)
        if "content" in at and "points" in at:
            return index, at
        if len(at) > (len(best[1]) if best else 1):
            best = index, at
    return best


def _columns(row: Row, words: Words, given: Mapping[str, str]) -> dict[str, int]:
    titles = [BARE.sub("", cell).casefold() for cell in row.cells]
    found: dict[str, int] = {}
    for name in (*FIELDS, "module", "item"):
        wanted = [given[name]] if name in given else list(words.headers.get(name, ()))
        for title in (BARE.sub("", w).casefold() for w in wanted):
            if title in titles and name not in found:
                found[name] = titles.index(title)
            elif name in given and len(titles) > (letter := _letter(given[name])) >= 0:
                found[name] = letter
    return found


def _letter(text: str) -> int:
    """A is 0, AB is 27; -1 for what is no column letter."""
    if not re.fullmatch(r"[A-Z]{1,2}", text):
        return -1
    place = 0
    for letter in text:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def amount(text: str) -> Decimal | None:
    """The points in a cell, with or without a unit behind; None where there are none."""
    found = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s*\D{0,2}\s*", text)
    return Decimal(found[1]) if found else None
