"""The funnel and the leads at their edges: nobody and everybody dissatisfied, files, levels, odd choices."""

from __future__ import annotations

import csv
import datetime as dt
import io

import openpyxl
import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import funnels
from kezun.assessment.models import Lead
from kezun.assessment.pages.funnel import _safe, verdict
from kezun.assessment.tests.desk import body
from kezun.assessment.tests.world import rated, served, together
from kezun.facts.indicators import catalogue
from kezun.facts.rules import Period
from kezun.kernel.models import Task

MARCH = Period.parse("2026-03")


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


def three(*good):
    """So many content customers of 100 in each of the three outlets."""
    with together():
        for outlet, n in zip(("O1", "O2", "O3"), good, strict=True):
            rated(outlet, "2026-03-02", n, 100 - n)


@pytest.mark.django_db
@pytest.mark.parametrize("good", [(100, 100, 100), (0, 0, 0), (100, 0, 50), (70, 70, 70)])
def test_no_share_breaks_the_funnel(office, visit, good):
    three(*good)
    made = funnels.plot(office, catalogue()["floor.satisfied_rate"], office.home_unit, "outlet", MARCH)
    assert made.centre == pytest.approx(sum(good) / 300)
    assert sum(s.k for s in made.spots) == sum(good)
    for limits in (*made.plain, *made.limits):
        assert all(0 <= low <= made.centre <= high <= 1 for _n, low, high in limits.rows)
    if len(set(good)) == 1:
        assert {s.outside for s in made.spots} == {0}
        assert [s.code for s in made.spots] == ["O1", "O2", "O3"]
    assert visit(office).get("/funnel/?period=2026-03").status_code == 200


@pytest.mark.django_db
def test_another_indicator_counts_its_own_misses(office, visit):
    with together():
        for outlet, left in (("O1", 5), ("O2", 40), ("O3", 10)):
            served(outlet, "2026-03-02", 100 - left, left)
    rows = exported(visit(office), "indicator=floor.answer_rate&period=2026-03")
    assert {row["Code"]: float(row["Misses per 10,000"]) for row in rows} == {
        "O1": 500,
        "O2": 4000,
        "O3": 1000,
    }


def exported(client, query):
    content = client.get(f"/funnel/export/?{query}&format=csv").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("level=outlet", {"O1", "O2", "O3"}),
        ("level=outlet&unit=P1", {"O1", "O2"}),
        ("level=tier1", {"P1", "P2"}),
        ("level=nothing&unit=HO", {"O1", "O2", "O3"}),
        ("level=outlet&unit=P2", set()),
    ],
)
def test_each_level_and_branch_has_its_units_in_page_and_files(office, visit, query, codes):
    three(90, 80, 70)
    client = visit(office)
    assert {row["Code"] for row in exported(client, f"{query}&period=2026-03")} == codes
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/funnel/export/?{query}&period=2026-03").content))
    cells = {cell.value for row in book["Funnel"].iter_rows() for cell in row[:1]}
    assert codes <= cells
    assert cells & {"O1", "O2", "O3", "P1", "P2"} == codes
    page = body(client.get(f"/funnel/?{query}&period=2026-03"))
    assert ("chart-funnel" in page) is bool(codes)


@pytest.mark.django_db
def test_the_file_holds_the_shares_exactly_and_names_the_period(office, visit):
    three(90, 80, 70)
    answer = visit(office).get("/funnel/export/?period=2026-03&format=csv")
    assert 'filename="funnel-floor.satisfied_rate-2026-03.csv"' in answer["Content-Disposition"]
    for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))):
        assert float(row["Share"]) == pytest.approx(int(row["Numerator"]) / int(row["n"]))
        assert float(row["Low"]) < float(row["Share"]) < float(row["High"])


@pytest.mark.django_db
def test_without_a_period_it_is_the_month_of_the_latest_facts(office, visit):
    three(90, 80, 70)
    rated("O1", "2026-05-31", 10)
    page = body(visit(office).get("/funnel/"))
    assert "2026-05" in page
    for way, label in (("previous", "2026-04"), ("quarter", "2026-Q2"), ("year", "2026")):
        assert f"period={label}" in page, way


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["from=2026-03-31&to=2026-03-01", "period=2026-13", "from=x&to=y"])
def test_days_that_make_no_period_are_not_found(office, visit, query):
    assert visit(office).get(f"/funnel/?{query}").status_code == 404


