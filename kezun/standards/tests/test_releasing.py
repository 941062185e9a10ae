"""Covert visits: what they found becomes facts on the day of release, by the standard or by decision."""

from __future__ import annotations

import datetime as dt
import html

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts import queries as facts
from kezun.facts.questions import Question, period_named
from kezun.kernel.actor import Denied
from kezun.standards import actions, publishing, queries, upkeep
from kezun.standards.models import Sheet
from kezun.standards.rules.releasing import release_day
from kezun.standards.tests.world import SYSTEM, begun, published, submitted, text

SMILE = {"B1.3": {"value": "是"}}
Day = dt.date


@pytest.mark.parametrize(
    ("visited", "days", "expected"),
    [
        (Day(2026, 1, 1), 0, Day(2026, 4, 1)),
        (Day(2026, 3, 31), 0, Day(2026, 4, 1)),
        (Day(2026, 4, 1), 0, Day(2026, 7, 1)),
        (Day(2026, 11, 22), 0, Day(2027, 1, 1)),
        (Day(2026, 12, 31), 0, Day(2027, 1, 1)),
        (Day(2026, 2, 27), 30, Day(2026, 3, 29)),
        (Day(2026, 2, 27), 1, Day(2026, 2, 28)),
    ],
)
def test_the_day_of_release(visited, days, expected):
    assert release_day(visited, days) == expected


@given(st.dates(Day(2000, 1, 1), Day(2100, 1, 1)), st.integers(0, 366))
def test_it_is_after_the_visit_and_within_a_year(visited, days):
    found = release_day(visited, days)
    assert visited < found <= visited + dt.timedelta(days=max(days, 92))
    if not days:
        assert (found.day, found.month % 3) == (1, 1)


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def covert(db, bank, supervisor):
    """A covert visit of today, submitted."""
    published()
    sheet = begun(supervisor, bank["O1"], method="暗访", started_at=timezone.now() - dt.timedelta(minutes=20))
    actions.save_sheet(supervisor, sheet, entries=SMILE)
    return actions.submit_sheet(supervisor, sheet)


def inspections() -> float | None:
    """How many inspections the facts of O1 hold."""
    day = timezone.localdate()
    period = period_named(f"{day - dt.timedelta(days=9)}..{day}")
    [answer] = facts.measure(SYSTEM, Question(("standards.inspections",), "O1", period))
    return answer.value


def test_nothing_of_it_is_a_fact_before(covert, bank, supervisor):
    assert covert.release_date == release_day(timezone.localdate())
    assert not covert.released
    assert upkeep.publish_due() == 0
    assert not inspections()
    submitted(supervisor, bank["O1"])
    assert upkeep.publish_due() == 1
    assert inspections() == 1


def test_it_is_a_fact_as_soon_as_its_day_has_come(covert, monkeypatch):
    Sheet.objects.filter(pk=covert.pk).update(release_date=timezone.localdate() + dt.timedelta(days=1))
    assert upkeep.publish_due() == 0
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    monkeypatch.setattr(publishing.timezone, "localdate", lambda: tomorrow)
    upkeep.catch_up()
    assert inspections() == 1
    covert.refresh_from_db()
    assert covert.facts_at is not None


def test_the_standard_says_after_how_many_days(bank, supervisor):
    actions.install(SYSTEM, text=text().replace("own:", "release_days: 14\nown:"), origin="catalog")
    visited = timezone.localdate() - dt.timedelta(days=20)
    late, today = (
        begun(supervisor, bank["O1"], method="暗访", visited=day) for day in (visited, timezone.localdate())
    )
    assert late.release_date == visited + dt.timedelta(days=14)
    assert late.released
    assert not today.released
    assert begun(supervisor, bank["O1"]).release_date is None


