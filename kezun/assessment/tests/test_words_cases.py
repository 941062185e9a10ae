"""Parts of a scheme and of a score in words, in the reader's language; days without facts as spans."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import cards, wording
from kezun.assessment.completeness import Filled, spans
from kezun.assessment.merits import merit_kinds
from kezun.assessment.rules.form import Component, Estimator, Gate, Grade, Of, Source, Transform
from kezun.assessment.rules.lines import Figure, Share
from kezun.assessment.rules.reading import read
from kezun.assessment.scorecards import title_of
from kezun.assessment.standings import Bridged
from kezun.assessment.tests.world import scheme_text

D = Decimal
FORM = read(scheme_text())
LINE = Transform("linear", ((D("0.5"), D(0)), (D("0.905"), D("87.50"))))
PLAIN = Component("c", "满意率", D(60), Source("x.nowhere"), LINE, title_en="Satisfied", about="说明")

POINTS = {
    "two places": (D("84.5"), "84.50"),
    "a float": (0.126, "0.13"),
    "none": (None, "—"),
    "nothing": (D(0), "0.00"),
}


@pytest.mark.parametrize(("value", "said"), POINTS.values(), ids=POINTS)
def test_points_are_shown_with_two_places(value, said):
    assert wording.pts(value) == said


PLAINS = {
    "zeros": (D("12.50"), "12.5"),
    "whole": (D("100"), "100"),
    "large": (D("1E+3"), "1000"),
    "a float": (0.1, "0.1"),
}


@pytest.mark.parametrize(("value", "said"), PLAINS.values(), ids=PLAINS)
def test_a_number_as_it_was_written(value, said):
    assert wording.plain(value) == said


def test_two_shares_that_look_the_same_get_a_place_more():
    assert wording.apart(0.9501, 0.9504, "%") == ("95.01 %", "95.04 %")
    one, other = wording.apart(0.91, 0.95, "%")
    assert one != other
    assert len(set(wording.apart(60, 60, "s"))) == 1


def test_titles_and_names_in_the_readers_language():
    grades = (Grade("优秀", D(90), name_en="Excellent"), Grade("达标"))
    assert (title_of(PLAIN), wording.scheme_name(FORM)) == ("满意率", "试行方案")
    assert wording.grade_name("优秀", grades) == "优秀"
    assert wording.about_of(PLAIN) == "说明"
    with translation.override("en"):
        assert (title_of(PLAIN), wording.scheme_name(FORM)) == ("Satisfied", "Trial scheme")
        assert title_of(replace(PLAIN, title_en="")) == "满意率"
        assert [wording.grade_name(name, grades) for name in ("优秀", "达标", "金")] == [
            "Excellent",
            "达标",
            "金",
        ]
        assert wording.about_of(PLAIN) == ""


SOURCES = {
    "what nobody declares": (Source("x.nowhere"), "x.nowhere"),
    "narrowed": (Source("x.nowhere", "个贷", "VIP"), "x.nowhere (个贷 · VIP)"),
    "inspections": (Source(standard="urn:a:b"), "Inspections by «b», the mean of the inspections"),
    "all together": (
        Source(standard="urn:a:b", agg="pooled"),
        "Inspections by «b», all inspections together",
    ),
}


@pytest.mark.parametrize(("source", "said"), SOURCES.values(), ids=SOURCES)
def test_where_a_value_comes_from(source, said):
    with translation.override("en"):
        assert wording.source_words(replace(PLAIN, source=source)) == said


def test_methods_are_named_in_chinese_and_a_standard_by_its_name():
    made = replace(PLAIN, source=Source(standard="urn:a:b", methods=("明查", "暗访")))
    said = wording.source_words(made, {"urn:a:b": "网点标准"})
    assert "网点标准" in said
    assert "明查" in said
    assert "暗访" in said
    with translation.override("en"):
        assert "暗访" not in wording.source_words(made, {"urn:a:b": "Outlets"})


CURVES = {
    "a line": (LINE, "score", [("0.50", "0"), ("0.91", "87.5")]),
    "bands": (
        Transform("bands", op=">=", bands=((D(90), D(100)), (None, D(0)))),
        "score",
        [("≥ 90.00", "100"), ("all others", "0")],
    ),
}


@pytest.mark.parametrize(("transform", "unit", "said"), CURVES.values(), ids=CURVES)
def test_how_a_value_becomes_points(transform, unit, said):
    with translation.override("en"):
        told = wording.transform_words(replace(PLAIN, transform=transform), unit)
    assert told == said


@pytest.mark.parametrize(
    ("down", "how"), [(False, "value ÷ target × 100"), (True, "target ÷ value × 100")], ids=["up", "down"]
)
def test_a_target_says_how_and_how_much_at_most(down, how):
    ratio = Transform("ratio_to_target", target=D("0.9"), cap=D("1.2"), down=down)
    with translation.override("en"):
        [(target, told)] = wording.transform_words(replace(PLAIN, transform=ratio), "%")
    assert target.startswith("target 90")
    assert told == f"{how}, at most 120"


MISSING = {
    "redistribute": "its weight goes to the other lines",
    "peer_mean": "the mean of peers stands in",
    "exclude": "there is no score at all",
}


@pytest.mark.parametrize(("how", "said"), MISSING.items(), ids=MISSING)
def test_what_happens_where_too_little_is_known(how, said):
    with translation.override("en"):
        assert wording.missing_words(replace(PLAIN, missing=how)) == said
    assert wording.missing_words(replace(PLAIN, missing=how)) != said


GATES = {
    "at least": (Gate("x.g", D(3)), " ≥ 3", "else the line is left out"),
    "at most, else nothing": (Gate("x.g", None, D(3), "zero"), " ≤ 3", "else no points"),
}


@pytest.mark.parametrize(("gate", "bound", "otherwise"), GATES.values(), ids=GATES)
def test_what_the_data_must_be_like(gate, bound, otherwise):
    with translation.override("en"):
        [said] = wording.gate_words(replace(PLAIN, gates=(gate,)))
    assert said.startswith(f"x.g{bound}")
    assert said.endswith(f"; {otherwise}")


def test_what_was_learned_of_peers():
    shares = replace(PLAIN, estimator=Estimator("beta_binomial_eb"))
    rates = replace(PLAIN, estimator=Estimator("gamma_poisson"))
    with translation.override("en"):
        told = wording.learned_words(shares, "%", ("mle", 90.0, 10.0, 25))
        assert told.startswith("Drawn towards peers (25 with data, mean 90")
        assert told.endswith("who weigh as much as 100 observations")
        one = wording.learned_words(rates, "per_10k", ("mle", 0.5, 1.0, 25), 2)
        assert one.endswith("who weigh as much as 1 observation")
    assert wording.learned_words(PLAIN, "%", ("mle", 90.0, 10.0, 25)) == ""
    assert wording.learned_words(shares, "%", None) == ""


@pytest.mark.parametrize(
    ("prior", "told"),
    [
        (("pm", 240.0, 20.0, 25), "mean 4 min), who differ by 20 s (standard deviation)"),
        (("pooled", 240.0, 0.0, 25), "mean 4 min), who do not differ beyond chance"),
        (("flat", 240.0, 0.0, 3), ""),
    ],
)
def test_what_was_learned_of_means(prior, told):
    means = replace(PLAIN, estimator=Estimator("normal_eb"))
    with translation.override("en"):
        said = wording.learned_words(means, "s", prior)
    assert said.endswith(told)
    assert bool(said) == bool(told)


def test_how_much_of_an_estimate_is_ones_own():
    with translation.override("en"):
        assert wording.own_words(None) == ""
        assert wording.own_words(1.0) == "all of it own data"
        assert wording.own_words(0.25).startswith("25")
        assert "% of this is own data" in wording.own_words(0.25)


def test_ranks_in_words():
    with translation.override("en"):
        assert wording.rank_words(3, 40) == "3 of 40"
    assert wording.rank_words(None, 40) == ""


def test_peer_groups_that_need_no_look_at_the_database():
    with translation.override("en"):
        assert wording.group_names(["", ""], FORM) == {"": "All"}
        tagged = replace(FORM, of=Of("outlet", peers=("tag:山区",)))
        assert wording.group_names(["-", "山区"], tagged) == {"-": "Others", "山区": "山区"}


def test_the_ledgers_kinds_have_names_and_levels_in_order():
    kinds = merit_kinds()
    assert list(kinds)[:2] == ["media_negative", "complaint"]
    complaint = kinds["complaint"]
    assert (complaint.sign, complaint.levels, complaint.attributed) == ("-", ("一般", "较重", "重大"), True)
    assert complaint.name == "有责客户投诉"
    with translation.override("en"):
        assert complaint.name == "Complaint upheld"
        names = [kind.name for kind in kinds.values()]
    assert len(set(names)) == len(kinds)
    for kind in kinds.values():
        assert kind.sign in "+-"
        assert len(set(kind.levels)) == len(kind.levels) > 0
        assert not (kind.once_a_year and kind.sign == "-")


FIRST = dt.date(2026, 1, 1)


def on(*numbers: int) -> set[dt.date]:
    return {dt.date(2026, 1, number) for number in numbers}


SPANS = {
    "all there": (range(1, 11), []),
    "none there": ([], [(1, 10)]),
    "one missing": ([1, 2, 3, 5, 6, 7, 8, 9, 10], [(4, 4)]),
    "two spans": ([1, 4, 5, 6], [(2, 3), (7, 10)]),
    "at both ends": ([5], [(1, 4), (6, 10)]),
    "days outside": ([20, 25], [(1, 10)]),
}


@pytest.mark.parametrize(("there", "missing"), SPANS.values(), ids=SPANS)
def test_days_that_are_missing_as_spans(there, missing):
    found = spans(on(*there), FIRST, dt.date(2026, 1, 10))
    assert [(first.day, last.day) for first, last in found] == missing


@given(st.sets(st.integers(1, 31)), st.integers(1, 31), st.integers(1, 31))
def test_spans_and_days_share_the_period_between_them(there, since, until):
    days = on(*there)
    found = spans(days, dt.date(2026, 1, since), dt.date(2026, 1, until))
    missing = [number for first, last in found for number in range(first.day, last.day + 1)]
    assert missing == [number for number in range(since, until + 1) if number not in there]
    assert all(later[0] - one[1] > dt.timedelta(days=1) for one, later in itertools.pairwise(found))


@pytest.mark.parametrize(("subjects", "counted", "share"), [(0, 0, 0.0), (4, 1, 0.25), (3, 3, 1.0)])
def test_the_share_of_subjects_whose_points_count(subjects, counted, share):
    assert Filled("c", 1, subjects, counted, counted, 0, counted, ()).share == share


BRIDGED = {
    "nothing": (("80", "80", "良好", "良好"), False),
    "another score": (("80", "81", "良好", "良好"), True),
    "another grade alone": (("80", "80", "良好", "达标"), True),
    "not scored any more": (("80", None, "良好", ""), True),
    "never scored": ((None, None, "", ""), False),
}


@pytest.mark.parametrize(("told", "differs"), BRIDGED.values(), ids=BRIDGED)
def test_whether_a_change_of_rules_made_a_difference(told, differs):
    before, after = (None if text is None else D(text) for text in told[:2])
    assert Bridged("u:1", "O1", "一", before, after, None, *told[2:]).differs is differs


COUNTS = {
    "a share": (Figure(0.995, 2089, 2099, 2099), "%", "2,089 of 2,099", "2,099 中的 2,089"),
    "points of inspections": (
        Figure(0.928, 902_500, 970_000, 1, shares=(Share("2026.1", 902_500, 970_000, 1),)),
        *("%", "90.25 of 97 points", "97 分中的 90.25 分"),
    ),
    "a time": (Figure(42.0, 42, 1, 1), "s", "", ""),
    "nothing below": (Figure(None, 0, 0), "%", "", ""),
    "nothing known": (None, "%", "", ""),
}


@pytest.mark.parametrize(("figure", "unit", "english", "chinese"), COUNTS.values(), ids=COUNTS)
def test_what_lies_behind_a_share(figure, unit, english, chinese):
    assert cards.counts(figure, unit) == chinese
    with translation.override("en"):
        assert cards.counts(figure, unit) == english
