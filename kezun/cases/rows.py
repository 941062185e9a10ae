"""A case as one line of a list: only the columns that lists show, read as plain values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from kezun.cases import wording
from kezun.cases.models import Case
from kezun.cases.models.cases import number

COLUMNS = (
    *("pk", "code", "title", "state", "severity", "received_at", "act_by_at", "due_at", "provisional"),
    *(
        "level",
        "returns",
        "repeat",
        "open",
        "owner_unit_id",
        "pending_unit_id",
        "handler_id",
        "handler__name",
    ),
    *("unit__name", "unit__name_en", "owner_unit__name", "owner_unit__name_en", "pending_unit__name"),
    *("pending_unit__name_en", "kind__title", "kind__title_en", "closed_at", "last_at"),
)
SOON = 0.75


@dataclass(frozen=True, slots=True)
class Row:
    """A case in a list. used: the share of the time to `act_by_at` that has gone, None without a deadline.

    tone: late, soon (three quarters have gone) or calm; ended cases have none. left: the time in words.
    """

    pk: int
    no: str
    title: str
    kind: str
    code: str
    state: str
    severity: int
    unit: str
    lies_with: str
    lies_with_id: int
    pending: bool
    handler: str
    handler_id: int | None
    received_at: dt.datetime
    act_by_at: dt.datetime | None
    due_at: dt.datetime | None
    last_at: dt.datetime
    provisional: bool
    level: int
    returns: int
    repeat: int
    used: float | None
    tone: str
    left: str

    @property
    def href(self) -> str:
        return f"{_home()}{self.no}/"

    @property
    def state_name(self) -> str:
        """The state in the page's language."""
        return str(STATES[self.state])


STATES = dict(Case.State.choices)


@lru_cache(maxsize=1)
def _home() -> str:
    return reverse("cases.list")


def rows_of(found: QuerySet[Case], now: dt.datetime) -> list[Row]:
    """The lines of these cases, in their order; one statement."""
    return [row_of(dict(zip(COLUMNS, values, strict=True)), now) for values in found.values_list(*COLUMNS)]


def row_of(held: dict[str, Any], now: dt.datetime) -> Row:
    """One line from its columns."""
    used = share(held["received_at"], held["act_by_at"], now) if held["open"] else None
    pending = wording.named(held["pending_unit__name"] or "", held["pending_unit__name_en"] or "")
    return Row(
        **{name: held[name] for name in SAME},
        no=number(held["received_at"], held["pk"]),
        kind=wording.named(held["kind__title"], held["kind__title_en"]),
        unit=wording.named(held["unit__name"], held["unit__name_en"]),
        lies_with=pending or wording.named(held["owner_unit__name"], held["owner_unit__name_en"]),
        pending=held["pending_unit_id"] is not None,
        lies_with_id=held["pending_unit_id"] or held["owner_unit_id"],
        handler=held["handler__name"] or "",
        used=used,
        tone="" if not held["open"] else tone(used),
        left=wording.left(held["act_by_at"], now) if held["open"] else "",
    )


SAME = (
    *("pk", "title", "code", "state", "severity", "handler_id", "received_at", "act_by_at", "due_at"),
    *("provisional", "level", "returns", "repeat", "last_at"),
)


def share(start: dt.datetime, until: dt.datetime | None, now: dt.datetime) -> float | None:
    """How much of the time from `start` to `until` has gone: 0 to 1, more once late; None without end."""
    if until is None:
        return None
    whole = (until - start).total_seconds()
    gone = (now - start).total_seconds()
    return max(gone, 0.0) / whole if whole > 0 else (2.0 if now > until else 1.0)


def tone(used: float | None) -> str:
    """What a share of time means: calm, soon or late."""
    if used is None:
        return "calm"
    return "late" if used > 1 else "soon" if used >= SOON else "calm"
