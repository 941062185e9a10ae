"""Definition files: the floor's catalog, packs that change it, and every mistake named where it stands."""

import pytest
from django.utils import translation

from kezun.facts import indicators
from kezun.facts.definitions import Target
from kezun.facts.indicators import UnknownIndicator, catalogue, check_pack, formula_names, load
from kezun.facts.yamlread import DefinitionError

HEAD = "- id: x.y\n  name: 甲\n  name_en: A\n  about: 乙\n  about_en: B\n  unit: count\n  direction: up\n"
TAIL = "  owner: service_office\n  version: 1\n"
GOOD = HEAD + "  kind: count\n  numerator: {fact: ticket, count: true}\n" + TAIL

SHIPPED = {
    *("floor.tickets", "floor.served", "floor.abandoned", "floor.answer_rate", "floor.abandon_rate"),
    *("floor.wait_mean", "floor.wait_p50", "floor.wait_p90", "floor.wait_p95", "floor.within_promise"),
    *("floor.service_mean", "floor.service_p50", "floor.service_p90"),
    *("floor.rating_coverage", "floor.satisfied_rate", "floor.satisfaction_mean"),
    *("floor.dissatisfied_per_10k", "floor.tickets_per_counter_hour", "floor.hourly_load"),
    *("floor.wait_distribution", "phone.calls", "phone.inbound", "phone.outbound"),
    *("phone.answer_rate", "phone.talk_mean", "phone.wrap_mean"),
}


@pytest.fixture(autouse=True)
def _english():
    """Messages are compared in the language of the code."""
    with translation.override("en"):
        yield


@pytest.fixture
def read(tmp_path):
    def reading(text, name="own.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load([path])

    return reading


def test_the_floor_ships_what_it_promised(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path  # no pack is loaded there
    assert set(catalogue().definitions) >= SHIPPED
    for d in catalogue().definitions.values():
        assert d.name != d.name_en
        assert d.about != d.about_en
        assert d.method
        assert d.method_en
        assert d.formula_text


def test_texts_follow_the_language():
    d = catalogue()["floor.satisfied_rate"]
    with translation.override("zh-hans"):
        assert (d.title, d.method_text[:1]) == ("满意率", "不")
        assert "满意" in d.explanation
    with translation.override("en"):
        assert d.title == "Satisfied rate"
        assert "satisfied" in d.explanation
        assert "÷" in d.method_text
    assert d.formula_text == "count(rating where score >= 4) / count(rating)"
    assert d.target == Target(">=", 0.95)


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("floor.wait_p90", 'percentile_disc(0.9) of wait_s(ticket where outcome == "served")'),
        ("floor.dissatisfied_per_10k", "count(rating where score <= 2) / count(rating) * 10000"),
        ("floor.hourly_load", "count(ticket) / distinct(unit, day, hour of ticket)"),
        ("floor.satisfaction_mean", "sum(score of rating) / count(rating where (score) is not None)"),
        ("phone.handle_mean", "phone.talk_mean + phone.wrap_mean"),
    ],
)
def test_formula_in_words(id, text):
    assert catalogue()[id].formula_text == text


def test_no_such_indicator_names_those_there_are():
    with pytest.raises(UnknownIndicator, match=r"floor\.tickets"):
        catalogue()["floor.nothing"]
    with pytest.raises(UnknownIndicator, match=r"phone\.calls"):
        catalogue()["other.nothing"]


def test_a_good_one(read):
    d = read(GOOD)["x.y"]
    assert (d.kind, d.facts, d.path, d.min_n) == ("count", ("ticket",), "own.yaml:1", 1)
    assert d.numerator.condition == "(\"outcome\" <> 'void')"


def kind(text):
    return HEAD + text + TAIL


