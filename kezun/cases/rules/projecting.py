"""From events to a case: the projection is what the events set, one after another, and nothing else.

An event is recorded with all that it changed (`sets`), so reading it again needs neither the calendar nor
the organisation of that day. `replay` checks what must hold between events: numbers without holes, digests
that follow from one another, and moves that the kind allows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kezun.cases.rules.kinds import Kind

Values = dict[str, object]
# the columns of a case that events set; the rest is fixed when it is opened or derived from these
PROJECTED = (
    *("title", "unit", "line", "owner_unit", "owner_post", "pending_unit", "handler", "opener", "verifier"),
    *("checker", "state", "open", "severity", "level", "received_at", "opened_at", "contacted_at"),
    *("answered_at", "closed_at", "act_by_at", "due_at", "provisional", "returns", "reopened", "extended"),
    *("satisfaction", "verdict", "repeat", "data"),
)


@dataclass(frozen=True)
class Recorded:
    """An event as it was written down."""

    seq: int
    verb: str
    body: str
    digest: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with a history, and at which event."""

    seq: int
    code: str
    about: str = ""


def project(before: Values, sets: Mapping[str, object]) -> Values:
    """The values after an event: `data` is merged key by key, all else replaced."""
    after = before | dict(sets)
    if "data" in sets:
        held, new = before.get("data") or {}, sets["data"] or {}
        assert isinstance(held, Mapping)
        assert isinstance(new, Mapping)
        after["data"] = {k: v for k, v in {**held, **new}.items() if v is not None}
    return after


def replay(
    events: Iterable[Recorded], kind: Kind, genesis: str, seal: Callable[[str, str], str]
) -> tuple[Values, dict[str, Values], list[Fault]]:
    """What a history makes: the case's values, its clocks by policy and cycle, and the faults found.

    seal(previous, body) is the digest that should stand. A fault never stops the reading.
    """
    values: Values = {}
    clocks: dict[str, Values] = {}
    faults: list[Fault] = []
    previous, expected = genesis, 1
    for event in events:
        if event.seq != expected:
            faults.append(Fault(expected, "missing", f"{expected}–{event.seq - 1}"))
        if seal(previous, event.body) != event.digest:
            faults.append(Fault(event.seq, "edited"))
        try:
            body = json.loads(event.body)
        except ValueError:
            faults.append(Fault(event.seq, "unreadable"))
            body = {}
        faults += _moved(event, body, values, kind)
        values = project(values, body.get("sets", {}))
        for name, moved in (body.get("clocks") or {}).items():
            clocks[name] = clocks.get(name, {}) | moved
        previous, expected = event.digest, event.seq + 1
    return values, clocks, faults


def _moved(event: Recorded, body: Mapping[str, object], before: Values, kind: Kind) -> list[Fault]:
    """The move's fault: a verb that says otherwise than its column, or is not possible from the state."""
    found = []
    if body.get("verb") != event.verb or body.get("seq") != event.seq:
        found.append(Fault(event.seq, "column", "verb"))
    if event.verb == "open":
        if before:
            found.append(Fault(event.seq, "move", "open"))
        return found
    step = kind.step(event.verb, str(before.get("state")))
    sets = body.get("sets")
    to = sets.get("state") if isinstance(sets, Mapping) else None
    if step is None:
        found.append(Fault(event.seq, "move", f"{before.get('state')} → {event.verb}"))
    elif to is not None and step.to and to != step.to and not body.get("by_rule"):
        found.append(Fault(event.seq, "move", f"{event.verb} → {to}"))
    return found
