"""The example schemes that come with the product and the packs: whole, plainly examples, and bounded."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.utils import translation

from kezun.assessment.merits import merit_kinds
from kezun.assessment.rules.combining import Part, combine
from kezun.assessment.rules.fitting import nature
from kezun.assessment.rules.form import HUNDRED, Adjustment, Scheme
from kezun.assessment.rules.lines import Event, Figure
from kezun.assessment.rules.reading import Known, NotAScheme, digest, read
from kezun.assessment.rules.transform import best_value, points
from kezun.org.models import Unit
from kezun.standards.wording import term

ROOT = Path(settings.ROOT)
FOLDER = ROOT / "kezun/assessment/catalog/schemes"
OWN = sorted(FOLDER.glob("*.yaml"))
FILES = [*OWN, *sorted((ROOT / "packs").glob("*/schemes/*.yaml"))]
GRADES = ("优秀", "良好", "达标", "不达标")


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def indicators() -> dict[str, dict[str, Any]]:
    files = [*ROOT.glob("kezun/*/catalog/indicators/*.yaml"), *ROOT.glob("packs/*/indicators/*.yaml")]
    return {row["id"]: row for path in files for row in loaded(path)}


def nature_of(row: dict[str, Any]) -> str:
    return nature(row["kind"], row.get("scale", 1), counted="count" in row.get("numerator", {}))


@cache
def known() -> Known:
    posts = {p["code"] for path in ROOT.glob("packs/*/pack.yaml") for p in loaded(path)["posts"]}
    return Known(
        indicators=frozenset(indicators()),
        standards=frozenset(loaded(p)["id"] for p in ROOT.glob("kezun/standards/catalog/standards/*.yaml")),
        events=frozenset(merit_kinds()),
        unit_kinds=frozenset(Unit.Kind.values),
        posts=frozenset(posts),
        natures={id: nature_of(row) for id, row in indicators().items()},
    )


@cache
def schemes() -> tuple[Scheme, ...]:
    return tuple(read(path.read_text(encoding="utf-8"), known()) for path in FILES)


def one(slug: str) -> Scheme:
    return next(s for s in schemes() if s.id.endswith(f":{slug}"))


def rules() -> list[tuple[Scheme, Adjustment]]:
    return [(s, rule) for s in schemes() for rule in s.adjustments]


def test_everybody_who_serves_or_leads_has_a_scheme():
    subjects = {(s.of.kind, s.of.units, s.of.posts) for s in schemes()}
    assert {kind for kind, _units, _posts in subjects} >= {"outlet", "person", "unit", "department"}
    assert one("wangdian-jidu").of.kind == "outlet"
    assert one("guiyuan-jidu").of.posts == ("teller",)
    assert one("fenhang-jidu").of.units == ("tier1",)
    assert one("jigou-jidu").of.units == ("tier2", "sub_branch")
    assert one("guanli-jidu").of.by == "unit"
    assert one("bumen-jidu").of.kind == "department"
    assert {one("kefu-jidu").of.units, one("zuoxi-jidu").of.posts} == {("call_centre",), ("agent",)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_scheme_is_plainly_an_example_with_an_english_name(path: Path):
    made = read(path.read_text(encoding="utf-8"), known())
    assert path.stem == f"{made.id.split(':')[-1]}-{made.version}"
    assert made.example
    assert made.doc_no.startswith("示例")
    assert "（示例）" in made.title
    assert "(example)" in made.title_en
    for part in (*made.components, *made.adjustments, *made.vetoes):
        assert part.title_en, f"{made.id} {part.id}"
    assert all(grade.name_en for grade in made.grades)


def test_weights_are_a_hundred_or_points_start_from_a_base():
    for made in schemes():
        weights = sum(c.weight for c in made.components)
        assert (weights, made.base) in {(HUNDRED, Decimal(0)), (0, HUNDRED)}, made.id


def test_the_skeleton_has_seven_deductions_and_three_additions():
    skeleton = one("niandu-gugan")
    assert [r.event for r in skeleton.deductions] == [
        *("rating_shortfall", "client_shortfall", "public_shortfall"),
        *("media_negative", "complaint", "inspection_finding", "skill_shortfall"),
    ]
    assert [r.event for r in skeleton.additions] == ["honour_external", "industry_ranking", "praise"]
    assert not skeleton.components


def test_every_rule_gives_points_to_every_level_and_has_a_cap():
    for made, rule in rules():
        kind = merit_kinds()[rule.event]
        assert kind.sign == ("-" if rule in made.deductions else "+"), f"{made.id} {rule.id}"
        assert {level for level, _points in rule.points} == set(kind.levels), f"{made.id} {rule.id}"
        worths = [rule.worth(level) or Decimal(0) for level in kind.levels]
        assert worths == sorted(worths), f"{made.id} {rule.id}: a higher level is worth no less"
        assert Decimal(0) < worths[0]
        assert worths[-1] <= rule.cap <= 10, f"{made.id} {rule.id}"
        assert rule.attributed == (kind.attributed and kind.sign == "-"), f"{made.id} {rule.id}"


def test_honours_count_once_as_the_ledger_says():
    for _made, rule in rules():
        assert rule.once == merit_kinds()[rule.event].once_a_year


def test_a_point_is_worth_more_the_better_the_indicator():
    for made in schemes():
        for component in made.components:
            if not component.source.indicator:
                continue
            best = best_value(component.transform)
            assert best is not None
            way = indicators()[component.source.indicator]["direction"]
            worse = best + (1 if way == "down" else -1) * max(Decimal(1), abs(best))
            assert points(component.transform, worse) < points(component.transform, best), (
                f"{made.id} {component.id} rewards the wrong direction"
            )


def test_small_numbers_are_not_judged_and_thin_ratings_do_not_count():
    for made in schemes():
        assert made.ranking.min_n >= 100
        for c in made.components:
            if c.source.indicator:
                assert c.min_n >= 30, f"{made.id} {c.id}"
            if c.source.indicator == "floor.satisfied_rate":
                assert [g.indicator for g in c.gates] == ["floor.rating_coverage"], f"{made.id} {c.id}"
        assert all(c.estimator.kind != "raw" for c in map(made.component, made.ranked_on) if c)


def test_lists_go_by_probability_and_a_person_decides_after_appeals():
    listed = [s for s in schemes() if s.red]
    assert len(listed) >= 5
    for made in listed:
        for listing in (made.red, made.black):
            assert listing is not None
            assert listing.human_confirm
            assert listing.appeal_first
            assert listing.min_n >= 73
            assert any(c.metric for c in listing.conditions)
        assert all(c.at_least >= Decimal("0.975") for c in made.black.conditions if c.metric)
    assert all(s.appeal.window_days == 10 and s.appeal.levels for s in schemes())


def test_grades_caps_and_stars_fit_together():
    for made in schemes():
        assert tuple(g.name for g in made.grades) == GRADES
        assert all(v.grade_cap in GRADES[1:] for v in made.vetoes if v.grade_cap)
        stars = [s.stars for s in made.stars]
        assert stars == sorted(stars, reverse=True)
        assert [s.least for s in made.stars] == sorted((s.least for s in made.stars), reverse=True)


def full(made: Scheme) -> dict[str, Figure]:
    """Figures of a subject that has every point."""
    figures = {}
    for c in made.components:
        best = Decimal(1) if c.source.standard else best_value(c.transform)
        figures[c.id] = Figure(value=float(best), n=1000, estimate=float(best))
    return figures


@pytest.mark.parametrize("made", schemes(), ids=lambda s: s.id.split(":")[-1])
def test_a_faultless_subject_is_excellent(made: Scheme):
    result = combine([Part(made, full(made))])
    assert result.score == HUNDRED
    assert result.grade == "优秀"


@pytest.mark.parametrize(
    "made", [s for s in schemes() if any(r.event == "complaint" for r in s.deductions)], ids=lambda s: s.id
)
def test_a_grave_complaint_deducts_and_caps_but_not_while_undecided(made: Scheme):
    rule = next(r for r in made.deductions if r.event == "complaint")
    upheld = Event("ledger/1", "complaint", "2026-02-01", "重大", "responsible")
    result = combine([Part(made, full(made), events=[upheld])])
    assert result.score == HUNDRED - (rule.worth("重大") or 0)
    assert result.grade == "良好"
    pending = Event("ledger/1", "complaint", "2026-02-01", "重大", "pending")
    assert combine([Part(made, full(made), events=[pending])]).score == HUNDRED


def test_deductions_stop_at_their_caps():
    made = one("niandu-gugan")
    events = [
        Event(f"ledger/{kind.id}{n}", kind.id, "2026-02-01", kind.levels[-1], "responsible")
        for kind in merit_kinds().values()
        for n in range(40)
    ]
    down = combine([Part(made, {}, events=[e for e in events if merit_kinds()[e.kind].sign == "-"])])
    up = combine([Part(made, {}, events=[e for e in events if merit_kinds()[e.kind].sign == "+"])])
    assert down.score == HUNDRED - sum(r.cap for r in made.deductions)
    once = {"honour_external", "industry_ranking"}
    gained = [
        r.worth(merit_kinds()[r.event].levels[-1]) if r.event in once else r.cap for r in made.additions
    ]
    assert up.score == HUNDRED + sum(g for g in gained if g)


def test_what_does_not_exist_is_refused_by_name():
    text = (FOLDER / "wangdian-jidu-2026.1.yaml").read_text(encoding="utf-8")
    for right, wrong, code in (
        ("floor.within_promise", "floor.within_promises", "unknown_indicator"),
        ("urn:kezun:std:teshu-kehu", "urn:kezun:std:teshu", "unknown_standard"),
        ("event: praise", "event: prize", "unknown_event"),
        ("weight: 20", "weight: 21", "weights_differ"),
    ):
        with pytest.raises(NotAScheme) as refused:
            read(text.replace(right, wrong), known())
        assert code in {p.code for p in refused.value.problems}


def test_editions_have_hashes_of_their_own():
    assert len({digest(s) for s in schemes()}) == len(FILES)


def test_levels_of_the_ledger_are_told_in_english_too():
    with translation.override("en"):
        told = {level: term(level) for kind in merit_kinds().values() for level in kind.levels}
    assert [level for level, word in told.items() if word == level] == []
    with translation.override("zh-hans"):
        assert all(term(level) == level for level in told)
