"""Points off and on for events: match, responsibility, one incident once, caps, exposure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from kezun.assessment.rules.form import ZERO, Adjustment, Match, Veto
from kezun.assessment.rules.lines import Counted, Event, Line

PENDING, FREE = "pending", "none"


def matches(event: Event, kind: str, match: Sequence[Match]) -> bool:
    """Whether an event is of the kind and every condition holds."""
    return event.kind == kind and all(getattr(event, m.column) in m.values for m in match)


def adjusted(
    rules: Sequence[Adjustment],
    events: Sequence[Event],
    exposures: Mapping[str, float],
    *,
    version: str,
    sign: int,
    seen: set[str],
    used: dict[str, Decimal] | None = None,
) -> list[Line]:
    """A line for each rule, in their order. sign: −1 deducts, 1 adds.

    seen: incidents that counted before, in any rule; grows. One incident counts once, in the first rule that
    takes it, by its heaviest event. The order of the events does not matter. used: what a rule of the same id
    in an earlier edition took or gave in this period; grows. A cap, and «once», hold for the whole period.
    """
    before = {} if used is None else used
    return [_line(rule, events, exposures, version, sign, seen, before) for rule in rules]


def _line(
    rule: Adjustment,
    events: Sequence[Event],
    exposures: Mapping[str, float],
    version: str,
    sign: int,
    seen: set[str],
    used: dict[str, Decimal],
) -> Line:
    exposure = exposures.get(rule.per.indicator) if rule.per else None
    left = max(ZERO, rule.cap - used.get(rule.id, ZERO))
    kind, possible = ("deduction", ZERO) if sign < 0 else ("addition", left)
    mine = [(rule.worth(e.level), e) for e in events if matches(e, rule.event, rule.match)]
    if not mine:
        return Line(kind, rule.id, version, ZERO, possible, state="none", exposure=exposure)
    mine.sort(key=lambda pair: (-(pair[0] or ZERO), pair[1].day, pair[1].key))
    counted = tuple(_judged(rule, mine, seen, rule.id in used))
    total = sum((one.points for one in counted if one.state == "counted"), ZERO)
    if rule.per and total:
        # Less than one unit of exposure counts as one: a tiny outlet is not punished by a tiny divisor.
        total = total / max(Decimal(1), Decimal(round(exposure or 0)) / rule.per.unit)
    total = min(total, left)
    if any(one.state == "counted" for one in counted):
        used[rule.id] = used.get(rule.id, ZERO) + total
    points = sign * total if total else ZERO
    state = "counted" if total else "none"
    return Line(kind, rule.id, version, points, possible, state=state, events=counted, exposure=exposure)


def _judged(
    rule: Adjustment, mine: Iterable[tuple[Decimal | None, Event]], seen: set[str], taken: bool
) -> Iterable[Counted]:
    for worth, event in mine:
        state = _state(rule, worth, event, seen, taken)
        if state == "counted":
            taken = True
            if event.incident:
                seen.add(event.incident)
        yield Counted(event.key, event.day, event.level, event.incident, worth or ZERO, state)


def _state(rule: Adjustment, worth: Decimal | None, event: Event, seen: set[str], taken: bool) -> str:
    if rule.attributed and event.responsibility == PENDING:
        return "pending"
    if rule.attributed and event.responsibility == FREE:
        return "not_responsible"
    if worth is None:
        return "no_points"
    if event.incident and event.incident in seen:
        return "same_incident"
    return "once" if rule.once and taken else "counted"


def vetoed(
    rules: Sequence[Veto],
    events: Sequence[Event],
    standards: Iterable[str],
    whole: Mapping[str, set[str]] | None = None,
) -> tuple[str, ...]:
    """Ids of the vetoes that hold. standards: those in one of whose inspections a veto was found.

    whole: by id of a veto, its incidents in all of a period of which these events are a part. A veto counts
    over the period, and holds by an edition that judged one of them.
    """
    found = set(standards)
    return tuple(rule.id for rule in rules if rule.standard in found or _often(rule, events, whole or {}))


def _often(rule: Veto, events: Sequence[Event], whole: Mapping[str, set[str]]) -> bool:
    own = incidents(rule, events)
    return bool(own) and len(own | whole.get(rule.id, set())) >= rule.count


def incidents(rule: Veto, events: Sequence[Event]) -> set[str]:
    """The different incidents of the kind, those not yet or not at all attributed left out."""
    mine = (e for e in events if rule.event and matches(e, rule.event, rule.match))
    return {e.incident or e.key for e in mine if e.responsibility not in (PENDING, FREE)}
