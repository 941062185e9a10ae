"""What the rules of schemes say to people: every code in Chinese and in English, with place and values."""

from __future__ import annotations

import re
from dataclasses import asdict
from decimal import Decimal

import msgspec
import pytest
from django.utils import translation
from hypothesis import given

from kezun.assessment.messages import PROBLEMS, STATES, say_problem, say_refusal, say_state, say_why
from kezun.assessment.packing import ResultHash, canonical, pack, unpack
from kezun.assessment.rules.changing import PATHS, changed
from kezun.assessment.rules.combining import combine
from kezun.assessment.rules.lines import Line, Result
from kezun.assessment.rules.reading import NotAScheme, read
from kezun.assessment.saying import PEERS, conditions
from kezun.assessment.tests.making import parts
from kezun.assessment.tests.world import scheme_text
from kezun.standards.rules.nodes import Problem

D = Decimal
CHINESE = re.compile(r"[一-鿿]")
VALUES = re.compile(r"%\((\w+)\)([sd])")
FORM = read(scheme_text())


def values_of(text: str) -> dict[str, object]:
    return {name: 3 if kind == "d" else f"<{name}>" for name, kind in VALUES.findall(text)}


@pytest.mark.parametrize("code", PROBLEMS)
def test_each_problem_names_its_place_and_values_in_both_languages(code):
    params = values_of(PROBLEMS[code])
    problem = Problem(12, "components.csat", code, params)
    with translation.override("en"):
        english = say_problem(problem, "x.yaml")
    with translation.override("zh-hans"):
        chinese = say_problem(problem, "x.yaml")
    assert english.startswith("x.yaml, line 12, components.csat: ")
    assert "第 12 行" in chinese
    assert CHINESE.search(chinese.split("components.csat", 1)[1])
    assert not CHINESE.search(english)
    for told in (english, chinese):
        assert all(str(value) in told for value in params.values())
        assert "%(" not in told


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_said_in_both_languages(state):
    with translation.override("zh-hans"):
        assert CHINESE.search(say_state(state))
    with translation.override("en"):
        assert say_state(state) == STATES[state]


def test_a_state_without_words_is_said_as_it_is():
    assert say_state("someday") == "someday"


WHYS = {
    "of a component": ("below_min_n:csat", "满意率：样本太少", "满意率: too few observations"),
    "of one without title": ("missing:gone", "gone：没有数据", "gone: no data"),
    "of nothing": ("missing", "没有数据", "no data"),
}


@pytest.mark.parametrize(("why", "chinese", "english"), WHYS.values(), ids=WHYS)
def test_why_there_is_no_score(why, chinese, english):
    titles = {"csat": "满意率"}
    with translation.override("en"):
        assert say_why(why, titles) == english
    with translation.override("zh-hans"):
        assert say_why(why, titles).replace(": ", "：") == chinese


def test_a_refusal_says_a_line_for_each_problem_in_their_order():
    text = scheme_text(base="many", colour="red", grades=[{"name": "优秀", "min": 90}])
    with pytest.raises(NotAScheme) as refused, translation.override("en"):
        read(text)
    with translation.override("en"):
        told = say_refusal(refused.value, "s.yaml")
    assert len(told) == len(refused.value.problems) == 3
    lines = [int(re.search(r"line (\d+)", each)[1]) for each in told]
    assert lines == sorted(lines)
    assert any("base: «many» is not a number" in each for each in told)
    assert any("there is no key «colour» here" in each for each in told)
    assert any("the last grade («优秀») must take every total" in each for each in told)


CHANGES = {
    "base": ({"base": "10"}, lambda s: s.base, D(10)),
    "weight": ({"components.csat.weight": "50"}, lambda s: s.component("csat").weight, D(50)),
    "least number": ({"components.csat.min_n": "30"}, lambda s: s.component("csat").min_n, 30),
    "no least number": ({"components.csat.min_n": "0"}, lambda s: s.component("csat").min_n, 1),
    "target": (
        {"components.answered.target": "0.95"},
        lambda s: s.component("answered").transform.target,
        D("0.95"),
    ),
    "grade": ({"grades.优秀.min": "92.5"}, lambda s: s.grades[0].least, D("92.5")),
    "weight of nothing": ({"components.csat.weight": "0"}, lambda s: s.component("csat").weight, D(0)),
}


@pytest.mark.parametrize(("change", "look", "value"), CHANGES.values(), ids=CHANGES)
def test_a_number_is_changed_and_nothing_else(change, look, value):
    made = changed(FORM, change)
    assert look(made) == value
    before, after = asdict(FORM), asdict(made)
    assert sum(before[key] != after[key] for key in before) == 1
    assert look(FORM) != value


BAD_CHANGES = {
    "no path": ({"colour": "1"}, "unknown_change"),
    "no such component": ({"components.gone.weight": "1"}, "unknown_change"),
    "no target there": ({"components.csat.target": "1"}, "unknown_change"),
    "a target of nothing": ({"components.answered.target": "0"}, "unknown_change"),
    "no such grade": ({"grades.金.min": "1"}, "unknown_change"),
    "no such rule": ({"deductions.D1.cap": "1"}, "unknown_change"),
    "a word": ({"base": "many"}, "not_number"),
    "below nothing": ({"base": "-1"}, "not_number"),
    "not a number": ({"base": "NaN"}, "not_number"),
    "no end": ({"base": "Infinity"}, "not_number"),
    "more than fits": ({"components.csat.min_n": "1e999999"}, "number_outside"),
    "no weight left": ({"components.csat.weight": "0", "components.answered.weight": "0"}, "no_weight"),
}


