"""The real call log judged by the pack's scheme: shares, points, places against plain Python on the file."""

import csv
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

LOG = Path(__file__).resolve().parents[2] / "shared" / "data" / "anonymous-bank" / "calls-1999-02-01_21.tsv"
PACK = Path(__file__).resolve().parents[1] / "packs" / "anonymous-bank"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.real,
    pytest.mark.skipif(not LOG.exists(), reason="needs ../shared/data/anonymous-bank beside the repository"),
]
SHORT_S, LONG_S = 10, 600


@pytest.fixture(scope="module")
def served():
    """Server → durations of the calls that they answered."""
    found = defaultdict(list)
    with LOG.open(encoding="utf-8") as lines:
        for line in csv.DictReader(lines, delimiter="\t"):
            if line["outcome"] == "AGENT" and line["server"] != "NO_SERVER":
                found[line["server"]].append(int(line["ser_time"]))
    return dict(found)


def kezun(*words):
    from kezun.site.cli import main

    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output


@pytest.fixture
def scores(settings, tmp_path):
    """What the scheme gives each server for February 1999: name → (score row, lines by id)."""
    from kezun.assessment.actions.schemes import install_scheme
    from kezun.assessment.packing import unpack
    from kezun.assessment.running import run
    from kezun.kernel.actor import SystemActor

    settings.KEZUN_HOME = tmp_path
    kezun("load-pack", str(PACK))
    kezun("import", "ticket", str(LOG), "--profile", "anonymous-bank/calls")
    text = (PACK / "schemes" / "servers-1999.1.yaml").read_text(encoding="utf-8")
    actor = SystemActor("test")
    made = run(actor, install_scheme(actor, text=text, origin="pack:anonymous-bank"), "1999-02")
    found = {}
    for row in made.scores.select_related("person"):
        found[row.person.code] = (row, {line.id: line for line in unpack(row.lines).lines})
    return found


def between(corners, value):
    for (x0, y0), (x1, y1) in pairwise(corners):
        if value <= x1:
            return y0 + (max(value, x0) - x0) * (y1 - y0) / (x1 - x0)
    return corners[-1][1]


def test_everyone_who_answered_is_judged_by_what_the_log_says(scores, served):
    assert set(scores) == set(served)
    for server, calls in served.items():
        row, lines = scores[server]
        short, long = lines["short"].figure, lines["long"].figure
        assert (short.numerator, short.denominator) == (sum(s <= SHORT_S for s in calls), len(calls)), server
        assert (long.numerator, long.denominator) == (sum(s > LONG_S for s in calls), len(calls)), server
        assert float(lines["served"].rated) == pytest.approx(min(100, len(calls) / 10)), server
        worth = between([(0.01, 100), (0.05, 70), (0.2, 0)], short.estimate)
        assert float(lines["short"].rated) == pytest.approx(worth, abs=1e-6), server
        assert float(row.score) == pytest.approx(sum(float(line.points) for line in lines.values())), server


def test_shares_are_drawn_to_the_middle_the_more_the_fewer_calls(scores, served):
    everyone = sum(sum(s <= SHORT_S for s in calls) for calls in served.values())
    middle = everyone / sum(map(len, served.values()))
    drawn = []
    for server, calls in served.items():
        figure = scores[server][1]["short"].figure
        raw = sum(s <= SHORT_S for s in calls) / len(calls)
        assert figure.low <= figure.estimate <= figure.high
        assert min(raw, middle) - 0.02 <= figure.estimate <= max(raw, middle) + 0.02, server
        drawn.append((len(calls), figure.own))
    own = [weight for _n, weight in sorted(drawn)]
    assert own == sorted(own), "who has more calls keeps more of what is their own"
    assert own[0] < 0.7 < own[-1]


def test_places_are_given_from_a_hundred_calls_on_and_the_short_callers_come_last(scores, served):
    ranked = {server: row for server, (row, _lines) in scores.items() if row.rank is not None}
    assert set(ranked) == {server for server, calls in served.items() if len(calls) >= 100}
    assert all(row.rank_low <= row.rank <= row.rank_high for row in ranked.values())
    by_share = sorted(ranked, key=lambda one: -sum(s <= SHORT_S for s in served[one]) / len(served[one]))
    last = sorted(ranked, key=lambda one: -ranked[one].rank)[:3]
    assert set(last) == set(by_share[:3])
