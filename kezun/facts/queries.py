"""What pages, the API and the command line ask of facts: numbers, the facts behind them, the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kezun.facts import cache, evidence
from kezun.facts.answers import Computed, Places, Plan, Sheet, answers, label
from kezun.facts.asking import BadQuestion, Bound, bind
from kezun.facts.branches import branches
from kezun.facts.compile import Branch, Selection, State
from kezun.facts.definitions import Definition
from kezun.facts.engine import Group, engine
from kezun.facts.expression import compile as compiled
from kezun.facts.indicators import catalogue
from kezun.facts.questions import Answer, Question, RowPage
from kezun.facts.rules import change
from kezun.facts.store import files
from kezun.facts.types import FACT_TYPES
from kezun.kernel.actor import Actor
from kezun.org.models import Person, Unit
from kezun.statistics import intervals

# Primary keys of units stay far below this, so a target can carry the number of its question.
NEXT = 1 << 40
READ_ROWS = "facts.read_rows"
# Of more facts a quantile's interval is not looked for.
SPANNED = 200_000


def indicators() -> list[Definition]:
    """All indicators in force, in the order of their files."""
    return list(catalogue().definitions.values())


def indicator(id: str) -> Definition:
    """One indicator; raises UnknownIndicator."""
    return catalogue()[id]


def with_facts(ids: Iterable[str]) -> list[str]:
    """Those of the indicators for which there are facts at all; one statement."""
    present = {fact for fact, number in cache.versions().items() if number and fact != cache.TREE}
    known = catalogue()
    return [id for id in ids if all(set(part.facts) <= present for part in known.parts(id))]


def measure(actor: Actor, question: Question) -> list[Answer]:
    """The answers to one question: per unit, per place in the breakdown, per indicator in the order asked.

    Raises Denied, OutOfScope, UnknownIndicator, BadQuestion, TooLarge.
    """
    return measure_many(actor, [question])[0]


def measure_many(
    actor: Actor,
    questions: Sequence[Question],
    known: Iterable[Unit] = (),
    versions: Mapping[str, int] | None = None,
) -> list[list[Answer]]:
    """Answers to several questions, in their order; what was computed before costs one statement in all.

    known: units the caller has already read within the actor's scope. versions: what `cache.versions` said,
    where the caller has asked it in this request. Raises as `measure`.
    """
    bound = bind(actor, questions, known)
    if versions is None:
        versions = cache.versions()
    snapshots = [snapshots_of(b, versions) for b in bound]
    keys = [cache.key_of(b, at, versions.get(cache.TREE, 0)) for b, at in zip(bound, snapshots, strict=True)]
    found = cache.fetch(keys)
    missing = {
        key: (one, at) for one, at, key in zip(bound, snapshots, keys, strict=True) if key not in found
    }
    if missing:
        made = dict(zip(missing, compute_many(list(missing.values())), strict=True))
        cache.keep(made)
        found |= made
    return [found[key] for key in keys]


def compared(actor: Actor, question: Question) -> list[tuple[Answer, Answer | None, float | None]]:
    """Answers with those of the period just before and the difference in value (now − before)."""
    before = replace(question, period=question.period.previous())
    now, then = measure_many(actor, [question, before])
    earlier = {(a.indicator, a.unit, a.by): a for a in then}
    pairs = [(a, earlier.get((a.indicator, a.unit, a.by))) for a in now]
    return [(a, b, change(a.value, b.value if b else None)) for a, b in pairs]


def quantile_span(actor: Actor, question: Question) -> tuple[float, float] | None:
    """The 95 % interval of the one quantile that a question asks for, of one unit and without breakdown.

    The values at two ranks of the very facts (`statistics.intervals.ranks`): another pass over them, so it is
    made where one number is explained and not with every answer. None for other kinds, for too few facts, and
    above SPANNED facts, where the two values hardly differ. Raises as `measure`.
    """
    [bound] = bind(actor, [question])
    definition, top = bound.definitions[0], bound.definitions[0].numerator
    if len(bound.definitions) > 1 or definition.kind != "quantile" or top is None:
        return None
    if question.by is not None or question.below is not None:
        return None
    versions = cache.versions()
    n = measure_many(actor, [question], [bound.unit], versions)[0][0].n
    found = intervals.ranks(n, float(definition.p)) if n <= SPANNED else None
    if found is None:
        return None
    states = [State("quantile", top.condition, top.value, p=f"{rank}/{n}") for rank in found]
    tree, _targets = branches(bound.unit, None, question.period)
    paths = _files(bound, top.fact, snapshots_of(bound, versions), tree)
    [(low, high)] = engine().states(selection_of(bound, top.fact), paths, tree, states, None).values()
    return float((low or 0) * definition.scale), float((high or 0) * definition.scale)


def rows(actor: Actor, question: Question, part: str, offset: int = 0, limit: int | None = 100) -> RowPage:
    """The facts behind one part (numerator, denominator) of a question's only indicator, oldest first.

    limit None: all of them. Permission `facts.read_rows`; raises as `measure`, BadQuestion where the
    indicator has no such part.
    """
    [bound] = bind(actor, [question], permission=READ_ROWS)
    if len(bound.definitions) != 1:
        raise BadQuestion(_("The facts behind a number: name exactly one indicator."))
    [definition] = bound.definitions
    fact, condition = evidence.side(definition, part)
    snapshots = snapshots_of(bound, cache.versions())
    if evidence.check_quantile(bound, part):
        condition = evidence.up_to(definition, condition, compute(bound, snapshots)[0])
    tree, _targets = branches(bound.unit, question.below, question.period)
    paths = _files(bound, fact, snapshots, tree)
    total, found = engine().rows(selection_of(bound, fact), paths, tree, condition, offset, limit)
    return evidence.page(actor, fact, total, found)


def snapshots_of(bound: Bound, versions: Mapping[str, int]) -> dict[str, int]:
    parts = (part for id in bound.question.indicators for part in bound.catalogue.parts(id))
    facts = sorted({fact for part in parts for fact in part.facts})
    return cache.snapshots_at(bound.question.known_at, facts, versions)


def compute(bound: Bound, snapshots: Mapping[str, int]) -> list[Answer]:
    """Answer a bound question from the facts, without the cache."""
    return compute_many([(bound, snapshots)])[0]


def compute_many(asked: Sequence[tuple[Bound, Mapping[str, int]]]) -> list[list[Answer]]:
    """Answer bound questions from the facts; those alike but for their units share one pass."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for index, (bound, snapshots) in enumerate(asked):
        question = replace(bound.question, unit="", below=None)
        alike.setdefault((question, bound.person, tuple(sorted(snapshots.items()))), []).append(index)
    found: dict[int, list[Answer]] = {}
    for indices in alike.values():
        together = [asked[index][0] for index in indices]
        found |= dict(zip(indices, _together(together, asked[indices[0]][1]), strict=True))
    return [found[index] for index in range(len(asked))]


