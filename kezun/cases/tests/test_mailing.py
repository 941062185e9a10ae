"""Mails about cases: quiet hours, the mail of the day, failures, workers that die."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import mailing, upkeep
from kezun.cases.actions.notices import prefer
from kezun.cases.models import Notice
from kezun.cases.rules import quiet
from kezun.cases.tests.timing import at, now_is
from kezun.kernel import health
from kezun.kernel.task import SCHEDULES
from kezun.org.models import Person

SHANGHAI = ZoneInfo("Asia/Shanghai")


pytestmark = pytest.mark.usefixtures("mails")


# --- when a mail goes ---


@pytest.mark.parametrize(
    ("now", "wish", "goes"),
    [
        ("2026-09-22T10:00", "at_once", "2026-09-22T10:00"),
        ("2026-09-22T20:00", "at_once", "2026-09-23T07:30"),
        ("2026-09-22T23:59", "at_once", "2026-09-23T07:30"),
        ("2026-09-23T07:29", "at_once", "2026-09-23T07:30"),
        ("2026-09-23T07:30", "at_once", "2026-09-23T07:30"),
        ("2026-09-22T10:00", "digest", "2026-09-23T08:00"),
        ("2026-09-22T07:00", "digest", "2026-09-22T08:00"),
        ("2026-09-22T10:00", "never", None),
    ],
)
def test_quiet_hours_and_the_mail_of_the_day(now, wish, goes):
    found = quiet.send_at(at(now), wish, dt.time(20), dt.time(7, 30), dt.time(8))
    assert found == (at(goes) if goes else None)


TIMES = st.times().map(lambda t: t.replace(microsecond=0))


@given(TIMES, TIMES, TIMES)
def test_a_mail_never_goes_in_quiet_hours_and_waits_less_than_a_day(now, start, end):
    moment = dt.datetime(2026, 9, 22, now.hour, now.minute, now.second, tzinfo=SHANGHAI)
    goes = quiet.send_at(moment, "at_once", start, end, dt.time(8))
    assert dt.timedelta() <= goes - moment <= dt.timedelta(days=1)
    assert not quiet.quiet(goes.time(), start, end)


def test_failures_wait_longer_each_time_but_not_forever():
    spans = [quiet.retry_at(at("2026-09-22T10:00"), n) - at("2026-09-22T10:00") for n in range(1, 40)]
    assert spans == sorted(spans)
    assert (spans[0], spans[-1]) == (dt.timedelta(minutes=2), dt.timedelta(hours=6))


# --- the outbox ---


def test_one_mail_for_a_person_with_all_that_is_due(posted, timed):
    for _n in range(3):
        timed(actor="other", unit="O1", owner="O1")
    with now_is("2026-09-21T09:01"):
        done = mailing.send_due()
        assert (done.mails, done.notices) == (1, 3)
        assert mailing.send_due().mails == 0
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == ["outlet_manager.O1@bank.example"]
    assert "3" in mail.outbox[0].subject
    assert set(Notice.objects.values_list("mail", flat=True)) == {"sent"}


def test_at_night_nothing_goes_out(posted, timed):
    timed("2026-09-21T21:00", actor="other", unit="O1", owner="O1")
    with now_is("2026-09-22T07:00"):
        assert mailing.send_due().mails == 0
    with now_is("2026-09-22T07:31"):
        assert mailing.send_due().mails == 1


def test_who_wants_one_mail_a_day_gets_one(posted, timed):
    times = {"quiet_from": dt.time(20), "quiet_until": dt.time(7), "digest_at": dt.time(8)}
    prefer(posted["manager"], mail="digest", **times)
    for hour in ("09", "15", "22"):
        timed(f"2026-09-21T{hour}:00", actor="other", unit="O1", owner="O1")
    with now_is("2026-09-21T23:00"):
        assert mailing.send_due().mails == 0
    with now_is("2026-09-22T08:01"):
        assert mailing.send_due().notices == 3
    prefer(posted["manager"], mail="never", **times)
    timed("2026-09-22T09:00", actor="other", unit="O1", owner="O1")
    assert Notice.objects.latest("pk").mail == "none"


def test_without_mails_or_address_notices_stay_in_the_product(posted, timed, settings):
    Person.objects.filter(code="outlet_manager.O1").update(email="")
    timed(actor="other", unit="O1", owner="O1")
    settings.KEZUN_MAIL = ""
    Person.objects.filter(code="outlet_manager.O1").update(email="x@bank.example")
    timed(actor="other", unit="O1", owner="O1")
    assert set(Notice.objects.values_list("mail", flat=True)) == {"none"}


def test_a_server_that_is_away_is_tried_again_and_given_up_at_last(waiting, monkeypatch):
    def away(self, fail_silently=False):
        raise OSError("connection refused")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", away)
    now = at("2026-09-21T09:01")
    for tries in range(1, mailing.TRIES + 1):
        with now_is(f"{now:%Y-%m-%dT%H:%M:%S}"):
            assert mailing.send_due().failed == 1
        waiting.refresh_from_db()
        assert (waiting.tries, "refused" in waiting.error) == (tries, True)
        assert waiting.mail_at > now
        now = waiting.mail_at.astimezone(SHANGHAI) + dt.timedelta(seconds=1)
    assert waiting.mail == "failed"
    with now_is(f"{now:%Y-%m-%dT%H:%M:%S}"):
        assert mailing.send_due().failed == 0
        assert not next(c for c in health.look() if c.name == "mail").well
    assert next(c for c in health.look() if c.name == "mail").well  # long after it is history


def test_a_worker_that_died_leaves_its_mail_to_the_next(waiting):
    with now_is("2026-09-21T09:01"):
        assert mailing._claim(at("2026-09-21T09:01"))
        assert mailing.send_due().mails == 0  # claimed: another one is at it
    with now_is("2026-09-21T09:12"):
        assert mailing.send_due().mails == 1
    assert Notice.objects.get().tries == 2


def test_who_left_gets_no_mail(waiting):
    Person.objects.filter(pk=waiting.person_id).update(is_active=False)
    with now_is("2026-09-21T09:01"):
        assert mailing.send_due().mails == 0
    assert Notice.objects.get().mail == "none"


def test_the_mail_speaks_the_persons_language(waiting):
    Person.objects.filter(pk=waiting.person_id).update(language="en")
    with now_is("2026-09-21T09:01"):
        mailing.send_due()
    assert "waits to be taken" in mail.outbox[0].subject


def test_the_task_runs_every_minute(waiting):
    assert SCHEDULES["cases.mail"] == dt.timedelta(minutes=1)
    upkeep.mailed()
    assert len(mail.outbox) == 1


def test_a_mail_is_sent_outside_of_any_transaction(waiting, monkeypatch, django_capture_on_commit_callbacks):
    from django.db import connection

    held = len(connection.savepoint_ids)
    seen = []
    monkeypatch.setattr(
        "django.core.mail.EmailMessage.send", lambda self: seen.append(len(connection.savepoint_ids))
    )
    with now_is("2026-09-21T09:01"):
        mailing.send_due()
    assert seen == [held]


def test_health_says_when_mails_are_off(settings, db):
    settings.KEZUN_MAIL = ""
    assert next(c for c in health.look() if c.name == "mail").well
