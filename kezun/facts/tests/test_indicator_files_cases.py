"""What an indicator file may say key by key, what is refused in words, and what goes into its digest."""

import dataclasses

import pytest
import yaml
from django.utils import translation

from kezun.facts.indicator_files import read_definitions
from kezun.facts.indicators import UnknownIndicator, catalogue, formula_names, load
from kezun.facts.yamlread import DefinitionError, read_list

GOOD = {
    "id": "x.share",
    "name": "占比",
    "name_en": "Share",
    "about": "说明。",
    "about_en": "What it is.",
    "unit": "%",
    "direction": "up",
    "kind": "ratio",
    "numerator": {"fact": "ticket", "count": True, "where": "wait_s <= 60"},
    "denominator": {"fact": "ticket", "count": True},
    "owner": "service_office",
    "version": 1,
}
GONE = object()


@pytest.fixture
def write(tmp_path):
    """`write({…})`: a file with the good definition changed so; GONE leaves a key out."""

    def made(*changes):
        rows = [{k: v for k, v in {**GOOD, **change}.items() if v is not GONE} for change in changes]
        path = tmp_path / "own.yaml"
        path.write_text(yaml.safe_dump(rows, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    return made


def side(**given):
    return {k: v for k, v in {"fact": "ticket", "count": True, **given}.items() if v is not GONE}


QUANTILE = {"kind": "quantile", "denominator": GONE, "numerator": {"fact": "ticket", "of": "wait_s"}}
SPREAD = {**QUANTILE, "kind": "distribution", "bins": [60, 300]}
REFUSED = [
    ({"version": 0}, "version", "the smallest value is 1", "最小"),
    ({"version": "1"}, "version", "a whole number is expected", "整数"),
    ({"version": True}, "version", "a whole number is expected", "整数"),
    ({"version": GONE}, "version", "this key is missing", "缺少"),
    ({"name": "  "}, "name", "this cannot be empty", "不能为空"),
    ({"name": 5}, "name", "a text is expected", "文本"),
    ({"id": "share"}, "id", "an id is written room.name", "room.name"),
    ({"id": "X.Share"}, "id", "an id is written room.name", "room.name"),
    ({"unit": "metres"}, "unit", "«metres» is not one of", "metres"),
    ({"direction": ["up"]}, "direction", "is not one of", "up"),
    ({"kind": "riddle"}, "kind", "«riddle» is not one of", "riddle"),
    ({"colour": "red"}, "colour", "there is no such key", "没有这个键"),
    ({"denominator": GONE}, "denominator", "this key is missing", "缺少"),
    ({"numerator": 5}, "numerator", "a mapping is expected", "键值表"),
    ({"numerator": side(sum="wait_s")}, "numerator", "exactly one of these is expected here: count", "count"),
    ({"numerator": side(count=GONE)}, "numerator", "exactly one of these is expected here: count", "count"),
    ({"numerator": side(count=1)}, "numerator.count", "write «count: true»", "count: true"),
    ({"numerator": side(colour=1)}, "numerator.colour", "there is no such key here", "键"),
    ({"numerator": side(fact="tricket")}, "numerator.fact", "there is no fact type «tricket»", "tricket"),
    ({"numerator": side(fact=["ticket"])}, "numerator.fact", "there is no fact type", "ticket"),
    ({"numerator": side(where="wat > 1")}, "numerator.where", "there is no column wat", "wat"),
    ({"numerator": side(where=["a"])}, "numerator.where", "only columns, values", "只允许"),
    ({"target": 0.9}, "target", "a mapping is expected", "键值表"),
    ({"target": {"op": "=>", "value": 1}}, "target", "a target is written", "目标"),
    ({"target": {"op": ">="}}, "target", "a target is written", "目标"),
    ({"target": {"op": ">=", "value": "0.9"}}, "target.value", "a number is expected", "数"),
    ({"target": {"op": ">=", "value": True}}, "target.value", "a number is expected", "数"),
    ({"target": {"op": ">=", "value": float("nan")}}, "target.value", "a number is expected", "数"),
    ({"target": {"op": ">=", "value": float("inf")}}, "target.value", "a number is expected", "数"),
    ({"parameters": {"Big": 1}}, "parameters.Big", "a name with a whole number or a text", "名称"),
    ({"parameters": {"limit": 1.5}}, "parameters.limit", "a name with a whole number or a text", "名称"),
    ({"p": "0.9"}, "p", "only kind quantile has this key", "quantile"),
    ({"bins": [1]}, "bins", "only kind distribution has this key", "distribution"),
    ({"formula": "a.b"}, "formula", "only kind formula has this key", "formula"),
    ({**QUANTILE}, "p", "this key is missing", "缺少"),
    ({**QUANTILE, "p": "0"}, "p", "a share between 0 and 1", "0.9"),
    ({**QUANTILE, "p": 1.0}, "p", "a share between 0 and 1", "0.9"),
    ({**QUANTILE, "p": "0.0000"}, "p", "a share between 0 and 1", "0.9"),
    ({**SPREAD, "bins": [300, 60]}, "bins", "whole numbers that rise", "[60, 300]"),
    ({**SPREAD, "bins": [60, 60]}, "bins", "whole numbers that rise", "[60, 300]"),
    ({**SPREAD, "bins": []}, "bins", "whole numbers that rise", "[60, 300]"),
    ({**SPREAD, "bins": [True]}, "bins", "whole numbers that rise", "[60, 300]"),
    (
        *({"kind": "distinct", "denominator": GONE, "numerator": {"fact": "ticket", "distinct": "wat"}},),
        *("numerator.distinct", "there is no column wat", "wat"),
    ),
    (
        *(
            {
                "kind": "distinct",
                "denominator": GONE,
                "numerator": {"fact": "ticket", "distinct": [["unit"]]},
            },
        ),
        *("numerator.distinct", "there is no column", "unit"),
    ),
    (
        *({"kind": "distinct", "denominator": GONE, "numerator": {"fact": "ticket", "distinct": []}},),
        *("numerator.distinct", "there is no column", "unit"),
    ),
    (
        {"kind": "mean", "numerator": {"fact": "ticket", "sum": 5}},
        "numerator.sum",
        "a text is expected",
        "文本",
    ),
]


@pytest.mark.parametrize(
    ("change", "where", "en", "zh"), REFUSED, ids=[f"{n}-{row[1]}" for n, row in enumerate(REFUSED)]
)
def test_a_wrong_key_is_named_in_both_languages(write, change, where, en, zh):
    path = write(change)
    said = {}
    for language in ("en", "zh-hans"):
        with translation.override(language), pytest.raises(DefinitionError) as refused:
            read_definitions(path)
        said[language] = refused.value
    assert en in said["en"].reason
    assert zh in said["zh-hans"].reason
    assert said["en"].reason != said["zh-hans"].reason
    for error in said.values():
        assert error.where.endswith(f".{where}")
        key = where.split(".")[0]
        lines = path.read_text(encoding="utf-8").splitlines()
        assert error.line == 1 or lines[error.line - 1].strip("- ").startswith((key, where.split(".")[-1]))


def only(path):
    (found,), overrides = read_definitions(path)
    assert overrides == []
    return found


def test_a_good_one_is_read_whole(write):
    found = only(write({"target": {"op": ">=", "value": 1}, "min_n": 30, "scale": 100}))
    assert (found.id, found.kind, found.min_n, found.scale, found.version) == ("x.share", "ratio", 30, 100, 1)
    assert (found.target.op, found.target.value, type(found.target.value)) == (">=", 1.0, float)
    assert found.path == "own.yaml:1"
    assert found.facts == ("ticket",)
    assert found.numerator.condition.endswith('("wait_s" <= CAST(60 AS BIGINT))')
    assert "void" in found.denominator.condition


NUMBERS = [
    {"version": 2},
    {"scale": 100},
    {"min_n": 9},
    {"target": {"op": ">=", "value": 0.5}},
    {"numerator": side(where="wait_s <= 61")},
    {"denominator": side(where="wait_s <= 61")},
]
WORDS = [
    {"name": "别名"},
    {"name_en": "Other"},
    {"about": "别的。"},
    {"owner": "auditor"},
    {"direction": "down"},
]


@pytest.mark.parametrize("change", NUMBERS, ids=lambda c: next(iter(c)))
def test_what_could_change_a_number_changes_the_digest(write, change):
    before = only(write({})).digest
    assert only(write(change)).digest != before


@pytest.mark.parametrize("change", WORDS, ids=lambda c: next(iter(c)))
def test_words_alone_leave_cached_answers_good(write, change):
    before = only(write({})).digest
    assert only(write(change)).digest == before


def test_a_parameter_stands_for_its_value_in_condition_and_words(write):
    change = {"parameters": {"limit": 90}, "numerator": side(where="wait_s <= limit")}
    found = only(write(change))
    assert "CAST(90 AS BIGINT)" in found.numerator.condition
    assert found.formula_text == "count(ticket where wait_s <= 90) / count(ticket)"
    other = only(write({**change, "parameters": {"limit": 91}}))
    assert other.digest != found.digest


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "count(ticket where wait_s <= 60) / count(ticket)"),
        ({"scale": 10_000}, "count(ticket where wait_s <= 60) / count(ticket) * 10000"),
        ({**QUANTILE, "p": "0.9"}, "percentile_disc(0.9) of wait_s(ticket)"),
        (SPREAD, "share of wait_s(ticket) by bins up to 60, 300"),
        (
            {"kind": "mean", "numerator": {"fact": "ticket", "sum": "wait_s"}},
            "sum(wait_s of ticket) / count(ticket)",
        ),
        (
            {
                "kind": "distinct",
                "denominator": GONE,
                "numerator": {"fact": "ticket", "distinct": ["unit", "day"]},
            },
            "distinct(unit, day of ticket)",
        ),
        ({"kind": "count", "denominator": GONE}, "count(ticket where wait_s <= 60)"),
    ],
)
def test_an_indicator_says_how_it_is_made(write, change, text):
    assert only(write(change)).formula_text == text


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("a.x", ("a.x",)),
        ("a.x / (a.x + b.y)", ("a.x", "b.y")),
        ("-a.x * 2.5", ("a.x",)),
        ("1 + 2", ()),
    ],
)
def test_the_names_in_a_formula(formula, names):
    assert set(formula_names(formula)) == set(names)


