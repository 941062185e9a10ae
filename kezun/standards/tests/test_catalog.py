"""The example standards that come with the product: whole, judged by somebody, and worth what they say."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from kezun.standards.rules import Criterion, NotAStandard, Standard, digest, evaluate, read
from kezun.standards.rules.checking import barred
from kezun.standards.rules.form import CountDefects, Graded, Indicator, Range, Text
from kezun.standards.rules.marks import Given
from kezun.standards.rules.overlay import overlaid

ROOT = Path(settings.ROOT)
FOLDER = ROOT / "kezun" / "standards" / "catalog" / "standards"
FILES = sorted(FOLDER.glob("*.yaml"))
METHODS = {"明查", "暗访", "自查", "录像抽查", "系统取数", "互评"}
FREQUENCIES = {"每日", "每周", "每月", "每季", "每半年", "每年"}
SEVERITIES = {"一般", "较重", "重大"}
EVIDENCE = {"photo", "video", "audio", "document", "note"}
SYSTEM = "系统"
ENVIRONMENT = "urn:kezun:std:wangdian-huanjing"


@cache
def catalog() -> tuple[Standard, ...]:
    known: list[Standard] = []
    for path in FILES:
        known.append(read(path.read_text(encoding="utf-8"), known=known))
    return tuple(known)


def current() -> tuple[Standard, ...]:
    return tuple(s for s in catalog() if s.version == "2026.1")


def criteria() -> list[tuple[Standard, Criterion]]:
    return [(s, c) for s in catalog() for c in s.criteria()]


def one(slug: str, version: str = "2026.1") -> Standard:
    return next(s for s in catalog() if s.id.endswith(f":{slug}") and s.version == version)


def raw(standard: Standard) -> dict[str, Any]:
    name = f"{standard.id.split(':')[-1]}-{standard.version}.yaml"
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def raw_criteria(standard: Standard) -> list[dict[str, Any]]:
    return [c for m in raw(standard)["modules"] for i in m["items"] for c in i["criteria"]]


def roles_and_posts() -> set[str]:
    """Names of the roles, and of the posts that packs declare."""
    roles = yaml.safe_load((ROOT / "kezun/org/catalog/roles.yaml").read_text(encoding="utf-8"))["roles"]
    packs = [yaml.safe_load(p.read_text(encoding="utf-8")) for p in (ROOT / "packs").glob("*/pack.yaml")]
    return {r["name"] for r in roles.values()} | {p["name"] for pack in packs for p in pack["posts"]}


def indicator_ids() -> set[str]:
    files = (ROOT / "kezun").glob("*/catalog/indicators/*.yaml")
    return {row["id"] for path in files for row in yaml.safe_load(path.read_text(encoding="utf-8"))}


def test_there_are_enough_and_every_theme_is_there():
    assert sum(1 for s in current() for _c in s.criteria()) >= 150
    themes = {s.id.split(":")[-1] for s in current()}
    assert themes >= {
        *("wangdian-huanjing", "dating-fuwu", "guimian-fuwu", "dianhua-fuwu", "zizhu-fuwu", "teshu-kehu"),
        *("shenmi-fangwen", "wangdian-zicha", "zhongda-huodong"),
    }
    assert {s.kind for s in current()} == {"standard", "form", "overlay"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_file_is_called_after_what_it_holds(path: Path):
    made = read(path.read_text(encoding="utf-8"))
    assert path.stem == f"{made.id.removeprefix('urn:kezun:std:')}-{made.version}"
    assert "示例" in made.title
    assert "example" in made.title_en
    assert made.about
    assert made.about_en
    assert made.owner


def test_points_add_up_to_a_hundred_at_every_level():
    for made in catalog():
        assert sum(m.points for m in made.modules) == made.scale.total == Decimal(100)
        for module in made.modules:
            assert module.points == sum(i.points for i in module.items)
            assert all(i.points == sum(c.points for c in i.criteria) for i in module.items)


def test_a_point_more_is_refused_where_it_stands():
    text = FILES[0].read_text(encoding="utf-8")
    with pytest.raises(NotAStandard) as refused:
        read(text.replace("points: 4\n", "points: 4.5\n", 1))
    assert {p.code for p in refused.value.problems} >= {"sum_differs"}


def test_ids_are_unique_over_all_standards():
    seen: dict[str, str] = {}
    for made, criterion in criteria():
        assert seen.setdefault(criterion.id, made.id) == made.id, f"{criterion.id} stands in two standards"
    groups = [(made.id, part.id) for made in current() for m in made.modules for part in (m, *m.items)]
    assert len({id for _made, id in groups}) == len(groups)


def test_everything_has_an_english_name():
    for made in catalog():
        for module in made.modules:
            for part in (module, *module.items, *module.criteria()):
                english = part.text_en if isinstance(part, Criterion) else part.title_en
                assert english, f"{made.id} {part.id}"
                assert english.isascii() or not any("\u4e00" <= c <= "\u9fff" for c in english)
    for _made, criterion in criteria():
        if isinstance(criterion.answer, Graded):
            assert all(o.name_en for o in criterion.answer.options), criterion.id


def test_every_criterion_says_who_looks_how_and_how_often():
    known = roles_and_posts() | {SYSTEM}
    for _made, c in criteria():
        assert c.checker.roles, c.id
        assert set(c.checker.roles) <= known, f"{c.id}: {c.checker.roles}"
        assert c.checker.methods, c.id
        assert set(c.checker.methods) <= METHODS, c.id
        often = dict(c.frequency)
        assert set(often) == set(c.checker.methods), f"{c.id}: a frequency for each method, no other"
        assert set(often.values()) <= FREQUENCIES, c.id


def test_what_only_a_machine_measures_is_asked_of_no_person():
    for _made, c in criteria():
        by_machine = isinstance(c.answer, Indicator)
        assert by_machine == (c.checker.roles == (SYSTEM,)), c.id
        assert by_machine <= (c.checker.methods == ("系统取数",)), c.id


def test_every_criterion_says_what_follows_from_it():
    for made, c in criteria():
        assert c.severity in SEVERITIES, c.id
        assert c.rectify is not None, c.id
        assert 1 <= c.rectify.due_days <= 60, c.id
        if c.severity == "重大" and not isinstance(c.answer, Indicator):
            assert c.rectify.due_days <= 2, f"{made.id} {c.id}: what is grave cannot wait"


def test_every_criterion_states_its_evidence_or_that_there_is_none():
    for made in catalog():
        parsed = {c.id: c for c in made.criteria()}
        for row in raw_criteria(made):
            assert isinstance(row["evidence"], list), row["id"]
            criterion = parsed[row["id"]]
            assert {e.kind for e in criterion.evidence} <= EVIDENCE, row["id"]
            assert all(e.when is not None for e in criterion.evidence), (
                f"{row['id']}: only where points are lost"
            )
            if isinstance(criterion.answer, Indicator | Text):
                assert criterion.evidence == (), row["id"]
            if criterion.severity == "重大" and not isinstance(criterion.answer, Indicator | Text):
                assert criterion.evidence, f"{row['id']}: a grave finding is shown"


def test_indicators_exist_and_bands_go_the_right_way():
    measured = [(c, c.answer) for _made, c in criteria() if isinstance(c.answer, Indicator)]
    assert len(measured) >= 10
    directions = {
        row["id"]: row["direction"]
        for path in (ROOT / "kezun/floor/catalog/indicators").glob("*.yaml")
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    }
    for criterion, answer in measured:
        assert answer.ref in indicator_ids(), criterion.id
        assert answer.op == {"up": ">=", "down": "<="}[directions[answer.ref]], criterion.id
        assert answer.bands[-1].bound is None, f"{criterion.id}: every value has a band"


def test_all_kinds_of_answer_and_of_consequence_occur():
    all_of_them = [c for _made, c in criteria()]
    assert {type(c.answer) for c in all_of_them} == {Graded, CountDefects, Indicator, Range, Text}
    assert sum(1 for c in all_of_them if c.na) >= 30
    assert sum(1 for c in all_of_them if c.cascade) >= 2
    assert sum(1 for c in all_of_them if c.veto and c.veto.grade_cap) >= 8
    assert sum(1 for c in all_of_them if c.veto and c.veto.exclude_from_awards) >= 5
    assert any(isinstance(c.answer, Range) and c.answer.least < 0 for c in all_of_them)
    assert any(isinstance(c.answer, Graded) and len(c.answer.options) >= 4 for c in all_of_them)


def test_traits_that_standards_ask_for_are_traits_that_outlets_have():
    table = (ROOT / "packs/demo-bank/units.csv").read_text(encoding="utf-8").splitlines()[1:]
    borne = {tag for line in table for tag in line.split(",")[5].split("|") if tag}
    asked = {t for _m, c in criteria() for t in (*c.applies_to.any, *c.applies_to.all, *c.applies_to.none)}
    assert asked
    assert asked <= borne
    outlets = [frozenset(line.split(",")[5].split("|")) for line in table if line.split(",")[2] == "outlet"]
    for _made, c in criteria():
        where = sum(c.applies_to.to(tags) for tags in outlets)
        assert where > 0, f"{c.id} applies nowhere in the demo bank"


def test_the_mystery_visit_is_blind_throughout():
    form = one("shenmi-fangwen")
    assert form.kind == "form"
    assert form.covert == ("暗访",)
    assert all(c.checker.blind and c.checker.methods == ("暗访",) for c in form.criteria())


def test_the_self_check_is_short_and_the_outlets_own():
    form = one("wangdian-zicha")
    assert len(list(form.criteria())) <= 20
    assert all(c.checker.methods == ("自查",) for c in form.criteria())
    assert {dict(c.frequency)["自查"] for c in form.criteria()} == {"每日", "每周", "每月"}


def test_the_overlay_ends_and_asks_nothing_away_from_the_event():
    overlay = one("zhongda-huodong")
    assert overlay.over is not None
    assert overlay.over.standard == ENVIRONMENT
    assert overlay.valid.end
    assert all(c.applies_to.any == ("活动所在地",) for c in overlay.criteria())


def test_the_overlay_lies_over_the_environment_and_shifts_two_points():
    base, overlay = one("wangdian-huanjing"), one("zhongda-huodong")
    during = overlaid(base, overlay)
    assert sum(m.points for m in during.modules) == Decimal(100)
    changed = {
        c.id: c.points
        for c in during.criteria()
        if c.points != getattr(base.criterion(c.id), "points", c.points)
    }
    assert changed == {"HJ1.2.01": Decimal(6), "HJ4.2.01": Decimal(2)}
    assert [m.id for m in during.beside] == ["HD1", "HD2", "HD3"]


def best(standard: Standard) -> tuple[dict[str, Given], dict[str, Decimal]]:
    """Answers and values to which every point is due."""
    answers: dict[str, Given] = {}
    values: dict[str, Decimal] = {}
    for c in standard.criteria():
        match c.answer:
            case Graded(options):
                answers[c.id] = max(options, key=lambda o: o.share).name
            case CountDefects():
                answers[c.id] = 0
            case Range(_least, most):
                answers[c.id] = most
            case Indicator():
                bound = c.answer.bands[0].bound
                assert bound is not None
                values[c.answer.ref] = bound
            case _:
                answers[c.id] = "无"
    return answers, values


@pytest.mark.parametrize("standard", catalog(), ids=lambda s: f"{s.id}@{s.version}")
def test_a_faultless_sheet_earns_every_point(standard: Standard):
    tags = frozenset(t for c in standard.criteria() for t in (*c.applies_to.any, *c.applies_to.all))
    answers, values = best(standard)
    result = evaluate(standard, answers, tags=tags, indicators=values)
    assert result.score == Decimal(100)
    assert not result.veto
    assert not result.grade_cap


def test_an_empty_lobby_costs_all_that_hangs_on_it():
    form = one("shenmi-fangwen")
    answers, values = best(form)
    result = evaluate(form, answers | {"SM2.1.01": "否"}, tags=frozenset(), indicators=values)
    assert result.score == Decimal(100 - 20)


def test_a_blocked_exit_caps_the_grade_and_costs_only_its_own_points():
    made = one("wangdian-huanjing")
    answers, values = best(made)
    tags = frozenset({"临街网点", "有理财室", "有取号机"})
    result = evaluate(made, answers | {"HJ2.1.05": "不符合"}, tags=tags, indicators=values)
    assert (result.score, result.grade_cap) == (Decimal(97), "达标")


def test_two_editions_differ_in_points_in_words_and_in_what_became_of_criteria():
    old, new = one("wangdian-huanjing", "2025.1"), one("wangdian-huanjing")
    assert new.supersedes == old.version
    assert old.valid.end == new.valid.start
    was, now = {c.id: c for c in old.criteria()}, {c.id: c for c in new.criteria()}
    how = {c.lineage.how for c in now.values() if c.lineage}
    assert how == {"same_as", "merged_from", "split_from", "new"}
    assert set(new.retired) == set(was) - set(now)
    for id, criterion in now.items():
        assert criterion.lineage is not None
        if criterion.lineage.how != "same_as":
            assert id not in was, "what means something else has an id of its own"
        elif criterion.lineage.change == "points":
            assert criterion.points != was[id].points
        else:
            assert criterion.points == was[id].points
            assert criterion.answer == was[id].answer
    assert sum(now[id].text != was[id].text for id in set(was) & set(now)) == 3


def test_editions_have_hashes_of_their_own():
    assert len({digest(s) for s in catalog()}) == len(catalog())


def test_somebody_may_fill_each_form_of_the_examples():
    """For every method at which people look there is one role that all its criteria name."""
    for made in catalog():
        looked = [c for c in made.criteria() if not isinstance(c.answer, Indicator)]
        for method in dict.fromkeys(m for c in looked for m in c.checker.methods):
            lists = [c.checker.roles for c in looked if method in c.checker.methods]
            shared = set(lists[0]).intersection(*lists)
            assert shared, (made.id, method)
            assert (method == "自查") == (method in made.own), (made.id, method)
            for role in shared:
                assert barred(made, method=method, names=frozenset({role}), own=method in made.own) is None