def test_whoever_ordered_it_releases_it_today(covert, office, english):
    done = actions.release_sheet(office, covert, reason="通报需要")
    assert (done.released, done.released_by, done.release_reason) == (True, office, "通报需要")
    upkeep.publish_due()
    assert inspections() == 1
    with pytest.raises(ValidationError, match="released on"):
        actions.release_sheet(
            office, covert, reason="再推迟", day=timezone.localdate() + dt.timedelta(days=9)
        )


def test_or_on_another_day(covert, office, english):
    later = timezone.localdate() + dt.timedelta(days=200)
    assert actions.release_sheet(office, covert, reason="专项未结束", day=later).release_date == later
    assert upkeep.publish_due() == 0
    for day in (timezone.localdate() - dt.timedelta(days=1), timezone.localdate() + dt.timedelta(days=367)):
        with pytest.raises(ValidationError, match="at most 366 days"):
            actions.release_sheet(office, covert, reason="x", day=day)
    with pytest.raises(ValidationError, match="Say why"):
        actions.release_sheet(office, covert, reason=" ")


def test_others_do_not_release_it(covert, supervisor, office, bank, english):
    with pytest.raises(Denied):
        actions.release_sheet(supervisor, covert, reason="x")
    own = begun(office, bank["O2"], method="暗访")
    with pytest.raises(ValidationError, match="You made this visit"):
        actions.release_sheet(office, own, reason="x")
    with pytest.raises(ValidationError, match="was announced"):
        actions.release_sheet(office, begun(supervisor, bank["O1"]), reason="x")
    assert actions.release_sheet(SYSTEM, covert, reason="到期").released_by is None


def test_void_before_release_it_never_shows(covert, office, english):
    actions.void_sheet(office, covert, reason="误访")
    assert upkeep.publish_due() == 0
    with pytest.raises(ValidationError, match="not possible any more"):
        actions.release_sheet(office, covert, reason="x")


def test_a_correction_is_released_with_what_it_corrects(covert, office):
    actions.release_sheet(office, covert, reason="x", day=timezone.localdate() + dt.timedelta(days=5))
    again = actions.correct_sheet(office, covert, entries={"B1.3": {"value": "否"}}, reason="9号")
    covert.refresh_from_db()
    assert (again.release_date, again.release_reason) == (covert.release_date, "x")
    assert upkeep.publish_due() == 0


def test_the_table_holds_a_day_for_every_covert_visit(covert):
    with pytest.raises(DatabaseError), transaction.atomic():
        Sheet.objects.filter(pk=covert.pk).update(release_date=None)


def test_after_release_the_sheet_itself_stays_with_those_who_read_covert_visits(covert, office, person_in):
    actions.release_sheet(office, covert, reason="通报需要")
    assert covert not in queries.sheets_for(person_in("outlet_manager", "O1"))
    assert covert in queries.sheets_for(person_in("supervisor", "C1"))


@pytest.fixture
def page(settings, covert):
    settings.AXES_ENABLED = False

    def read(person, **said) -> str:
        client = Client()
        client.force_login(person)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        if said:
            client.post(reverse("standards.decide_sheet", args=[covert.pk, "release"]), said)
        return html.unescape(client.get(reverse("standards.sheet", args=[covert.pk])).content.decode())

    return read


def test_the_page_says_when_and_lets_it_be_decided(page, covert, supervisor, office):
    shown = page(supervisor)
    assert f"On {covert.release_date} its results become facts" in shown
    assert "As soon as the quarter of the visit is over." in shown
    assert 'id="release"' not in shown
    assert 'id="release"' in page(office)
    assert "Write the day as 2026-12-31." in page(office, reason="x", day="tomorrow")
    later = timezone.localdate() + dt.timedelta(days=3)
    shown = page(office, reason="专项未结束", day=str(later))
    assert f"It will be released on {later}" in shown
    assert f"{office}: 专项未结束" in shown
    shown = page(office, reason="专项结束")
    assert "Released: its results can now be read as facts." in shown
    assert f"Released since {timezone.localdate()}" in shown
