"""Steps at their limits: moments, severities, lines, parts, words of the customer, mails about them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from kezun.cases import actions, mailing, notices, overview, payload, showing
from kezun.cases.actions.adding import MOST, add_words
from kezun.cases.models import Case, Link, Notice, Party
from kezun.cases.overview import Tally
from kezun.cases.standing import CUSTOMER
from kezun.cases.tests.timing import at, now_is
from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.health import NotWell
from kezun.org.models import BusinessLine, Person
from kezun.standards.tests.world import photo

# --- registration and grade ---


@pytest.mark.parametrize(
    ("severity", "kept"), [(1, True), (3, True), (4, False), (5, False), (-1, False), (2**31, False)]
)
def test_a_severity_is_one_of_four_and_none_milder_than_the_table(world, opened, severity, kept):
    if kept:
        assert opened(severity=severity).severity == severity
        return
    with pytest.raises(ValidationError) as told:
        opened(severity=severity)
    assert list(told.value.message_dict) == ["severity"]
    assert not Case.objects.exists()


def test_a_line_is_one_that_the_bank_has(world, opened):
    line = BusinessLine.objects.create(code="retail", name="个人金融")
    assert opened(line="retail").line == line
    with pytest.raises(ValidationError) as told:
        opened(line="mars")
    assert "mars" in told.value.message_dict["line"][0]


@pytest.mark.parametrize(("urgency", "severity"), [("urgent", 1), ("usual", 3), ("", 3)])
def test_graded_anew_without_a_number_the_table_of_the_kind_decides(world, opened, urgency, severity):
    case = opened(**({"urgency": urgency} if urgency else {}))
    case = actions.do(world["manager"], case, "accept")
    Case.objects.filter(pk=case.pk).update(severity=2)  # by whatever way it came there
    graded = actions.do(world["manager"], case, "grade", {"reason": "按表重评"})
    assert graded.severity == severity


@pytest.mark.parametrize(("seconds", "taken"), [(-1, False), (0, True), (60, True)])
def test_no_contact_is_older_than_the_case(world, opened, seconds, taken):
    received = at("2026-03-02T10:00")
    case = actions.do(world["lobby"], opened(received_at=received), "take")
    said = {"how": "phone", "at": (received + dt.timedelta(seconds=seconds)).isoformat()}
    if taken:
        case = actions.do(world["lobby"], case, "contact", said)
        assert case.contacted_at == received + dt.timedelta(seconds=seconds)
        return
    with pytest.raises(ValidationError) as told:
        actions.do(world["lobby"], case, "contact", said)
    assert list(told.value.message_dict) == ["at"]
    assert Case.objects.get().contacted_at is None


def test_the_first_contact_stays_the_first(world, opened):
    case = actions.do(world["lobby"], opened(received_at=at("2026-03-02T10:00")), "take")
    for hour in (12, 11, 13):
        case = actions.do(world["lobby"], case, "contact", {"how": "phone", "at": f"2026-03-02T{hour}:00"})
    assert case.contacted_at == at("2026-03-02T12:00")


def test_putting_nothing_right_is_refused(world, opened):
    case = opened()
    with translation.override("en"), pytest.raises(ValidationError, match="Nothing was changed"):
        actions.do(world["manager"], case, "amend", {"reason": "错字"})
    assert case.events.count() == 1


# --- parts ---


def test_a_part_goes_with_its_whole_and_holds_it_back(world, opened):
    whole = actions.do(world["lobby"], opened(parties=[{"role": "complainant", "name": "王"}]), "take")
    part = actions.delegate(world["lobby"], whole, world["bank"]["O2"], {"title": "调取监控"})
    assert (part.unit_id, part.pending_unit.code) == (whole.unit_id, "O2")
    assert Link.objects.get(source=part, target=whole).type == "part_of"
    assert not Party.objects.filter(case=part).exists(), "nobody's personal data go along"
    proposed = {"result": "已核实", "finding": "属实"}
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], whole, "propose", proposed)
    actions.do(SystemActor("test"), part, "withdraw", {"reason": "不再需要"})
    assert actions.do(world["lobby"], Case.objects.get(pk=whole.pk), "propose", proposed).state == "proposed"


def test_who_may_give_out_a_part(world, opened):
    named = [{"role": "named_staff", "person": "outlet_manager.O1"}]
    case, far = opened(parties=named), world["far"]
    unit, said = world["bank"]["O2"], {"title": "调取监控"}
    for who, error in ((far, OutOfScope), (world["manager"], Denied)):
        with pytest.raises(error):
            actions.delegate(who, case, unit, said)
    ended = actions.do(world["lobby"], opened(), "withdraw", {"reason": "撤回"})
    with pytest.raises(ValidationError):
        actions.delegate(world["lobby"], ended, unit, said)
    assert not Link.objects.exists()


# --- what the customer adds ---


@pytest.mark.parametrize(
    ("words", "files", "verbs"),
    [("又等了一天", 0, ["note"]), ("", 1, ["attach"]), ("照片在此", 1, ["note", "attach"])],
)
def test_a_customer_adds_words_or_files_or_both(world, opened, words, files, verbs):
    case = opened()
    add_words(CUSTOMER, case, words=words, files=[photo(1)][:files])
    assert [event.verb for event in case.events.order_by("seq")][1:] == verbs
    assert not [event for event in case.events.all() if words and words in event.body]


@pytest.mark.parametrize("words", ["", "  \n ", "\x00", "x" * (MOST + 1), "我的密码是：246810"])
def test_what_a_customer_cannot_add(world, opened, words):
    case = opened()
    with pytest.raises(ValidationError):
        add_words(CUSTOMER, case, words=words)
    assert case.events.count() == 1
    assert not case.sealed_texts.exists()


def test_nobody_adds_to_what_has_ended_nor_for_the_customer(world, opened):
    case = opened()
    with pytest.raises(Denied):
        add_words(world["lobby"], case, words="x")
    ended = actions.do(world["lobby"], case, "withdraw", {"reason": "撤回"})
    with pytest.raises(ValidationError):
        add_words(CUSTOMER, ended, words="x")
    assert case.events.count() == 2


# --- what is given ---


@pytest.mark.parametrize("reader", ["unit", "person", "post", "case", "petition"])
@pytest.mark.parametrize("value", ["", " ", "\x00", "\ud800", {"a": 1}, [1], 10**30, "O1'; --", True])
def test_no_value_that_is_none_finds_a_record_or_breaks(world, opened, reader, value):
    opened()
    with pytest.raises(ValidationError) as told:
        payload.READERS[reader](world["office"], value, 40)
    assert told.value.messages[0]


@given(st.text(max_size=40))
def test_a_moment_in_a_history_is_read_or_left_as_it_is(text):
    assert showing.moment(text) == text or text[:4].isdigit()


def test_a_moment_in_a_history_is_one_of_the_bank():
    assert showing.moment("2026-12-31T16:30:00+00:00") == "2027-01-01 00:30"
    assert showing.moment("2026-12-31T16:30:00") == "2026-12-31 16:30"


# --- the board ---


@given(st.lists(st.fixed_dictionaries({name: st.integers(0, 99) for name in overview.COUNTED}), max_size=20))
@tried(deadline=None)  # the first look at an address reads all of them
def test_bars_stand_for_what_is_open_and_the_table_for_all(counts):
    tallies = [Tally(code=f"U{n}", name=f"机构{n}", counts=dict(held)) for n, held in enumerate(counts)]
    made = overview.chart("c", "t", tallies, lambda name, tally: overview.list_of(name, owner=tally.code))
    shown = [tally for tally in tallies if tally.counts["count"]][: overview.MOST_BARS]
    assert made.data["labels"] == [tally.name for tally in shown]
    assert made.data["values"] == [tally.counts["count"] for tally in shown]
    assert len(made.data["hrefs"]) == len(made.data["texts"]) == len(shown)
    assert len(made.rows) == len(tallies)


# --- mails ---


@pytest.fixture
def several(mails, posted, timed):
    """`several(n)`: so many cases that wait at O1, registered one minute after the other."""

    def make(n: int) -> Person:
        for minute in range(n):
            timed(f"2026-09-21T09:{minute:02}", actor="other", unit="O1", owner="O1")
        return posted["manager"]

    return make


def test_a_mail_has_its_lines_in_order_and_no_more_than_it_may(several, monkeypatch):
    several(5)
    monkeypatch.setattr(mailing, "LINES", 2)
    with now_is("2026-09-21T10:00"):
        done = mailing.send_due()
    assert (done.mails, done.notices, done.failed) == (3, 5, 0)
    told = [line[:11] for one in mail.outbox for line in one.body.splitlines() if line.startswith("09-21")]
    assert told == [f"09-21 09:{minute:02}" for minute in range(5)]
    assert not Notice.objects.exclude(mail="sent").exists()


def test_one_run_sends_no_more_than_its_limit(several, monkeypatch):
    several(3)
    monkeypatch.setattr(mailing, "LINES", 1)
    with now_is("2026-09-21T10:00"):
        assert mailing.send_due(limit=2).mails == 2
        assert mailing.send_due().mails == 1
        assert mailing.send_due().mails == 0


@pytest.mark.parametrize(("language", "many"), [("en", "2 notices of cases"), ("zh-hans", "2")])
def test_one_notice_is_the_subject_and_several_are_counted(several, language, many):
    manager = several(2)
    Person.objects.filter(pk=manager.pk).update(language=language)
    rows = list(Notice.objects.order_by("pk"))
    manager.refresh_from_db()
    single, both = mailing.message_to(manager, rows[:1]), mailing.message_to(manager, rows)
    with translation.override(language):
        assert single.subject == notices.text_of(rows[0])
    assert many in both.subject
    assert both.to == [f"{manager.code}@bank.example"]
    assert both.from_email == settings.DEFAULT_FROM_EMAIL


@pytest.mark.parametrize(
    ("state", "hours", "well"),
    [("failed", 1, False), ("failed", 25, True), ("waiting", 0.9, True), ("waiting", 1.1, False)],
)
def test_health_tells_of_mails_that_were_given_up_or_wait_too_long(several, state, hours, well):
    several(1)
    Notice.objects.update(mail=state, mail_at=timezone.now() - dt.timedelta(hours=hours))
    if well:
        assert mailing.mails()
        return
    with translation.override("en"), pytest.raises(NotWell, match=r"1 given up|1 waiting too long"):
        mailing.mails()


def test_mails_speak_of_the_day_of_the_bank(several):
    manager = several(1)
    Notice.objects.update(at=at("2027-01-01T00:30"))
    [row] = Notice.objects.all()
    assert mailing.message_to(manager, [row]).body.startswith("01-01 00:30  ")
