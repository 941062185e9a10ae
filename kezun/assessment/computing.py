"""A run as a function: facts, rules and roster in, results in the order of the roster out. Writes nothing."""

from __future__ import annotations

import datetime as dt
import gc
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from kezun.assessment import packing
from kezun.assessment.gathering import Gathered, Wanted, gather, members
from kezun.assessment.measuring import METHOD
from kezun.assessment.rules.combining import Edition, combined, powered, rankable, squared
from kezun.assessment.rules.form import Scheme
from kezun.assessment.rules.lines import Result
from kezun.assessment.subjects import Roster
from kezun.facts.definitions import Definition
from kezun.statistics import ranking, tiers

PACKAGE = Path(__file__).parent.parent
# What a result depends on: a change in any of these files is another version of the code.
SOURCES = (
    "assessment/rules",
    "statistics",
    "assessment",
    "facts/around.py",
    "facts/vectors.py",
    "facts/compile.py",
    "facts/engine.py",
)
OWN = ("computing.py", "gathering.py", "measuring.py", "owning.py", "mixing.py", "packing.py", "subjects.py")
QUANTILES = (10, 25, 50, 75, 90)
BLOCK = 2000
NORMAL_95 = 1.959963984540054
Progress = Callable[[float], None]


@cache
def code_version() -> str:
    """`1.0.0+0123456789ab`: the product's version, and the hash of the sources that a result depends on."""
    found: list[Path] = []
    for name in SOURCES:
        at = PACKAGE / name
        own = [at / file for file in OWN] if name == "assessment" else sorted(at.glob("*.py"))
        found += own if at.is_dir() else [at]
    body = hashlib.sha256()
    for path in found:
        body.update(path.relative_to(PACKAGE).as_posix().encode() + b"\n" + path.read_bytes())
    return f"{metadata.version('kezun')}+{body.hexdigest()[:12]}"


@dataclass(frozen=True)
class Stretch:
    """An edition of a scheme over the days that it judges, both included."""

    scheme: Scheme
    since: dt.date
    until: dt.date


@dataclass(frozen=True)
class Given:
    """Everything that a run is a function of. seed: of the draws behind ranks; method: `measuring.METHOD`."""

    stretches: tuple[Stretch, ...]
    roster: Roster
    named: Mapping[str, Definition]
    snapshots: Mapping[str, int]
    seed: int
    method: int = METHOD

    @property
    def scheme(self) -> Scheme:
        """The edition in force at the end: it ranks and grades."""
        return self.stretches[-1].scheme


@dataclass(frozen=True, slots=True)
class Standing:
    """A place in the ranking of the peer group: median rank, its interval, how many are ranked, the tier."""

    rank: int
    low: int
    high: int
    ranked: int
    tier: int


@dataclass(slots=True)
class Row:
    """One subject's outcome as it is stored; body: the packed result."""

    key: str
    score: Decimal | None
    sd: float
    grade: str
    capped: str
    vetoes: int
    n: int
    why: str
    body: bytes
    limits: tuple[Decimal, Decimal]
    standing: Standing | None = None

    @property
    def interval(self) -> tuple[Decimal, Decimal] | None:
        """The 95 % interval of the score, within the limits of the total."""
        if self.score is None:
            return None
        half, (least, most) = Decimal(f"{NORMAL_95 * self.sd:.4f}"), self.limits
        return max(least, self.score - half), min(most, self.score + half)


