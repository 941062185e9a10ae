"""The board of a unit or a person: tiles, what got worse, and who is ranked where. Reads answers only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezun.facts.definitions import Definition
from kezun.facts.questions import Answer
from kezun.insight import rules
from kezun.insight.look import Look, period_name
from kezun.ui import figures
from kezun.ui.components import RankedRow, Tile
from kezun.ui.figures import Change
from kezun.ui.rules import Bar, bars, decimals, spark

Index = dict[tuple[str, str, str | None], Answer]


def index(answers: Iterable[Answer]) -> Index:
    """Answers by (indicator, unit code, label of the breakdown)."""
    return {(a.indicator, a.unit, a.by): a for a in answers}


SHARES = ("ratio", "coverage")


def sure(answer: Answer | None) -> rules.Sure | None:
    """An answer with its interval; None where it has none."""
    if answer is None or answer.value is None or answer.low is None or answer.high is None:
        return None
    return rules.Sure(answer.value, answer.low, answer.high)


def share(definition: Definition, answer: Answer | None) -> rules.Share | None:
    """An answer as a proportion with its interval; None where it is none or has no facts."""
    known = sure(answer)
    if answer is None or known is None or definition.kind not in SHARES:
        return None
    counts = answer.numerator or 0, answer.denominator or 0
    return rules.Share(known.value, known.low, known.high, *counts)


def change(definition: Definition, look: Look, now: Answer | None, before: Answer | None) -> Change | None:
    """The change against the period before; none for counts of a period that is not over yet.

    A value that moved no more than chance explains is neither better nor worse.
    """
    if now is None or before is None or not rules.comparable(look.period, look.latest, definition.kind):
        return None
    moved = figures.change(now.value, before.value, definition.unit, definition.direction)
    a, b = sure(now), sure(before)
    if moved and a and b and rules.by_chance(a, b):
        return Change(moved.text, "chance")
    return moved


def thin(definition: Definition, answer: Answer) -> bool:
    """Whether too few facts stand behind the answer to judge it."""
    return answer.n < definition.min_n


def target(definition: Definition) -> str:
    """The target as text, with its operator."""
    bound = definition.target
    return figures.target_text(bound.op, bound.value, definition.unit) if bound else ""


def tiles(
    shown: Sequence[Definition],
    unit: str,
    look: Look,
    now: Index,
    before: Index,
    steps: Sequence[Answer],
    person: str | None = None,
    opens_unit: bool = True,
) -> list[Tile]:
    """One tile for each indicator that has an answer; steps: the same by day (…), for the sparkline.

    opens_unit: whether the reader may see the unit as a whole; else a tile leads to the indicator's words.
    """
    series: dict[str, list[Answer]] = {}
    for answer in steps:
        series.setdefault(answer.indicator, []).append(answer)
    made = []
    for d in shown:
        found = now.get((d.id, unit, None))
        if found is None:
            continue
        answer = found
        points = sorted(series.get(d.id, ()), key=lambda a: a.by or "")
        made.append(
            Tile(
                label=d.title,
                value=figures.figure(answer.value, d.unit),
                n=figures.counted(answer.n),
                target=target(d),
                met=answer.met,
                change=change(d, look, answer, before.get((d.id, unit, None))),
                spark=spark([a.value for a in points]),
                href=look.indicator(d.id, unit if opens_unit else None),
                explain=look.explain(d.id, unit, person=person),
                thin=thin(d, answer),
            )
        )
    return made


@dataclass(frozen=True)
class Place:
    """A unit or person that is ranked: (unit code, label of the breakdown), its name, where it leads."""

    key: tuple[str, str | None]
    title: str
    href: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of a ranking that are shown, of how many in all."""

    rows: list[RankedRow]
    total: int

    @property
    def is_cut(self) -> bool:
        return len(self.rows) < self.total


def ranked(
    d: Definition,
    look: Look,
    places: Sequence[Place],
    now: Index,
    before: Index,
    most: int | None = None,
    worst_first: bool = False,
) -> Table:
    """Places from best to worst (from most to least where neither is better), at most `most` of them.

    Those judged on too few facts come last; those without any are left out. One scale for all bars.
    """
    found = [(p, a) for p in places if (a := now.get((d.id, *p.key))) is not None and a.n]
    sign = (1 if d.direction == "down" else -1) * (-1 if worst_first else 1)
    found.sort(key=lambda pa: (pa[1].value is None, thin(d, pa[1]), sign * (pa[1].value or 0), pa[0].title))
    on_scale: list[Bar] = bars(
        [(a.value, a.low, a.high) for _p, a in found], d.target.value if d.target else None
    )
    rows = [
        _row(d, look, p, a, before.get((d.id, *p.key)), bar)
        for (p, a), bar in list(zip(found, on_scale, strict=True))[:most]
    ]
    return Table(rows, len(found))