# text, line of the mistake, a word of the message
MISTAKES = [
    (GOOD + "  colour: red\n", 12, "colour"),
    (GOOD.replace("  owner: service_office\n", ""), 1, "owner"),
    (GOOD.replace("name: 甲", "name: ''"), 2, "name"),
    (GOOD.replace("name: 甲", "name: 7"), 2, "text"),
    (GOOD.replace("x.y", "X"), 1, "room.name"),
    (GOOD.replace("unit: count", "unit: pounds"), 6, "per_10k"),
    (GOOD.replace("direction: up", "direction: left"), 7, "down"),
    (GOOD.replace("kind: count", "kind: guess"), 8, "ratio"),
    (GOOD.replace("version: 1", "version: one"), 11, "whole number"),
    (GOOD.replace("version: 1", "version: 0"), 11, "1"),
    (GOOD.replace("fact: ticket", "fact: tickets"), 9, "rating"),
    (GOOD.replace("count: true", "count: yes please"), 9, "count: true"),
    (GOOD.replace("count: true", "distinct: unit"), 9, "count, sum"),
    (GOOD.replace("count: true", "count: true, sum: wait_s"), 9, "count, sum"),
    (GOOD.replace("count: true", "count: true, when: 1"), 9, "when"),
    (GOOD.replace("count: true", "count: true, where: 'outcom == 1'"), 9, "character 1"),
    (GOOD.replace("count: true", "sum: outcome"), 9, "number"),
    (GOOD.replace("count: true", "sum: 7"), 9, "text"),
    (GOOD.replace("{fact: ticket, count: true}", "ticket"), 9, "mapping"),
    (GOOD + "  denominator: {fact: ticket, count: true}\n", 12, "side"),
    (GOOD + "  p: 0.5\n", 12, "quantile"),
    (GOOD + "  bins: [1]\n", 12, "distribution"),
    (GOOD + "  formula: a.b\n", 12, "formula"),
    (GOOD + "  target: 5\n", 12, "mapping"),
    (GOOD + "  target: {op: '=', value: 5}\n", 12, ">="),
    (GOOD + "  target: {op: '>=', value: five}\n", 12, "number"),
    (GOOD + "  parameters: {A: 5}\n", 12, "name"),
    (GOOD + "  parameters: {a: 5.5}\n", 12, "whole"),
    (kind("  kind: distinct\n  numerator: {fact: ticket, distinct: [colour]}\n"), 9, "colour"),
    (kind("  kind: distinct\n  numerator: {fact: ticket, distinct: []}\n"), 9, "column"),
    (kind("  kind: quantile\n  numerator: {fact: ticket, of: wait_s}\n"), 1, "p"),
    (kind("  kind: quantile\n  numerator: {fact: ticket, of: wait_s}\n  p: 1.5\n"), 10, "0.9"),
    (kind("  kind: quantile\n  numerator: {fact: ticket, of: wait_s}\n  p: 0.0\n"), 10, "0.9"),
    (kind("  kind: distribution\n  numerator: {fact: ticket, of: wait_s}\n  bins: [5, 1]\n"), 10, "rise"),
    (kind("  kind: distribution\n  numerator: {fact: ticket, of: wait_s}\n  bins: [a]\n"), 10, "rise"),
    (
        kind(
            "  kind: ratio\n  numerator: {fact: rating, count: true}\n"
            "  denominator: {fact: ticket, count: true}\n"
        ),
        10,
        "coverage",
    ),
    (kind("  kind: formula\n  formula: x.z + 1\n"), 1, "x.z"),
    (kind("  kind: formula\n  formula: x.y + 1\n"), 1, "x.y → x.y"),
    (kind("  kind: formula\n  formula: 1 + 1\n"), 1, "at least one"),
    (kind("  kind: formula\n  formula: x.y +\n"), 1, "syntax"),
    (kind("  kind: formula\n  formula: x.y ** 2\n"), 1, "brackets"),
    (kind("  kind: formula\n  formula: open('x')\n"), 1, "brackets"),
    (kind("  kind: formula\n  formula: x.y + 'a'\n"), 1, "brackets"),
    (GOOD + GOOD, 12, "before"),
    ("id: x.y\n", 1, "list"),
    ("- just text\n", 1, "mapping"),
    ("- id: [\n", 2, ""),
    ("- id: x.y\n  id: x.z\n", 2, "twice"),
    ("- override: x.q\n  min_n: 5\n", 1, "no such indicator"),
    (GOOD + "- override: x.y\n  kind: ratio\n", 13, "may change only"),
    (GOOD + "- override: x.y\n  parameters: {a: 1}\n", 13, "no such parameter"),
    (GOOD + "- override: [x.y]\n", 12, "no such indicator"),
]


