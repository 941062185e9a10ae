"""A kind in words: its fields, its steps drawn and told, its deadlines with the law beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import catalogs, policies, showing, standing, wording
from kezun.cases.models import Case, Party
from kezun.cases.policies import Deadline
from kezun.cases.rules.diagram import Diagram, diagram
from kezun.cases.rules.kinds import ClockUse, Field, Kind, Step

TYPES: Mapping[str, Promise] = {
    **{
        "text": lazy("one line"),
        "long": lazy("text"),
        "whole": lazy("whole number"),
        "money": lazy("amount"),
    },
    **{"day": lazy("day"), "moment": lazy("moment"), "flag": lazy("yes or no"), "choice": lazy("choice")},
    **{"code": lazy("code table"), "unit": lazy("unit"), "person": lazy("member of staff")},
}
GATES: Mapping[str, Promise] = {
    "fields": lazy("all fields that are due are filled in"),
    "reply": lazy("the reply says decision, reasons, basis and the ways onward"),
    "cause": lazy("a root cause is named where the bank is at fault"),
    "causes_own": lazy("a cause that explains, asked twice why"),
    "pairs": lazy("every photo from before has one from after"),
    "same_shown": lazy("who found the same shows it"),
    "after_photo": lazy("there is a photo of how it is now"),
    "children": lazy("no part of it is still open"),
    "proof": lazy("at least one photo or document"),
    "contacted": lazy("whoever brought it was contacted"),
    "minutes": lazy("a meeting was held on hard cases"),
    "effect_planned": lazy("it is said how one will know whether it worked"),
    "team": lazy("two members of staff went"),
    "accountable": lazy("it is decided who answers for a grave finding"),
    "witnessed": lazy("it was looked at, not read about"),
    "conditions": lazy("every condition asked for holds"),
    "not_own": lazy("nobody verifies what they did themselves"),
    "on_site": lazy("hard ones are solved at the outlet by the linked leader"),
    "followed": lazy("where the customer has a problem, a case was opened for it"),
    "together": lazy("a merged case is answered with the one it went into"),
    "each_answered": lazy("everybody whose case was merged got an answer"),
}
OWNERS: Mapping[str, Promise] = {
    "unit": lazy("the unit it is about"),
    "superior": lazy("the unit above"),
    "line": lazy("the business line"),
    "office": lazy("the service office"),
}


@dataclass(frozen=True)
class Drawn:
    """The drawing with the names of its states and steps in the page's language."""

    of: Diagram
    boxes: tuple[tuple[Any, str], ...]
    lines: tuple[tuple[Any, str], ...]
    early: tuple[tuple[str, str, str], ...]


def drawn(kind: Kind) -> Drawn:
    """The course of a kind ready for the template."""
    made = diagram(kind.steps)
    return Drawn(
        made,
        tuple((box, state_name(box.state)) for box in made.boxes),
        tuple((line, " / ".join(wording.button(verb) for verb in line.verbs)) for line in made.lines),
        tuple(
            (wording.button(end.verb), wording.several(map(state_name, end.sources)), state_name(end.state))
            for end in made.early
        ),
    )


def state_name(state: str) -> str:
    """A state in the page's language."""
    return str(Case.State(state).label)


@dataclass(frozen=True)
class Told:
    """A step in words."""

    verb: str
    sources: str
    to: str
    who: str
    gates: tuple[str, ...]


def steps(kind: Kind) -> list[Told]:
    """Every step that people or customers take."""
    return [_step(step) for step in kind.steps if set(step.by) != {"system"}]


def _step(step: Step) -> Told:
    return Told(
        wording.button(step.verb),
        wording.several(map(state_name, step.states)),
        state_name(step.to) if step.to else "",
        wording.several(standing.say(name) for name in step.by),
        tuple(str(GATES.get(name, name)) for name in step.gates),
    )


@dataclass(frozen=True)
class Shown:
    """A field in words."""

    name: str
    type: str
    asked: str
    required: bool
    sealed: bool
    values: str
    about: str


def fields(kind: Kind) -> list[Shown]:
    """Every field of a kind."""
    return [_field(field) for field in kind.fields]


def _field(field: Field) -> Shown:
    values = wording.several(wording.named(one.name, one.name_en) for one in field.choices)
    if field.type == "code":
        table = catalogs.tables().get(field.table)
        values = wording.named(table.name, table.name_en) if table else field.table
    return Shown(
        wording.named(field.name, field.name_en),
        str(TYPES.get(field.type, field.type)),
        wording.several(wording.button(verb) for verb in field.at),
        field.required,
        field.sealed,
        values,
        wording.named(field.about, field.about_en),
    )


@dataclass(frozen=True)
class Timed:
    """A deadline of a kind: the policy (None where it is not known), what moves it, for which cases.

    restores: the step after which it runs on from its first start.
    """

    use: ClockUse
    policy: Deadline | None
    starts: str
    stops: str
    restores: str
    when: str


def clocks(kind: Kind) -> list[Timed]:
    """Every deadline of a kind, with its policy."""
    known = policies.policies()
    return [
        Timed(
            use,
            known.get(use.policy),
            wording.several(wording.button(verb) for verb in use.starts),
            wording.several(wording.button(verb) for verb in use.stops),
            wording.several(wording.button(verb) for verb in use.restores),
            wording.series(_when(kind, name, allowed) for name, allowed in use.when.items()),
        )
        for use in kind.clocks
    ]


def _when(kind: Kind, name: str, allowed: tuple[str, ...]) -> str:
    field = kind.field(name)
    label = wording.named(field.name, field.name_en) if field else wording.take_name(name)
    names = [
        _("not said") if value == "None" else showing.value(field, value) if field else value
        for value in allowed
    ]
    return _("%(field)s: %(values)s") % {"field": label, "values": wording.several(names)}


def grades(kind: Kind) -> list[tuple[str, int]]:
    """The table of severity: urgency and complexity in words, the gravest first."""
    rows = sorted(kind.grades.items(), key=lambda item: (item[1], item[0]))
    return [
        (" · ".join(_level(kind, *pair) for pair in zip(AXES, key.split("/"), strict=True)), n)
        for key, n in rows
    ]


AXES = ("urgency", "complexity")


def _level(kind: Kind, name: str, value: str) -> str:
    field = kind.field(name)
    if field is None or value == "*":
        return _("any")
    return showing.value(field, value)


def parties(kind: Kind) -> str:
    """Who may have a part in it."""
    return wording.several(str(Party.Role(role).label) for role in kind.parties)
