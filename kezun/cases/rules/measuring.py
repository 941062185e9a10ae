"""What of a case can be counted: whether it was in time, whether its close held, which moments stand out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kezun.cases.rules.kinds import ClockUse, Kind

CONTACT, ANSWER, INNER = "contact", "answer", "inner"
HOLD = dt.timedelta(days=30)
PING_PONG = 2
# Which verb makes which moment of a case; `grant` only where it gave more time.
MILESTONES = {
    **{"open": "opened", "contact": "contacted", "answer": "answered", "close": "closed"},
    **{"reopen": "reopened", "withdraw": "withdrawn", "merge": "merged", "reject": "rejected"},
    **{"return": "returned", "check": "checked", "grant": "extended", "rate": "rated"},
}
OVERDUE = "overdue"
ONCE = frozenset(("opened", "contacted"))


@dataclass(frozen=True)
class Running:
    """A clock as far as counting goes. state: running, paused or stopped; outcome: met, missed, dropped."""

    role: str
    state: str
    due_at: dt.datetime
    outcome: str = ""

    def late(self, now: dt.datetime) -> bool:
        """Whether its deadline was missed, or has passed while it runs; standing still it does not pass."""
        return self.outcome == "missed" or (self.state == "running" and now > self.due_at)


def role_of(use: ClockUse | None) -> str:
    """What a clock is for: the first contact, the answer (or the close, where none is given), inner work."""
    if use is None:
        return INNER
    if "contact" in use.stops:
        return CONTACT
    return ANSWER if {"answer", "close"} & set(use.stops) else INNER


def roles(kind: Kind) -> dict[str, str]:
    """What each clock of a kind is for, by policy.

    Where nobody waits for an answer, the result is what is due: the clock that runs from the opening until it
    is proposed. What begins with the result (the second look, accountability) is work of others.
    """
    told = {use.policy: role_of(use) for use in kind.clocks}
    if any(step.verb == "answer" for step in kind.steps):
        return told
    for use in kind.clocks:
        if "open" not in use.starts:
            told[use.policy] = INNER
        elif "propose" in use.stops:
            told[use.policy] = ANSWER
    return told


def on_time(clocks: Iterable[Running], role: str, now: dt.datetime) -> bool | None:
    """Whether all clocks of a role were met; False from the moment one is late, None while it is open."""
    own = [clock for clock in clocks if clock.role == role and clock.outcome != "dropped"]
    if any(clock.late(now) for clock in own):
        return False
    return True if own and all(clock.outcome == "met" for clock in own) else None


def held(closes: Iterable[dt.datetime], reopenings: Iterable[dt.datetime], now: dt.datetime) -> bool | None:
    """Whether the first close held for 30 days; None before that can be said.

    Closing to beat the clock and opening again later does not count as solved.
    """
    first = min(closes, default=None)
    if first is None:
        return None
    if any(first <= at < first + HOLD for at in reopenings):
        return False
    return True if now >= first + HOLD else None


def seconds(since: dt.datetime, until: dt.datetime | None) -> int | None:
    """Whole seconds between two moments; none where the second is missing, 0 where it lies before."""
    return None if until is None else max(0, int((until - since).total_seconds()))


def marks(events: Iterable[tuple[int, str, dt.datetime, bool]]) -> list[tuple[str, str, dt.datetime]]:
    """(key, what, when) of the moments that stand out in a history of (number, verb, moment, more time).

    A first contact counts once; the key is the event's number, which never changes.
    """
    found: list[tuple[str, str, dt.datetime]] = []
    seen: set[str] = set()
    for number, verb, at, more in events:
        what = MILESTONES.get(verb, "")
        if not what or (what in ONCE and what in seen) or (verb == "grant" and not more):
            continue
        seen.add(what)
        found.append((str(number), what, at))
    return found


def coded(data: Mapping[str, object], name: str) -> str | None:
    """The value of a code field as a fact has it; sealed fields (mappings) are nobody's business here."""
    value = data.get(name)
    return value[:60] if isinstance(value, str) and value else None
