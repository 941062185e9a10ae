"""Conformance: what an engine must give. A second engine is added to ENGINES and must pass unchanged."""

import datetime as dt
import math
import uuid
from fractions import Fraction

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from kezun.facts import store
from kezun.facts.compile import Branch, Selection, State
from kezun.facts.engine import DuckEngine, TooLarge
from kezun.facts.tests import service

# The second looks for every quantile in buckets first, as of many facts.
ENGINES = [DuckEngine(), DuckEngine(small=0)]
DAY = dt.date(2026, 1, 5)
YEAR = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
SERVED = "\"outcome\" = 'served'"
WAIT = 'CAST("wait_s" AS BIGINT)'
HAS_WAIT = f"{SERVED} AND ({WAIT} IS NOT NULL)"
pytestmark = [
    pytest.mark.once,
    pytest.mark.django_db,
    pytest.mark.parametrize("engine", ENGINES, ids=["DuckDB", "DuckDB in buckets"]),
]

STATES = (
    State("count", "TRUE"),
    State("count", SERVED),
    State("sum", HAS_WAIT, WAIT),
    State("distinct", f'{SERVED} AND ("counter" IS NOT NULL)', of=("unit", "day", "counter")),
    State("squares", HAS_WAIT, WAIT),
    *(State("quantile", HAS_WAIT, WAIT, p=p) for p in ("0.5", "0.07", "0.9")),
    *(State("at_most", HAS_WAIT, WAIT, p=p) for p in ("0.9", "0.07")),
    *(State("quantile", HAS_WAIT, WAIT, p=p, sds=s) for p in ("0.5", "0.9") for s in (-1, 1)),
    State("quantile", SERVED, 'CAST("service_s" AS BIGINT)', p="0.9"),
)


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path


def stored(rows):
    """Rows as one Parquet file where the store keeps its own."""
    store.root().mkdir(exist_ok=True)
    path = store.root() / f"{uuid.uuid4().hex}.parquet"
    with duckdb.connect() as connection:
        connection.register("given", service.table("ticket", rows))
        connection.execute(f"COPY (SELECT * FROM given) TO '{path}' (FORMAT parquet)")
    return [path]


def everywhere(*units, target=1):
    return [Branch(unit, target, *YEAR) for unit in units]


def rank(values, p):
    return sorted(values)[math.ceil(Fraction(p) * len(values)) - 1] if values else None


def beside(values, p, sds):
    """The value whose rank lies `sds` standard deviations beside that of the quantile, if there is one."""
    at = math.ceil(round(p * len(values) + sds * math.sqrt(len(values) * p * (1 - p)), 9))
    return sorted(values)[max(at, 1) - 1] if values and at <= len(values) else None


def expected(rows):
    served = [r for r in rows if r["outcome"] == "served"]
    waits = [r["wait_s"] for r in served if r["wait_s"] is not None]
    services = [r["service_s"] for r in served if r["service_s"] is not None]
    counters = {(r["unit"], r["day"], r["counter"]) for r in served if r["counter"] is not None}
    upto = {p: sum(w <= rank(waits, p) for w in waits) if waits else 0 for p in ("0.9", "0.07")}
    return (
        *(len(rows), len(served), sum(waits), len(counters), sum(w * w for w in waits)),
        *(rank(waits, p) for p in ("0.5", "0.07", "0.9")),
        *(upto["0.9"], upto["0.07"]),
        *(beside(waits, p, sds) for p in (0.5, 0.9) for sds in (-1, 1)),
        rank(services, "0.9"),
    )


TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "unit": st.integers(1, 3),
            "outcome": st.sampled_from(["served", "served", "abandoned"]),
            "wait_s": st.none() | st.integers(0, 12) | st.integers(0, 43200),
            "service_s": st.none() | st.integers(0, 99),
            "counter": st.none() | st.sampled_from(["1", "2"]),
            "business": st.none() | st.sampled_from(["", "cash", "it's", '"现金"']),
            "person": st.none() | st.integers(1, 3),
            "days": st.integers(0, 40),
            "minutes": st.integers(0, 1439),
        }
    ),
    max_size=40,
)


def made(drawn):
    rows = []
    for i, told in enumerate(drawn):
        told = dict(told)
        moment = dt.datetime.combine(DAY, dt.time()) + dt.timedelta(
            days=told.pop("days"), minutes=told.pop("minutes")
        )
        rows.append(service.ticket(i, told.pop("unit"), moment, **told))
    return rows


