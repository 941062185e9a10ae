"""docs/standards.md is true: its example loads, its answers score, its overlay lies over the example."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from kezun.standards.cli import standard_group
from kezun.standards.cli_score import answers_in
from kezun.standards.rules import evaluate, read
from kezun.standards.rules.answers import TYPES
from kezun.standards.rules.overlay import overlaid

BOOK = Path(__file__).parents[3] / "docs" / "standards.md"
TEXT = BOOK.read_text(encoding="utf-8")


@pytest.fixture
def example():
    [body] = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return read(body)


@pytest.fixture
def answers(example):
    [line] = re.findall(r"^\{\"L1.*$", TEXT, re.MULTILINE)
    return answers_in(example, json.loads(line))


def test_the_example_loads(example):
    assert example.scale.total == 100
    assert len(list(example.criteria())) == 5
    assert example.criterion("L2.02").answer.op == "<="


def test_the_answers_of_the_document_score(example, answers):
    result = evaluate(example, answers, tags={"street-front"})
    assert (result.earned, result.applicable) == (78, 90)
    assert result.score == Decimal("86.67")


def test_a_cascade_as_the_document_says(example, answers):
    result = evaluate(example, answers | {"L1.01": "不在岗"}, tags={"street-front"})
    assert result.earned == 28


def test_the_overlay_of_the_document_lies_over_its_example(example):
    [line] = re.findall(r"^over: .*$", TEXT, re.MULTILINE)
    head = {
        "schema": "kezun.standard/1",
        "kind": "overlay",
        "id": "urn:bank:std:spring",
        "version": "1",
        "title": "春节",
        "valid": {"from": "2026-02-01", "to": "2026-03-01"},
        "scale": {"total": 5},
    }
    answer = {"type": "graded", "options": {"有": 1, "无": 0}}
    criterion = {"id": "S1.1", "text": "有值班表", "points": 5, "answer": answer}
    item = {"id": "S1", "title": "值班", "points": 5, "criteria": [criterion]}
    head["modules"] = [{"id": "S", "title": "节日", "points": 5, "items": [item]}]
    made = overlaid(example, read(yaml.safe_dump(head, allow_unicode=True) + line + "\n"))
    assert made.criterion("L2.01").points == 12
    assert [m.id for m in made.beside] == ["S"]


def test_every_kind_of_answer_is_explained():
    assert {kind for kind in TYPES if f"| `{kind}` |" in TEXT} == set(TYPES)


def test_the_commands_of_the_document_exist():
    named = set(re.findall(r"kezun standard (\w+)", TEXT))
    assert named <= set(standard_group.commands)
    for name in named:
        assert CliRunner().invoke(standard_group, [name, "--help"]).exit_code == 0
