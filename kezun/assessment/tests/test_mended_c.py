"""Bugs that were found in use, each as it was seen."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from unittest import mock
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import UnreadablePostError
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import proposing, winning
from kezun.assessment.actions import honours
from kezun.assessment.cli import scheme_group
from kezun.assessment.editing import moved
from kezun.assessment.models import Award, Lead, Listing, Run
from kezun.assessment.rules.form import Transform
from kezun.assessment.rules.reading import read
from kezun.assessment.rules.steps import before
from kezun.assessment.rules.transform import best_value, points
from kezun.assessment.rules.winning import steps
from kezun.assessment.running import run as judge
from kezun.assessment.saying import conditions
from kezun.assessment.scorecards import scorecard
from kezun.assessment.tests import world
from kezun.assessment.tests.showing import RULES, client_of, facts, shown, text_of
from kezun.facts.rules import Period
from kezun.kernel.middleware import Requests
from kezun.kernel.rules import whole_number

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


@pytest.mark.parametrize("key", ["K-2026-17", "{0B5E6E2C-3F0E-4E0F-9B8C-0D5E1F3A2B4C}", "f" * 32])
def test_a_scorecard_shows_events_that_the_ledger_does_not_know(office, key):
    facts()
    world.merit(key, "O1", "2026-03-05", "complaint", "一般")
    made, client = shown(), client_of(office)
    for page in ("", "lines/D1/"):
        assert "2026-03-05" in text_of(client, f"/scorecards/{made.pk}/O1/{page}")
    for page in ("pdf", "excel"):
        assert client.get(f"/scorecards/{made.pk}/O1/{page}/").status_code == 200


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ("2026-01-01..2026-06-30", "2025-07-01..2025-12-31"),
        ("2025-07-01..2025-12-31", "2025-01-01..2025-06-30"),
        ("2026-01-01..2026-01-10", "2025-12-22..2025-12-31"),
        ("2026-Q1", "2025-Q4"),
    ],
)
def test_the_period_before_a_half_year_is_the_other_half(period, told):
    assert before(Period.parse(period)).label == told


def test_two_halves_count_in_a_row(own_home, bank):
    text = world.scheme_text(
        stars=[{"stars": 2, "min": 1, "periods": 2}, {"stars": 1, "min": 1}], period={"cadence": "half"}
    )
    scheme = world.installed(text)
    with world.together():
        for day, good in (("2025-08-04", 170), ("2026-02-03", 195)):
            world.served("O1", day, 200)
            world.rated("O1", day, good, 200 - good)
    halves = ("2025-07-01..2025-12-31", "2026-01-01..2026-06-30")
    first, second = (judge(world.US, scheme, half, kind=Run.Kind.FINAL, opens=True) for half in halves)
    assert [one.stars for one in proposing.starred(second)] == [2]
    card = scorecard(world.US, second, "O1")
    assert card.before == first.scores.get(subject=card.row.subject)
    assert float(card.moved or 0) > 0


@pytest.fixture
def starred(own_home, bank):
    """A run whose rules propose a star for each of three outlets."""
    facts()
    made = shown(text=world.scheme_text(stars=[{"stars": 1, "min": 1}]), kind=Run.Kind.FINAL)
    proposing.propose(made.pk)
    return made


def test_granting_all_stops_where_a_later_run_counts(starred, office):
    shown(text=world.scheme_text(stars=[{"stars": 1, "min": 1}]), kind=Run.Kind.FINAL)
    answer = client_of(office).post("/awards/all/", {"run": starred.pk}, follow=True)
    assert answer.content.decode().count("A later run of 2026-03 counts by now") == 1
    assert not Award.objects.filter(state=Award.State.GRANTED).exists()


def test_the_number_of_a_decision_has_its_length(starred, office):
    award = Award.objects.first()
    with pytest.raises(ValidationError) as refused:
        honours.grant_award(office, award, doc_no="9" * 121)
    assert list(refused.value.message_dict) == ["doc_no"]
    answer = client_of(office).post("/awards/all/", {"run": starred.pk, "doc_no": "9" * 121}, follow=True)
    assert "has 121 characters; 120 are the most" in answer.content.decode()
    assert honours.grant_award(office, award, doc_no=f" {'9' * 120} ").doc_no == "9" * 120


@pytest.mark.parametrize("period", ["0001-01", "9999-12", "0001", "9999", "9999-12-31"])
def test_the_ends_of_time_have_no_funnel(office, period):
    client = client_of(office)
    for page in ("/funnel/", "/funnel/export/"):
        assert client.get(page, {"period": period}).status_code == 404


def test_a_lead_of_a_sign_that_is_no_more_is_not_there(office, bank):
    days = {"from_date": dt.date(2026, 3, 1), "to_date": dt.date(2026, 3, 31)}
    figures = {"k": 9, "n": 10, "expected": 0.1, "p": 0.01, "q": 0.01, "fact": "rating"}
    lead = Lead.objects.create(unit=bank["O1"], signal="retired", **days, **figures)
    client = client_of(office)
    assert client.get("/leads/").status_code == 200
    assert client.get(f"/leads/{lead.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/runs/new/", "scheme"),
        ("/awards/all/", "doc_no"),
        ("/awards/1/refuse/", "reason"),
        ("/bridge/make/", "a\0"),
    ],
)
def test_a_nul_in_a_form_is_refused_in_the_readers_language(starred, office, path, field):
    said = {"en": "A field of the form holds a character that cannot be", "zh-hans": "含有不允许的字符"}
    for language, words in said.items():
        answer = client_of(office, language).post(path, {"run": starred.pk, field: "a\0b"})
        assert (answer.status_code, words in answer.content.decode()) == (400, True)
    plain = client_of(office).post(path, f"{quote(field)}=a%00b", "application/x-www-form-urlencoded")
    assert plain.status_code == 400
    assert not Award.objects.filter(state=Award.State.GRANTED).exists()


def test_a_file_may_hold_a_nul_and_a_broken_connection_is_no_fault(office):
    client = client_of(office)
    held = {"period": "2026-03", "file": SimpleUploadedFile("a.bin", b"a\0b")}
    assert client.post("/bridge/make/", held).status_code == 302
    request = RequestFactory().post("/bridge/make/", {"before": "1"})
    with mock.patch.object(type(request), "_load_post_and_files", side_effect=UnreadablePostError):
        assert Requests(mock.Mock()).process_view(request, None, (), {}) is None


@given(st.one_of(st.text(max_size=30), st.integers(-5, 10**19).map(str)))
def test_a_whole_number_is_plain_digits_that_a_database_takes(text):
    number = whole_number(text)
    if number is None:
        assert not re.fullmatch("[0-9]{1,18}", text)
    else:
        assert 0 <= number < 1 << 63
        assert str(number) == text.lstrip("0") or number == 0


def test_a_button_of_no_row_moves_nothing():
    tree = {"components": [{"id": "a"}, {"id": "b"}]}
    assert [moved(tree, f"drop:components.{n}") for n in ("\u00b2", "9" * 5000, "-1")] == [None] * 3
    assert moved(tree, "up:components.1") == "components.0"
    assert [row["id"] for row in tree["components"]] == ["b", "a"]


def test_a_scheme_that_is_not_utf_8_is_a_mistake_in_use(office, tmp_path):
    path = tmp_path / "scheme.yaml"
    path.write_bytes("标题".encode("gb18030"))
    told = CliRunner().invoke(scheme_group, ["install", str(path)])
    assert (told.exit_code, str(path) in told.output, "utf-8" in told.output) == (2, True, True)


def offered(client, path, key, word):
    return f'action="{path}{key}/{word}/"' in text_of(client, path)


def test_only_who_may_revoke_is_offered_it(starred, bank, person_in, django_assert_max_num_queries):
    for award in Award.objects.all():
        honours.grant_award(world.US, award)
    near, far = (Award.objects.get(unit=bank[code]) for code in ("O1", "O3"))
    Award.objects.filter(pk__in=[near.pk, far.pk]).update(revoke_asked="2026-03: 0 of 1 stars are met.")
    head = client_of(person_in("unit_head", "P1"))
    for word in ("revoke", "keep"):
        assert [offered(head, "/awards/", one.pk, word) for one in (near, far)] == [True, False]
    assert head.post(f"/awards/{far.pk}/revoke/", {"reason": "x"}).status_code == 404
    told = {"kind": "title", "title": "T", "state": "granted", "decided_at": far.decided_at}
    told |= {"from_date": far.from_date, "to_date": far.to_date}
    with CaptureQueriesContext(connection) as few:
        head.get("/awards/")
    for unit in (bank["O1"], bank["O2"], bank["S1"], bank["C1"]):
        Award.objects.create(unit=unit, **told)
    with django_assert_max_num_queries(len(few)):
        head.get("/awards/")


def test_only_who_may_take_an_entry_off_is_offered_it(starred, bank, person_in):
    scores = {score.unit.code: score for score in starred.scores.all()}
    near, far = (
        Listing.objects.create(run=starred, score=scores[code], unit=bank[code], colour="red", why=[])
        for code in ("O1", "O3")
    )
    head = client_of(person_in("unit_head", "P1"))
    assert offered(head, "/lists/", near.pk, "confirm")
    for entry in (near, far):
        honours.confirm_listing(world.US, entry)
        honours.publish_listing(world.US, entry, audience="bank")
    assert [offered(head, "/lists/", one.pk, "drop") for one in (near, far)] == [True, False]
    assert bank["O3"].title in text_of(head, "/lists/")


GRADES = [{"name": "优秀", "name_en": "Excellent"}]


def test_my_scorecards_name_grades_by_their_own_scheme(own_home, bank, person_in):
    facts()
    manager = client_of(person_in("outlet_manager", "O1"))
    for name, english in (("one", "First class"), ("two", "Splendid")):
        grades = [{"name": "优秀", "name_en": english}]
        shown(text=world.scheme_text(id=f"urn:kezun:scheme:{name}", grades=grades))
    page = text_of(manager, "/scorecards/")
    mine = page[page.index('id="mine"') : page.index("</section>", page.index('id="mine"'))]
    assert [mine.count(f'<span class="k-tag">{one}</span>') for one in ("First class", "Splendid")] == [1, 1]


@pytest.fixture
def graded(own_home, bank):
    facts()
    return shown(text=world.scheme_text(**RULES | {"vetoes": None}, grades=GRADES))


def test_english_pages_of_a_score_hold_no_chinese_of_grades_and_levels(graded, office):
    world.merit("K-1", "O1", "2026-03-05", "complaint", "一般")
    world.merit("K-2", "O1", "2026-03-05", "praise", "")
    again, client = shown(text=graded.scheme.text, opens=True), client_of(office)
    for run in (graded, again):
        page = text_of(client, f"/scorecards/{run.pk}/O1/")
        assert ("优秀" in page, "Excellent" in page) == (False, True)
    lines = [text_of(client, f"/scorecards/{again.pk}/O1/lines/{id}/") for id in ("D1", "A1")]
    assert ["<dt>minor</dt>" in lines[0], "<dt>each</dt>" in lines[1]] == [True, True]
    sliders = text_of(client, f"/scorecards/{again.pk}/O1/what-if/")
    labels = [f">{word}<" in sliders for word in ("minor", "each", "一般", "default")]
    assert labels == [True, True, False, False]
    both = {"before": graded.pk, "after": again.pk}
    moved = text_of(client, f"/rounds/{graded.round_id}/moved/", data=both)
    assert ("优秀" in moved, "Excellent" in moved) == (False, True)


@pytest.mark.parametrize(("language", "told"), [("en", "grade Excellent, B"), ("zh-hans", "优秀、B")])
def test_why_an_entry_is_listed_is_told_in_the_pages_language(language, told):
    form = read(world.scheme_text(grades=[GRADES[0] | {"min": 50}, {"name": "B"}]))
    with translation.override(language):
        assert told in conditions([{"met": True, "grades": ["优秀", "B"]}], form)[0]


UP = Transform("bands", op=">", bands=((D("0.98"), D(100)), (D("0.95"), D(60)), (None, D(0))))
DOWN = Transform("bands", op="<", bands=((D(300), D(100)), (D(600), D(60)), (None, D(0))))


@pytest.mark.parametrize(
    ("transform", "estimate", "told"),
    [
        (UP, 0.95, [("0.950000001", 12), ("0.980000001", 20)]),
        (UP, 0.98, [("0.980000001", 8)]),
        (UP, 0.99, []),
        (DOWN, 600.0, [("599.999999999", 12), ("299.999999999", 20)]),
    ],
)
def test_a_band_that_leaves_its_bound_out_is_won_beyond_it(transform, estimate, told):
    found = steps(transform, estimate, D(20))
    assert [(str(one.value), one.gain, one.past) for one in found] == [(*one, True) for one in told]
    best = best_value(transform)
    assert best is not None
    assert points(transform, best) == 100
    assert best_value(Transform("bands", op=">", bands=((None, D(50)),))) is None


@pytest.mark.parametrize(
    ("op", "words"), [(">", "to above 80.0 %"), (">=", "to 80.0 %"), ("<", "to below 50.0 %")]
)
def test_advice_says_on_which_side_of_a_bound_the_points_are(own_home, bank, op, words):
    facts()
    bounds = [[0.5, 100], [None, 0]] if op == "<" else [[0.8, 100], [None, 0]]
    part = {"id": "csat", "title": "C", "weight": 100, "source": {"indicator": "floor.satisfied_rate"}}
    part |= {"transform": {"kind": "bands", "op": op, "bands": bounds}}
    made = shown(text=world.scheme_text(components=[part], grades=None))
    with translation.override("en"):
        (loss,) = winning.won(scorecard(world.US, made, "O2"))
    assert words in loss.ways[0]
