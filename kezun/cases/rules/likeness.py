"""When complaints are alike: the same customer again, the same matter again, many customers at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Earlier:
    """A case that came before: its key, when the bank learned of it, its customer's mark ("" unknown)."""

    pk: int
    received_at: datetime
    mark: str = ""


@dataclass(frozen=True)
class Group:
    """So many different customers with one matter within so many hours: maybe one complaint of many."""

    cases: tuple[int, ...]
    people: int
    hours: int


def fingerprint(values: Mapping[str, object], names: Sequence[str]) -> str:
    """What makes a matter the same: the named values, "" where one of them is lacking.

    Read from `values` as text; the separator cannot stand in a code.
    """
    found = [str(values.get(name) or "") for name in names]
    return "|".join(found)[:120] if found and all(found) else ""


def within(earlier: Iterable[Earlier], now: datetime, days: int) -> list[Earlier]:
    """Those received in the `days` × 24 hours up to `now`, the latest first."""
    least = now - timedelta(days=days)
    found = [one for one in earlier if least <= one.received_at <= now]
    return sorted(found, key=lambda one: (one.received_at, one.pk), reverse=True)


def group(
    earlier: Iterable[Earlier], mark: str, now: datetime, rules: Sequence[Mapping[str, int]]
) -> Group | None:
    """The group that a complaint by the customer `mark` at `now` makes with those before; None for none.

    earlier: cases with the same fingerprint. rules: {hours, people}; the first that holds counts. Customers
    whom nobody can tell apart (no mark) count for nothing: a proposal must not rest on guesses.
    """
    known = [one for one in earlier if one.mark]
    for rule in rules:
        hours, least = rule["hours"], rule["people"]
        near = [one for one in known if now - timedelta(hours=hours) <= one.received_at <= now]
        people = {one.mark for one in near} | ({mark} if mark else set())
        if len(people) >= least:
            cases = sorted(near, key=lambda one: (one.received_at, one.pk))
            return Group(tuple(one.pk for one in cases), len(people), hours)
    return None
