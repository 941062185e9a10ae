"""A small world to be judged: schemes as text, inspections, ratings and merits as facts, moments of
knowledge."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from django.db import connection

from kezun.assessment.actions.schemes import install_scheme
from kezun.assessment.models import Scheme
from kezun.facts.models import Snapshot
from kezun.facts.publishing import publish
from kezun.kernel import frozen
from kezun.kernel.actor import SystemActor
from kezun.standards.models import Standard

US = SystemActor("test")
NOON = dt.time(4, tzinfo=dt.UTC)  # noon in Shanghai


def moment(day: str) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), NOON)


def scheme_text(**changes: Any) -> str:
    """A scheme of outlets by satisfied rate (60) and wait within the promise (40), with changes at the
    top."""
    made: dict[str, Any] = {
        "schema": "kezun.scheme/1",
        "id": "urn:kezun:scheme:test",
        "version": "2026.1",
        "title": "试行方案",
        "title_en": "Trial scheme",
        "subject": {"kind": "outlet"},
        "valid": {"from": "2025-01-01"},
        "components": [
            {
                "id": "csat",
                "title": "满意率",
                "weight": 60,
                "source": {"indicator": "floor.satisfied_rate"},
                "estimator": {"kind": "beta_binomial_eb", "min_n": 5},
                "transform": {"kind": "piecewise_linear", "points": [[0.5, 0], [0.9, 80], [1, 100]]},
            },
            {
                "id": "answered",
                "title": "接待率",
                "weight": 40,
                "source": {"indicator": "floor.answer_rate"},
                "transform": {"kind": "ratio_to_target", "target": 0.9},
            },
        ],
        "grades": [
            {"name": "优秀", "min": 90, "floors": {"csat": 80}},
            {"name": "良好", "min": 75},
            {"name": "达标", "min": 60},
            {"name": "不达标"},
        ],
        "ranking": {"min_n": 10},
    }
    made |= changes
    plain = json.loads(json.dumps({k: v for k, v in made.items() if v is not None}))  # shares nothing
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)


def inspected(**changes: Any) -> str:
    """A scheme of one component: the results of one standard."""
    component = {
        **{"id": "inspect", "title": "服务检查", "weight": 100, "missing": "exclude"},
        "source": {"standard": "urn:test:std", "agg": "pooled"},
    }
    return scheme_text(components=[component], grades=None, ranking=None, **changes)


def installed(text: str, at: str = "2025-01-01") -> Scheme:
    """A published edition, known since `at`; the standard that schemes here name is there too."""
    Standard.objects.get_or_create(
        urn="urn:test:std",
        version="2.0",
        defaults={
            **{"title": "标准", "text": "-", "sha256": "0", "from_date": dt.date(2025, 1, 1)},
            **{"state": Standard.State.PUBLISHED, "published_at": moment("2025-01-01")},
        },
    )
    row = install_scheme(US, text=text, origin="test")
    frozen.lift(connection)
    Scheme.objects.filter(pk=row.pk).update(published_at=moment(at))
    frozen.install(connection)
    row.refresh_from_db()
    return row


def forged(change: Callable[[], object]) -> None:
    """Do what nobody may: with the triggers lifted."""
    frozen.lift(connection)
    try:
        change()
    finally:
        frozen.install(connection)


def known_since(fact: str, day: str) -> None:
    """What was published last of a fact type is known since noon of a day."""
    last = Snapshot.objects.filter(fact=fact).order_by("-number").first()
    Snapshot.objects.filter(pk=last.pk).update(created_at=moment(day))


def inspection(id: str, unit: str, day: str, earned: int, possible: int, version: str, **more: Any) -> None:
    """One inspection by `urn:test:std`, points as whole numbers."""
    row = {
        **{"source_id": id, "unit": unit, "occurred_at": moment(day), "standard": "urn:test:std"},
        **{"version": version, "method": "明查", "announced": True, "veto": False, "void": False},
        **{"earned_e4": earned * 10_000, "possible_e4": possible * 10_000},
        **{"score_e4": earned * 1_000_000 // possible, "asked": 10, "conforming": 9, "na": 0, "failed": 1},
    }
    publish(US, "inspection", [row | more], source="standards.sheet")


def merit(id: str, unit: str, day: str, kind: str, level: str, **more: Any) -> None:
    row = {
        **{"source_id": id, "unit": unit, "occurred_at": moment(day), "kind": kind, "level": level},
        **{"responsibility": "responsible", "void": False},
    }
    publish(US, "merit", [row | more], source="assessment.merit")


_waiting: list[tuple[str, list[dict[str, Any]], str]] | None = None


@contextmanager
def together() -> Iterator[None]:
    """Facts told inside are published at its end, by type: a publication costs more than its rows."""
    global _waiting
    _waiting = held = []
    try:
        yield
    finally:
        _waiting = None
    for kind, source in dict.fromkeys((kind, source) for kind, _rows, source in held):
        publish(US, kind, [r for k, rows, s in held if (k, s) == (kind, source) for r in rows], source=source)


def _tell(kind: str, rows: list[dict[str, Any]], source: str) -> None:
    if _waiting is None:
        publish(US, kind, rows, source=source)
    else:
        _waiting.append((kind, rows, source))


def served(
    unit: str, day: str, served: int, abandoned: int = 0, person: str | None = None, **more: Any
) -> None:
    """So many tickets of one unit on one day, some of which were given up."""
    rows = [
        {
            **{"source_id": f"{unit}-{person}-{day}-{n}", "unit": unit, "person": person},
            **{"occurred_at": moment(day) + dt.timedelta(seconds=30 * n), "channel": "counter"},
            **{"direction": "in", "outcome": "abandoned" if n < abandoned else "served"},
            **({} if n < abandoned else {"wait_s": 60, "service_s": 120}),
        }
        | more
        for n in range(served + abandoned)
    ]
    _tell("ticket", rows, "test.tickets")


def rated(unit: str, day: str, good: int, bad: int = 0, person: str | None = None, **more: Any) -> None:
    """So many ratings of one unit on one day: 5 for the good, 1 for the bad."""
    rows = [
        {
            **{
                "source_id": f"{unit}-{person}-{day}-{n}",
                "unit": unit,
                "person": person,
                "channel": "counter",
            },
            **{"occurred_at": moment(day) + dt.timedelta(seconds=30 * n), "score": 1 if n < bad else 5},
        }
        | more
        for n in range(good + bad)
    ]
    _tell("rating", rows, "test.ratings")
