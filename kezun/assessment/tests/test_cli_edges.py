"""`kezun assess` and `kezun scheme` at their edges: exit codes, shapes of JSON, what they refuse and how."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner
from django.db import connection
from django.utils import translation

from kezun.assessment.cli import assess_group, scheme_group
from kezun.assessment.models import Run, Scheme, Score
from kezun.assessment.tests.world import installed, rated, scheme_text, served, together
from kezun.kernel import frozen

pytestmark = pytest.mark.django_db
MARCH = ("--scheme", "test", "--period", "2026-03")


@pytest.fixture
def judged(own_home, bank):
    with together():
        rated("O1", "2026-03-02", good=95, bad=5)
        served("O1", "2026-03-02", 90, 10)
    with translation.override("en"):
        yield installed(scheme_text())


def kezun(*words, of=assess_group):
    return CliRunner().invoke(of, [str(w) for w in words])


def made(*words):
    done = kezun(*MARCH, "--format", "json", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--scheme"),
        (("--scheme", "test"), 2, "--period"),
        (("--scheme", "test", "--period", "March"), 2, "March"),
        ((*MARCH, "--known-at", "soon"), 2, "soon"),
        ((*MARCH, "--known-at", "2099-01-01T00:00:00"), 1, "future"),
        ((*MARCH, "--known-at", "2020-01-01T00:00:00"), 1, "published"),
        (("--scheme", "nothing", "--period", "2026-03"), 1, "nothing"),
        (("--scheme", "test", "--period", "2020-03"), 1, "2020-03"),
        ((*MARCH, "--kind", "restated"), 1, "decision"),
        ((*MARCH, "--kind", "guess"), 2, "guess"),
        ((*MARCH, "--format", "xml"), 2, "xml"),
        (("explain", "1", "O1"), 1, "1"),
        (("replay", "77"), 1, "77"),
        (("bridge", "test@1", "test@2", "--period", "2026-03"), 1, "test@1"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(judged, words, code, said):
    done = kezun(*words)
    assert done.exit_code == code, done.output
    assert said in done.output
    assert not Score.objects.exists()


def test_the_json_of_a_run_is_whole(judged):
    told = made()
    assert set(told) >= {
        "run",
        "kind",
        "scheme",
        "period",
        "known_at",
        "inputs_hash",
        "result_hash",
        "subjects",
    }
    first = next(s for s in told["subjects"] if s["code"] == "O1")
    assert set(first) >= {
        *("subject", "code", "score", "low", "high", "grade", "lines", "rank", "rank_low", "rank_high"),
        *("ranked", "tier", "n", "veto", "pending", "why"),
    }
    assert isinstance(first["score"], str)
    points = [Decimal(line["points"]) for line in first["lines"]]
    assert sum(points).quantize(Decimal("1e-9")) == Decimal(first["score"])
    assert {"id", "version", "kind", "points", "possible", "weight", "state", "figure"} <= set(
        first["lines"][0]
    )


def test_equal_inputs_make_equal_hashes_and_another_period_others(judged):
    first, second = made(), made()
    assert first["run"] != second["run"]
    assert (first["inputs_hash"], first["result_hash"]) == (second["inputs_hash"], second["result_hash"])
    other = json.loads(kezun("--scheme", "test", "--period", "2026-04", "--format", "json").stdout)
    assert other["inputs_hash"] != first["inputs_hash"]


def test_explain_as_json_is_one_subject_of_the_run(judged):
    whole = made()
    told = json.loads(kezun("explain", whole["run"], "O1", "--json").stdout)
    assert told["subjects"] == [s for s in whole["subjects"] if s["code"] == "O1"]
    by_key = json.loads(kezun("explain", whole["run"], told["subjects"][0]["subject"], "--json").stdout)
    assert by_key == told
    assert kezun("explain", whole["run"], "NOWHERE").exit_code == 1


def test_a_replay_says_equal_and_as_json_what_was_compared(judged):
    run = made()["run"]
    done = kezun("replay", run, "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["equal"], told["differences"], told["then"] == told["now"]) == (
        0,
        True,
        [],
        True,
    )


def test_a_replay_of_a_forged_score_ends_with_five(judged):
    run = made()["run"]
    frozen.lift(connection)
    Score.objects.filter(run=run, score__isnull=False).update(grade="金")
    frozen.install(connection)
    done = kezun("replay", run, "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["equal"]) == (5, False)
    assert {d["line"] for d in told["differences"]} == {"grade"}
    assert {d["then"] for d in told["differences"]} == {"金"}


def test_a_what_if_file_changes_one_number(judged, tmp_path):
    change = tmp_path / "change.yaml"
    change.write_text("components.answered.target: 1\n", encoding="utf-8")
    told = made("--what-if", change)
    assert (told["kind"], told["change"]) == ("what_if", {"components.answered.target": "1"})
    assert Run.objects.get(pk=told["run"]).round_id is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a", 2),
        ("", 2),
        ("a: [", 2),
        ("components.tea.weight: 1\n", 3),
        ("base: minus\n", 3),
        ("components.csat.weight: 1e30\n", 3),
    ],
)
def test_a_what_if_file_that_cannot_be_is_refused(judged, tmp_path, text, code):
    change = tmp_path / "change.yaml"
    change.write_text(text, encoding="utf-8")
    assert kezun(*MARCH, "--what-if", change).exit_code == code
    assert not Run.objects.exists()


def test_check_reads_every_file_and_ends_with_three_where_one_is_wrong(judged, tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(scheme_text(id="urn:kezun:scheme:other"), encoding="utf-8")
    bad.write_text(scheme_text(id="urn:kezun:scheme:bad", grades=[{"name": "A", "min": 1}]), encoding="utf-8")
    done = kezun("check", bad, good, of=scheme_group)
    assert done.exit_code == 3
    assert "good.yaml" in done.stdout
    assert "bad.yaml, line" in done.stderr
    assert kezun("check", good, of=scheme_group).exit_code == 0
    assert kezun("check", tmp_path / "none.yaml", of=scheme_group).exit_code == 2


def test_install_is_all_or_nothing(judged, tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(scheme_text(id="urn:kezun:scheme:other"), encoding="utf-8")
    bad.write_text("schema: kezun.scheme/1\n", encoding="utf-8")
    assert kezun("install", good, bad, of=scheme_group).exit_code == 3
    assert not Scheme.objects.filter(urn="urn:kezun:scheme:other").exists()
    assert kezun("install", good, of=scheme_group).exit_code == 0
    assert Scheme.objects.published().filter(urn="urn:kezun:scheme:other").exists()


def test_show_prints_the_text_as_it_was_written_and_list_names_it(judged):
    assert kezun("show", "test@2026.1", of=scheme_group).stdout == judged.text
    assert kezun("show", "urn:kezun:scheme:test", of=scheme_group).stdout == judged.text
    assert kezun("show", "test@9", of=scheme_group).exit_code == 1
    assert "urn:kezun:scheme:test" in kezun("list", of=scheme_group).stdout
