"""What a form asks, what a cascade takes, and what stands in the way of submitting answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kezun.standards.rules.form import Criterion, Standard
from kezun.standards.rules.marks import Answers, Given, Indicators, Lack, Na, fires, given, lack


def asked(
    standard: Standard, *, tags: Iterable[str] = (), method: str | None = None
) -> tuple[Criterion, ...]:
    """The criteria that a form by this method asks at an outlet with these tags; no method asks all."""
    profile = frozenset(tags)
    return tuple(c for c in standard.criteria() if c.applies_to.to(profile) and c.checker.by(method))


def zeroed(
    criteria: Iterable[Criterion], answers: Answers, indicators: Indicators | None = None
) -> dict[str, str]:
    """Criteria that a cascade zeroes, each with the one that caused it.

    A criterion that is zeroed hands its own cascade on: what depends on it earns nothing either.
    """
    known = {c.id: c for c in criteria}
    found: dict[str, str] = {}
    waiting = []
    for criterion in known.values():
        answer = given(criterion, answers, indicators or {})
        valid = answer is not None and lack(criterion, answer) is None
        if (
            criterion.cascade
            and answer is not None
            and valid
            and fires(criterion.cascade.when, criterion, answer)
        ):
            waiting.append((criterion, criterion.id))
    while waiting:
        cause, root = waiting.pop(0)
        for target in cause.cascade.zero if cause.cascade else ():
            if target in known and target not in found:
                found[target] = root
                waiting.append((known[target], root))
    return found


def lacks(
    standard: Standard,
    answers: Answers,
    *,
    tags: Iterable[str] = (),
    method: str | None = None,
    indicators: Indicators | None = None,
    photos: Mapping[str, int | Mapping[str, int]] | None = None,
) -> list[Lack]:
    """Everything that stands in the way of submitting: answers missing or not allowed, evidence missing.

    photos: per criterion the number of photos, or the number by kind of evidence; None looks at no evidence.
    Criteria that a cascade zeroes need no answer and no evidence.
    """
    criteria = asked(standard, tags=tags, method=method)
    values = indicators or {}
    skipped = zeroed(criteria, answers, values)
    known = {c.id for c in standard.criteria()}
    found = [Lack(id, "unknown_criterion") for id in answers if id not in known]
    for criterion in criteria:
        if criterion.id in skipped:
            continue
        answer = given(criterion, answers, values)
        wrong = lack(criterion, answer)
        if wrong is not None:
            found.append(wrong)
        elif photos is not None and answer is not None:
            there, demerits = photos.get(criterion.id, 0), standard.scale.kind == "demerits"
            found += _evidence_lacks(criterion, answer, there, demerits)
    return found


def _evidence_lacks(
    criterion: Criterion, answer: Given, there: int | Mapping[str, int], demerits: bool
) -> list[Lack]:
    counts = there if isinstance(there, Mapping) else {"photo": there}
    found = []
    for rule in criterion.evidence:
        always = not isinstance(answer, Na)
        due = always if rule.when is None else fires(rule.when, criterion, answer, demerits=demerits)
        have = counts.get(rule.kind, 0)
        if due and have < rule.least:
            params = {"kind": rule.kind, "least": rule.least, "have": have}
            found.append(Lack(criterion.id, "no_evidence", params))
    return found