def _row(d: Definition, look: Look, place: Place, now: Answer, before: Answer | None, bar: Bar) -> RankedRow:
    moved = change(d, look, now, before)
    delta = (
        now.value - before.value
        if moved and before and before.value is not None and now.value is not None
        else None
    )
    return RankedRow(
        name=place.title,
        href=place.href,
        value=figures.figure(now.value, d.unit),
        sort=now.value,
        bar=bar,
        n=now.n,
        interval=figures.interval_text(now.low, now.high, d.unit),
        met=now.met,
        change=moved,
        change_sort=delta,
        explain=look.explain(d.id, place.key[0], person=place.key[1]),
        thin=thin(d, now),
        note=place.note,
    )


@dataclass(frozen=True)
class Loss:
    """A line of «what got worse»."""

    title: str
    href: str
    indicator: str
    before: str
    now: str
    by: str
    at_least: str
    n: str
    explain: str


def losses(
    shares: Sequence[Definition],
    look: Look,
    places: Sequence[Place],
    now: Index,
    before: Index,
    most: int = 6,
) -> list[Loss]:
    """The largest losses that are beyond chance, over all places and all watched shares."""
    pairs: list[rules.Pair] = []
    by_key: dict[tuple[str, ...], tuple[Definition, Place]] = {}
    for d in shares:
        for place in places:
            key = (d.id, *place.key)
            a, b = share(d, now.get(key)), share(d, before.get(key))
            if a and b and not thin(d, now[key]) and not thin(d, before[key]):
                name = tuple(map(str, key))
                by_key[name] = d, place
                pairs.append(rules.Pair(name, d.direction, a, b))
    return [_loss(w, *by_key[w.key], look, now, before) for w in rules.worsened(pairs, most)]


def _points(share: float) -> str:
    return decimals(share * 100, 1 if share >= 0.001 else 2)


def _loss(w: rules.Worsened, d: Definition, place: Place, look: Look, now: Index, before: Index) -> Loss:
    key = (d.id, *place.key)
    point = _("%s pp")
    return Loss(
        title=place.title,
        href=place.href,
        indicator=d.title,
        before=figures.figure(before[key].value, d.unit),
        now=figures.figure(now[key].value, d.unit),
        by=point % _points(w.by),
        at_least=point % _points(w.at_least),
        n=figures.counted(now[key].n),
        explain=look.explain(d.id, place.key[0], person=place.key[1]),
    )


@dataclass(frozen=True)
class Compared:
    """One indicator of a person beside that of the unit."""

    title: str
    href: str
    own: str
    interval: str
    unit: str
    difference: Change | None
    n: int
    thin: bool
    explain: str


def compared(
    shown: Sequence[Definition], unit: str, look: Look, own: Index, around: Index, person: str
) -> list[Compared]:
    """A person's values beside the unit's; indicators without an answer of the person are left out."""
    made = []
    for d in shown:
        mine, theirs = own.get((d.id, unit, None)), around.get((d.id, unit, None))
        if mine is None:
            continue
        beside = theirs.value if theirs else None
        made.append(
            Compared(
                title=d.title,
                href=look.indicator(d.id, unit),
                own=figures.figure(mine.value, d.unit),
                interval=figures.interval_text(mine.low, mine.high, d.unit),
                unit=figures.figure(beside, d.unit),
                difference=_beside(d, mine, beside),
                n=mine.n,
                thin=thin(d, mine),
                explain=look.explain(d.id, unit, person=person),
            )
        )
    return made


def _beside(d: Definition, mine: Answer, beside: float | None) -> Change | None:
    """A person's distance from the unit: good or bad only where the interval leaves the unit's value out."""
    moved = figures.change(mine.value, beside, d.unit, d.direction)
    if moved is None or beside is None or mine.low is None or mine.high is None:
        return Change(moved.text, "plain") if moved else None
    return Change(moved.text, "chance") if mine.low <= beside <= mine.high else moved


def caption(d: Definition, look: Look) -> str:
    """What a ranked table shows, in one line."""
    return _("%(indicator)s, %(period)s") % {"indicator": d.title, "period": period_name(look.period)}
