"""An old ledger of complaints: which column is what, and what a row says; every mistake with its column."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MOMENTS = ("received", "contacted", "answered", "closed")
DAY = re.compile(r"(\d{4})[-/.\u5e74](\d{1,2})[-/.\u6708](\d{1,2})\u65e5?")
TIME = re.compile(r"(\d{1,2})[:\uff1a\u65f6](\d{1,2})")
SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
EXCEL_DAY_NULL = dt.date(1899, 12, 30)
EARLIEST = dt.date(1990, 1, 1)


@dataclass(frozen=True)
class Fault:
    """Why a row, or a value of it, is not taken. column: what it should have been; code: what is wrong.

    more: other columns that have to do with it.
    """

    column: str
    code: str
    value: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row as it was understood: texts by column, moments in the bank's wall time."""

    texts: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, dt.datetime] = field(default_factory=dict)


def guess(heads: Sequence[str], words: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Which column is what, by its head: the whole head first, then a part of it; each column once."""
    plain = [_plain(head) for head in heads]
    found: dict[str, int] = {}
    for whole in (True, False):
        for name, known in words.items():
            for word in map(_plain, known):
                if name in found:
                    break
                for at, head in enumerate(plain):
                    fits = head == word if whole else len(word) > 1 and word in head
                    if head and fits and at not in found.values():
                        found[name] = at
                        break
    return found


def _plain(text: str) -> str:
    return re.sub(r"[\s*:\uff1a()\uff08\uff09]", "", text).lower()


def moment(text: str) -> dt.datetime | None:
    """A moment as ledgers write it: ISO, slashes, Chinese signs, eight digits, an Excel day; None for others.

    A day without a time is its beginning.
    """
    plain = text.strip()
    if re.fullmatch(r"\d{8}", plain):
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    if SERIAL.fullmatch(plain):
        return dt.datetime.combine(EXCEL_DAY_NULL, dt.time()) + dt.timedelta(days=float(plain))
    day = DAY.search(plain)
    if day is None:
        return None
    time = TIME.search(plain, day.end())
    hour, minute = (int(time[1]), int(time[2])) if time else (0, 0)
    try:
        return dt.datetime.combine(dt.date(int(day[1]), int(day[2]), int(day[3])), dt.time(hour, minute))
    except ValueError:
        return None


def read(
    cells: Sequence[str], columns: Mapping[str, int], now: dt.datetime
) -> tuple[Row | None, tuple[Fault, ...]]:
    """What a row says, and what is wrong with it; None where it cannot be taken at all.

    now: the bank's wall time. A row without a date of receipt, or with one in the future, is not taken.
    """
    texts = {name: cells[at].strip() for name, at in columns.items() if at < len(cells) and cells[at].strip()}
    moments: dict[str, dt.datetime] = {}
    faults: list[Fault] = []
    for name in MOMENTS:
        if name not in texts:
            continue
        found = moment(texts[name])
        if found is None or found.date() < EARLIEST:
            faults.append(Fault(name, "not_a_day", texts[name][:40]))
        elif found > now:
            faults.append(Fault(name, "future", texts[name][:40]))
        else:
            moments[name] = found
    if "received" not in moments:
        if not any(fault.column == "received" for fault in faults):
            faults.append(Fault("received", "missing"))
        return None, tuple(faults)
    faults += _order(moments)
    if faults:
        return None, tuple(faults)
    return Row(texts, moments), ()


ORDER = (
    *(("received", "contacted"), ("received", "answered"), ("received", "closed")),
    ("answered", "closed"),
)


def _order(moments: Mapping[str, dt.datetime]) -> list[Fault]:
    """Moments that come before the receipt, or a close before the answer."""
    found = []
    for earlier, later in ORDER:
        one, two = moments.get(earlier), moments.get(later)
        if one is None or two is None:
            continue
        whole_day = two.time() == dt.time()
        if two.date() < one.date() or (two < one and not whole_day):
            found.append(Fault(later, "too_early", f"{two:%Y-%m-%d %H:%M}"))
    return found


def matched(text: str, words: Mapping[object, Sequence[str]]) -> str:
    """The value whose words the text is; "" where none fits."""
    plain = _plain(text)
    for value, known in words.items():
        if plain in [_plain(word) for word in known] or plain == str(value):
            return str(value)
    return ""
