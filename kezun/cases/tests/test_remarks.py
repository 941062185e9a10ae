"""What the platform writes into histories is told in the reader's language; people's words stay."""

from __future__ import annotations

import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, kinds, remarks, timeline
from kezun.cases.models import Case, EffectCheck
from kezun.cases.remarks import SAYS, remark
from kezun.cases.templatetags import effects
from kezun.cases.verifying import verify
from kezun.kernel.action import once
from kezun.kernel.actor import SystemActor

BY = SystemActor("test")
VALUES = {"case": "C26-1", "reason": "补录", "no": "C26-2"}


def values_of(key):
    return {name: VALUES[name] for name in re.findall(r"%\((\w+)\)s", SAYS[key])}


def spoken(case: Case) -> list[str]:
    """What the history of the case tells, in the page's language."""
    told = timeline.history(case, kinds.form_of(case.kind))
    return [text for entry in told for _name, text in entry.said]


@pytest.mark.parametrize("key", sorted(SAYS))
def test_every_sentence_is_told_in_both_languages(key):
    made = remark(key, **values_of(key))
    with translation.override("en"):
        english = remarks.text(made.plain())
    with translation.override("zh-hans"):
        chinese = remarks.text(made.plain())
    assert english == str(made)
    assert english != chinese
    for value in made.values.values():
        assert value in english
        assert value in chinese


def test_a_sentence_nobody_knows_is_no_fault():
    assert remarks.text({"remark": "of_tomorrow"}) == "of_tomorrow"
    assert remarks.text({"remark": "found_again"}) == SAYS["found_again"]
    assert remarks.text({}) == ""
    assert remarks.text(None) == ""
    with pytest.raises(KeyError):
        remark("of_tomorrow")


@given(st.text())
def test_peoples_words_stay_as_they_are(text):
    assert remarks.text(text) == text
    assert remarks.packed(text) == text


@pytest.mark.parametrize("held", ["", "放心", "{", '{"a": 1}', "[1]", "5", "null"])
def test_a_column_of_plain_text_stays_as_it_is(held):
    assert remarks.unpacked(held) == held


@pytest.mark.parametrize("key", sorted(SAYS))
def test_a_column_keeps_the_key(key):
    made = remark(key, **values_of(key))
    assert remarks.unpacked(remarks.packed(made)) == remarks.text(made.plain())


@pytest.fixture
def noted(opened, world):
    """A case on which the platform wrote a note while the page was in English."""
    case = opened()
    with translation.override("en"):
        return actions.do(BY, case, "note", {"note": remark("review_asked", no="C26-000099")})


def test_the_event_keeps_the_key_and_each_reader_their_language(noted):
    body = json.loads(noted.events.get(verb="note").body)
    assert body["said"]["note"] == {"remark": "review_asked", "with": {"no": "C26-000099"}}
    with translation.override("zh-hans"):
        assert any("复核" in text or "核查" in text for text in spoken(noted))
        assert not any("A review" in text for text in spoken(noted))
    with translation.override("en"):
        assert "A review was asked for: C26-000099." in spoken(noted)


def test_the_history_still_replays(noted):
    assert verify().faults == []


def test_under_a_key_it_is_the_same_in_every_language(opened):
    case = opened()
    for language in ("en", "zh-hans"):
        with translation.override(language), once("k"):
            actions.do(BY, case, "note", {"note": remark("customer_added")})
    assert case.events.filter(verb="note").count() == 1


def test_a_history_of_before_shows_its_plain_text(opened, world):
    case = actions.do(BY, opened(), "note", {"note": "客户补充了内容。"})
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert "客户补充了内容。" in spoken(case)


def test_nobody_writes_a_sentence_of_the_platform(opened, world):
    """What a person gives as an object, or as its text, is refused or stays their words."""
    case = opened()
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "note", {"note": {"remark": "customer_added"}})
    words = json.dumps({"remark": "customer_added"})
    case = actions.do(world["lobby"], case, "note", {"note": words})
    assert words in spoken(case)


def test_a_merged_case_hands_the_sentence_on_as_it_is(opened, world):
    one, other = opened(), opened()
    case = actions.do(BY, one, "merge", {"into": other, "reason": remark("taken_over")})
    said = [
        json.loads(body)["said"] for body in other.events.filter(verb="join").values_list("body", flat=True)
    ]
    assert case.state == Case.State.MERGED
    assert said[0]["note"] == {"remark": "taken_over"}


def test_a_check_settled_by_what_came_back_is_told_in_the_readers_language(world, closed):
    case = closed()
    row = EffectCheck.objects.create(
        case=case,
        metric="cases.complaints",
        before_from_date="2026-01-01",
        before_until_date="2026-01-31",
        after_from_date="2026-02-02",
        after_until_date="2026-03-01",
        due_date="2026-03-02",
        note=remarks.packed(remark("came_back", case="C26-000007")),
    )
    for language, words in (("en", "The same came back: C26-000007."), ("zh-hans", "C26-000007")):
        with translation.override(language):
            [line] = effects.effect_lines(case)
            assert words in line.note
            assert "{" not in line.note
    row.checker, row.note = world["supervisor"], '{"remark": "came_back"}'
    row.verdict, row.done_at = "not", timezone.now()
    row.save()
    assert effects.effect_lines(case)[0].note == '{"remark": "came_back"}', "a person's words"