@given(st.text())
def test_no_cell_of_the_file_begins_like_a_formula(text):
    made = _safe(text)
    assert made[:1] not in ("=", "+", "-", "@", "\t") or made == ""
    assert made in (text, f"'{text}")
    assert _safe(7) == 7


@pytest.mark.parametrize(
    ("direction", "outside", "good"), [("up", 1, True), ("down", 1, False), ("down", -1, True)]
)
def test_above_is_good_only_where_more_is_better(direction, outside, good):
    from dataclasses import replace

    from kezun.assessment.pages.funnel import _good

    spot = funnels.Spot("O1", "O", *(1, 2, 0.5, 0, 1, -4, -4), outside, *(True, 1, False))
    definition = replace(catalogue()["floor.satisfied_rate"], direction=direction)
    assert _good(definition, spot) is good
    with translation.override("en"):
        assert verdict(definition, spot) == f"{'above' if outside > 0 else 'below'} the 95 % limit"


def lead(unit, **more):
    told = {"signal": "rating.orphan", "from_date": dt.date(2026, 3, 1), "to_date": dt.date(2026, 3, 31)}
    figures = {"k": 9, "n": 30, "expected": 0.01, "p": 1e-9, "q": 1e-8, "fact": "rating"}
    return Lead.objects.create(unit=unit, **(told | figures | more))


@pytest.mark.django_db
def test_without_leads_the_page_says_so_and_offers_the_search_to_the_office_alone(office, visit, person_in):
    text = body(visit(office).get("/leads/"))
    assert f'value="{timezone.localdate():%Y-%m-%d}"' in text
    assert 'action="/leads/search/"' in text
    assert 'action="/leads/search/"' not in body(visit(person_in("supervisor", "P1")).get("/leads/"))


@pytest.mark.django_db
def test_leads_are_narrowed_by_state_and_sign_the_surest_first(office, visit, bank):
    weak, sure = lead(bank["O1"], q=0.04), lead(bank["O2"], q=1e-9)
    other = lead(
        bank["O3"], signal="rating.burst", state="explained", note="tested", decided_at=timezone.now()
    )
    client = visit(office)

    def at(query):
        text = body(client.get(f"/leads/?{query}"))
        found = [one.pk for one in (weak, sure, other) if f'href="/leads/{one.pk}/"' in text]
        return sorted(found, key=lambda pk: text.index(f'href="/leads/{pk}/"'))

    assert at("") == [sure.pk, weak.pk]
    assert at("state=explained") == [other.pk]
    assert at("state=all") == [sure.pk, other.pk, weak.pk]
    assert at("state=all&signal=rating.burst") == [other.pk]
    assert at("state=all&signal=unheard.of") == [sure.pk, other.pk, weak.pk]
    assert at("state=confirmed") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-01-01", "2026-01-01", 1),
        ("2026-01-01", "2026-04-11", 1),
        ("2026-01-01", "2026-04-12", 0),
        ("2026-01-02", "2026-01-01", 0),
        ("2026-02-30", "2026-03-01", 0),
        ("", "2026-03-01", 0),
    ],
)
def test_as_many_days_as_one_search_may_take(office, visit, since, until, found):
    text = body(visit(office).post("/leads/search/", {"since": since, "until": until}, follow=True))
    assert Task.objects.filter(name="assessment.search_leads").count() == found
    assert ("The search runs in the background" in text) is bool(found)
    assert (" disabled" in text[text.index('action="/leads/search/"') :][:1500]) is bool(found)


@pytest.mark.django_db
def test_a_decided_lead_offers_no_decision_and_keeps_the_name(office, visit, bank, person_in):
    found = lead(bank["O1"])
    client = visit(person_in("supervisor", "P1"))
    path = f"/leads/{found.pk}/"
    assert f'action="{path}decide/"' in body(client.get(path))
    for form, told in (
        ({"outcome": "open", "note": "looked at it"}, "Choose «explained» or «confirmed»."),
        ({"outcome": "explained", "note": "ok"}, "in at least 4 characters"),
    ):
        assert told in body(client.post(f"{path}decide/", form, follow=True))
    done = body(client.post(f"{path}decide/", {"outcome": "confirmed", "note": "one device"}, follow=True))
    assert "Decided, and kept with your name." in done
    assert "one device" in done
    assert f'action="{path}decide/"' not in done
    again = client.post(f"{path}decide/", {"outcome": "explained", "note": "other"}, follow=True)
    assert "has been decided already" in body(again)
    assert visit(person_in("supervisor", "P2")).get(path).status_code == 404
