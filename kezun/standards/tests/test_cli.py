"""`kezun standard`: check, show, diff, score, list, export, draft; exit codes and what is said to whom."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import pytest
from click.testing import CliRunner
from django.db import OperationalError
from django.utils import translation
from openpyxl import load_workbook

from kezun.kernel.actor import SystemActor
from kezun.standards import actions, queries, sources
from kezun.standards.cli import standard_group
from kezun.standards.excel_writing import workbook
from kezun.standards.rules import digest, read
from kezun.standards.tests.samples import HERE, conforming, sample, text
from kezun.standards.tests.test_excel import book, deduction_first

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
OUTLET, HYGIENE, FESTIVAL = (str(HERE / f"{n}.yaml") for n in ("outlet", "hygiene", "festival"))
OLD = str(HERE / "outlet2025.yaml")


@pytest.fixture
def english(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    with translation.override("en"):
        yield


def kezun(*words, code=0):
    done = CliRunner().invoke(standard_group, [str(w) for w in words])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def asks(tmp_path):
    """Writes answers to a file; A1_01=… changes one of the conforming ones."""

    def write(content=None, **changed):
        path = tmp_path / "answers.json"
        answers = conforming(**changed) if content is None else content
        path.write_text(json.dumps(answers, ensure_ascii=False, default=str), encoding="utf-8")
        return path

    return write


def score(answers, *more, standard=OUTLET, code=0):
    return kezun("score", standard, "--answers", answers, "--tags", "底层", *more, "--json", code=code)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("100.00", "100", "100", [], None)),
        ({"A1_01": "尚可", "A2_01": 2, "A2_02": 0.96}, ("85.00", "85", "100", [], None)),
        ({"B1_01": "不在"}, ("70.00", "70", "100", [], None)),
        ({"A1_02": {"na": "二楼"}, "A1_01": "差"}, ("89.47", "85", "95", [], None)),
        ({"B2_01": "推诿"}, ("70.00", "70", "100", ["B2.01"], "达标")),
    ],
)
def test_the_published_numbers(asks, changed, expected):
    found = json.loads(score(asks(**changed)).stdout)
    keys = ("score", "earned", "applicable", "veto", "grade_cap")
    assert tuple(found[key] for key in keys) == expected


def test_lines_say_id_points_and_reason(asks):
    found = json.loads(score(asks(A2_01=3)).stdout)
    assert [x["id"] for x in found["lines"]] == list(conforming())
    assert found["lines"][2] == {
        "id": "A2.01",
        "earned": "4",
        "possible": "10",
        "reason": "3 defects, 2 points each",
        "code": "defects",
    }
    assert all(isinstance(x[key], str) for x in found["lines"] for key in ("earned", "possible", "reason"))


def test_decimals_stay_exact_from_file_to_file(asks):
    body = text("everything").replace("id: urn:kezun:std:lianxi-quanbu", "id: x")
    answers = {"X1.1": "10.0", "X1.2": 0.925, "X1.3": "7.25", "X1.4": 0, "X1.5": 0, "X1.0": 3}
    path = asks(answers)
    standard = path.parent / "every.yaml"
    standard.write_text(body, encoding="utf-8")
    found = json.loads(kezun("score", standard, "--answers", path, "--tags", "甲类", "--json").stdout)
    earned = {x["id"]: x["earned"] for x in found["lines"]}
    assert earned["X1.2"] == "12"
    assert earned["X1.3"] == "7.25"
    assert found["score"] == "69.3"
    assert found["rating"] == "乙"


def test_tags_decide_what_applies(asks):
    found = json.loads(kezun("score", OUTLET, "--answers", asks(A1_02="无"), "--json").stdout)
    assert (found["score"], found["applicable"]) == ("100.00", "95")
    found = json.loads(
        kezun("score", OUTLET, "--answers", asks(A1_02="无"), "--tags", "县域，临街", "--json").stdout
    )
    assert found["applicable"] == "100"


def test_values_of_indicators_come_from_a_file(asks, tmp_path):
    values = tmp_path / "values.json"
    values.write_text('{"ind.uptime": "0.96", "ind.other": null}', encoding="utf-8")
    answers = {k: v for k, v in conforming().items() if k != "A2.02"}
    assert json.loads(score(asks(answers), "--indicators", values).stdout)["score"] == "94.00"
    values.write_text('{"ind.uptime": "viel"}', encoding="utf-8")
    assert (
        "the value of ind.uptime is not a number"
        in score(asks(answers), "--indicators", values, code=3).stderr
    )


def test_only_what_a_method_asks(asks):
    found = json.loads(score(asks({"A1.01": "好", "A2.01": 5}), "--method", "自查").stdout)
    assert (found["score"], found["applicable"]) == ("50.00", "20")


def test_an_overlay_is_laid_over(asks):
    answers = conforming() | {"J1.01": "足", "J1.02": "无"}
    found = json.loads(score(asks(answers), "--over", FESTIVAL).stdout)
    assert found["score"] == "100.00"
    assert found["beside"] == [{"id": "J", "earned": "6", "applicable": "10"}]
    told = kezun("score", OUTLET, "--answers", asks(answers), "--tags", "底层", "--over", FESTIVAL).stdout
    assert "+ 节日  6/10" in told
    refused = score(asks(answers), "--over", FESTIVAL, standard=HYGIENE, code=1)
    assert "there is no edition" in refused.stderr


def test_missing_and_forbidden_answers_exit_4_with_the_list(asks):
    answers = {"A1.01": "坏", "A1.02": {"na": ""}, "A2.01": -1, "A2.02": True, "B1.01": None, "Z": 1}
    done = score(asks(answers | {"B1.03": {"na": 3}, "B2.01": []}), code=4)
    listed = json.loads(done.stdout)["lacks"]
    assert {x["id"]: x["code"] for x in listed} == {
        "Z": "unknown_criterion",
        "A1.01": "unknown_option",
        "A1.02": "na_without_reason",
        "A2.01": "not_a_count",
        "A2.02": "not_a_number",
        "B1.01": "unanswered",
        "B1.02": "unanswered",
        "B1.03": "na_not_allowed",
        "B2.01": "unknown_option",
    }
    assert len(done.stderr.splitlines()) == len(listed)
    assert "A1.01: «坏» is not an answer here; choose one of: 好, 尚可, 差" in done.stderr
    plain = kezun("score", OUTLET, "--answers", asks(answers), code=4)
    assert plain.stdout == ""


def test_a_score_in_words(asks):
    out = kezun("score", OUTLET, "--answers", asks(B2_01="推诿"), "--tags", "底层").stdout.splitlines()
    assert out[0] == "A1.01  10/10  met in full"
    assert out[-2] == "Score 70.00: 70 of 100 points"
    assert out[-1] == "Veto: B2.01; grade at most 达标"
    out = kezun("score", HYGIENE, "--answers", asks({"hygiene": 0, "structure": 0, "management": 20})).stdout
    assert "Rating: 1" in out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1: this is not JSON"),
        ('{"A1.01": "好", "A1.01": "差"}', "«A1.01» stands there twice"),
        ("[1]", "an object is expected"),
        ("[" * 100_000, "nested too deeply"),
        ('{"A1.01":\n NaN]', "line 2: this is not JSON"),
    ],
    ids=lambda v: v[:12],
)
def test_answers_that_cannot_be_read(tmp_path, content, said):
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    done = score(path, code=3)
    assert said in done.stderr
    assert str(path) in done.stderr
    assert done.stdout == ""


def test_files_that_cannot_be_read(tmp_path, asks):
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("title: 网点".encode("gb18030"))
    assert "not UTF-8" in score(asks(), standard=latin, code=3).stderr
    assert "cannot be read" in score(asks(), standard=tmp_path / "none.yaml", code=3).stderr
    assert "cannot be read" in score(tmp_path / "none.json", code=3).stderr
    assert "cannot be read" in kezun("check", tmp_path / "none.yaml", code=3).stderr
    assert "cannot be read" in kezun("show", f"{tmp_path}/", code=3).stderr


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    assert "larger than" in kezun("check", OUTLET, code=3).stderr


def test_a_wrong_standard_is_named_by_line(tmp_path, asks):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text("outlet").replace("total: 100", "total: 90"), encoding="utf-8")
    for done in (score(asks(), standard=wrong, code=1), kezun("show", wrong, code=1)):
        assert f"{wrong}, line 9, scale.total: 90 points are stated" in done.stderr
        assert done.stdout == ""


def test_check_says_what_is_in_order_and_what_not(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    body = text("outlet").replace("尚可: 0.5", "尚可: 5").replace("zero: [B1.02, B1.03]", "zero: [B9]")
    wrong.write_text(body.replace("lianxi-wangdian", "other"), encoding="utf-8")
    done = kezun("check", OUTLET, wrong, code=1)
    assert (
        f"{OUTLET}: in order, 8 criteria, 100 points, sha256 {digest(sample('outlet'))[:12]}" in done.stdout
    )
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        f"{wrong}, line 28, A1.01.answer.options.尚可",
        f"{wrong}, line 69, B1.01.cascade",
    ]
    found = json.loads(kezun("check", OUTLET, wrong, "--json", code=1).stdout)
    assert [len(f["problems"]) for f in found["files"]] == [0, 2]
    assert found["files"][1]["problems"][1]["code"] == "unknown_target"
    assert found["unread"] == []


def test_check_looks_at_the_files_together(tmp_path):
    assert "in order" in kezun("check", OLD, OUTLET).stdout
    again = tmp_path / "again.yaml"
    again.write_text(text("outlet").replace('supersedes: "2025.1"\n', ""), encoding="utf-8")
    assert "overlaps edition 2025.1 (from 2025-01-01)" in kezun("check", OLD, again, code=1).stderr


def test_check_goes_on_after_a_file_that_is_not_there(tmp_path):
    done = kezun("check", tmp_path / "none.yaml", OUTLET, code=3)
    assert "in order" in done.stdout
    assert "none.yaml" in done.stderr


def test_show_is_a_handbook():
    out = kezun("show", OUTLET).stdout.splitlines()
    assert out[0].startswith("网点服务练习标准  urn:kezun:std:lianxi-wangdian@2026.1  2026-01-01–…")
    assert "A 场所  40 points" in out
    assert "  A1 门前  15 points" in out
    assert "    A1.01 招牌与营业时间公示清楚、完好  10 points  好 100% / 尚可 50% / 差 0%  明查, 自查" in out
    every = kezun("show", HERE / "everything.yaml").stdout
    for said in (
        "ind.wait <= 10: 100% / <= 20: 50%",
        "0.95: 80%",
        "-5 to 20 points",
        "1.5 points off",
        "in words",
    ):
        assert said in every


def test_show_as_json_names_the_hash():
    found = json.loads(kezun("show", OUTLET, "--json").stdout)
    assert found["sha256"] == digest(sample("outlet"))
    assert found["standard"]["modules"][0]["items"][0]["criteria"][0]["points"] == "10"


def test_diff_in_words_and_points():
    out = kezun("diff", OLD, OUTLET).stdout
    assert "A 场所: 60 → 40" in out
    assert "B 人员: — → 60" in out
    assert "A1.01 changed (-10)" in out
    assert "招牌[-清楚、完好-]{+" in out or "招牌{+" in out
    assert "A1.05 retired (-10): [-报刊架齐全-]" in out
    assert "a trend breaks here" in out
    assert kezun("diff", OUTLET, OUTLET).stdout == "The two say the same.\n"


def test_diff_as_json():
    found = json.loads(kezun("diff", OLD, OUTLET, "--json").stdout)
    assert found["comparable"] is False
    assert found["modules"][0] == {"id": "A", "old": "60", "new": "40"}
    by_id = {tuple(c["old"]) or c["new"]: c for c in found["criteria"]}
    assert by_id[("A1.05",)]["how"] == "retired"
    assert by_id[("A1.01",)]["points"] == "-10"
    assert "points" in by_id[("A1.01",)]["fields"]


def test_the_catalog_is_there_without_any_tables(monkeypatch):
    def broken(_actor):
        raise OperationalError("no such table")

    monkeypatch.setattr(sources.queries, "editions_for", broken)
    found = json.loads(kezun("list", "--json").stdout)["standards"]
    assert sum(row["criteria"] for row in found) >= 120
    assert "100 points" in kezun("show", "wangdian-zicha").stdout


def test_editions_of_the_bank_come_first():
    body = text("outlet")
    actions.install(SystemActor("test"), text=text("outlet2025"), origin="test")
    actions.install(SystemActor("test"), text=body, origin="test")
    listed = kezun("list").stdout
    assert "urn:kezun:std:lianxi-wangdian@2025.1  2025-01-01–…  4  网点服务练习标准" in listed
    assert "lianxi-wangdian@2026.1" in listed
    assert "@2025.1" in kezun("show", "urn:kezun:std:lianxi-wangdian@2025.1").stdout.splitlines()[0]
    assert "@2026.1" in kezun("show", "lianxi-wangdian").stdout.splitlines()[0], "the one that holds today"
    assert "A1.05 retired" in kezun("diff", "lianxi-wangdian@2025.1", "lianxi-wangdian@2026.1").stdout
    assert "in order" in kezun("check", "lianxi-wangdian@2025.1", "lianxi-wangdian@2026.1").stdout


def test_a_text_changed_behind_the_back_is_refused(monkeypatch):
    actions.install(SystemActor("test"), text=text("outlet2025"), origin="test")
    monkeypatch.setattr(queries, "_read", lambda text: (read(text), "0" * 64))
    assert "its hash differs" in kezun("show", "lianxi-wangdian", code=3).stderr
    assert "its hash differs" in kezun("list", code=1).stderr


def test_an_id_that_is_nowhere(asks):
    assert "There is no standard nirgends" in kezun("show", "nirgends", code=3).stderr
    assert "There is no standard" in score(asks(), standard="wangdian-zicha@1999", code=3).stderr


def test_export_to_excel_and_text(tmp_path):
    xlsx, yaml = tmp_path / "a.xlsx", tmp_path / "a.yaml"
    kezun("export", OUTLET, "--excel", xlsx, "--yaml", yaml)
    assert load_workbook(io.BytesIO(xlsx.read_bytes())).active["A1"].value == "网点服务练习标准  2026.1"
    assert read(yaml.read_text(encoding="utf-8")) == sample("outlet")
    assert "Say what to write" in kezun("export", OUTLET, code=2).stderr
    assert "No such file" in kezun("export", OUTLET, "--yaml", tmp_path / "no" / "a.yaml", code=1).stderr


def test_export_of_one_kind_writes_only_that(tmp_path):
    kezun("export", "wangdian-zicha", "--excel", tmp_path / "b.xlsx")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["b.xlsx"]


def test_what_did_not_change_is_not_listed():
    out = kezun("diff", "wangdian-huanjing@2025.1", "wangdian-huanjing@2026.1").stdout
    assert "HJ1.1.06" in out
    assert "HJ2 " not in out, "a module whose points are the same"
    assert len(out.splitlines()) < 31


TOLD = ("--id", "urn:bank:std:x", "--version", "2026.1", "--from", "2026-07-01")


def test_draft_from_a_sheet(tmp_path):
    path = tmp_path / "form.xlsx"
    path.write_bytes(deduction_first())
    out = kezun("draft", path, *TOLD).stdout
    assert read(out).scale.total == Decimal(15)
    made = tmp_path / "draft.yaml"
    kezun("draft", path, *TOLD, "--title", "新标准", "--sheet", "检查表", "--out", made)
    assert "in order, 3 criteria, 15 points" in kezun("check", made).stdout


def test_draft_tells_what_was_supposed(tmp_path):
    path = tmp_path / "form.xlsx"
    path.write_bytes(book(["要点", "满", "扣法"], ["甲", 5, "每处扣1分"]))
    columns = ("--column", "content=要点", "--column", "points=B", "--column", "guide=扣法")
    done = kezun("draft", path, *TOLD, *columns)
    assert "检查表, row 2, column C: so much a defect was understood from: 每处扣1分" in done.stderr
    assert "count_defects" in done.stdout


def test_draft_names_what_is_wrong(tmp_path):
    path = tmp_path / "form.xlsx"
    path.write_bytes(book(["序号", "内容", "分值"], [1, "甲", "多"]))
    done = kezun("draft", path, *TOLD, code=1)
    assert f"{path}: 检查表, row 2, column C: «多» is no number of points" in done.stderr
    assert done.stdout == ""
    assert "cannot be read" in kezun("draft", tmp_path / "none.xlsx", *TOLD, code=3).stderr
    assert "FIELD=TITLE" in kezun("draft", path, *TOLD, "--column", "points", code=2).stderr


def test_a_draft_of_what_was_exported_has_the_same_points(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(sample("outlet")))
    made = read(kezun("draft", path, *TOLD).stdout)
    assert [c.points for c in made.criteria()] == [c.points for c in sample("outlet").criteria()]
