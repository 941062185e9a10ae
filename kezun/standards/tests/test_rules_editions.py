"""Against editions that exist: ids are permanent, validity does not overlap, overlays fit what is below."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kezun.standards.rules import NotAStandard, read
from kezun.standards.rules.form import Validity
from kezun.standards.tests.samples import sample, text

OLD = sample("outlet2025")


def problems(body: str, *known):
    with pytest.raises(NotAStandard) as caught:
        read(body, known=known)
    return [(p.code, p.path) for p in caught.value.problems]


def test_an_edition_that_supersedes_the_one_before_is_in_order():
    assert read(text("outlet"), known=[OLD]).supersedes == "2025.1"


def test_an_edition_does_not_stand_against_itself():
    assert read(text("outlet"), known=[OLD, sample("outlet")])


def test_the_older_edition_is_in_order_beside_the_newer():
    assert read(text("outlet2025"), known=[sample("outlet")])


def test_editions_of_other_standards_do_not_matter():
    assert read(text("hygiene"), known=[OLD, sample("outlet")])


def test_validity_may_not_overlap():
    body = text("outlet").replace('supersedes: "2025.1"\n', "")
    assert problems(body, OLD) == [("validity_overlaps", "valid")]


def test_validity_may_meet():
    body = text("outlet").replace('supersedes: "2025.1"\n', "")
    ended = replace(OLD, valid=Validity(date(2025, 1, 1), date(2026, 1, 1)))
    assert read(body, known=[ended])
    later = replace(ended, valid=Validity(date(2025, 1, 1), date(2026, 1, 2)))
    assert problems(body, later) == [("validity_overlaps", "valid")]


def test_an_edition_may_end_before_another_begins():
    body = text("outlet").replace("to: null", "to: 2026-07-01").replace('supersedes: "2025.1"\n', "")
    after = replace(OLD, version="2027.1", valid=Validity(date(2026, 7, 1)))
    assert read(body, known=[after])


def test_nothing_supersedes_from_the_same_day():
    same = replace(OLD, valid=Validity(date(2026, 1, 1)))
    assert problems(text("outlet"), same) == [("validity_overlaps", "valid")]


def test_the_edition_superseded_must_be_there():
    body = text("outlet").replace('supersedes: "2025.1"', 'supersedes: "2024.9"')
    assert ("unknown_edition", "supersedes") in problems(body, OLD)


def test_an_id_once_retired_is_never_used_again():
    body = text("outlet").replace("id: A1.02", "id: A1.09")
    gone = replace(OLD, retired=("A1.09",))
    assert problems(body, gone) == [("id_retired_before", "A1.09.id")]


def test_an_id_that_an_edition_left_out_is_retired():
    """2024 had A1.02, 2025 had not, 2026 must not call something so."""
    first = read(
        text("outlet2025")
        .replace('"2025.1"', '"2024.1"')
        .replace("from: 2025-01-01", "from: 2024-01-01")
        .replace("A1.03", "A1.02")
    )
    first = replace(first, valid=Validity(date(2024, 1, 1), date(2025, 1, 1)))
    assert problems(text("outlet"), first, OLD) == [("id_retired_before", "A1.02.id")]


@pytest.mark.parametrize(
    "lineage",
    [
        "{new: true}",
        '{same_as: "2025.1#A1.03", change: editorial}',
        '{same_as: "2025.1#A1.01", change: meaning}',
        '{merged_from: ["2025.1#A1.03", "2025.1#A1.04"]}',
        '{split_from: "2025.1#A1.05"}',
    ],
)
def test_an_id_never_takes_another_meaning(lineage):
    body = text("outlet").replace('{same_as: "2025.1#A1.01", change: points}', lineage)
    assert problems(body, OLD) == [("id_reused", "A1.01.lineage")]


@pytest.mark.parametrize(
    "lineage",
    [
        '{same_as: "2025.1#A1.01", change: editorial}',
        '{merged_from: ["2025.1#A1.01", "2025.1#A1.03"], change: points}',
        '{split_from: "2025.1#A1.01"}',
    ],
)
def test_an_id_that_goes_on_may_say_so_in_several_ways(lineage):
    body = text("outlet").replace('{same_as: "2025.1#A1.01", change: points}', lineage)
    assert read(body, known=[OLD])


def test_an_id_without_lineage_goes_on():
    body = text("outlet").replace('            lineage: {same_as: "2025.1#A1.01", change: points}\n', "")
    assert read(body, known=[OLD])


def test_what_something_comes_from_must_have_been_there():
    body = text("outlet").replace(
        "            text: 工装统一\n",
        '            text: 工装统一\n            lineage: {same_as: "2025.1#A9.99"}\n',
    )
    assert problems(body, OLD) == [("unknown_origin", "B1.02.lineage")]
    assert read(body), "an edition that is not at hand cannot be looked into"


def test_an_overlay_that_fits():
    made = read(text("festival"), known=[sample("outlet")])
    assert made.over.counting == "beside"
    assert made.over.event == "春节服务"


@pytest.mark.parametrize(
    ("was", "by", "problem"),
    [
        ("id: B1.02, points: 6", "id: B9.02, points: 6", ("change_unknown", "over")),
        ("id: B1.02, points: 6", "id: B1.02, points: 0", ("change_of_range", "over")),
        ("id: J1.01", "id: B1.01", ("id_of_base", "B1.01.id")),
        ("id: J1\n", "id: A1\n", ("id_of_base", "A1.id")),
        ('version: "2026.1"\n  event', 'version: "2031.1"\n  event', ("unknown_edition", "over")),
    ],
)
def test_an_overlay_that_does_not_fit(was, by, problem):
    body = text("festival")
    assert was in body
    assert problems(body.replace(was, by), sample("outlet")) == [problem]


def test_an_overlay_does_not_change_ranges_texts_or_go_below_a_floor():
    base = sample("everything")
    body = text("festival").replace("urn:kezun:std:lianxi-wangdian", base.id)
    body = body.replace('version: "2026.1"\n  event', 'version: "v3"\n  event')
    for id, points in (("X1.3", 9), ("X1.0", 9), ("X1.4", 4)):
        changed = body.replace("id: B1.02, points: 6", f"id: {id}, points: {points}")
        assert problems(changed, base) == [("change_of_range", "over")]
    assert read(body.replace("id: B1.02, points: 6", "id: X1.4, points: 5"), known=[base])


def test_an_overlay_over_what_is_not_at_hand_is_read_for_itself():
    assert read(text("festival")).over.changes[0].id == "B1.02"
    assert read(text("festival"), known=[sample("hygiene")])