@pytest.mark.parametrize(
    "formula", ["a.x ** 2", "f(a.x)", "a.x if 1 else 2", "a.x + 'b'", "a.x + True", "[a.x]", "a.x % 2"]
)
def test_a_formula_is_arithmetic_alone(formula):
    with pytest.raises(ValueError, match="only ids, numbers"), translation.override("en"):
        formula_names(formula)


def formula(id, text):
    return {"id": id, "kind": "formula", "formula": text, "numerator": GONE, "denominator": GONE}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([formula("x.a", "x.a + 1")], "comes back to itself: x.a → x.a"),
        ([formula("x.a", "x.b"), formula("x.b", "x.a")], "x.a → x.b → x.a"),
        ([formula("x.a", "x.none")], "there is no indicator «x.none»"),
        ([formula("x.a", "1 + 1")], "names at least one indicator"),
        ([formula("x.a", "x.")], "invalid syntax"),
        ([{}, {}], "declared before, in own.yaml:1"),
        ([{**SPREAD, "id": "x.d"}, formula("x.a", "x.d")], "a distribution has no single value"),
    ],
    ids=["itself", "in-a-ring", "unknown", "no-name", "syntax", "twice", "distribution"],
)
def test_what_does_not_hold_together_is_refused(write, rows, says):
    with translation.override("en"), pytest.raises(DefinitionError) as refused:
        load([write(*rows)])
    assert says in refused.value.reason


