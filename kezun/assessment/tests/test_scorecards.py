"""Pages of scorecards: the list, one in full, one line of it, as PDF and as a workbook; within scope only."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kezun.assessment.actions.ledger import attribute_merit
from kezun.assessment.actions.runs import show_run
from kezun.assessment.models import Round, Run
from kezun.assessment.running import run
from kezun.assessment.tests.showing import RULES, client_of, entered, facts, shown, text_of
from kezun.assessment.tests.world import US, installed, rated, scheme_text
from kezun.kernel.task import run_due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(own_home, bank):
    facts("2026-02")
    facts()
    return bank


@pytest.fixture
def manager(world, person_in):
    return person_in("outlet_manager", "O1")


def path(run, unit, more=""):
    return f"/scorecards/{run.pk}/unit:{unit.pk}/{more}"


def test_before_anything_is_shown_the_page_says_what_comes_first(manager, person_in):
    assert "Once the service office shows" in text_of(client_of(manager), "/scorecards/")
    office = text_of(client_of(person_in("service_office", "HO")), "/scorecards/")
    assert "First make a run of a published scheme" in office


def test_a_run_that_is_not_shown_is_no_scorecard_yet(manager, world):
    made = run(US, installed(scheme_text(**RULES)), "2026-03")
    client = client_of(manager)
    assert "No results to show yet" in text_of(client, "/scorecards/")
    text_of(client, path(made, world["O1"]), 404)
    show_run(US, made)
    assert "No results to show yet" not in text_of(client, "/scorecards/")
    assert "Grade" in text_of(client, path(made, world["O1"]))


def test_everybody_finds_what_lies_in_scope(manager, person_in, world):
    made = shown()
    names = {code: path(made, world[code]) for code in ("O1", "O2", "O3")}
    mine = text_of(client_of(manager), "/scorecards/")
    assert (names["O1"] in mine, names["O2"] in mine) == (True, False)
    branch = text_of(client_of(person_in("unit_head", "P1")), "/scorecards/")
    assert (names["O1"] in branch, names["O2"] in branch, names["O3"] in branch) == (True, True, False)
    office = text_of(client_of(person_in("service_office", "HO")), "/scorecards/")
    assert all(name in office for name in names.values())
    text_of(client_of(manager), path(made, world["O2"]), 404)
    text_of(client_of(person_in("system_admin", "HO")), "/scorecards/", 403)


def test_the_list_is_searched_and_chosen_by_scheme_and_period(world, person_in):
    shown("2026-02")
    second = shown(text=scheme_text(**RULES, id="urn:kezun:scheme:other", title_en="Other scheme"))
    client = client_of(person_in("service_office", "HO"))
    found = text_of(client, "/scorecards/?scheme=urn:kezun:scheme:other&q=O2")
    assert path(second, world["O2"]) in found
    assert path(second, world["O1"]) not in found
    assert "2026-02" in text_of(client, "/scorecards/?scheme=urn:kezun:scheme:test")
    assert "Nobody found" in text_of(client, "/scorecards/?q=zzz")


def test_a_scorecard_says_score_grade_rank_losses_and_peers(manager, world):
    before, made = shown("2026-02"), shown_again("2026-03")
    text = text_of(client_of(manager), path(made, world["O1"]))
    for told in (
        "Excellent" if "Excellent" in text else "优秀",
        "1 of 2",
        "95 % interval",
        "Median of peers",
    ):
        assert told in text
    assert re.search(r"Raise it from 9\d\.\d+ % to 100 %: \+\d", text)
    assert re.search(r"\d+ more of 100\)|out of reach with 100", text)
    assert f"/scorecards/{before.pk}/unit:" in text
    assert "of this is own data, the rest what peers are like" in text
    assert made.inputs_hash[:12] in text
    assert "Sum of all lines" in text


def shown_again(period):
    """A run by the scheme that is installed already."""
    from kezun.assessment.models import Scheme

    made = run(US, Scheme.objects.get(), period)
    show_run(US, made)
    made.refresh_from_db()
    return made


def test_an_outlet_with_little_behind_it_is_told_why_it_has_no_rank(person_in, world):
    made = shown()
    text = text_of(client_of(person_in("outlet_manager", "O3")), path(made, world["O3"]))
    assert "not ranked: n = 0, from 10 on" in text
    assert "too few observations" in text


def test_events_are_listed_with_what_is_pending_and_open_the_ledger(manager, person_in, world):
    head = person_in("unit_head", "P1")
    counted = entered(world["O1"], manager, head)
    entered(world["O1"], manager, head, level="一般", title="态度")
    attribute_merit(head, counted, responsibility="responsible", reason="属实")
    run_due("test")
    made = shown()
    text = text_of(client_of(manager), path(made, world["O1"]))
    assert f'href="/ledger/{counted.pk}/"' in text
    assert "responsibility not yet decided" in text
    assert "1 waits for a decision" in text
    assert "held at this grade by: Grave complaint" in text
    assert "1 event took these points" in text


def test_a_line_says_its_rule_in_words_and_where_its_facts_are(manager, world):
    made = shown()
    client = client_of(manager)
    text = text_of(client, path(made, world["O1"], "lines/csat/"))
    assert "<html" in text
    assert "weigh as much as" in text
    assert "95 of 100" in text
    assert re.search(
        r'href="/explain/\?indicator=floor.satisfied_rate&amp;unit=O1&amp;period=2026-03&amp;known_at=', text
    )
    assert text.count('<svg class="k-curve"') == 1
    drawer = text_of(
        client,
        path(made, world["O1"], "lines/D1/"),
        headers={"HX-Request": "true", "HX-Target": "drawer-body"},
    )
    assert "<html" not in drawer
    assert "at most in all" in drawer
    text_of(client, path(made, world["O1"], "lines/nothing/"), 404)
    text_of(client, path(made, world["O1"], "lines/rounding/"), 404)


def test_an_appeal_is_offered_only_while_the_round_takes_them(manager, world):
    made = shown()
    client = client_of(manager)
    assert "/appeals/new/" not in text_of(client, path(made, world["O1"]))
    Round.objects.update(state=Round.State.APPEAL)
    text = text_of(client, path(made, world["O1"]))
    assert re.search(r"/appeals/new/\?score=\d+&amp;rule=csat", text)


def test_as_a_pdf_and_as_a_workbook(manager, world, person_in):
    head = person_in("unit_head", "P1")
    entered(world["O1"], manager, head)
    made = shown()
    client = client_of(manager)
    pdf = client.get(path(made, world["O1"], "pdf/"))
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.content == client.get(path(made, world["O1"], "pdf/")).content
    assert 'filename="test-2026-03-O1.pdf"' in pdf["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(client.get(path(made, world["O1"], "excel/")).content))
    lines, events = book.worksheets
    cells = [[c.value for c in row] for row in lines.iter_rows()]
    heads = next(row for row in cells if row[0] == "Item judged")
    body = cells[cells.index(heads) + 1 :]
    at = heads.index("Points")
    assert sum(row[at] for row in body) == pytest.approx(float(score_of(made, "O1")), abs=1e-4)
    assert [row[3].value for row in events.iter_rows()][-1] == "等候过久"


def score_of(made: Run, code: str):
    return made.scores.get(unit__code=code, person=None).score


def test_in_chinese_the_page_is_chinese(manager, world):
    made = shown()
    text = text_of(client_of(manager, "zh-hans"), path(made, world["O1"]))
    assert "满意率" in text
    assert "Line by line" not in text


def test_a_scorecard_costs_few_statements(manager, world):
    shown("2026-02")
    made = shown_again("2026-03")
    client = client_of(manager)
    client.get(path(made, world["O1"]))
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path(made, world["O1"])).status_code == 200
    assert len(seen) <= 8, "\n".join(q["sql"][:200] for q in seen)


def test_so_does_that_of_a_person_among_those_of_one_post_with_events(world, person_in):
    """The dearest card: the name of a peer group to look up, entries of the ledger, a period before."""
    teller, head = person_in("teller", "O1"), person_in("unit_head", "P1")
    for month in ("2026-02", "2026-03"):
        rated("O1", f"{month}-20", good=9, bad=1, person=teller.code)
    counted = entered(world["O1"], person_in("outlet_manager", "O1"), head, person=teller)
    attribute_merit(head, counted, responsibility="responsible", reason="属实")
    run_due("test")
    posts = {"kind": "person", "posts": [teller.assignments.get().post.code], "peer_group": ["post"]}
    shown("2026-02", text=scheme_text(**RULES | {"subject": posts}))
    made = shown_again("2026-03")
    client = client_of(person_in("service_office", "HO"))
    address = f"/scorecards/{made.pk}/person:{teller.pk}/"
    assert f'href="/ledger/{counted.pk}/"' in text_of(client, address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    assert len(seen) <= 8, "\n".join(q["sql"][:200] for q in seen)