def _together(bounds: Sequence[Bound], snapshots: Mapping[str, int]) -> list[list[Answer]]:
    """Questions alike but for their units: each target carries the number of its question."""
    first = bounds[0]
    plan = Plan()
    for id in first.question.indicators:
        for part in first.catalogue.parts(id):
            plan.add(part)
    trees = [branches(b.unit, b.question.below, b.question.period) for b in bounds]
    tree, _targets = trees[0]
    for at, (own, _targets) in enumerate(trees[1:], 1):
        tree = tree + [Branch(unit, target + at * NEXT, since, until) for unit, target, since, until in own]
    split: list[dict[str, dict[Group, tuple[int | None, ...]]]] = [{} for _ in bounds]
    for fact, states in plan.states.items():
        files_of = _files(first, fact, snapshots, tree)
        groups = engine().states(selection_of(first, fact), files_of, tree, states, first.question.by)
        for (target, key), values in groups.items():
            split[target // NEXT].setdefault(fact, {})[target % NEXT, key] = values
    return [
        assembled(bound, Computed(plan, groups), targets)
        for bound, groups, (_tree, targets) in zip(bounds, split, trees, strict=True)
    ]


def selection_of(bound: Bound, fact: str) -> Selection:
    """Which facts of one type a question is about; those that no indicator counts are left out."""
    question, declared = bound.question, FACT_TYPES[fact]
    told: list[tuple[str, int | str | None]] = []
    if bound.person is not None:
        told.append(("person", bound.person or None))
    for column, value in (("business", question.business), ("class", question.customer_class)):
        if value is not None:
            told.append((column, value or None))
    for column, number in (("hour", question.hour), ("weekday", question.weekday)):
        if number is not None:
            told.append((column, number))
    columns = {c.name: c.kind for c in declared.all_columns}
    counted = compiled(declared.counted, columns) if declared.counted else ""
    return Selection(fact, question.period.start, question.period.end, tuple(told), counted)


def _files(bound: Bound, fact: str, snapshots: Mapping[str, int], tree: Sequence[Branch]) -> list[Path]:
    """The files to read."""
    period, snapshot = bound.question.period, snapshots[fact]
    if not snapshot:
        return []
    units = {branch.unit for branch in tree}
    return files(fact, snapshot, since=period.start, until=period.end, units=units)


def assembled(bound: Bound, computed: Computed, targets: Mapping[int, str]) -> list[Answer]:
    """Answers in order of unit code, indicator and label. targets: unit codes by primary key."""
    question, named = bound.question, bound.catalogue.definitions
    if not question.by:
        sheet = Sheet(computed, [(target, 0) for target in targets])
        places = Places(list(targets.values()), sheet.nothing, question.period.label)
        found = [one for definition in bound.definitions for one in answers(definition, named, sheet, places)]
        return list(chain.from_iterable(zip(*found, strict=True)))
    people = _people(computed.groups) if question.by == "person" else {}
    made: dict[str, list[Answer]] = {code: [] for code in targets.values()}
    for definition in bound.definitions:
        keys = computed.keys(part.id for part in bound.catalogue.parts(definition.id))
        written = [
            (target, by, key)
            for target in targets
            for by, key in sorted((label(question.by, key, people), key) for key in keys.get(target, ()))
        ]
        sheet = Sheet(computed, [(target, key) for target, _by, key in written])
        units = [targets[target] for target, _by, _key in written]
        places = Places(units, [by for _target, by, _key in written], question.period.label)
        for answer in answers(definition, named, sheet, places)[0]:
            made[answer.unit].append(answer)
    return list(chain.from_iterable(made.values()))


def _people(groups: Mapping[str, Mapping[Group, Any]]) -> dict[int, str]:
    keys = {key for found in groups.values() for _target, key in found if key}
    return dict(Person.objects.filter(pk__in=keys).values_list("pk", "code"))
