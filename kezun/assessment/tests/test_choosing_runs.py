"""Which run a page opens: that of the scheme and period asked for, else the nearest that there is."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.choosing import Choice, choices, pick
from kezun.assessment.models import Run
from kezun.assessment.tests.showing import client_of, facts, shown, text_of
from kezun.assessment.tests.world import US, scheme_text

URNS, PERIODS = ("a", "b", "c"), ("2026-01", "2026-02", "2026-03")


def choice(urn, period):
    last = dt.date.fromisoformat(f"{period}-28")
    return Choice(urn, urn.upper(), SimpleNamespace(period=period, to_date=last))


found = st.lists(
    st.builds(choice, st.sampled_from(URNS), st.sampled_from(PERIODS)),
    unique_by=lambda c: (c.urn, c.run.period),
    max_size=9,
)


@given(found, st.sampled_from((*URNS, "", "z")), st.sampled_from((*PERIODS, "", "soon")))
def test_the_nearest_to_what_was_asked_for(rows, urn, period):
    chosen = pick(rows, urn, period)
    assert (chosen is None) == (not rows)
    if chosen is None:
        return
    both = [c for c in rows if (c.urn, c.run.period) == (urn, period)]
    same = [c for c in rows if c.urn == urn]
    if both:
        assert [chosen] == both
    elif same:
        assert chosen.urn == urn
        assert chosen.run.to_date == max(c.run.to_date for c in same)
    elif any(c.run.period == period for c in rows):
        assert chosen.run.period == period
    else:
        assert chosen.run.to_date == max(c.run.to_date for c in rows)


@given(found, st.randoms())
def test_the_order_in_which_runs_were_found_is_nothing_to_the_scheme_asked_for(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    for urn in URNS:
        assert (pick(rows, urn, "") in mixed) == bool(rows)
        if any(c.urn == urn for c in rows):
            assert pick(rows, urn, "") == pick(mixed, urn, "")


@pytest.fixture
def two(own_home, bank):
    for month in ("2026-02", "2026-03"):
        facts(month)
    return bank


@pytest.mark.django_db
def test_of_each_scheme_and_period_the_last_run_done(two):
    shown("2026-02")
    first, last = shown(), shown()
    Run.objects.create(  # begun later, and not done: it takes the place of nothing
        **{"scheme": last.scheme, "period": "2026-03", "kind": "provisional", "known_at": last.known_at},
        **{"from_date": last.from_date, "to_date": last.to_date, "round": last.round},
    )
    assert [(c.run.period, c.run.pk) for c in choices(US)] == [
        ("2026-03", last.pk),
        ("2026-02", Run.objects.get(period="2026-02").pk),
    ]
    assert first.pk not in {c.run.pk for c in choices(US)}


@pytest.mark.django_db
def test_who_is_judged_by_nothing_finds_nothing_to_choose(two, person_in):
    shown()
    outside = person_in("supervisor", "CC")
    assert choices(outside) == []
    assert "No results to show yet" in text_of(client_of(outside), "/scorecards/")


@pytest.mark.django_db
def test_the_page_keeps_the_scheme_where_the_period_is_not_there(two, person_in):
    shown("2026-02")
    other = shown(text=scheme_text(id="urn:kezun:scheme:other", title_en="Other scheme"))
    client = client_of(person_in("service_office", "HO"))
    for query, run in (
        ("scheme=urn:kezun:scheme:other&period=2026-02", other.pk),
        ("scheme=urn:kezun:scheme:gone&period=2026-03", other.pk),
        ("period=2026-02", Run.objects.get(period="2026-02").pk),
        ("period=1999-01", other.pk),
    ):
        assert client.get(f"/rankings/?{query}").headers["Location"] == f"/rankings/{run}/"


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["一", "鿃"])
def test_outlets_come_first_whatever_the_others_are_called(two, person_in, title):
    units = {"subject": {"kind": "unit", "units": ["sub_branch"]}, "title": title, "title_en": "Aa units"}
    other = shown(text=scheme_text(id="urn:kezun:scheme:units", **units))
    outlets = shown()
    assert [c.run.pk for c in choices(US)] == [outlets.pk, other.pk]
    client = client_of(person_in("service_office", "HO"))
    assert client.get("/rankings/").headers["Location"] == f"/rankings/{outlets.pk}/"


@pytest.mark.django_db
def test_where_nothing_was_scored_no_card_says_that_nothing_was_lost(own_home, bank, person_in):
    client = client_of(person_in("service_office", "HO"))
    facts()
    made = shown()
    said = text_of(client, f"/scorecards/{made.pk}/unit:{bank['O1'].pk}/")
    assert "Nothing was scored here" not in said
    empty = shown(text=scheme_text(id="urn:kezun:scheme:none", subject={"kind": "outlet"}), period="2026-01")
    said = text_of(client, f"/scorecards/{empty.pk}/unit:{bank['O1'].pk}/")
    assert "Nothing was scored here" in said
    assert "No points were lost" not in said
    assert "No score in these periods" in said
