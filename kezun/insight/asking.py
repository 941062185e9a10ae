"""Where insight gets its numbers: the one door to the questions and answers of facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec
from django.http import Http404

from kezun.facts import cache
from kezun.facts import queries as facts
from kezun.facts.asking import BadQuestion
from kezun.facts.definitions import Definition
from kezun.facts.engine import TooLarge
from kezun.facts.indicators import catalogue
from kezun.facts.questions import Answer, Question, RowPage
from kezun.facts.store import snapshot_at
from kezun.kernel.actor import SystemActor
from kezun.org.models import Person, Unit
from kezun.org.queries import unit_by_code

MOST_EXPORTED = 100_000
MIXED = ("ratio", "coverage", "mean", "rate", "nps", "quantile", "formula")


def versions() -> Mapping[str, int]:
    """The state of the facts and of the tree now; one statement, shared by all that a page asks."""
    return cache.versions()


def answers(
    reader: Person,
    questions: Sequence[Question],
    known: Sequence[Unit] = (),
    at: Mapping[str, int] | None = None,
) -> list[list[Answer]]:
    """The answers to each question, in order; questions outside the reader's scope are 404.

    known: units already read in the reader's scope. at: the `versions` of this request. What cannot be
    answered (too long a period for an exact quantile) is 404 with a message that says what to change.
    """
    try:
        return facts.measure_many(reader, list(questions), known, at)
    except (BadQuestion, TooLarge) as error:
        raise Http404(str(error)) from error


def unit_totals(reader: Person, question: Question, unit: Unit, at: Mapping[str, int]) -> list[Answer]:
    """A unit's own shares, means and quantiles, for comparison with one of its people.

    Also for those whose reach is themselves alone, and then only of their own unit: what a whole unit does
    on average is no personal data. Counts are left out, they would say how much the others did.
    """
    known = catalogue().definitions
    mixed = tuple(id for id in question.indicators if known[id].kind in MIXED)
    if not mixed:
        return []
    asked = Question(mixed, question.unit, question.period, known_at=question.known_at)
    if reader.home_unit_id == unit.pk:
        return facts.measure_many(SystemActor("insight"), [asked], [unit], at)[0]
    return answers(reader, [asked], at=at)[0]


def unit_for(reader: Person, code: str, person: Person | None) -> Unit:
    """The unit of an explained number: in the reader's scope, or the home unit of a person in it."""
    if person is not None and person.home_unit is not None and person.home_unit.code == code:
        return person.home_unit
    return unit_by_code(reader, code, "insight.read")


def spanned(reader: Person, question: Question, answer: Answer) -> Answer:
    """An answer with the interval of its quantile, which is looked for where one number is explained."""
    try:
        span = facts.quantile_span(reader, question)
    except TooLarge:
        span = None
    return msgspec.structs.replace(answer, low=span[0], high=span[1]) if span else answer


def rows_behind(reader: Person, question: Question, part: str, offset: int, limit: int) -> RowPage:
    """A page of the facts behind one side of a number."""
    return facts.rows(reader, question, part, offset, limit)


def snapshots(d: Definition, known_at: dt.datetime | None) -> list[tuple[str, int]]:
    """The snapshots that a number is worked out from, by fact type."""
    names = dict.fromkeys(fact for part in catalogue().parts(d.id) for fact in part.facts)
    found = [(fact, snapshot_at(fact, known_at)) for fact in names]
    return [(fact, number) for fact, number in found if number is not None]