@pytest.mark.parametrize(("text", "line", "word"), MISTAKES)
def test_mistakes_are_named_where_they_stand(read, text, line, word):
    with pytest.raises(DefinitionError) as refused:
        read(text)
    assert word in str(refused.value)
    assert "own.yaml" in str(refused.value)
    assert refused.value.line == line


def test_formulas_that_go_round(read):
    second = kind("  kind: formula\n  formula: x.y * 2\n").replace("x.y\n", "x.z\n", 1)
    with pytest.raises(DefinitionError, match=r"x\.y → x\.z → x\.y"):
        read(kind("  kind: formula\n  formula: x.z / 2\n") + second)


def test_a_distribution_has_no_place_in_a_formula(read):
    spread = kind("  kind: distribution\n  numerator: {fact: ticket, of: wait_s}\n  bins: [1]\n")
    of_it = kind("  kind: formula\n  formula: x.y * 2\n").replace("x.y\n", "x.z\n", 1)
    with pytest.raises(DefinitionError, match="single value"):
        read(spread + of_it)


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_bytes("- id: 甲".encode("gbk"))
    with pytest.raises(DefinitionError, match="UTF-8"):
        load([path])
    path.write_text("")
    assert load([path]) == {}


def test_formula_names():
    assert formula_names("a.b / (a.b + c.d) * 100") == ("a.b", "c.d")


def test_a_pack_changes_targets_and_parameters(tmp_path, settings):
    before = catalogue()["floor.satisfied_rate"]
    folder = tmp_path / "mybank" / "indicators"
    folder.mkdir(parents=True)
    text = "- override: floor.satisfied_rate\n  target: {op: '>=', value: 0.99}\n"
    text += "  parameters: {satisfied_from: 5}\n  min_n: 100\n  name: 非常满意率\n"
    (folder / "own.yaml").write_text(text + GOOD, encoding="utf-8")
    changed = {d.id: d for d in check_pack(folder)}
    assert set(changed) == {"floor.satisfied_rate", "x.y"}
    after = changed["floor.satisfied_rate"]
    assert (after.target.value, after.min_n, after.name) == (0.99, 100, "非常满意率")
    assert '"score" >= CAST(5 AS BIGINT)' in after.numerator.condition
    assert after.digest != before.digest
    assert catalogue()["floor.satisfied_rate"] == before


def test_installed_packs_count_at_once(tmp_path, settings):
    settings.KEZUN_HOME = tmp_path
    assert "x.y" not in catalogue().definitions
    folder = indicators.installed_folder() / "mybank"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text(GOOD, encoding="utf-8")
    assert catalogue()["x.y"].numerator.fact == "ticket"
    stamp = catalogue()
    assert catalogue() is stamp
    (folder / "own.yaml").unlink()
    assert "x.y" not in catalogue().definitions


def test_parts_of_a_formula_over_formulas(read):
    nested = kind("  kind: formula\n  formula: x.y * 2\n").replace("x.y\n", "x.z\n", 1)
    made = read(GOOD + nested + nested.replace("x.y * 2", "x.z / x.y").replace("id: x.z", "id: x.w"))
    parts = indicators.Catalogue(made, ()).parts("x.w")
    assert [p.id for p in parts] == ["x.y"]