def test_an_unknown_id_names_the_ones_of_its_room():
    with translation.override("en"), pytest.raises(UnknownIndicator) as refused:
        catalogue()["floor.none"]
    assert "floor.answer_rate" in str(refused.value)
    with pytest.raises(UnknownIndicator) as chinese:
        catalogue()["nowhere.none"]
    assert "nowhere.none" in str(chinese.value)
    assert "There is no" not in str(chinese.value)


@pytest.mark.parametrize(
    ("content", "line", "where", "says"),
    [
        (b"a: 1", 1, "", "a list of definitions is expected"),
        (b"- 5", 1, "[0]", "a definition is a mapping"),
        (b"- a: 1\n  a: 2", 2, "a", "the key stands here twice"),
        (b"- a: [", 1, "", "expected the node content"),
        (b"- a: \xff", 1, "", "not UTF-8"),
        (b"- a: x\x07", 1, "", "this is not YAML"),
        (b"text", 1, "", "a list of definitions is expected"),
    ],
)
def test_a_file_that_is_no_list_of_definitions(tmp_path, content, line, where, says):
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    with translation.override("en"), pytest.raises(DefinitionError) as refused:
        read_list(path)
    assert says in str(refused.value)
    assert (refused.value.line, refused.value.where) == (line, where)
    assert str(refused.value).startswith(f"{path}, line {line}, {where or '—'}: ")


def test_a_definition_is_never_changed_in_place(write):
    found = only(write({}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.version = 2
    assert dataclasses.replace(found, version=2).digest != found.digest