@dataclass
class Outcome:
    """All rows in the roster's order, their hash, figures of peers, what was learned of peers, and what each
    stratum of a mix of cases was taken for; the last two by edition."""

    rows: list[Row]
    result_hash: str
    peers: dict[str, Any]
    learned: list[dict[str, Any]] = field(default_factory=list)
    mixes: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def uncollected() -> Iterator[None]:
    """Meanwhile nobody looks for values that refer to one another in a circle: there are millions of small
    ones, none of which does, and looking through them is a tenth of a run."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@uncollected()
def compute(given: Given, progress: Progress = lambda share: None) -> Outcome:
    """The whole run; the same `given` makes the same bytes. progress: called with 0 … 1."""
    gathered = []
    days = sum((s.until - s.since).days + 1 for s in given.stretches)
    for at, one in enumerate(given.stretches):
        share = Decimal((one.until - one.since).days + 1) / Decimal(days)
        whom = (given.roster, given.named, given.snapshots, given.method)
        gathered.append(gather(Wanted(one.scheme, one.since, one.until, share, *whom)))
        progress(0.4 * (at + 1) / len(given.stretches))
    rows, bodies = [], []
    for at, (subject, result) in enumerate(_results(given, gathered)):
        bodies.append(packing.canonical(result))
        rows.append(_row(given.scheme, subject, result, bodies[-1]))
        if at % BLOCK == 0:
            progress(0.4 + 0.4 * at / max(1, len(given.roster.subjects)))
    groups = [s.group for s in given.roster.subjects]
    _stand(rows, groups, given)
    total = packing.ResultHash()
    for row, body in zip(rows, bodies, strict=True):
        total.add(row.key, body, _told(row.standing))
    peers = {group: _peer(rows, mine, gathered[-1]) for group, mine in members(groups).items()}
    progress(0.85)
    learned, mixes = [one.published() for one in gathered], [one.mixes() for one in gathered]
    return Outcome(rows, total.hexdigest(), peers, learned, mixes)


def _results(given: Given, gathered: Sequence[Gathered]) -> Iterator[tuple[str, Result]]:
    """Block by block, so that the numbers of all subjects are never all Python's own at once."""
    square = squared if given.method > 1 else powered
    editions = [Edition(one.scheme, square) for one in given.stretches]
    subjects = given.roster.subjects
    for start in range(0, len(subjects), BLOCK):
        some = slice(start, min(start + BLOCK, len(subjects)))
        block = zip(*(one.told(some) for one in gathered), strict=True)
        for subject, told in zip(subjects[some], block, strict=True):
            parts, rated = zip(*told, strict=True)
            yield subject.key, combined(editions, parts, rated)


def _row(scheme: Scheme, key: str, result: Result, body: bytes) -> Row:
    row = Row(
        *(key, result.score, result.sd, result.grade, result.capped, len(result.vetoes), result.n),
        *(result.why, packing.pack(body), (scheme.least, scheme.most)),
    )
    if rankable(scheme, result):
        row.standing = Standing(0, 0, 0, 0, 0)
    return row


def _told(standing: Standing | None) -> tuple[int | None, ...]:
    if standing is None:
        return ()
    return (standing.rank, standing.low, standing.high, standing.ranked, standing.tier)


def _stand(rows: Sequence[Row], groups: Sequence[str], given: Given) -> None:
    """Ranks of each peer group by posterior: median, interval and tier of those that may be ranked."""
    for number, places in enumerate(members(groups).values()):
        mine = [rows[at] for at in places if rows[at].standing is not None]
        law = ranking.of_scores([float(r.score or 0) for r in mine], [r.sd for r in mine])
        generator = np.random.default_rng([given.seed, number])
        ranks = ranking.rank(law, generator=generator)
        tier = tiers.tiers(ranks)
        for at, row in enumerate(mine):
            low, high = int(ranks.low[at]), int(ranks.high[at])
            row.standing = Standing(int(ranks.median[at]), low, high, len(mine), int(tier[at]))


def _peer(rows: Sequence[Row], mine: Sequence[int], last: Gathered) -> dict[str, Any]:
    """Of a group, for the total and each component: how many were scored, and quantiles of their points."""
    scores = [float(s) for at in mine if (s := rows[at].score) is not None]
    told = {"total": _quantiles(scores)}
    for column in last.columns:
        points = column.points[mine]
        told[column.component.id] = _quantiles([p for p in points.tolist() if not math.isnan(p)])
    return told


def _quantiles(values: list[float]) -> dict[str, float | int]:
    """n, and by nearest rank the tenth, quarters and ninth tenth of the values."""
    ordered = sorted(values)
    n = len(ordered)
    at = {f"p{q}": round(ordered[max(0, math.ceil(q * n / 100) - 1)], 4) for q in QUANTILES} if n else {}
    return {"n": n, **at}
