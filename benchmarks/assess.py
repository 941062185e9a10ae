"""A full run of an outlet scheme and of a teller scheme, 12 components each, against a query that fetches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks.cost import Cost, apart, measured
from benchmarks.report import say
from benchmarks.synthetic import OUTLETS, TELLERS, prepare

PERIOD = "2026-Q1"
FEW = 1_000
SHARES = (
    *("floor.satisfied_rate", "floor.answer_rate", "floor.abandon_rate", "floor.within_promise"),
    "floor.rating_coverage",
)
OTHERS = ("floor.wait_mean", "floor.service_mean", "floor.satisfaction_mean", "floor.dissatisfied_per_10k")
NARROWED = (("floor.satisfied_rate", "B1"), ("floor.within_promise", "B2"), ("floor.wait_mean", "B3"))


def components() -> list[dict[str, Any]]:
    """Twelve: shares by empirical Bayes, means raw, a rate by gamma-Poisson, three of one business each."""
    made = [_component(id, "beta_binomial_eb", [[0, 0], [0.9, 80], [1, 100]]) for id in SHARES]
    made += [_component(id, "raw", [[0, 100], [2000, 0]]) for id in OTHERS[:3]]
    made.append(_component(OTHERS[3], "gamma_poisson", [[0, 100], [200, 0]]))
    for id, business in NARROWED:
        one = _component(id, "raw", [[0, 0], [2000, 100]])
        made.append(
            one | {"source": {"indicator": id, "business": business}, "id": f"{one['id']}_{business}"}
        )
    for at, one in enumerate(made):
        one["weight"] = 12 if at == 0 else 8
    return made


def _component(id: str, kind: str, points: list[list[float]]) -> dict[str, Any]:
    return {
        **{"id": id.split(".")[1], "title": id, "source": {"indicator": id}, "estimator": {"kind": kind}},
        "transform": {"kind": "piecewise_linear", "points": points},
    }


def scheme(name: str, subject: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(
        {
            **{"schema": "kezun.scheme/1", "id": f"urn:bench:{name}", "version": "1", "title": name},
            **{"subject": subject, "valid": {"from": "2026-01-01"}, "components": components()},
            "deductions": [
                {"id": "D1", "title": "D1", "event": "complaint", "points": {"default": 1}, "cap": 5}
            ],
            "grades": [{"name": "A", "min": 90}, {"name": "B", "min": 60}, {"name": "C"}],
        }
    )


def stand(rows: int, home: str) -> None:
    """The synthetic bank with its tellers and both schemes; made once."""
    prepare(rows, home)
    from kezun.assessment.actions.schemes import install_scheme
    from kezun.kernel.actor import SystemActor
    from kezun.org.models import Assignment, Person, Post, Unit

    ready = Path(home) / "tellers"
    if ready.exists():
        return
    first = Unit.objects.get(code="outlet0").pk
    post = Post.objects.create(code="teller", name="teller", role="teller")
    # Facts name tellers outlet × TELLERS + n; 13 of 14 are people here: 200,000 in 15,500 outlets.
    codes = [n for n in range(1, OUTLETS * TELLERS) if n % TELLERS]
    people = (Person(pk=n, code=f"T{n}", name=f"T{n}", password="!") for n in codes)
    Person.objects.bulk_create(people, batch_size=2000)
    held = (Assignment(person_id=n, unit_id=first + n // TELLERS, post=post) for n in codes)
    Assignment.objects.bulk_create(held, batch_size=2000)
    for name, subject in (
        ("outlets", {"kind": "outlet", "peer_group": ["tier1"]}),
        ("tellers", {"kind": "person", "posts": ["teller"], "peer_group": ["post"]}),
    ):
        install_scheme(SystemActor("bench"), text=scheme(name, subject), origin="bench")
    ready.touch()


def fetch(rows: int, home: str) -> Cost:
    """The baseline: one DuckDB query a fact type and level, which fetches the same numbers into arrays."""
    stand(rows, home)
    from kezun.facts import store
    from kezun.facts.duck import duck, paths

    files = {fact: f"read_parquet({paths(store.files(fact))})" for fact in ("ticket", "rating")}
    narrow = {"ticket": ("B2", "B3"), "rating": ("B1",)}
    sums = {
        "ticket": "count(*), count(*) FILTER (WHERE outcome = 'served'), count(*) FILTER (WHERE "
        "outcome = 'abandoned'), count(*) FILTER (WHERE wait_s <= promise_s AND outcome = 'served'), "
        "sum(wait_s) FILTER (WHERE outcome = 'served'), sum(service_s) FILTER (WHERE outcome = 'served'), "
        "count(wait_s), count(service_s)",
        "rating": "count(*), count(*) FILTER (WHERE score >= 4), sum(score), "
        "count(*) FILTER (WHERE score <= 2)",
    }
    with duck() as connection, measured() as cost:
        cost.value = 0
        for key in ("unit", "person"):
            for fact, source in files.items():
                where = "outcome <> 'void'" if fact == "ticket" else "TRUE"
                for also in ("TRUE", *(f"business = '{b}'" for b in narrow[fact])):
                    found = connection.execute(
                        f"SELECT {key}, {sums[fact]} FROM {source} WHERE {where} AND {also} GROUP BY 1"
                    ).fetchnumpy()
                    cost.value += len(found[key])
    return cost


def both(rows: int, home: str) -> Cost:
    """Both runs: gathered, estimated, combined, ranked, kept."""
    stand(rows, home)
    from kezun.assessment.models import Run, Scheme
    from kezun.assessment.running import run
    from kezun.kernel.actor import SystemActor

    with measured() as cost:
        made = [
            run(
                SystemActor("bench"),
                Scheme.objects.get(urn=f"urn:bench:{name}"),
                PERIOD,
                kind=Run.Kind.WHAT_IF,
            )
            for name in ("outlets", "tellers")
        ]
    cost.value = {
        "subjects": sum(one.subjects for one in made),
        "scores": sum(one.scores.exclude(score=None).count() for one in made),
        "bytes": (Path(home) / "kezun.sqlite3").stat().st_size
        if (Path(home) / "kezun.sqlite3").exists()
        else 0,
    }
    return cost


def card(rows: int, home: str) -> Cost:
    """One scorecard of a teller, warm, with its statements."""
    stand(rows, home)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from kezun.assessment.models import Run
    from kezun.assessment.queries import scorecard
    from kezun.kernel.actor import SystemActor

    actor, made = SystemActor("bench"), Run.objects.latest("pk")
    subject = made.scores.exclude(score=None).order_by("pk").first().subject
    scorecard(actor, made, subject)
    with CaptureQueriesContext(connection) as asked:
        scorecard(actor, made, subject)
    with measured() as cost:
        for _ in range(20):
            scorecard(actor, made, subject)
    cost.cpu, cost.value = cost.cpu / 20, len(asked)
    return cost


def run(rows: int, home: str) -> dict[str, float]:
    """Print time, memory, the ratio to the baseline and the growth with the number of outlets."""
    base, own = apart(fetch, rows, home), apart(both, rows, home)
    shown = apart(card, rows, home)
    many = OUTLETS >= 15_500
    told = own.value
    say("fetching the same values", base.cpu, "CPU s", note=f"{base.value} rows")
    say("both runs, by the clock", own.wall, "s", 60 if many else None, note=f"{told['subjects']} subjects")
    say("both runs", own.cpu, "CPU s", note=f"{told['scores']} with a score")
    say("both runs / fetching", own.cpu / base.cpu, "x", 3 if many else None)
    say("peak memory of both runs", own.peak_mb / 1024, "GB", 4 if many else None)
    say("a scorecard, without its page", shown.cpu * 1000, "CPU ms", 25, note=f"{shown.value} statements")
    if many:
        few = _few(rows, home)
        growth = (own.cpu / few.cpu) / (told["subjects"] / few.value["subjects"])
        say(f"cost a subject, {FEW:,} to {OUTLETS:,} outlets", growth, "x", 1.2)
    return {}


def _few(rows: int, home: str) -> Cost:
    """The same with 1,000 outlets and as many tickets an outlet."""
    before = os.environ.get("KEZUN_BENCH_OUTLETS")
    os.environ["KEZUN_BENCH_OUTLETS"] = str(FEW)
    try:
        return apart(both, rows * FEW // OUTLETS, f"{home}-few")
    finally:
        os.environ.pop("KEZUN_BENCH_OUTLETS")
        if before:
            os.environ["KEZUN_BENCH_OUTLETS"] = before
