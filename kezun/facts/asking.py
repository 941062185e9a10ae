"""Who may ask what: questions are checked and bound to units, people and definitions, then computed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezun.facts.definitions import Definition
from kezun.facts.indicators import Catalogue, catalogue
from kezun.facts.questions import BREAKDOWNS, Question
from kezun.kernel.actor import Actor, OutOfScope, require
from kezun.org.models import Person, Unit
from kezun.org.queries import actor_scope, units_for

READ = "facts.read"


class BadQuestion(ValueError):
    """A question that cannot be answered as put; the message says what to change."""


@dataclass(frozen=True)
class Bound:
    """A question with what its codes stand for. person: primary key, 0 for nobody, None where not asked."""

    question: Question
    unit: Unit
    person: int | None
    definitions: tuple[Definition, ...]
    catalogue: Catalogue


def bind(
    actor: Actor, questions: Sequence[Question], known: Iterable[Unit] = (), permission: str = READ
) -> list[Bound]:
    """Check questions for an actor: at most one statement for units, one for people.

    known: units that the caller has read within the actor's scope before; they are not looked up again.
    Raises Denied, OutOfScope (unit or person not in scope), UnknownIndicator, BadQuestion.
    """
    require(actor, permission)
    indicators = catalogue()
    for question in questions:
        _check(question, indicators)
    people = _people(questions)
    own = actor.pk if isinstance(actor, Person) else None
    units = {unit.code: unit for unit in known}
    units |= _units(actor, {q.unit for q in questions} - set(units), permission)
    bound = []
    for question in questions:
        person = people.get(question.person) if question.person else (0 if question.person == "" else None)
        unit = units.get(question.unit)
        if unit is None and person is not None and person == own and question.below is None:
            # Whoever may see no unit may still see their own work, wherever it was done.
            unit = Unit.objects.filter(code=question.unit).first()
        if unit is None:
            raise OutOfScope(_("No unit %(code)s in your scope.") % {"code": question.unit})
        if question.person and person is None:
            raise OutOfScope(_("No person %(code)s in your scope.") % {"code": question.person})
        definitions = tuple(indicators[id] for id in question.indicators)
        bound.append(Bound(question, unit, person, definitions, indicators))
    _check_below(actor, bound, permission)
    return bound


def _check(question: Question, indicators: Catalogue) -> None:
    if not question.indicators:
        raise BadQuestion(_("Name at least one indicator."))
    kinds = {indicators[id].kind for id in question.indicators}
    if question.by is not None and question.by not in BREAKDOWNS:
        raise BadQuestion(
            _("«%(by)s» is not a breakdown: use one of %(known)s.")
            % {"by": question.by, "known": ", ".join(BREAKDOWNS)}
        )
    if question.by is not None and "distribution" in kinds:
        raise BadQuestion(_("A distribution cannot be broken down further: ask for it without a breakdown."))
    if question.below is not None and question.below not in Unit.Kind.values:
        raise BadQuestion(
            _("«%(below)s» is not a kind of unit: use one of %(known)s.")
            % {"below": question.below, "known": ", ".join(Unit.Kind.values)}
        )
    if question.known_at is not None and question.known_at.tzinfo is None:
        raise BadQuestion(_("The moment «as known at» needs a time zone: 2026-03-01T08:00:00+08:00."))


def _people(questions: Iterable[Question]) -> Mapping[str | None, int]:
    codes = {q.person for q in questions if q.person}
    if not codes:
        return {}
    return dict(Person.objects.filter(code__in=codes).values_list("code", "pk"))


def _units(actor: Actor, codes: set[str], permission: str) -> dict[str, Unit]:
    if not codes:
        return {}
    return {unit.code: unit for unit in units_for(actor, permission).filter(code__in=codes)}


def _check_below(actor: Actor, bound: Iterable[Bound], permission: str) -> None:
    """Units below are shown to those whose reach goes down from the unit, as its past parts are its own."""
    asked = {b.unit.pk for b in bound if b.question.below is not None}
    if not asked or not isinstance(actor, Person):
        return
    scope = actor_scope(actor)
    if scope.whole_bank(permission):
        return
    down = [h.unit_id for h in scope.carrying(permission) if h.role.reach == "subtree"]
    asked -= set(down)
    if not asked:
        return
    reached = Unit.objects.filter(
        pk__in=asked, paths__ancestor__in=down, paths__from_date__lte=scope.day, paths__to_date__gte=scope.day
    )
    if asked - set(reached.values_list("pk", flat=True)):
        raise OutOfScope(_("Your scope does not reach below this unit."))


def moment(text: str, zone: dt.tzinfo) -> dt.datetime:
    """A moment as written on the command line or in an address; without a zone it is local to `zone`."""
    try:
        made = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise BadQuestion(
            _("«%(text)s» is not a moment: write 2026-03-01T08:00:00 or with a zone.") % {"text": text}
        ) from error
    return made if made.tzinfo else made.replace(tzinfo=zone)
