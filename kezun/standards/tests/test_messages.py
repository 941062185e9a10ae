"""Every code of the rules has words in both languages, which name what they speak of."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation

from kezun.standards import rules
from kezun.standards.messages import (
    LACKS,
    PROBLEMS,
    REASONS,
    SHEETS,
    say_lack,
    say_problem,
    say_reason,
    say_refusal,
    say_remark,
)
from kezun.standards.rules import Lack, Line, Na, NotAStandard, Problem, evaluate, lacks, read
from kezun.standards.rules.tables import Remark
from kezun.standards.tests.samples import TAGS, conforming, sample, text

FOLDER = Path(rules.__file__).parent
CJK = re.compile(r"[\u4e00-\u9fff]")


def said(*names: str) -> set[str]:
    """Codes that the sources of the rules hand to Problem, Remark, Lack or say."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node, "func", None)
            name = getattr(called, "attr", getattr(called, "id", ""))
            if isinstance(node, ast.Call) and name in names:
                texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
                found |= {t for t in texts if isinstance(t, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", t)}
    return found


def test_every_code_that_is_said_has_a_message():
    assert said("say", "_refused") - set(PROBLEMS) <= {"count_defects", "title_en"}
    assert said("Problem") <= set(PROBLEMS)
    assert said("Lack") <= set(LACKS)
    assert said("Remark") <= set(SHEETS)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_a_message_tells_what_to_do(code, language):
    names = re.findall(r"%\((\w+)\)([sd])", PROBLEMS[code])
    params = {name: 7 if kind == "d" else f"<{name}>" for name, kind in names}
    with translation.override(language):
        told = say_problem(Problem(12, "M1.1", code, params), "bank.yaml")
    assert told.startswith("bank.yaml, ")
    assert "12" in told
    assert "M1.1: " in told
    assert all(str(value) in told for value in params.values())
    assert bool(CJK.search(told)) == (language == "zh-hans")
    assert re.search(r"[;,；，]", told.split("M1.1: ")[1]), "what is wrong, and then what to do"


@pytest.mark.parametrize("codes", [LACKS, REASONS, SHEETS])
def test_all_are_translated_with_all_their_values(codes):
    with translation.override("zh-hans"):
        for text_ in codes.values():
            told = translation.gettext(text_)
            assert CJK.search(told)
            assert sorted(re.findall(r"%\(\w+\)[sd]", told)) == sorted(re.findall(r"%\(\w+\)[sd]", text_))


def test_a_refusal_is_a_line_for_each_problem():
    with pytest.raises(NotAStandard) as caught:
        read(text("outlet").replace("total: 100", "total: 90").replace("尚可: 0.5", "尚可: 5"))
    with translation.override("en"):
        first, second = say_refusal(caught.value, "a.yaml")
    assert first == (
        "a.yaml, line 9, scale.total: 90 points are stated, but the modules add up to 100; correct one"
    )
    assert second.startswith("a.yaml, line 28, A1.01.answer.options.尚可: the share 5 is not between 0 and 1")


def test_a_problem_without_a_path_or_file():
    with translation.override("en"):
        assert say_problem(Problem(3, "", "empty_file")) == (
            "line 3: the file is empty; begin with «schema: kezun.standard/1»"
        )


def test_lacks_speak_of_their_criterion():
    found = lacks(sample("outlet"), conforming(A1_01="坏", A1_02=Na(" ")), tags=TAGS)
    with translation.override("en"):
        assert [say_lack(x) for x in found] == [
            "A1.01: «坏» is not an answer here; choose one of: 好, 尚可, 差",
            "A1.02: «not applicable» needs a reason; write one",
        ]


def test_lacks_can_all_be_said():
    values = dict.fromkeys(("ref", "option", "known", "value", "least", "most", "kind", "have"), 1)
    assert all(say_lack(Lack("A", code, values)).startswith("A: ") for code in LACKS)


def test_each_line_of_a_result_has_its_reason():
    result = evaluate(
        sample("outlet"), conforming(A2_01=3, B1_01="不在", A1_02=Na("二楼"), A1_01="尚可"), tags=TAGS
    )
    with translation.override("en"):
        told = {x.id: say_reason(x) for x in result.lines}
    assert told["A1.01"] == "answered «尚可»"
    assert told["A1.02"] == "not applicable, left out: 二楼"
    assert told["A2.01"] == "3 defects, 2 points each"
    assert told["A2.02"] == "ind.uptime is 0.99, which is ≥ 0.98: share 1"
    assert told["B1.02"] == "nothing, because of B1.01"
    assert told["B2.01"] == "met in full"


def test_reasons_of_rare_answers():
    answers = {"X1.1": 99, "X1.2": 1, "X1.3": 3, "X1.4": 0, "X1.5": 0}
    result = evaluate(sample("everything"), answers, tags={"甲类"})
    with translation.override("en"):
        told = {x.id: say_reason(x) for x in result.lines}
    assert told["X1.0"] == "a remark, not scored"
    assert told["X1.1"] == "ind.wait is 99 and reaches no band"
    assert told["X1.2"] == "ind.rate is 1: share 1 on the line"
    assert told["X1.3"] == "3 points of -5 to 20"
    assert say_reason(Line("A", 0, 0, "not_applicable"))


def test_a_remark_names_sheet_row_and_column():
    with translation.override("en"):
        assert say_remark(Remark(4, 2, "bad_points", {"value": "viel"}), "Sheet1") == (
            "Sheet1, row 4, column C: «viel» is no number of points; write digits only"
        )
        assert say_remark(Remark(4, None, "no_rows")).startswith("row 4: no criterion")


def test_what_is_lacking_is_told_in_the_reader_s_words():
    video = Lack("DT2.1.01", "no_evidence", {"kind": "video", "least": 1, "have": 0})
    value = Lack("DT3.1.01", "no_value", {"ref": "standards.failing_share"})
    assert "录像" in say_lack(video)
    assert "video" not in say_lack(video)
    assert "不符合率" in say_lack(value)
    assert "standards." not in say_lack(value)
    with translation.override("en"):
        assert "video (its number in the note)" in say_lack(video)


def test_a_measured_value_is_told_under_its_name_and_in_its_unit():
    seen = {"ref": "floor.wait_p90", "value": 1530, "op": "<=", "bound": 1800, "share": "0.5"}
    met = Line("DT3.1.01", Decimal(2), Decimal(4), "band", seen, Decimal(4), None)
    with translation.override("en"):
        assert say_reason(met) == "P90 wait is 25 min 30 s, which is ≤ 30 min: share 0.5"
    rate = {"ref": "floor.within_promise", "value": "0.625"}
    with translation.override("en"):
        assert say_reason(replace(met, reason="no_band", params=rate)).endswith(
            "is 62.5 % and reaches no band"
        )