@pytest.mark.parametrize(("change", "code"), BAD_CHANGES.values(), ids=BAD_CHANGES)
def test_a_change_that_cannot_be_made_is_said_with_what_can(change, code):
    with pytest.raises(NotAScheme) as refused:
        changed(FORM, change)
    [problem] = refused.value.problems
    assert problem.code == code
    with translation.override("en"):
        told = say_problem(problem)
    assert "%(" not in told
    if code == "unknown_change":
        assert all(path in told for path in PATHS)


def test_every_bad_change_is_named_at_once():
    with pytest.raises(NotAScheme) as refused:
        changed(FORM, {"base": "x", "grades.优秀.min": "91", "gone": "1"})
    assert [(p.line, p.path) for p in refused.value.problems] == [(1, "base"), (3, "gone")]


def met(**told: object) -> dict[str, object]:
    return {"met": True, "bound": None, "p": 0.97456} | told


SAID = {
    "a veto": (met(veto="any"), "有一票否决", "a veto"),
    "no veto": (met(veto="none"), "无一票否决", "no veto"),
    "grades": (met(grades=["优秀", "良好"]), "等级为 优秀、良好", "grade 优秀, 良好"),
    "a total": (
        met(metric="total", op=">=", ref="90", bound=90.0),
        "总分 ≥ 90：概率 97.5 %",
        "Total ≥ 90: probability 97.5 %",
    ),
    "a component": (
        met(metric="csat", op="<", ref="0.8", bound=0.8),
        "满意率 < 0.8：概率 97.5 %",
        "满意率 < 0.8: probability 97.5 %",
    ),
    "the best tenth": (
        met(metric="total", op=">=", ref="peer_p90", bound=93.4567),
        "总分 ≥ 同组前十分之一 (93.46)：概率 97.5 %",
        "Total ≥ the best tenth of its peers (93.46): probability 97.5 %",
    ),
    "peers without a bound": (
        met(metric="total", op=">=", ref="peer_p90"),
        "总分 ≥ 同组前十分之一：概率 97.5 %",
        "Total ≥ the best tenth of its peers: probability 97.5 %",
    ),
}


@pytest.mark.parametrize(("why", "chinese", "english"), SAID.values(), ids=SAID)
def test_why_somebody_stands_on_a_list(why, chinese, english):
    assert conditions([why], FORM) == [chinese]
    with translation.override("en"):
        assert conditions([why], FORM) == [english]


def test_what_was_not_met_is_no_reason():
    told = [met(veto="none"), met(veto="any") | {"met": False}]
    assert conditions(told, FORM) == ["无一票否决"]
    assert conditions([], FORM) == []


@pytest.mark.parametrize("ref", PEERS)
def test_each_share_of_peers_has_words_in_both_languages(ref):
    assert CHINESE.search(str(PEERS[ref]))
    with translation.override("en"):
        assert "its peers" in str(PEERS[ref])


@given(parts())
def test_a_result_is_packed_and_unpacked_to_the_same_bytes(part):
    result = combine([part])
    body = canonical(result)
    again = unpack(pack(body))
    assert again == result
    assert canonical(again) == body
    assert unpack(memoryview(pack(body))) == result


PLAIN = Result((Line("base", "base", "1", D("10.50"), D("10.50")),), D("10.50"), D("10.50"), 0.0)


def test_the_look_of_a_number_is_kept_in_the_bytes():
    again = unpack(pack(canonical(PLAIN)))
    assert str(again.score) == "10.50"
    assert str(again.lines[0].points) == "10.50"


def damaged(body: bytes) -> dict[str, bytes]:
    return {
        "nothing": b"",
        "a size alone": body[:4],
        "cut off": body[:-3],
        "a size too small": (1).to_bytes(4, "little") + body[4:],
        "words": b"\x05\x00\x00\x00hello",
        "another thing": pack(msgspec.msgpack.encode({"a": 1})),
    }


@pytest.mark.parametrize("name", damaged(b"1234567"))
def test_bytes_that_are_not_ours_are_refused(name):
    with pytest.raises((OSError, msgspec.DecodeError)):
        unpack(damaged(pack(canonical(PLAIN)))[name])


def hashed(*rows: tuple[str, bytes, tuple[int | None, ...]]) -> str:
    made = ResultHash()
    for row in rows:
        made.add(*row)
    return made.hexdigest()


ONE, OTHER = ("u:1", b"one", (1, 1, 2)), ("u:2", b"two", (2, 1, 2))


def test_the_hash_is_of_keys_bodies_places_and_their_order():
    whole = hashed(ONE, OTHER)
    assert whole == hashed(ONE, OTHER)
    others = {
        hashed(OTHER, ONE),
        hashed(ONE),
        hashed(("u:3", *ONE[1:]), OTHER),
        hashed(("u:1", b"One", ONE[2]), OTHER),
        hashed(("u:1", b"one", (1, 1, 3)), OTHER),
        hashed(("u:1", b"one", (None, 1, 2)), OTHER),
    }
    assert whole not in others
    assert len(others) == 6
