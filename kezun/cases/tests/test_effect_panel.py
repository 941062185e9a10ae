"""How a check of effect is shown on the page of its case."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from kezun.cases.models import EffectCheck
from kezun.cases.rules.effect import Window, judged
from kezun.cases.templatetags.effects import effect_lines, why


@pytest.fixture
def checked(closed):
    """`checked(before, after, kind="coverage")` a closed case with a check whose figures are known."""

    def make(before=None, after=None, kind="coverage", metric="cases.complaints_per_10k", **more):
        case = closed()
        days = ("before_from_date", "before_until_date", "after_from_date", "after_until_date", "due_date")
        told = dict.fromkeys(days, "2026-03-01") | {"due_date": "2026-06-01"}
        result = judged(kind, "down", Window(*before), Window(*after)).plain() if before else {}
        EffectCheck.objects.create(case=case, metric=metric, result=result, **(told | more))
        return case

    return make


def shown(case, language="en") -> str:
    with translation.override(language):
        return " ".join(
            re.sub(r"<[^>]+>", " ", render_to_string("cases/parts/effect.html", {"case": case})).split()
        )


def test_both_periods_with_events_exposure_and_rate(checked):
    text = shown(checked((60, 10_000), (20, 10_000)))
    assert "Complaints per 10,000 tickets" in text
    assert "60 10,000 60.0 ‱" in text
    assert "20 10,000 20.0 ‱" in text
    assert "0.33 times as often (95 %: 0.19 to 0.56)" in text
    assert "p &lt; 0.001" in text
    assert "Effective · not settled yet" in text


def test_shares_are_told_in_points(checked):
    text = shown(checked((300, 1000), (290, 1000), kind="ratio", metric="standards.failing_share"))
    assert "-1.0 percentage points" in text.replace("−", "-")
    assert "p = 0.6" in text
    assert "no room for an improvement" in text


def test_not_due_yet(checked):
    assert "complete on 2026-06-01" in shown(checked())


def test_without_an_indicator(checked):
    assert "looks again from 2026-06-01" in shown(checked(metric=""))


def test_settled_by_whom(checked, world):
    case = checked(verdict="not", checker=world["sub"], done_at="2026-06-02T01:00:00Z", note="已核对")
    text = shown(case)
    assert f"Settled by {world['sub'].name}" in text
    assert "已核对" in text
    assert "not settled yet" not in text
    EffectCheck.objects.update(checker=None)
    assert "the system" in shown(case)


def test_from_nothing_to_something_has_no_ratio(checked):
    [line] = effect_lines(checked((0, 10), (3, 10)))
    assert (line.size, line.p) == ("", "p = 0.250")


def test_an_upper_end_without_bound_is_said(checked):
    case = checked((1, 10), (9, 10))
    check = EffectCheck.objects.get(case=case)
    check.result |= {"high": None}
    check.save()
    [line] = effect_lines(case)
    assert "∞" in line.size


@pytest.mark.parametrize("reason", ["better", "worse", "flat", "chance", "empty", "untested"])
def test_every_reason_has_its_sentence(reason):
    found = judged("mean", "down", Window(1, 1), Window(1, 1))
    assert why(type(found)(found.test, found.before, found.after, "unknown", reason)).endswith((".", "。"))


def test_in_chinese(checked):
    text = shown(checked((60, 10_000), (20, 10_000)), "zh-hans")
    assert "万笔业务投诉量" in text
    assert "有效" in text
    assert not re.search(r"\b(Before|After|times)\b", text)


def test_a_case_without_a_check_shows_nothing(closed):
    assert shown(closed()) == ""
