"""The funnel: limits and over-dispersion as published, the table, case mix, files, and whose scope it is."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import openpyxl
import pytest
from django.utils import translation

from kezun.assessment import funnels
from kezun.assessment.pages.funnel import verdict
from kezun.assessment.tests.showing import client_of, text_of
from kezun.assessment.tests.world import rated, together
from kezun.facts.indicators import catalogue
from kezun.facts.rules import Period
from kezun.statistics import funnel

pytestmark = pytest.mark.django_db
MARCH = Period.parse("2026-03")


@pytest.fixture(autouse=True)
def world(own_home, bank):
    with together():
        for code, good, bad in (("O1", 95, 5), ("O2", 140, 60), ("O3", 48, 2)):
            rated(code, "2026-03-02", good=good, bad=bad, business="现金业务")
        rated("O1", "2026-03-03", good=60, bad=40, business="对公业务")
        rated("O3", "2026-03-03", good=30, bad=20, business="对公业务")
    return bank


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


def satisfied():
    return catalogue()["floor.satisfied_rate"]


def test_the_plot_is_that_of_the_statistics(office, world):
    made = funnels.plot(office, satisfied(), world["HO"], "outlet", MARCH)
    spots = {s.code: s for s in made.spots}
    assert {code: (s.k, s.n) for code, s in spots.items()} == {
        "O1": (155, 200),
        "O2": (140, 200),
        "O3": (78, 100),
    }
    told = funnel.of_shares(np.array([155, 140, 78]), np.array([200, 200, 100]))
    assert made.centre == pytest.approx(373 / 500) == pytest.approx(told.centre)
    assert [spots[c].z for c in ("O1", "O2", "O3")] == pytest.approx(told.z.tolist())
    assert made.spread == told.spread
    assert [one.level for one in made.limits] == [0.95, 0.998]
    for n, low, high in made.plain[0].rows[::9]:
        assert (low, high) == pytest.approx(tuple(funnel.share_limits(n, made.centre, 0.95)))
        assert low < made.centre < high


def test_those_furthest_out_come_first_and_the_poor_are_counted_per_ten_thousand(office, world):
    made = funnels.plot(office, satisfied(), world["HO"], "outlet", MARCH)
    assert [abs(s.adjusted) for s in made.spots] == sorted(
        (abs(s.adjusted) for s in made.spots), reverse=True
    )
    assert {s.code: s.per_10k for s in made.spots}["O2"] == pytest.approx(3000)


def test_a_unit_far_outside_is_named(office, world):
    with together():
        for n in range(20):
            rated("O3", f"2026-03-{n + 4:02d}", good=50, bad=0)
            rated("O2", f"2026-03-{n + 4:02d}", good=10, bad=40)
    made = funnels.plot(office, satisfied(), world["HO"], "outlet", MARCH)
    worst = next(s for s in made.spots if s.code == "O2")
    assert worst.z < -10
    assert made.beyond_plain >= 2
    assert made.spread.tau2 > 0
    assert abs(worst.adjusted) < abs(worst.z)


def test_with_fewer_than_two_units_there_is_no_funnel(office, world):
    assert funnels.plot(office, satisfied(), world["P2"], "outlet", MARCH) is None
    assert funnels.plot(office, satisfied(), world["HO"], "outlet", Period.parse("2026-01")) is None
    assert funnels.mix(office, satisfied(), world["P2"], "outlet", MARCH) is None


def test_case_mix_takes_the_published_coefficients(office, world):
    made = funnels.mix(office, satisfied(), world["HO"], "outlet", MARCH)
    shares = {name: (share, n) for name, share, n in made.coefficients}
    assert shares == {"现金业务": (pytest.approx(283 / 350), 350), "对公业务": (pytest.approx(0.6), 150)}
    row = next(r for r in made.rows if r.code == "O1")
    assert row.expected == pytest.approx(100 * 283 / 350 + 100 * 0.6)
    assert row.ratio == pytest.approx(155 / row.expected)
    assert row.low < row.ratio < row.high
    assert sum(r.expected for r in made.rows) == pytest.approx(sum(r.observed for r in made.rows))


@pytest.mark.parametrize(
    ("outside", "told"),
    [(0, ""), (1, "above the 95 % limit"), (2, "above the 99.8 % limit"), (-2, "below the 99.8 % limit")],
)
def test_verdicts_in_words(outside, told):
    spot = funnels.Spot("O1", "O", *(1, 2, 0.5, 0, 1, -4, -4), outside, *(True, 1, False))
    with translation.override("en"):
        assert verdict(satisfied(), spot) == told


def test_the_page_shows_the_same_numbers_as_chart_and_table(office):
    text = text_of(client_of(office), "/funnel/?period=2026-03")
    assert 'data-chart="chart-funnel"' in text
    assert len(re.findall(r'href="/indicators/floor.satisfied_rate/\?unit=O\d', text)) == 3
    for told in ("Published coefficients", "Dissatisfied per 10,000", "All together: 74.6 %", "77.5 %"):
        assert told in text
    assert "Too few units" in text_of(client_of(office), "/funnel/?period=2026-01")
    text_of(client_of(office), "/funnel/?period=soon", 404)
    text_of(client_of(office), "/funnel/?unit=nowhere", 404)


def test_a_range_of_days_and_another_level(office):
    text = text_of(client_of(office), "/funnel/?from=2026-03-01&to=2026-03-02&level=tier1")
    assert "P1" in text
    assert "2026-03-01..2026-03-02" in text


def test_who_sees_no_units_below_is_sent_to_the_scorecard(person_in):
    text = text_of(client_of(person_in("teller", "O1")), "/funnel/")
    assert 'href="/scorecards/"' in text
    assert "chart-funnel" not in text
    branch = text_of(client_of(person_in("unit_head", "P1")), "/funnel/?period=2026-03")
    assert ("unit=O1" in branch, "unit=O3" in branch) == (True, False)
    text_of(client_of(person_in("unit_head", "P1")), "/funnel/?unit=P2", 404)


def test_as_csv_and_as_a_workbook(office):
    client = client_of(office)
    told = client.get("/funnel/export/?period=2026-03&format=csv")
    rows = list(csv.reader(io.StringIO(told.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["Code", "Unit", "Numerator", "n"]
    assert sorted(row[0] for row in rows[1:]) == ["O1", "O2", "O3"]
    book = openpyxl.load_workbook(io.BytesIO(client.get("/funnel/export/?period=2026-03").content))
    assert book.sheetnames == ["Funnel", "Case mix", "Coefficients"]
    assert {row[0].value for row in book["Coefficients"].iter_rows(min_row=5)} >= {"现金业务", "对公业务"}
