"""A verb on its way through the engine, and what the modules of the room hang onto verbs.

`@effect(verb)` says what a verb changes, `@gate(name)` what must hold before, `@after` what follows in the
same transaction. They are declared in `effects/`, `gates.py` and wherever a kind of case needs more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kezun.cases.models import Case
from kezun.cases.rules.kinds import Kind, Step
from kezun.kernel.actor import Actor
from kezun.org.models import Person

if TYPE_CHECKING:
    from kezun.cases.standing import Ground


@dataclass
class Doing:
    """One verb being done to one locked case.

    said: what the verb was given, typed; fields: values of the kind's own fields. sets: what changes in the
    projection (plain values: ids, ISO moments); told: what the event says besides. by_rule: the state follows
    from a rule and not from the step. behalf: the person for whom a deputy acts. ground: how the actor stands
    to the case, read once (see `standing`); above: the units above others, read once. calendar: the code of
    the one by which the unit with the case works, read once. part: opened as a part of another case.
    """

    actor: Actor
    case: Case
    kind: Kind
    verb: str
    at: dt.datetime
    step: Step | None = None
    said: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    sets: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    clocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    moves: list[tuple[str, str, int, dt.datetime | None]] = field(default_factory=list)
    by_rule: bool = False
    behalf: Person | None = None
    seq: int = 0
    ground: Ground | None = None
    above: dict[int, list[int]] = field(default_factory=dict)
    calendar: str = ""
    part: bool = False

    @property
    def person(self) -> Person | None:
        """The person who acts; None for the platform and for customers."""
        return self.actor if isinstance(self.actor, Person) else None

    @property
    def answerable(self) -> Person | None:
        """Who answers for the step: the person who acts, or whom a ledger that is taken over names."""
        named: Mapping[str, Person] = getattr(self.actor, "answers", {})
        return self.person or named.get(self.verb)

    @property
    def reason(self) -> str:
        """Why, in the words of the one who acts."""
        said: str = self.said.get("reason") or self.said.get("note") or ""
        return said

    def value(self, name: str) -> Any:
        """A projected value as it will stand after this verb: set just now, else the column."""
        if name in self.sets:
            return self.sets[name]
        return getattr(self.case, f"{name}_id", None) if name in RELATED else getattr(self.case, name)

    def data(self) -> dict[str, Any]:
        """The fields of the kind as they will stand."""
        return {**self.case.data, **(self.sets.get("data") or {})}

    def move_clock(self, policy: str, verb: str, units: int = 0, began: dt.datetime | None = None) -> None:
        """Ask that a clock be moved by more than the kind says: extended, paused (see `clocking`)."""
        self.moves.append((policy, verb, units, began))


RELATED = frozenset(
    ("unit", "line", "owner_unit", "owner_post", "pending_unit", "handler", "opener", "verifier", "checker")
)
Effect = Callable[[Doing], None]
Gate = Callable[[Doing], str]
EFFECTS: dict[str, list[Effect]] = {}
GATES: dict[str, Gate] = {}
AFTER: list[Effect] = []


def effect(verb: str) -> Callable[[Effect], Effect]:
    """Declare what a verb changes; several effects of one verb run in the order of their declaration."""

    def declare(function: Effect) -> Effect:
        EFFECTS.setdefault(verb, []).append(function)
        return function

    return declare


def gate(name: str) -> Callable[[Gate], Gate]:
    """Declare what must hold before a step: the function returns what is lacking, in words, or ""."""

    def declare(function: Gate) -> Gate:
        if name in GATES:
            raise RuntimeError(f"gate {name} is declared twice")
        GATES[name] = function
        return function

    return declare


def after(function: Effect) -> Effect:
    """Declare what follows every verb, in its transaction, once the event is written (`doing.seq`)."""
    AFTER.append(function)
    return function