@given(TICKETS, st.sampled_from([None, "business", "person", "day", "hour", "weekday_hour", "month"]))
@trying(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_states_of_any_facts(engine, drawn, by):
    """Every state of every group equals plain Python over the same rows, to the last bit."""
    keys = {
        None: lambda r: 0,
        "business": lambda r: r["business"] or "",
        "person": lambda r: r["person"] or 0,
        "day": lambda r: r["day"],
        "hour": lambda r: r["hour"],
        "weekday_hour": lambda r: r["weekday"] * 100 + r["hour"],
        "month": lambda r: r["day"].replace(day=1),
    }
    rows = made(drawn)
    tree = [*everywhere(1, 2, target=7), *everywhere(3, target=9)]
    found = engine.states(Selection("ticket", *YEAR), stored(rows), tree, STATES, by)
    groups = {}
    for row in rows:
        groups.setdefault((9 if row["unit"] == 3 else 7, keys[by](row)), []).append(row)
    assert found == {group: expected(inside) for group, inside in groups.items()}


def test_the_day_decides_where_a_fact_belongs(engine):
    moments = [dt.datetime(2026, 1, d, 9) for d in (1, 2, 3, 4)]
    files = stored([service.ticket(i, 5, m) for i, m in enumerate(moments)])
    tree = [
        Branch(5, 10, dt.date(2026, 1, 1), dt.date(2026, 1, 2)),
        Branch(5, 11, dt.date(2026, 1, 3), dt.date(2026, 1, 3)),
        Branch(5, 12, dt.date(2026, 1, 1), dt.date(2026, 12, 31)),
    ]
    found = engine.states(Selection("ticket", *YEAR), files, tree, STATES[:1], None)
    assert found == {(10, 0): (2,), (11, 0): (1,), (12, 0): (4,)}


SPANS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(7, 9), st.integers(0, 40), st.integers(0, 40)),
    min_size=1,
    max_size=8,
)


