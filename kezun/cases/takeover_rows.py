"""Rows of old ledgers that were taken over: known again by their cells, or by the number they have there."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q

from kezun.cases.models import Case, LedgerRow

# ledgers number their rows anew for each month or outlet: with the moment of receipt, or one of these, as it
# was, the same number is the same complaint
SURE = ("name", "phone", "story")
AT_ONCE = 500


class Known(NamedTuple):
    """A row that was taken over before: into which case, and in which columns it differs by now."""

    case: Case
    differs: tuple[str, ...] = ()


def key_of(cells: list[str]) -> str:
    """What a row is known by, whatever file it stands in and whoever brings it: a keyed hash of its cells.

    Empty cells at its end tell nothing: another program may write fewer of them.
    """
    return _hashed("\x1f".join(cells).rstrip("\x1f"))


def marks_of(cells: list[str], columns: Mapping[str, int]) -> dict[str, str]:
    """Keyed hashes of what stands in the columns: they tell nothing of it but whether it was changed."""
    texts = {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}
    return {name: _hashed(f"{name}\x1f{text}")[:16] for name, text in texts.items() if text}


def _hashed(text: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


class Before:
    """Those rows taken over before that the rows of a ledger may be; read at once."""

    def __init__(self, columns: Mapping[str, int], rows: Iterable[list[str]]) -> None:
        self.columns = columns
        self.by_key: dict[str, LedgerRow] = {}
        self.by_number: dict[str, list[LedgerRow]] = defaultdict(list)
        wanted = [(key_of(cells), self.number(cells)) for cells in rows]
        for at in range(0, len(wanted), AT_ONCE):
            keys, numbers = zip(*wanted[at : at + AT_ONCE], strict=True)
            asked = Q(key__in=keys) | Q(number__in=set(numbers) - {""})
            for row in LedgerRow.objects.filter(asked).select_related("case"):
                self.by_key[row.key] = row
                self.by_number[row.number].append(row)

    def number(self, cells: list[str]) -> str:
        """The number that a row has in its ledger; "" without one."""
        at = self.columns.get("source_no", len(cells))
        return cells[at].strip()[:400] if at < len(cells) else ""

    def find(self, cells: list[str], received: dt.datetime) -> Known | None:
        """The row as it was taken over before; None where it was not."""
        if (same := self.by_key.get(key_of(cells))) is not None:
            return Known(same.case)
        number = self.number(cells)
        for row in self.by_number.get(number, ()) if number else ():
            marks = marks_of(cells, self.columns)
            alike = any(name in marks and marks[name] == row.marks.get(name) for name in SURE)
            if alike or row.case.received_at == received:
                return Known(row.case, _differing(marks, row.marks))
        return None


def _differing(now: Mapping[str, str], then: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that differ; "" stands for some, of rows of which nothing was kept to compare."""
    if not then:
        return ("",)
    return tuple(sorted(name for name in {*now, *then} if now.get(name) != then.get(name)))
