"""Pages of rankings, comparisons and what-ifs: intervals, tiers, who is counted and not named."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from kezun.assessment.models import Run, Score
from kezun.assessment.tests.showing import RULES, client_of, facts, shown, text_of
from kezun.assessment.tests.world import scheme_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(own_home, bank):
    facts()
    return bank


@pytest.fixture
def office(person_in):
    return client_of(person_in("service_office", "HO"))


def card(run, unit):
    return f"/scorecards/{run.pk}/unit:{unit.pk}/"


def test_without_a_run_the_page_says_what_comes_first(office, person_in):
    assert "First make a run" in text_of(office, "/rankings/")
    assert "Once the service office" in text_of(client_of(person_in("teller", "O1")), "/rankings/")


def test_the_menu_leads_to_the_latest_run(office):
    made = shown()
    assert office.get("/rankings/").headers["Location"] == f"/rankings/{made.pk}/"


def test_ranked_in_tiers_and_apart_with_the_reason(office, world):
    made = shown()
    text = text_of(office, f"/rankings/{made.pk}/")
    assert text.index("Tier 1") < text.index(card(made, world["O1"])) < text.index("Tier 2")
    assert text.index("Tier 2") < text.index(card(made, world["O2"])) < text.index("Not ranked (1)")
    assert text.index("Not ranked (1)") < text.index(card(made, world["O3"]))
    assert "not ranked: n = 0, from 10 on" in text
    assert len(re.findall(r'class="k-bar-interval"', text)) >= 2


def test_not_scored_is_a_group_of_its_own(office, world):
    strict = scheme_text(**RULES).replace(
        "transform:\n    kind: piecewise", "missing: exclude\n  transform:\n    kind: piecewise"
    )
    made = shown(text=strict)
    text = text_of(office, f"/rankings/{made.pk}/")
    assert "Not scored (1)" in text
    assert re.search(r"Satisfied|满意率: too few observations", text)
    assert Score.objects.get(run=made, unit=world["O3"]).score is None


def test_who_lies_outside_the_scope_is_counted_and_not_named(person_in, world):
    made = shown()
    text = text_of(client_of(person_in("unit_head", "P1")), f"/rankings/{made.pk}/")
    assert card(made, world["O1"]) in text
    assert card(made, world["O3"]) not in text
    assert "1 more of this group lies outside your scope: counted, not named." in text


def test_narrowed_by_group_branch_and_search(office, world):
    made = shown(text=scheme_text(**RULES, subject={"kind": "outlet", "peer_group": ["tier1"]}))
    whole = text_of(office, f"/rankings/{made.pk}/")
    assert ">P1 (2)<" in whole
    assert ">P2 (1)<" in whole
    second = text_of(office, f"/rankings/{made.pk}/?group=P2")
    assert (card(made, world["O3"]) in second, card(made, world["O1"]) in second) == (True, False)
    found = text_of(office, f"/rankings/{made.pk}/?group=P1&q=O2")
    assert (card(made, world["O2"]) in found, card(made, world["O1"]) in found) == (True, False)
    assert "Nobody to rank here" in text_of(office, f"/rankings/{made.pk}/?group=P1&unit=P2")
    text_of(office, f"/rankings/{made.pk}/?unit=nowhere", 404)


def test_the_workbook_holds_one_sheet_for_each_group_and_only_the_scope(office, person_in, world):
    made = shown(text=scheme_text(**RULES, subject={"kind": "outlet", "peer_group": ["tier1"]}))
    book = openpyxl.load_workbook(io.BytesIO(office.get(f"/rankings/{made.pk}/excel/").content))
    assert sorted(book.sheetnames) == ["P1", "P2"]
    rows = [[c.value for c in row] for row in book["P1"].iter_rows()]
    body = [row for row in rows if row[4] in ("O1", "O2")]
    assert [(row[0], row[4]) for row in body] == [(1, "O1"), (2, "O2")]
    assert body[0][7] == pytest.approx(float(Score.objects.get(run=made, unit=world["O1"]).score))
    own = client_of(person_in("outlet_manager", "O1"))
    mine = openpyxl.load_workbook(io.BytesIO(own.get(f"/rankings/{made.pk}/excel/").content))
    codes = [row[4].value for row in mine.worksheets[0].iter_rows()]
    assert ("O1" in codes, "O2" in codes) == (True, False)


def test_side_by_side_what_differs_most_comes_first(office, world):
    made = shown()
    pair = f"with=unit:{world['O1'].pk}&with=unit:{world['O2'].pk}"
    text = text_of(office, f"/rankings/{made.pk}/compare/?{pair}")
    lines = re.findall(r'<tr><th scope="row">([^<]+)</th>', text)
    assert lines[:2] == ["Score", "Rank"]
    assert set(lines[2:]) == {"满意率", "接待率"}
    apart = [float(x) for x in re.findall(r'<td class="k-num">([\d.]+)</td></tr>', text)]
    assert apart == sorted(apart, reverse=True)


@pytest.mark.parametrize(
    "query", ["", "with=unit:1", "&".join(f"with=unit:{n}" for n in range(6)), "with=unit:0&with=x"]
)
def test_one_or_six_are_not_compared(office, query):
    made = shown()
    answer = office.get(f"/rankings/{made.pk}/compare/?{query}", follow=True)
    assert "Choose two to five subjects to compare." in answer.content.decode()


def test_a_subject_out_of_scope_is_not_compared(person_in, world):
    made = shown()
    pair = f"with=unit:{world['O1'].pk}&with=unit:{world['O2'].pk}"
    answer = client_of(person_in("outlet_manager", "O1")).get(
        f"/rankings/{made.pk}/compare/?{pair}", follow=True
    )
    assert "Choose two to five" in answer.content.decode()


def scores(text):
    return [float(x) for x in re.findall(r'<span class="k-tile-value">([\d.]+)</span>', text)]


def test_sliders_show_another_score_and_store_nothing(office, world):
    made = shown()
    before = Score.objects.get(run=made, unit=world["O1"])
    path = f"{card(made, world['O1'])}what-if/"
    stored, same = scores(text_of(office, path))
    assert stored == same == pytest.approx(float(before.score), abs=0.005)
    text = text_of(
        office,
        f"{path}?components.csat.weight=0&components.answered.weight=40",
        headers={"HX-Target": "outcome"},
    )
    assert "<html" not in text
    assert scores(text) == [stored, 100.0]
    text = text_of(office, f"{path}?components.csat.points.3=90&components.csat.at.2=0.8")
    assert scores(text)[1] != stored
    assert 'value="90"' in text
    before_again = Score.objects.get(run=made, unit=world["O1"])
    assert (before_again.score, bytes(before_again.lines)) == (before.score, bytes(before.lines))
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("components.csat.weight=x", "is not a number"),
        ("components.csat.points.3=10", "points must go one way"),
        ("components.csat.at.1=0.95", "the values must rise"),
        ("components.csat.points.3=101", "outside 0 to 100"),
        ("components.csat.weight=0&components.answered.weight=0", "no component has a weight"),
    ],
)
def test_numbers_that_make_no_scheme_are_refused_in_words(office, world, query, told):
    made = shown()
    assert told in text_of(office, f"{card(made, world['O1'])}what-if/?{query}")


def test_only_who_may_run_is_offered_a_run_of_everybody(office, person_in, world):
    made = shown()
    path = f"{card(made, world['O1'])}what-if/?components.csat.weight=10"
    assert "Make a what-if run of everybody" in text_of(office, path)
    assert "Make a what-if run" not in text_of(client_of(person_in("outlet_manager", "O1")), path)
