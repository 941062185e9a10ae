"""From events to a case: the projection is what the events set, one after another, and nothing else.

An event is recorded with all that it changed (`sets`), so reading it again needs neither the calendar nor
the organisation of that day. `replay` checks what must hold between events: numbers without holes, digests
that follow from one another, and moves that the kind allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kezun.cases.rules.kinds import Kind

Values = dict[str, object]
PERSON = re.compile(r"person:(\d{1,18})(?:/|$)")
# the columns of a case that events set; the rest is fixed when it is opened or derived from these
PROJECTED = (
    *("title", "unit", "line", "owner_unit", "owner_post", "pending_unit", "handler", "opener", "verifier"),
    *("checker", "state", "open", "severity", "level", "received_at", "opened_at", "contacted_at"),
    *("answered_at", "closed_at", "act_by_at", "due_at", "provisional", "returns", "reopened", "extended"),
    *("satisfaction", "verdict", "repeat", "data"),
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it was written down.

    beside: what columns beside the body say: case, at (ISO), behalf, person (who acted), clocked.
    """

    seq: int
    verb: str
    body: str
    digest: str
    beside: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a history, and at which event."""

    seq: int
    code: str
    about: str = ""


class Replayed(NamedTuple):
    """What a history makes: the case's values, its clocks by name, faults, what its first event told."""

    values: Values
    clocks: dict[str, Values]
    faults: list[Fault]
    opened: Mapping[str, object]


def project(before: Values, sets: Mapping[str, object]) -> Values:
    """The values after an event: `data` is merged key by key, all else replaced."""
    after = before | dict(sets)
    if "data" in sets:
        held, new = mapping(before.get("data")), mapping(sets["data"])
        after["data"] = {k: v for k, v in {**held, **new}.items() if v is not None}
    return after


def replay(events: Iterable[Recorded], kind: Kind, genesis: str, seal: Callable[[str, str], str]) -> Replayed:
    """What a history makes. A fault never stops the reading.

    seal(previous, body) is the digest that should stand.
    """
    values: Values = {}
    clocks: dict[str, Values] = {}
    faults: list[Fault] = []
    opened: Mapping[str, object] = {}
    previous, expected = genesis, 1
    for event in events:
        if event.seq != expected:
            faults.append(Fault(expected, "missing", f"{expected}–{event.seq - 1}"))
        if seal(previous, event.body) != event.digest:
            faults.append(Fault(event.seq, "edited"))
        previous, expected = event.digest, event.seq + 1
        body = _parsed(event.body)
        if body is None:
            faults.append(Fault(event.seq, "unreadable"))
            continue
        faults += [Fault(event.seq, "column", name) for name in _beside(event, body)]
        faults += _moved(event, body, values, kind)
        if event.seq == 1:
            opened = mapping(body.get("told"))
        values = project(values, mapping(body.get("sets")))
        for name, moved in mapping(body.get("clocks")).items():
            clocks[name] = clocks.get(name, {}) | dict(mapping(moved))
    return Replayed(values, clocks, faults, opened)


def mapping(value: object) -> Mapping[str, object]:
    """A value that should be a mapping; an empty one where it is not."""
    return value if isinstance(value, Mapping) else {}


def _parsed(text: str) -> Mapping[str, object] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _beside(event: Recorded, body: Mapping[str, object]) -> list[str]:
    """Names of the columns that say otherwise than the body."""
    by = PERSON.match(str(body.get("actor")))
    said = {**body, "person": int(by[1]) if by else None, "clocked": bool(body.get("clocks"))}
    columns = {"seq": event.seq, "verb": event.verb, **event.beside}
    return [name for name, value in columns.items() if said.get(name) != value]


def _moved(event: Recorded, body: Mapping[str, object], before: Values, kind: Kind) -> list[Fault]:
    """The move's fault: a verb that is not possible from the state, or leads elsewhere."""
    found = []
    if event.verb == "open":
        if before:
            found.append(Fault(event.seq, "move", "open"))
        return found
    step = kind.step(event.verb, str(before.get("state")))
    to = mapping(body.get("sets")).get("state")
    if step is None:
        found.append(Fault(event.seq, "move", f"{before.get('state')} → {event.verb}"))
    elif to is not None and step.to and to != step.to and not body.get("by_rule"):
        found.append(Fault(event.seq, "move", f"{event.verb} → {to}"))
    return found
