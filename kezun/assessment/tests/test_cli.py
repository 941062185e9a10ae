"""`kezun assess` and `kezun scheme`: what they print, how they end, what they refuse."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner
from django.db import connection
from django.utils import translation

from kezun.assessment import sheet
from kezun.assessment.cli import assess_group, scheme_group
from kezun.assessment.models import Run, Scheme
from kezun.assessment.running import run
from kezun.assessment.tests.world import (
    US,
    inspected,
    inspection,
    installed,
    merit,
    rated,
    scheme_text,
    served,
    together,
)
from kezun.kernel import frozen

pytestmark = pytest.mark.django_db
COMPLAINT = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"default": 4}, "cap": 6}


@pytest.fixture
def judged(own_home, bank):
    with together():
        rated("O1", "2026-03-02", good=95, bad=5)
        served("O1", "2026-03-02", 90, 10)
    merit("m1", "O1", "2026-03-02", "complaint", "重大")
    with translation.override("en"):
        yield installed(scheme_text(deductions=[COMPLAINT]))


def kezun(*words, code=0, of=assess_group):
    done = CliRunner().invoke(of, [str(w) for w in words])
    assert done.exit_code == code, done.output
    return done


def assess(*words, code=0):
    return kezun("--scheme", "test", "--period", "2026-03", *words, code=code)


def test_a_run_as_json_has_decimals_as_strings_and_all_lines(judged, bank):
    told = json.loads(assess("--format", "json").stdout)
    made = Run.objects.get()
    assert (told["run"], told["inputs_hash"], told["result_hash"]) == (
        made.pk,
        made.inputs_hash,
        made.result_hash,
    )
    first = told["subjects"][0]
    assert (first["subject"], first["code"], first["grade"]) == (f"unit:{bank['O1'].pk}", "O1", "良好")
    score = made.scores.get(unit=bank["O1"])
    assert first["score"] == f"{score.score.normalize():f}"
    assert {"rank", "rank_low", "rank_high", "ranked", "tier"} <= set(first)
    lines = {line["id"]: line for line in first["lines"]}
    assert lines["csat"]["figure"]["denominator"] == 100
    assert lines["D1"]["points"] == "-4"
    assert lines["D1"]["events"][0]["key"] == "assessment.merit/m1"
    assert told["subjects"][1]["why"] == "missing:csat"


def test_a_run_as_csv_and_as_a_table(judged):
    rows = list(csv.DictReader(io.StringIO(assess("--format", "csv").stdout)))
    assert [row["code"] for row in rows] == ["O1", "O2", "O3"]
    table = assess("--kind", "final", "--open").stdout.splitlines()
    assert table[0].split()[0] == "rank"
    assert "O1" in table[1]
    assert list(Run.objects.order_by("pk").values_list("kind", flat=True)) == ["provisional", "final"]


def test_what_if_changes_numbers_and_counts_for_nothing(judged, tmp_path):
    change = tmp_path / "what.yaml"
    change.write_text("components.csat.weight: 10\ndeductions.D1.cap: 1\n")
    told = json.loads(assess("--what-if", change, "--format", "json").stdout)
    assert (told["kind"], told["change"]) == (
        "what_if",
        {"components.csat.weight": "10", "deductions.D1.cap": "1"},
    )
    assert Run.objects.get().round is None


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("components.tea.weight: 1", 3, "known are"),
        ("base: x", 3, "not a number"),
        ("- 1", 2, "path: value"),
        ("a: [", 2, "--what-if"),
    ],
)
def test_a_change_that_cannot_be_is_refused_before_anything_runs(judged, tmp_path, text, code, said):
    change = tmp_path / "what.yaml"
    change.write_text(text)
    assert said in assess("--what-if", change, code=code).output
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Name --scheme and --period"),
        (("--scheme", "test", "--period", "soon"), 2, "--period"),
        (("--scheme", "none", "--period", "2026-03"), 1, "No published scheme"),
        (("--scheme", "test", "--period", "2026-03", "--known-at", "soon"), 2, "--known-at"),
        (("--scheme", "test", "--period", "2024-03"), 1, "No published edition"),
        (("--scheme", "test", "--period", "2026-03", "--kind", "restated"), 1, "decision"),
        (("explain", "99", "O1"), 1, "No run 99"),
        (("replay", "99"), 1, "No run 99"),
        (("bridge", "test@9", "test@8", "--period", "2026-03"), 1, "No edition"),
    ],
)
def test_errors_are_clear(judged, words, code, said):
    assert said in kezun(*words, code=code).output


def test_a_restated_run_names_its_decision_and_reason(judged):
    kezun("--scheme", "test", "--period", "2026-03", "--kind", "restated", "--decision", "7号", code=1)
    assess("--open", "--kind", "restated", "--decision", "7号", "--reason", "数据补录")
    made = Run.objects.get()
    assert (made.decision, made.reason) == ("7号", "数据补录")


def test_explain_says_every_line(judged):
    assess()
    number = Run.objects.get().pk
    said = kezun("explain", number, "O1").stdout
    for word in ("csat", "answered", "D1", "counted", "-4"):
        assert word in said
    assert "满意率: no data" in kezun("explain", number, "O3").stdout
    assert json.loads(kezun("explain", number, "O1", "--json").stdout)["subjects"][0]["code"] == "O1"
    assert "No score of X9" in kezun("explain", number, "X9", code=1).output


OTHER = "urn:kezun:scheme:other"
NAMED = [{"name": "良好", "name_en": "Good", "min": 75}, {"name": "不达标", "name_en": "Not met"}]


@pytest.mark.parametrize(
    ("language", "grade", "why", "event"),
    [
        ("en", "Good", "满意率: no data", "2026-03-02 major 4 counted"),
        ("zh-hans", "良好", "满意率: 没有数据", "2026-03-02 重大 4 已计入"),
    ],
)
def test_what_people_read_is_in_their_language_and_what_machines_read_as_stored(
    judged, language, grade, why, event
):
    made = run(US, installed(scheme_text(id=OTHER, deductions=[COMPLAINT], grades=NAMED)), "2026-03")
    with translation.override(language):
        said = kezun("explain", made.pk, "O1").stdout
        table = sheet.as_table(made, made.scores.order_by("pk"))
        rows = sheet.as_csv(made.scores.order_by("pk"))
    assert said.splitlines()[0].endswith(f" {grade}")
    assert event in said
    assert grade in table.splitlines()[1]
    assert table.splitlines()[2].endswith(why)
    assert ("良好" in rows, "missing:csat" in rows) == (True, True)


def test_explain_lists_each_edition_of_a_standard(judged):
    inspection("v1", "O1", "2026-03-02", 90, 90, "2.0")
    inspection("v2", "O1", "2026-03-20", 52, 65, "3.0")
    made = run(US, installed(inspected(id="urn:kezun:scheme:both")), "2026-03")
    assert "2.0 90/90 + 3.0 52/65" in kezun("explain", made.pk, "O1").stdout


def test_replay_says_equal_or_what_differs(judged):
    assess()
    made = Run.objects.get()
    assert kezun("replay", made.pk).stdout.startswith("equal")
    assert json.loads(kezun("replay", made.pk, "--json").stdout)["equal"] is True
    frozen.lift(connection)
    inputs = made.inputs | {
        "code": "0",
        "facts": made.inputs["facts"] | {"rating": {"snapshot": 0, "sha256": "0"}},
    }
    Run.objects.filter(pk=made.pk).update(inputs=inputs)
    frozen.install(connection)
    done = kezun("replay", made.pk, code=5)
    assert done.stdout.startswith("different")
    assert "component/csat/2026.1" in done.stdout
    assert "rating" in done.stderr
    assert "Computed by 0" in done.stderr
    frozen.lift(connection)
    Run.objects.filter(pk=made.pk).update(inputs=inputs | {"roster": "0" * 64})
    frozen.install(connection)
    assert "is gone" in kezun("replay", made.pk, code=1).output


def test_a_bridge_shows_both_editions(judged):
    installed(scheme_text(version="2026.2", valid={"from": "2026-04-01"}, supersedes="2026.1", base=5))
    said = kezun("bridge", "test@2026.1", "urn:kezun:scheme:test@2026.2", "--period", "2026-03").stdout
    assert "test@2026.1" in said.splitlines()[0]
    assert "O1" in said


def test_schemes_are_checked_listed_shown_and_installed(judged, tmp_path):
    good, wrong = tmp_path / "good.yaml", tmp_path / "wrong.yaml"
    good.write_text(scheme_text(id="urn:kezun:scheme:other"), encoding="utf-8")
    wrong.write_text(
        scheme_text(id="urn:kezun:scheme:bad").replace("weight: 60", "weight: 61"), encoding="utf-8"
    )
    assert "in order, 2 components" in kezun("check", good, of=scheme_group).stdout
    done = kezun("check", good, wrong, of=scheme_group, code=3)
    assert "wrong.yaml, line" in done.stderr
    assert "101" in done.stderr
    kezun("install", good, wrong, of=scheme_group, code=3)
    assert Scheme.objects.count() == 1
    assert kezun("install", good, of=scheme_group).stdout == "urn:kezun:scheme:other@2026.1\n"
    assert "urn:kezun:scheme:other@2026.1" in kezun("list", of=scheme_group).stdout
    assert kezun("show", "other", of=scheme_group).stdout == good.read_text(encoding="utf-8")
    assert "No edition" in kezun("show", "none", of=scheme_group, code=1).output
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    kezun("check", tmp_path / "bytes.yaml", of=scheme_group, code=2)
