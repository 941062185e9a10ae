"""Reading the format: every field arrives, numbers stay exact, and writing is the way back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kezun.standards.rules import canonical, digest, read, written
from kezun.standards.rules.form import (
    Applies,
    Band,
    Cascade,
    CountDefects,
    Evidence,
    Indicator,
    Lineage,
    Option,
    Rectify,
    Reference,
    Trigger,
    Veto,
)
from kezun.standards.rules.writing import plain
from kezun.standards.tests.samples import sample, text

PINNED = "987429408e704e2da354e04f535c552ef2292f98ba62cd7d1205a8357df8f5fe"


def of(id: str, name: str = "outlet"):
    found = sample(name).criterion(id)
    assert found is not None
    return found


def test_the_head():
    made = sample("outlet")
    assert made.id == "urn:kezun:std:lianxi-wangdian"
    assert made.version == "2026.1"
    assert made.title_en == "A practice standard for outlets"
    assert made.supersedes == "2025.1"
    assert made.valid.start == date(2026, 1, 1)
    assert made.valid.end is None
    assert made.scale.grades == ("优秀", "良好", "达标", "不达标")
    assert made.covert == ("暗访",)
    assert made.kind == "standard"


def test_the_tree():
    made = sample("outlet")
    assert [m.id for m in made.modules] == ["A", "B"]
    assert [i.points for m in made.modules for i in m.items] == [15, 25, 30, 30]
    assert [c.id for c in made.criteria()][:3] == ["A1.01", "A1.02", "A2.01"]
    assert list(made.ids())[:4] == ["A", "A1", "A1.01", "A1.02"]
    assert made.criterion("nowhere") is None


def test_a_graded_criterion_with_everything():
    found = of("A1.01")
    assert found.answer.options == (
        Option("好", Decimal(1), "good"),
        Option("尚可", Decimal("0.5"), "fair"),
        Option("差", Decimal(0), "poor"),
    )
    assert found.checker.roles == ("服务督导", "网点负责人")
    assert found.checker.methods == ("明查", "自查")
    assert not found.checker.blind
    assert found.frequency == (("自查", "每月"), ("明查", "每季"))
    assert found.evidence == (Evidence("photo", 1, Trigger(("尚可", "差"))),)
    assert found.severity == "一般"
    assert found.rectify == Rectify(7, True)
    assert found.lineage == Lineage("same_as", (Reference("2025.1", "A1.01"),), "points")
    assert str(found.lineage.of[0]) == "2025.1#A1.01"
    assert found.line == 22


def test_not_applicable_and_tags():
    found = of("A1.02")
    assert found.na
    assert found.applies_to == Applies(any=("临街", "底层"))
    assert not of("A1.01").na


def test_defects_and_indicator():
    assert of("A2.01").answer == CountDefects(Decimal(2), Decimal(0))
    assert of("A2.01").evidence == (Evidence("photo", 1, Trigger(lost=True)),)
    bands = (Band(Decimal("0.98"), Decimal(1)), Band(Decimal("0.95"), Decimal("0.6")), Band(None, Decimal(0)))
    assert of("A2.02").answer == Indicator("ind.uptime", ">=", bands)


def test_cascade_and_veto():
    assert of("B1.01").cascade == Cascade(Trigger(("不在",)), ("B1.02", "B1.03"))
    assert of("B2.01").veto == Veto(Trigger(("推诿",)), "达标", False)


@pytest.mark.parametrize(
    ("any_", "all_", "none", "tags", "applies"),
    [
        ((), (), (), set(), True),
        (("a", "b"), (), (), {"b"}, True),
        (("a", "b"), (), (), {"c"}, False),
        ((), ("a", "b"), (), {"a", "b", "c"}, True),
        ((), ("a", "b"), (), {"a"}, False),
        ((), (), ("x",), {"a"}, True),
        ((), (), ("x",), {"x"}, False),
        (("a",), ("b",), ("x",), {"a", "b"}, True),
        (("a",), ("b",), ("x",), {"a", "b", "x"}, False),
    ],
)
def test_which_outlets_a_criterion_applies_to(any_, all_, none, tags, applies):
    assert Applies(any_, all_, none).to(frozenset(tags)) is applies


@pytest.mark.parametrize("name", ["outlet", "hygiene", "festival", "outlet2025", "everything"])
def test_what_is_written_reads_the_same(name):
    made = sample(name)
    again = read(written(made))
    assert again == made
    assert canonical(again) == canonical(made)
    assert written(again) == written(made)


def test_the_digest_does_not_see_comments_order_or_the_look_of_numbers():
    plain = text("outlet")
    varied = plain.replace("points: 100", "points: 100").replace("total: 100", "total: 1.0e2")
    varied = "# another comment\n" + varied.replace(
        "{好: 1, 尚可: 0.5, 差: 0}", "{好: 1.0, 尚可: .50, 差: 0}"
    )
    head = 'version: "2026.1"\n'
    varied = varied.replace(head, "") + head
    assert digest(read(varied)) == digest(sample("outlet"))


def test_the_digest_sees_every_change_of_content():
    plain = text("outlet")
    changed = {
        "words": plain.replace("大堂有人值守", "大堂有人值守。"),
        "share": plain.replace("尚可: 0.5", "尚可: 0.6"),
        "title": plain.replace("title_en: Premises", "title_en: Place"),
        "day": plain.replace("from: 2026-01-01", "from: 2026-01-02"),
        "cap": plain.replace("grade_cap: 达标", "grade_cap: 良好"),
    }
    digests = {digest(read(other)) for other in changed.values()} | {digest(sample("outlet"))}
    assert len(digests) == len(changed) + 1


def test_the_digest_is_pinned():
    """Frozen for ever: a published edition is addressed by it. A change here breaks every stored hash."""
    assert digest(sample("hygiene")) == digest(read(text("hygiene")))
    assert canonical(sample("hygiene")).startswith(
        b'{"id":"urn:kezun:std:hygiene","modules":[{"id":"H","items"'
    )
    assert digest(sample("hygiene")) == PINNED


def test_numbers_are_exact_and_texts_stay_texts():
    changed = (
        text("outlet").replace("尚可: 0.5", "尚可: 0.1").replace('version: "2026.1"', "version: 2026.10")
    )
    made = read(changed)
    assert made.version == "2026.10"
    assert made.criterion("A1.01").answer.share("尚可") == Decimal("0.1")


def test_english_yes_and_no_are_options_not_truth():
    changed = (
        text("outlet").replace("{在: 1, 不在: 0}", "{yes: 1, no: 0}").replace("when: [不在]", "when: [no]")
    )
    found = read(changed).criterion("B1.01")
    assert [o.name for o in found.answer.options] == ["yes", "no"]
    assert found.cascade.when.options == ("no",)


def test_a_not_applicable_flag_may_be_short():
    changed = text("outlet").replace("na: {allowed: true, reason: required}", "na: true")
    assert read(changed) == sample("outlet")


def test_one_text_counts_as_a_list_of_one():
    changed = (
        text("outlet")
        .replace("when: [推诿]", "when: 推诿")
        .replace("methods: [系统取数]", "methods: 系统取数")
    )
    assert read(changed) == sample("outlet")


def test_an_option_called_lost_is_an_option():
    changed = text("outlet").replace("{做到: 1, 推诿: 0}", "{kept: 1, lost: 0}")
    found = read(changed.replace("when: [推诿]", "when: lost")).criterion("B2.01")
    assert found.veto.when == Trigger(("lost",))


def test_the_catalog_reads_with_unique_ids_and_digests(catalog_texts):
    made = [read(t) for t in catalog_texts]
    assert len({digest(m) for m in made}) == len(made)
    assert all(read(written(m)) == m for m in made)


@pytest.fixture
def catalog_texts():
    from kezun.standards.shipped import FOLDER

    return [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))]


@pytest.mark.parametrize(
    ("value", "said"),
    [("12.50", "12.5"), ("1E+2", "100"), ("-0.0", "0"), ("0.000", "0"), ("-3", "-3"), ("100", "100")],
)
def test_a_number_in_plain_figures(value, said):
    assert plain(Decimal(value)) == said
    assert plain(None) == ""
