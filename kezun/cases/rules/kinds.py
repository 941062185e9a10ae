"""What a kind of case says: its fields, its steps, its clocks, who may do what. Frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

SCHEMA = "kezun.kind/1"
TYPES = ("text", "long", "whole", "money", "day", "moment", "flag", "choice", "code", "unit", "person")
BY = ("any", "opener", "owner", "handler", "superior", "office", "second", "customer", "system")
GATES = (
    *(
        "reply",
        "cause",
        "pairs",
        "after_photo",
        "children",
        "proof",
        "contacted",
        "minutes",
        "effect_planned",
    ),
    *("together", "each_answered"),
    *("team", "causes_own", "accountable", "fields", "witnessed", "conditions", "not_own", "on_site"),
    *("followed", "same_shown"),
)
STATES = (
    *("registered", "accepted", "assigned", "working", "waiting", "proposed", "verified", "answered"),
    *("closed", "checked", "rejected", "withdrawn", "merged"),
)
ENDED = ("closed", "checked", "rejected", "withdrawn", "merged")
AXES = ("urgency", "complexity")


@dataclass(frozen=True)
class Choice:
    """One value that a field may have."""

    id: str
    name: str
    name_en: str = ""


@dataclass(frozen=True)
class Field:
    """Something that a case of this kind holds. `at`: the verbs that ask for it; sealed: class C2."""

    id: str
    name: str
    name_en: str = ""
    type: str = "text"
    at: tuple[str, ...] = ("open",)
    required: bool = False
    sealed: bool = False
    choices: tuple[Choice, ...] = ()
    table: str = ""
    least: int | None = None
    most: int | None = None
    about: str = ""
    about_en: str = ""


@dataclass(frozen=True)
class Step:
    """From which states a verb leads where, and who may do it. No `to`: the state stays."""

    verb: str
    states: tuple[str, ...]
    to: str = ""
    by: tuple[str, ...] = ("any",)
    gates: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClockUse:
    """A clock of the kind: which policy, what starts, stops and begins it anew, and for which cases.

    restores: after which it runs on as if it had never been stopped: from its first start, nothing gained.
    when: field (or `severity`) → values for which it runs. ladder: who is told on the way, "" for nobody.
    units: a field that says how many units this case has, in the place of the policy's budget.
    """

    policy: str
    starts: tuple[str, ...] = ("open",)
    stops: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()
    reopens: tuple[str, ...] = ("reopen",)
    restores: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ladder: str = ""
    units: str = ""

    def holds(self, values: Mapping[str, object]) -> bool:
        """Whether the clock runs for a case with these values (texts are compared)."""
        return all(str(values.get(name)) in allowed for name, allowed in self.when.items())


@dataclass(frozen=True)
class Effect:
    """How it is found out whether the remedy worked: which indicator, over how many days, checked when."""

    indicator: str = ""
    days: int = 90
    after_days: int = 90
    recurrence_days: int = 90


@dataclass(frozen=True)
class Kind:
    """A kind of case, whole."""

    id: str
    version: str
    title: str
    start: date
    title_en: str = ""
    end: date | None = None
    about: str = ""
    about_en: str = ""
    flow: str = ""
    icon: str = "folder"
    group: str = ""
    supersedes: str = ""
    doc_no: str = ""
    owner: str = "unit"
    public: bool = False
    fields: tuple[Field, ...] = ()
    steps: tuple[Step, ...] = ()
    clocks: tuple[ClockUse, ...] = ()
    parties: tuple[str, ...] = ()
    grades: Mapping[str, int] = field(default_factory=dict)
    fingerprint: tuple[str, ...] = ()
    effect: Effect | None = None
    keep_years: int = 3

    def field(self, id: str) -> Field | None:
        """The field of that name."""
        return next((f for f in self.fields if f.id == id), None)

    def asked(self, verb: str) -> Iterator[Field]:
        """The fields that a verb asks for."""
        return (f for f in self.fields if verb in f.at)

    def classing(self) -> tuple[Field, ...]:
        """The fields that classify a case: they say how grave it is, and which clocks run for it."""
        names = {name for use in self.clocks for name in use.when} | set(AXES if self.grades else ())
        return tuple(f for f in self.fields if f.id in names and not f.sealed)

    def step(self, verb: str, state: str) -> Step | None:
        """The step of that verb from that state; None where there is none."""
        return next((s for s in self.steps if s.verb == verb and state in s.states), None)

    def verbs(self, state: str) -> tuple[str, ...]:
        """The verbs that are possible from a state, in the order of the flow."""
        return tuple(dict.fromkeys(s.verb for s in self.steps if state in s.states))

    def severity(self, values: Mapping[str, object]) -> int:
        """The severity (1 gravest … 4) that the table `grades` gives for `urgency × complexity`; 3 without.

        Keys of the table are «urgency/complexity», either may be `*`.
        """
        urgency, complexity = str(values.get("urgency", "*")), str(values.get("complexity", "*"))
        for key in (f"{urgency}/{complexity}", f"{urgency}/*", f"*/{complexity}", "*/*"):
            if key in self.grades:
                return self.grades[key]
        return 3
