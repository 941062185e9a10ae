"""Every mistake in a text: refused with its code, at its line, with all others; nothing half loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kezun.standards.messages import PROBLEMS
from kezun.standards.rules import NotAStandard, read
from kezun.standards.rules.nodes import MOST_NODES
from kezun.standards.tests.samples import sample, text

WRONG = yaml.safe_load(text("mistakes"))


def wrong(body: str, **more) -> NotAStandard:
    with pytest.raises(NotAStandard) as caught:
        read(body, **more)
    return caught.value


@pytest.mark.parametrize(("name", "was", "by", "code", "path"), WRONG, ids=lambda v: str(v)[:24])
def test_a_mistake_is_named_with_its_place(name, was, by, code, path):
    body = text(name)
    assert was in body
    found = [p for p in wrong(body.replace(was, by, 1)).problems if p.code == code]
    assert path in [p.path for p in found]


@pytest.mark.parametrize(
    ("was", "by", "code", "line"),
    [
        ("尚可: 0.5", "尚可: 1.5", "share_outside", 28),
        ("        points: 15\n", "        points: 16\n", "sum_differs", 20),
        ("total: 100", "total: 90", "sum_differs", 9),
        ("zero: [B1.02, B1.03]", "zero: [B9]", "unknown_target", 69),
        ("id: A1.02", "id: A1.01", "id_twice", 36),
        ("when: [推诿]", "when: [推脱]", "unknown_option", 89),
        ("modules:", "modules: [", "not_yaml", 13),
    ],
)
def test_a_mistake_is_named_with_its_line(was, by, code, line):
    found = [p for p in wrong(text("outlet").replace(was, by, 1)).problems if p.code == code]
    assert line in [p.line for p in found]


def test_all_mistakes_at_once_in_the_order_of_lines():
    body = text("outlet").replace("total: 100", "total: 90").replace("尚可: 0.5", "尚可: 5")
    body = body.replace("zero: [B1.02, B1.03]", "zero: [B9]").replace("severity: 重大", "severe: 重大")
    problems = wrong(body).problems
    assert [p.code for p in problems] == ["sum_differs", "share_outside", "unknown_target", "unknown_key"]
    assert [p.line for p in problems] == sorted(p.line for p in problems)


def test_a_circle_of_cascades_names_its_members():
    body = text("outlet").replace(
        "            text: 迎候与引导\n",
        "            text: 迎候与引导\n            cascade: {when: [差], zero: [B1.01]}\n",
    )
    [found] = wrong(body).problems
    assert found.code == "cascade_circle"
    assert set(str(found.params["ring"]).split(" → ")) == {"B1.01", "B1.03"}


def test_a_criterion_that_zeroes_itself_is_a_circle():
    found = wrong(text("outlet").replace("zero: [B1.02, B1.03]", "zero: [B1.01]")).problems
    assert [p.code for p in found] == ["cascade_circle"]


def test_a_cascade_on_demerits_would_reward():
    body = text("hygiene").replace(
        "            text: 操作卫生\n",
        "            text: 操作卫生\n            cascade: {when: lost, zero: [structure]}\n",
    )
    assert [p.code for p in wrong(body).problems] == ["cascade_of_demerits"]


def test_caps_need_an_order_of_grades():
    body = text("outlet").replace(", grades: [优秀, 良好, 达标, 不达标]", "")
    body = body.replace(
        "            text: 工装统一\n",
        "            text: 工装统一\n            veto: {when: [无工装], effect: {grade_cap: 良好}}\n",
    )
    assert [p.code for p in wrong(body).problems] == ["caps_without_order"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "empty_file"),
        ("# only a comment\n", "empty_file"),
        ("[1, 2", "not_yaml"),
        ("a: 'b", "not_yaml"),
        ("\x00", "not_yaml"),
        ("--- a\n--- b\n", "not_yaml"),
        ("!!python/object:os.system {}", "missing_key"),
        ("just words", "not_mapping"),
        ("[a, b]", "not_mapping"),
        ("a: &x 1\nb: *x\n", "alias"),
        ("a: &x [*x]\n", "alias"),
        ("[" * 2000 + "]" * 2000, "too_deep"),
    ],
    ids=lambda v: str(v)[:16],
)
def test_what_is_no_standard_at_all(body, code):
    assert code in {p.code for p in wrong(body).problems}


def test_a_text_that_would_fill_the_memory_is_refused():
    body = "a: [" + "0," * (MOST_NODES + 10) + "0]\n"
    assert [p.code for p in wrong(body).problems] == ["too_large"]


def test_modules_without_ids_are_called_by_their_place():
    body = text("outlet").replace("  - id: B\n    title: 人员\n", "  - title: 人员\n")
    assert ("modules[2].id", "missing_key") in {(p.path, p.code) for p in wrong(body).problems}


def test_a_criterion_that_is_a_word_is_told_once():
    body = text("hygiene").replace("        criteria:\n", "        criteria:\n          - nichts\n")
    assert ("H1.criteria[1]", "not_mapping") in {(p.path, p.code) for p in wrong(body).problems}


@pytest.mark.parametrize("key", ["scale", "modules", "title", "id", "version"])
def test_each_part_must_be_there(key):
    lines = text("hygiene").splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
    end = next((i for i in range(start + 1, len(lines)) if lines[i][0] not in " -"), len(lines))
    problems = wrong("".join(lines[:start] + lines[end:])).problems
    assert ("missing_key", {"name": key}) in [(p.code, p.params) for p in problems]


def tried() -> set[str]:
    """The codes that this module or the one about editions provokes."""
    from kezun.standards.tests import test_rules_bad_input, test_rules_editions

    modules = (test_rules_bad_input, test_rules_editions)
    said = "".join(Path(m.__file__).read_text(encoding="utf-8") for m in modules)
    tabled = {code for _name, _was, _by, code, _path in WRONG}
    return {code for code in PROBLEMS if code in tabled or f'"{code}"' in said}


def test_every_code_that_has_a_message_is_tried():
    assert set(PROBLEMS) - tried() == set()


def test_the_samples_themselves_are_in_order():
    assert sample("outlet").criterion("B2.01") is not None
