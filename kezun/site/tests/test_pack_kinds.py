"""Kinds of cases in a pack: checked with line and words, published when it is loaded."""

from __future__ import annotations

import pytest

from kezun.cases import catalogs
from kezun.cases.kinds import FOLDER
from kezun.site.packs.kinds import case_kinds

FLOW = """
id: lost
title: 失物
steps:
  - {verb: propose, from: [registered], to: proposed, by: [opener]}
  - {verb: verify, from: [proposed], to: verified, by: [second]}
  - {verb: close, from: [verified], to: closed, by: [owner]}
"""
KIND = """schema: kezun.kind/1
id: lost
version: "1"
title: 失物
valid: {from: 2020-01-01}
flow: FLOW
fields:
  - {id: where, name: 地点, type: code, table: places}
clocks:
  - {policy: lost, ladder: slow}
"""


@pytest.fixture
def pack(tmp_path):
    """`pack(**files)` writes files below `cases/` of a pack; names by `folder__stem`."""

    def make(**files):
        for name, text in files.items():
            folder, _sep, stem = name.partition("__")
            (tmp_path / "cases" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / "cases" / folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return make


def test_a_kind_may_use_what_the_pack_brings_along(pack):
    folder = pack(
        flows__lost=FLOW,
        kinds__lost=KIND.replace("FLOW", "lost"),
        codes__places="id: places",
        ladders__slow="id: slow",
    )
    checked = case_kinds(folder)
    assert set(checked) == {"cases/flows/lost.yaml", "cases/kinds/lost.yaml"}
    assert not any(part.mistakes for part in checked.values())


def test_what_is_wrong_has_its_file_line_and_words(pack):
    [part] = case_kinds(pack(kinds__lost=KIND.replace("FLOW", "nowhere"))).values()
    assert {m.file for m in part.mistakes} == {"cases/kinds/lost.yaml"}
    assert {m.line for m in part.mistakes} == {6, 8, 10}
    assert any("nowhere" in str(m) for m in part.mistakes)


def test_a_flow_that_cannot_be_read_is_told(pack):
    checked = case_kinds(pack(flows__bad="steps: [{verb: explode, from: [nowhere]}]"))
    assert checked["cases/flows/bad.yaml"].mistakes


def test_a_pack_without_cases_says_nothing(tmp_path):
    assert case_kinds(tmp_path) == {}


def test_what_ships_passes_the_same_check(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "kinds").symlink_to(FOLDER)
    checked = case_kinds(tmp_path)
    assert len(checked) == len(list(FOLDER.glob("*.yaml")))
    assert not any(part.mistakes for part in checked.values())
    assert catalogs.flows()
