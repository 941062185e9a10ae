"""Texts of schemes: what is read, and every mistake named with its line and path."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import yaml

from kezun.assessment.messages import PROBLEMS, say_problem, say_refusal
from kezun.assessment.rules.form import Condition, Exposure, Gate, Match
from kezun.assessment.rules.reading import Known, NotAScheme, digest, read
from kezun.assessment.tests.world import scheme_text
from kezun.standards import messages as standards_messages

CSAT: dict[str, Any] = yaml.safe_load(scheme_text())["components"][0]
ANSWERED: dict[str, Any] = yaml.safe_load(scheme_text())["components"][1]
DEDUCTION = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"一般": 1}, "cap": 5}
VETO = {
    **{
        "id": "V1",
        "title": "否决",
        "when": {"event": "complaint", "match": {"level": "重大"}, "count_ge": 2},
    },
    "effect": {"grade_cap": "达标"},
}
KNOWN = Known(
    indicators=frozenset({"floor.satisfied_rate", "floor.answer_rate", "floor.tickets"}),
    standards=frozenset({"urn:std"}),
    events=frozenset({"complaint", "praise"}),
    unit_kinds=frozenset({"tier1", "outlet"}),
    posts=frozenset({"teller"}),
)


def component(**changes: Any) -> dict[str, Any]:
    return {k: v for k, v in (CSAT | changes).items() if v is not None}


def with_csat(**changes: Any) -> dict[str, Any]:
    return {"components": [component(**changes), ANSWERED]}


def transform(**told: Any) -> dict[str, Any]:
    return with_csat(transform=told)


def problems(**changes: Any) -> list[tuple[str, str]]:
    """(path, code) of everything wrong with the scheme that has these changes."""
    with pytest.raises(NotAScheme) as refused:
        read(scheme_text(**changes), KNOWN)
    for problem in refused.value.problems:
        assert problem.line > 0
        assert "%(" not in say_problem(problem, "f.yaml")
    return [(p.path, p.code) for p in refused.value.problems]


def test_a_whole_scheme_is_read():
    made = read(
        scheme_text(
            **with_csat(gates=[{"indicator": "floor.answer_rate", "min": 0.3, "else": "zero"}]),
            subject={"kind": "person", "posts": ["teller"], "peer_group": ["post", "tag:大"]},
            deductions=[
                DEDUCTION
                | {"rate_per": {"exposure": "floor.tickets", "unit": 10000}, "match": {"business": ["对公"]}}
            ],
            additions=[DEDUCTION | {"id": "A1", "event": "praise", "per_subject_once": True}],
            vetoes=[VETO],
            base=5,
            total={"min": -10, "max": 110},
            rounding={"digits": 1, "mode": "half_even"},
            period={"cadence": "quarter", "straddle": "pin_start"},
            approval={"doc_no": "1号", "by": "领导小组", "at": "2025-12-20"},
            red_black={
                "red": {
                    "all": [{"prob": {"metric": "total", "op": ">=", "ref": "peer_p90"}, "at_least": 0.8}]
                },
                "black": {"any": [{"veto": "any"}, {"grade": ["不达标"]}], "human_confirm": True},
            },
            stars=[{"stars": 5, "min": 95, "floors": {"csat": 90}, "tenure_months": 12, "periods": 2}],
            appeal={"window_days": 5, "levels": ["考核办", "领导小组"]},
        ),
        KNOWN,
    )
    assert (made.of.posts, made.of.peers) == (("teller",), ("post", "tag:大"))
    assert made.components[0].gates == (Gate("floor.answer_rate", Decimal("0.3"), None, "zero"),)
    assert made.components[0].min_n == 5
    assert made.deductions[0].per == Exposure("floor.tickets", Decimal(10000))
    assert made.deductions[0].match == (Match("business", ("对公",)),)
    assert (made.deductions[0].attributed, made.additions[0].attributed, made.additions[0].once) == (
        True,
        False,
        True,
    )
    assert (made.base, made.least, made.most, made.rounding.digits) == (5, -10, 110, 1)
    assert (made.straddle, made.cadence, made.doc_no) == ("pin_start", "quarter", "1号")
    assert made.red is not None
    assert made.red.conditions == (Condition("total", ">=", "peer_p90", Decimal("0.8")),)
    assert made.black is not None
    assert [c.veto or c.grades for c in made.black.conditions] == ["any", ("不达标",)]
    assert (made.stars[0].stars, made.stars[0].periods, made.appeal.window_days) == (5, 2, 5)
    assert made.indicators == ("floor.satisfied_rate", "floor.answer_rate", "floor.tickets")
    assert made.ranked_on == ("csat",)


def test_the_digest_is_of_what_is_said_and_not_of_how():
    text = scheme_text()
    tidy = "# a comment\n" + text.replace("weight: 60", "weight: 60.0")
    assert digest(read(text)) == digest(read(tidy))
    assert digest(read(text)) != digest(
        read(text.replace("weight: 60", "weight: 61").replace("weight: 40", "weight: 39"))
    )


def test_a_standard_needs_no_transform_and_takes_shares():
    made = read(
        scheme_text(
            **with_csat(source={"standard": "urn:std", "methods": ["明查"]}, estimator=None, transform=None)
        )
    )
    assert made.components[0].transform.points == ((0, 0), (1, 100))
    assert made.standards == ("urn:std",)


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    (with_csat(weight=61), "components", "weights_differ"),
    (with_csat(weight=-60), "components.csat.weight", "negative_weight"),
    (with_csat(id="answered"), "components.answered.id", "id_twice"),
    (with_csat(source={}), "components.csat.source", "indicator_or_standard"),
    (with_csat(min_n=0), "components.csat.min_n", "not_whole"),
    (with_csat(id=None), "components[1].id", "missing_key"),
    (
        {"deductions": [DEDUCTION | {"match": {"level": []}, "points": {"一般": "x"}}]},
        "deductions.D1.points.一般",
        "not_number",
    ),
    (with_csat(source=None), "components.csat.source", "missing_key"),
    (with_csat(source={"indicator": "floor.nothing"}), "components.csat.source", "unknown_indicator"),
    (
        with_csat(source={"indicator": "floor.tickets", "agg": "mean"}),
        "components.csat.source.agg",
        "only_of_standard",
    ),
    (
        with_csat(source={"standard": "urn:none"}, estimator=None),
        "components.csat.source",
        "unknown_standard",
    ),
    (with_csat(source={"standard": "urn:std"}), "components.csat.estimator", "estimator_of_standard"),
    (with_csat(estimator={"kind": "casemix"}), "components.csat.estimator.kind", "casemix_of_nothing"),
    (
        with_csat(estimator={"kind": "raw", "casemix": ["hour"]}),
        "components.csat.estimator.casemix",
        "unknown_value",
    ),
    (with_csat(transform=None), "components.csat.transform", "missing_key"),
    (
        transform(kind="linear", **{"from": [0, 1], "to": [0]}),
        "components.csat.transform.from",
        "not_two",
    ),
    (
        transform(kind="piecewise_linear", points=[[1, 0], [0, 9]]),
        "components.csat.transform.points",
        "values_order",
    ),
    (
        transform(kind="piecewise_linear", points=[[0, 0], [1, 9], [2, 5]]),
        "components.csat.transform.points",
        "not_monotone",
    ),
    (
        transform(kind="piecewise_linear", points=[[0, 0], [1, 101]]),
        "components.csat.transform.points",
        "points_outside",
    ),
    (
        transform(kind="piecewise_linear", points=[[0], [1, 9]]),
        "components.csat.transform.points",
        "not_pair",
    ),
    (
        transform(kind="piecewise_linear", points=[["x", 0], [1, 9]]),
        "components.csat.transform.points",
        "not_number",
    ),
    (transform(kind="ratio_to_target", target=0), "components.csat.transform.target", "not_positive"),
    (
        transform(kind="ratio_to_target", target=1, cap=-1),
        "components.csat.transform.cap",
        "not_positive",
    ),
    (
        transform(kind="bands", bands=[[None, 50], [0.9, 40]]),
        "components.csat.transform.bands",
        "band_after_all",
    ),
    (
        transform(kind="bands", bands=[[0.8, 9], [0.9, 5]]),
        "components.csat.transform.bands",
        "band_order",
    ),
    (
        transform(kind="bands", bands=[[0.9, 5], [0.8, 9]]),
        "components.csat.transform.bands",
        "not_monotone",
    ),
    (transform(kind="bands", bands=[[0.9]]), "components.csat.transform.bands", "not_pair"),
    (transform(kind="cubic"), "components.csat.transform.kind", "unknown_value"),
    (with_csat(gates=[{"indicator": "floor.tickets"}]), "components.csat.gates", "gate_without_bound"),
    (with_csat(gates=[{"indicator": "x.y", "max": 1}]), "components.csat.source", "unknown_indicator"),
    (with_csat(missing="ignore"), "components.csat.missing", "unknown_value"),
    ({"components": None}, "", "nothing_judged"),
    ({"components": None, "deductions": [DEDUCTION]}, "base", "no_base"),
    ({"deductions": [DEDUCTION | {"cap": None}]}, "deductions.D1.points", "no_cap"),
    ({"deductions": [DEDUCTION | {"cap": 0}]}, "deductions.D1.cap", "not_positive"),
    (
        {"deductions": [DEDUCTION | {"points": {"一般": -1}}]},
        "deductions.D1.points.一般",
        "negative_points",
    ),
    ({"deductions": [DEDUCTION | {"points": {}}]}, "deductions.D1.points", "empty_list"),
    ({"deductions": [DEDUCTION | {"points": None}]}, "deductions.D1.points", "missing_key"),
    ({"deductions": [DEDUCTION | {"event": "rain"}]}, "deductions.D1.event", "unknown_event"),
    (
        {"deductions": [DEDUCTION | {"rate_per": {"exposure": "floor.rain", "unit": 1}}]},
        "deductions.D1.rate_per",
        "unknown_indicator",
    ),
    (
        {"deductions": [DEDUCTION | {"rate_per": {"exposure": "floor.tickets", "unit": 0}}]},
        "deductions.D1.rate_per.unit",
        "not_positive",
    ),
    (
        {"deductions": [DEDUCTION | {"match": {"colour": "red"}}]},
        "deductions.D1.match.colour",
        "unknown_key",
    ),
    ({"vetoes": [VETO | {"effect": {"grade_cap": "金"}}]}, "vetoes.V1.effect", "unknown_grade"),
    ({"vetoes": [VETO | {"effect": {}}]}, "vetoes.V1.effect", "veto_without_effect"),
    ({"vetoes": [VETO | {"effect": None}]}, "vetoes.V1.effect", "missing_key"),
    ({"vetoes": [VETO | {"when": {}}]}, "vetoes.V1.when", "event_or_standard"),
    ({"vetoes": [VETO | {"when": None}]}, "vetoes.V1.when", "missing_key"),
    ({"vetoes": [VETO | {"when": {"standard": "urn:x"}}]}, "vetoes.V1.when", "unknown_standard"),
    (
        {"grades": [{"name": "A", "min": 60}, {"name": "B", "min": 90}, {"name": "C"}]},
        "grades",
        "grade_order",
    ),
    ({"grades": [{"name": "A"}, {"name": "B"}]}, "grades", "grade_order"),
    ({"grades": [{"name": "A", "min": 60}]}, "grades", "grade_last"),
    ({"grades": [{"name": "A", "min": 60}, {"name": "A"}]}, "grades.A.name", "grade_twice"),
    (
        {"grades": [{"name": "A", "min": 60, "floors": {"tea": 1}}, {"name": "B"}]},
        "grades.A.floors",
        "unknown_component",
    ),
    ({"stars": [{"stars": 5, "min": 90, "floors": {"tea": 1}}]}, "stars.5.floors", "unknown_component"),
    ({"ranking": {"components": ["tea"]}}, "ranking", "unknown_component"),
    ({"ranking": {"by": "raw"}}, "ranking.by", "unknown_value"),
    ({"red_black": {"red": {}}}, "red_black.red", "all_or_any"),
    ({"red_black": {"red": {"all": [{}]}}}, "red_black.red.all", "one_condition"),
    ({"red_black": {"red": {"all": [{"grade": ["金"]}]}}}, "red_black", "unknown_grade"),
    (
        {"red_black": {"red": {"all": [{"prob": {"metric": "tea", "ref": 1}, "at_least": 0.9}]}}},
        "red_black",
        "unknown_component",
    ),
    (
        {"red_black": {"red": {"all": [{"prob": {"metric": "total", "ref": "x"}, "at_least": 0.9}]}}},
        "red_black.red.all.prob.ref",
        "not_number",
    ),
    (
        {"red_black": {"red": {"all": [{"prob": {"metric": "total", "ref": "peer_p1"}, "at_least": 0.9}]}}},
        "red_black.red.all.prob.ref",
        "unknown_value",
    ),
    (
        {"red_black": {"red": {"all": [{"prob": {"metric": "total", "ref": 1}, "at_least": 9}]}}},
        "red_black.red.all.at_least",
        "not_a_share",
    ),
    ({"subject": None}, "subject", "missing_key"),
    ({"subject": {"kind": "unit"}}, "subject.units", "missing_key"),
    ({"subject": {"kind": "person"}}, "subject.posts", "missing_key"),
    ({"subject": {"kind": "unit", "units": ["galaxy"]}}, "subject", "unknown_value"),
    ({"subject": {"kind": "person", "posts": ["king"]}}, "subject", "unknown_value"),
    ({"subject": {"kind": "outlet", "peer_group": ["age"]}}, "subject.peer_group", "unknown_value"),
    ({"subject": {"kind": "outlet", "by": "unit"}}, "subject", "by_unit_of_person"),
    ({"valid": None}, "valid", "missing_key"),
    ({"valid": {"from": "2026-01-01", "to": "2026-01-01"}}, "valid.to", "validity_empty"),
    ({"total": {"min": 5, "max": 5}}, "total.max", "limits_order"),
    ({"rounding": {"digits": 5}}, "rounding.digits", "too_many_digits"),
    ({"supersedes": "2026.1"}, "supersedes", "supersedes_itself"),
    ({"version": "2026 1"}, "version", "not_a_name"),
    ({"schema": "kezun.scheme/2"}, "schema", "unknown_value"),
    ({"schema": None}, "schema", "missing_key"),
    ({"colour": "red"}, "colour", "unknown_key"),
]


@pytest.mark.parametrize(("changes", "path", "code"), MISTAKES)
def test_a_mistake_is_named(changes, path, code):
    assert (path, code) in problems(**changes)


def test_all_mistakes_are_told_at_once_by_line():
    with pytest.raises(NotAScheme) as refused:
        read(scheme_text(**with_csat(weight=61, missing="x"), supersedes="2026.1"), KNOWN)
    lines = [p.line for p in refused.value.problems]
    assert lines == sorted(lines)
    assert {p.code for p in refused.value.problems} == {
        "weights_differ",
        "unknown_value",
        "supersedes_itself",
    }
    assert str(refused.value).count(";") == 2
    assert all(text.startswith("f.yaml, ") for text in say_refusal(refused.value, "f.yaml"))


@pytest.mark.parametrize("text", ["", "a: [", "a: 1\na: 2", "- 1"])
def test_what_is_no_scheme_at_all(text):
    with pytest.raises(NotAScheme) as refused:
        read(text)
    assert refused.value.problems


def edition(version: str, start: str, end: str | None = None, supersedes: str = ""):
    return read(scheme_text(version=version, valid={"from": start, "to": end}, supersedes=supersedes or None))


@pytest.mark.parametrize(
    ("version", "start", "end", "supersedes", "codes"),
    [
        ("2", "2026-06-01", None, "1", set()),
        ("2", "2026-06-01", None, "", {"validity_overlaps"}),
        ("2", "2024-06-01", "2025-01-01", "", set()),
        ("2", "2024-06-01", "2025-01-02", "", {"validity_overlaps"}),
        ("2", "2025-01-01", None, "1", {"validity_overlaps"}),
        ("2", "2026-06-01", None, "0", {"validity_overlaps", "unknown_edition"}),
        ("1", "2026-06-01", None, "", set()),
    ],
)
def test_editions_beside_one_another(version, start, end, supersedes, codes):
    known = Known(schemes=(edition("1", "2025-01-01"),))
    text = scheme_text(version=version, valid={"from": start, "to": end}, supersedes=supersedes or None)
    try:
        read(text, known)
        found = set()
    except NotAScheme as refused:
        found = {p.code for p in refused.problems}
    assert found == codes


def test_every_code_of_the_rules_has_words():
    import re
    from pathlib import Path

    rules = Path(__file__).parents[1] / "rules"
    said = {
        code
        for name in ("checks", "components", "reading", "changing")
        for code in re.findall(
            r'(?:say\(|_problem\([^)]*?, )\s*\*?\(?"([a-z_]+)"', (rules / f"{name}.py").read_text()
        )
    }
    assert said
    assert said <= set(PROBLEMS) | set(standards_messages.PROBLEMS)


def test_days_are_half_open():
    made = edition("1", "2026-01-01", "2026-07-01")
    assert (made.start, made.end) == (dt.date(2026, 1, 1), dt.date(2026, 7, 1))
