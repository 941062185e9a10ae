"""Words for what is wrong with the text of a kind: each says where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_noop

from kezun.cases.rules.reading import NotAKind
from kezun.standards import messages
from kezun.standards.rules.nodes import Problem

PROBLEMS: Mapping[str, str] = {
    "unknown_table": gettext_noop("there is no code table «%(value)s»; known are: %(known)s"),
    "no_choices": gettext_noop("a choice needs values to choose from; add choices: [{id: …, name: …}]"),
    "unknown_flow": gettext_noop("there is no flow «%(value)s»; look into the folder of flows"),
    "unknown_policy": gettext_noop(
        "there is no clock policy «%(value)s»; choose one from the list of policies"
    ),
    "unknown_ladder": gettext_noop("there is no ladder «%(value)s»; known are: %(known)s"),
    "unknown_measure": gettext_noop("there is no indicator «%(value)s»; choose one from the catalogue"),
    "unknown_field": gettext_noop("there is no field «%(value)s»; known are: %(known)s"),
    "not_a_pair_of": gettext_noop("«%(value)s» is not urgency/complexity; write for instance urgent/*"),
    "field_of_verb": gettext_noop("the step takes a value «%(value)s» itself; give the field another name"),
    "empty_span": gettext_noop("the least value of «%(value)s» is above its greatest; exchange them"),
    "sealed_used": gettext_noop(
        "«%(value)s» is sealed: it can decide neither on clocks nor on what is the same matter"
    ),
    "never_closed": gettext_noop("no step closes a case of this kind; add one, or choose another flow"),
    "no_steps": gettext_noop("the kind has no steps; name a flow, for instance «flow: full»"),
}
ALL: Mapping[str, str] = {**messages.PROBLEMS, **PROBLEMS}


def say_problem(problem: Problem, file: str = "") -> str:
    """«file, line 12, fields[0].type: what is wrong; what to do»."""
    return messages.say_problem(problem, file, ALL)


def say_refusal(refused: NotAKind, file: str = "") -> list[str]:
    """A message for each problem of a text that was refused, in the order of its lines."""
    return messages.say_refusal(refused, file, ALL)