@given(TICKETS, SPANS, st.booleans(), st.sampled_from([None, "business"]))
@trying(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_states_in_any_tree(engine, drawn, spans, moving, by):
    """Units under several targets, for ever or for some days only: a fact counts once for each of them."""
    rows, days = made(drawn), {}
    for unit, target, since, length in spans:
        inside = {DAY + dt.timedelta(days=since + n) for n in range(length + 1)} if moving else None
        days.setdefault((unit, target), inside)
    tree = [
        Branch(unit, target, *((min(inside), max(inside)) if inside else YEAR))
        for (unit, target), inside in days.items()
    ]
    groups = {}
    for row in rows:
        for (unit, target), inside in days.items():
            if row["unit"] == unit and (inside is None or row["day"] in inside):
                key = (row["business"] or "") if by else 0
                groups.setdefault((target, key), []).append(row)
    wanted = {group: expected(inside) for group, inside in groups.items()}
    assert engine.states(Selection("ticket", *YEAR), stored(rows), tree, STATES, by) == wanted
    one = engine.states(Selection("ticket", *YEAR), stored(rows), tree, STATES[-1:], by)
    assert one == {group: states[-1:] for group, states in wanted.items()}


def test_more_conditions_than_are_tried_per_row(engine):
    rows = [service.ticket(i, 5 + i % 2, dt.datetime(2026, 1, 1, 9), wait_s=i) for i in range(40)]
    bounds = range(0, 40, 3)
    states = [State("count", f"{HAS_WAIT} AND {WAIT} <= {n}") for n in bounds]
    states += [State("sum", f"{HAS_WAIT} AND {WAIT} > {n}", WAIT) for n in bounds]
    found = engine.states(Selection("ticket", *YEAR), stored(rows), everywhere(5, 6), states, "hour")
    [(group, values)] = found.items()
    assert group[0] == 1
    assert values == (*(n + 1 for n in bounds), *(sum(range(n + 1, 40)) for n in bounds))


def test_what_the_selection_holds_is_not_tried_again(engine):
    counted = "\"outcome\" <> 'void'"
    rows = [
        service.ticket(i, 5, dt.datetime(2026, 1, 1, 9), outcome=o) for i, o in enumerate(("void", "served"))
    ]
    states = [State("count", counted), State("count", f"{counted} AND {SERVED}"), State("count", SERVED)]
    found = engine.states(Selection("ticket", *YEAR, (), counted), stored(rows), everywhere(5), states, None)
    assert found == {(1, 0): (1, 1, 1)}


def test_selection(engine):
    rows = [
        service.ticket(1, 5, dt.datetime(2026, 1, 1, 9), business="it's", person=3),
        service.ticket(2, 5, dt.datetime(2026, 1, 2, 10), outcome="void"),
        service.ticket(3, 6, dt.datetime(2026, 1, 3, 9), person=3),
    ]
    files = stored(rows)

    def n(*equal, since=YEAR[0], until=YEAR[1], counted="", units=(5, 6)):
        chosen = Selection("ticket", since, until, equal, counted)
        found = engine.states(chosen, files, everywhere(*units), STATES[:1], None)
        return found.get((1, 0), (0,))[0]

    assert n() == 3
    assert n(("business", "it's")) == 1
    assert n(("business", None)) == 2
    assert n(("person", 3)) == 2
    assert n(("person", 3), ("hour", 9), ("weekday", 4)) == 1
    assert n(until=dt.date(2026, 1, 2)) == 2
    assert n(counted="\"outcome\" <> 'void'") == 2
    assert n(units=(6,)) == 1
    assert n(("business", "nothing")) == 0


def test_no_files_no_units(engine):
    files = stored([service.ticket(1, 5, dt.datetime(2026, 1, 1, 9))])
    assert engine.states(Selection("ticket", *YEAR), [], everywhere(5), STATES, None) == {}
    assert engine.states(Selection("ticket", *YEAR), files, [], STATES, None) == {}
    total, rows = engine.rows(Selection("ticket", *YEAR), [], everywhere(5), "TRUE", 0, 10)
    assert (total, rows.num_rows) == (0, 0)


def test_rows_in_order_and_by_pages(engine):
    moments = [dt.datetime(2026, 1, 1, 9) + dt.timedelta(minutes=i % 7) for i in range(50)]
    rows = [service.ticket(i, 5, m, wait_s=i) for i, m in enumerate(moments)]
    files = stored(rows)
    wanted = [r["source_id"] for r in sorted(rows, key=lambda r: (r["occurred_at"], r["source_id"]))]
    tree, selection = everywhere(5), Selection("ticket", *YEAR)
    pages = [engine.rows(selection, files, tree, "TRUE", at, 20) for at in (0, 20, 40, 60)]
    assert {total for total, _ in pages} == {50}
    assert [id for _, page in pages for id in page.column("source_id").to_pylist()] == wanted
    total, page = engine.rows(selection, files, tree, f"{WAIT} <= 3", 0, None)
    assert (total, sorted(page.column("wait_s").to_pylist())) == (4, [0, 1, 2, 3])


def test_sums_beyond_32_bits(engine):
    rows = [service.ticket(i, 5, dt.datetime(2026, 1, 1, 9), wait_s=2**31 - 1) for i in range(5)]
    found = engine.states(Selection("ticket", *YEAR), stored(rows), everywhere(5), STATES[2:3], None)
    assert found == {(1, 0): (5 * (2**31 - 1),)}


def test_threads_share_the_engine(engine):
    from concurrent.futures import ThreadPoolExecutor

    files = stored([service.ticket(i, 5 + i % 2, dt.datetime(2026, 1, 1, 9)) for i in range(99)])
    chosen = Selection("ticket", *YEAR)

    def ask(unit):
        # The manifest is not asked from threads here: they would not see this test's transaction.
        return engine.states(chosen, files, everywhere(unit, target=unit), STATES[:1], None)

    from kezun.facts import engine as module

    scan = module.scan("ticket", files)
    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(4) as pool:
        patched.setattr(module, "scan", lambda *_: scan)
        found = list(pool.map(ask, [5, 6] * 10))
    assert found[::2] == [{(5, 0): (50,)}] * 10
    assert found[1::2] == [{(6, 0): (49,)}] * 10


def test_too_large_is_said(engine, monkeypatch):
    if not isinstance(engine, DuckEngine):
        pytest.skip("how the embedded engine tells")

    class Full:
        def register(self, *_):
            raise duckdb.OutOfMemoryException("full")

        def close(self):
            pass

        def cursor(self):
            return self

    small = DuckEngine()
    monkeypatch.setattr("kezun.facts.engine.connect", Full)
    with pytest.raises(TooLarge):
        small.states(
            Selection("ticket", *YEAR),
            stored([service.ticket(1, 5, dt.datetime(2026, 1, 1, 9))]),
            everywhere(5),
            STATES[:1],
            None,
        )
