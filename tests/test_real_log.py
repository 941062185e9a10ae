"""The real call log: every indicator of tickets equals plain Python over the raw file, none of our code."""

import csv
import datetime as dt
import json
import math
import statistics
from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy import stats

LOG = Path(__file__).resolve().parents[2] / "shared" / "data" / "anonymous-bank" / "calls-1999-02-01_21.tsv"
PACKS = Path(__file__).resolve().parents[1] / "packs" / "anonymous-bank"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.real,
    pytest.mark.skipif(not LOG.exists(), reason="needs ../shared/data/anonymous-bank beside the repository"),
]

Z2 = 1.959963984540054**2


def kezun(*words):
    from kezun.site.cli import main

    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def raw():
    """The log's rows with what this test needs: day, hour and the three durations as numbers."""
    rows = []
    with LOG.open(encoding="utf-8") as lines:
        for line in csv.DictReader(lines, delimiter="\t"):
            queued = line["q_start"] != "0:00:00"
            hour = int((line["q_start"] if queued else line["vru_exit"]).split(":")[0])
            day = dt.datetime.strptime(line["date"], "%y%m%d").date()
            server = "" if line["server"] == "NO_SERVER" else line["server"]
            rows.append(
                {
                    **{"day": day.isoformat(), "hour": f"{hour:02d}", "weekday": str(day.isoweekday())},
                    **{"business": line["type"], "class": line["priority"], "person": server},
                    **{"outcome": line["outcome"], "wait": int(line["q_time"])},
                    "service": int(line["ser_time"]),
                }
            )
    return rows


@pytest.fixture
def imported(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path
    kezun("load-pack", str(PACKS))
    summary = kezun("import", "ticket", str(LOG), "--profile", "anonymous-bank/calls", "--json")
    told = json.loads(summary.splitlines()[-1])
    assert (told["rows"], told["new"], told["rejected"]) == (25890, 25890, 0)


def wilson(k, n):
    p = k / n
    half = math.sqrt(Z2 * (p * (1 - p) / n + Z2 / (4 * n * n)))
    return (p + Z2 / (2 * n) - half) / (1 + Z2 / n), (p + Z2 / (2 * n) + half) / (1 + Z2 / n)


def spanned(values):
    """The t interval of a mean by scipy, not below 0; nothing where all values are alike."""
    if len(set(values)) < 2:
        return None, None
    mean, n = sum(values) / len(values), len(values)
    low, high = stats.t.interval(0.95, n - 1, mean, statistics.stdev(values) / math.sqrt(n))
    return max(float(low), 0.0), float(high)


def worked_out(rows):
    """{indicator: (value, numerator, denominator, n)} of these rows; of a mean low and high too."""
    rows = [r for r in rows if r["outcome"] != "PHANTOM"]
    served = [r for r in rows if r["outcome"] == "AGENT"]
    left = len(rows) - len(served)
    kept = sum(r["wait"] <= 60 for r in served)
    n, all_n = len(served), len(rows)
    made = {
        "floor.tickets": (float(all_n), all_n, None, all_n),
        "floor.served": (float(n), n, None, n),
        "floor.abandoned": (float(left), left, None, left),
        "floor.answer_rate": (n / all_n, n, all_n, all_n),
        "floor.abandon_rate": (left / all_n, left, all_n, all_n),
        "floor.within_promise": (kept / all_n, kept, all_n, all_n),
    }
    for name in ("wait", "service"):
        values = sorted(r[name] for r in served)
        made[f"floor.{name}_mean"] = (sum(values) / n if n else None, sum(values), n, n, *spanned(values))
        for percent in (50, 90, 95):
            value = values[-(-percent * n // 100) - 1] if n else None
            upto = sum(v <= value for v in values) if n else 0
            made[f"floor.{name}_p{percent}"] = (None if value is None else float(value), upto, n, n)
    del made["floor.service_p95"]
    return made


def told(*words, unit="ANON"):
    return json.loads(kezun("indicators", "--unit", unit, *words, "--format", "json"))


def check(answers, wanted):
    """Every number asked for, to the last bit; intervals to the twelfth digit, of means to the ninth."""
    found = {(a["indicator"], a["by"]): a for a in answers}
    for (id, by), (value, numerator, denominator, n, *span) in wanted.items():
        answer = found[id, by]
        got = (answer["value"], answer["numerator"], answer["denominator"], answer["n"])
        assert got == (value, numerator, denominator, n), (id, by)
        if id in {"floor.answer_rate", "floor.abandon_rate", "floor.within_promise"}:
            assert (answer["low"], answer["high"]) == pytest.approx(wilson(numerator, n), abs=1e-12)
        elif span and span[0] is not None:
            assert [answer["low"], answer["high"]] == pytest.approx(span, rel=1e-9)
        else:
            assert answer["low"] is answer["high"] is None


def test_the_real_log(imported, raw):
    keys = {"indicator", "unit", "by", "period", "value", "numerator"}
    keys |= {"denominator", "n", "low", "high", "target", "met"}
    month = {(id, None): v for id, v in worked_out(raw).items()}
    for unit in ("ANON", "ANON-CC"):
        answers = told("--period", "1999-02", unit=unit)
        assert all(set(a) == keys and a["unit"] == unit and a["period"] == "1999-02" for a in answers)
        check(answers, month)
    check(told("--period", "1999-02", "--below", "call_centre"), month)
    for by in ("day", "business", "person", "class", "hour", "weekday"):
        groups = defaultdict(list)
        for row in raw:
            groups[row[by]].append(row)
        real = {label: rows for label, rows in groups.items() if any(r["outcome"] != "PHANTOM" for r in rows)}
        answers = told("--period", "1999-02", "--by", by)
        check(answers, {(id, label): v for label, rows in real.items() for id, v in worked_out(rows).items()})
        assert {a["by"] for a in answers} == set(real)
    for day in sorted({r["day"] for r in raw}):
        rows = [r for r in raw if r["day"] == day]
        check(told("--period", day), {(id, None): v for id, v in worked_out(rows).items()})


def test_the_rows_behind(imported, raw):
    day = [r for r in raw if r["day"] == "1999-02-03" and r["outcome"] != "PHANTOM"]
    served = [r for r in day if r["outcome"] == "AGENT"]

    def rows(id, part):
        words = ("--unit", "ANON", "--period", "1999-02-03", "--indicator", id, "--part", part)
        return json.loads(kezun("facts", "rows", *words, "--format", "json"))

    assert len(rows("floor.answer_rate", "denominator")) == len(day)
    assert len(rows("floor.answer_rate", "numerator")) == len(served)
    bound = worked_out(day)["floor.wait_p90"]
    behind = rows("floor.wait_p90", "numerator")
    assert sorted(r["wait_s"] for r in behind) == sorted(r["wait"] for r in served if r["wait"] <= bound[0])
    assert {r["unit"] for r in behind} == {"ANON-CC"}
    assert {r["person"] for r in behind} <= {r["person"] or None for r in served}
