"""Full-text search: what is found, in Chinese and otherwise, and what is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, searching
from kezun.cases.models import Case
from kezun.cases.rules.grams import grams, pairs, phrases, runs

CHINESE = st.text(st.sampled_from("柜台排队时间太长客户投诉理财"), min_size=1, max_size=12)


def holds(phrase, kept):
    """Whether a phrase stands in a list of grams, its last gram perhaps only begun."""
    size = len(phrase)
    return any(
        kept[at : at + size - 1] == list(phrase[:-1]) and kept[at + size - 1].startswith(phrase[-1])
        for at in range(len(kept) - size + 1)
    )


@given(CHINESE, CHINESE, CHINESE)
def test_every_part_of_a_chinese_text_is_found(before, part, after):
    kept = grams(before + part + after)
    assert all(holds(phrase, kept) for phrase in phrases(part))


@given(CHINESE, CHINESE)
def test_what_is_not_there_is_not_found(text, asked):
    found = all(holds(phrase, grams(text)) for phrase in phrases(asked))
    assert found == (asked in text)


def test_runs_are_told_apart_by_script():
    assert runs("POS机吞卡，C26-000123") == [
        (False, "pos"),
        (True, "机吞卡"),
        (False, "c26"),
        (False, "000123"),
    ]
    assert pairs("排队长") == ["排队", "队长", "长"]
    assert unicodedata.normalize("NFKC", "ＡＢＣ").lower() == runs("ＡＢＣ")[0][1]
    assert phrases("、。 !") == []


@pytest.fixture
def three(opened):
    return [opened(title=title) for title in ("柜台排队时间太长", "手续费说明不清", "POS终端 refund 未到账")]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("排队", {0}),
        ("台排队时", {0}),
        ("长", {0}),
        ("手", {1}),
        ("柜台 太长", {0}),
        ("柜台 手续费", set()),
        ("说明清", set()),
        ("REFUND", {2}),
        ("refu", {2}),
        ("pos终端", {2}),
        ("", {0, 1, 2}),
        ("，", set()),
        ('" OR 1=1 --', set()),
        ("'; DROP TABLE cases_case", set()),
        ("NEAR(", set()),
    ],
)
def test_what_is_found(three, asked, found):
    rows = set(searching.matching(Case.objects.all(), asked).values_list("pk", flat=True))
    assert rows == {three[at].pk for at in found}


def test_a_case_is_found_by_its_number(three):
    assert searching.matching(Case.objects.all(), three[1].no).get() == three[1]
    assert searching.matching(Case.objects.all(), f"{three[2].pk:06d}").get() == three[2]


def test_a_title_put_right_is_found_by_its_new_words_alone(world, three):
    actions.do(world["manager"], three[0], "amend", {"title": "叫号顺序混乱", "reason": "写错"})
    assert searching.matching(Case.objects.all(), "叫号").get() == three[0]
    assert not searching.matching(Case.objects.all(), "排队").exists()


def test_what_is_sealed_is_not_found(opened):
    opened(story="我的密语是蓝鲸", account="尾号5566778899")
    assert not searching.matching(Case.objects.all(), "蓝鲸").exists()
    assert not searching.matching(Case.objects.all(), "5566778899").exists()


def test_what_was_brought_from_elsewhere_is_put_in(three):
    Case.objects.filter(pk=three[0].pk).update(words="存折补登")
    with searching.connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_search")
    assert searching.mend() == 3
    assert searching.mend() == 0
    searching.mend_daily()
    assert searching.matching(Case.objects.all(), "补登").get() == three[0]
