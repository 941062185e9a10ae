"""The room as a whole: it costs nothing until used, and it shows why raw rankings are not published."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kezun.statistics.intervals import wilson
from kezun.statistics.shrinkage import shrink

ROOM = Path(__file__).resolve().parents[1]
OUTLETS, TIMES = 100, 60


def run(code: str) -> str:
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def test_importing_the_room_loads_neither_scipy_nor_statsmodels():
    modules = sorted(f"kezun.statistics.{p.stem}" for p in ROOM.glob("*.py"))
    heavy = "{'scipy', 'statsmodels', 'pandas'}"
    code = f"import sys, {', '.join(modules)}; print(sorted({heavy} & set(sys.modules)))"
    assert run(code.replace(".__init__", "")) == "[]"


def test_a_page_with_wilson_intervals_never_loads_scipy():
    code = "import sys; from kezun.statistics.intervals import wilson, nps; wilson([3], [9]); nps(1, 1, 4);"
    assert run(code + "print('scipy' in sys.modules)") == "False"


@pytest.fixture(scope="module")
def quarters():
    """Sixty quarters of a hundred outlets, true share 99 %, samples around 250; what three orders make of
    it."""
    generator = np.random.default_rng(20_260_101)
    rows = []
    for _ in range(TIMES):
        true = generator.beta(396, 4, OUTLETS)
        n = np.maximum(5, generator.lognormal(np.log(250), 0.9, OUTLETS)).astype(int)
        k = generator.binomial(n, true)
        _prior, posterior = shrink(k, n)
        orders = {"raw": k / n, "eb": posterior.mean, "wilson": wilson(k, n).low}
        rows.append({name: judged(value, true, n, generator) for name, value in orders.items()})
    return {name: np.mean([row[name] for row in rows], axis=0) for name in ("raw", "eb", "wilson")}


def judged(value, true, n, generator):
    """Of the ten best by `value`: how many truly are; their median sample; the mean square error; how many
    at 1."""
    best = np.lexsort((generator.uniform(size=len(value)), value))[-10:]
    found = len(set(best) & set(np.argsort(true)[-10:]))
    likeness = np.corrcoef(value.argsort().argsort(), true.argsort().argsort())[0, 1]
    return found, np.median(n[best]), ((value - true) ** 2).mean(), (value == 1).sum(), likeness


FOUND, SAMPLE, ERROR, PERFECT, LIKENESS = range(5)


def test_the_posterior_finds_more_of_the_true_best(quarters):
    assert quarters["eb"][FOUND] > quarters["wilson"][FOUND] > quarters["raw"][FOUND] > 1.0
    assert quarters["eb"][FOUND] > 1.3 * quarters["raw"][FOUND]


def test_the_posterior_orders_more_as_the_truth_does(quarters):
    assert quarters["eb"][LIKENESS] > quarters["raw"][LIKENESS] + 0.03


def test_raw_shares_are_several_times_further_from_the_truth(quarters):
    assert quarters["raw"][ERROR] > 3 * quarters["eb"][ERROR]


def test_the_raw_order_rewards_small_samples_and_the_lower_limit_large_ones(quarters):
    assert quarters["raw"][SAMPLE] < 150
    assert quarters["raw"][SAMPLE] < quarters["eb"][SAMPLE] < quarters["wilson"][SAMPLE]


def test_a_fifth_of_all_stand_at_exactly_100_percent(quarters):
    assert 12 < quarters["raw"][PERFECT] < 30
