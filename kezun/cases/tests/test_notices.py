"""Who is told of what, in the product and by mail; quiet hours, the day's mail, mails that fail."""

from __future__ import annotations

import datetime as dt
import json
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse

from kezun.cases import actions, escalation, mailing, notices
from kezun.cases.actions.notices import mark_notice, mark_notices, prefer
from kezun.cases.models import Notice, Petition, Preference
from kezun.cases.tests.timing import at, now_is
from kezun.kernel.actor import OutOfScope, SystemActor

pytestmark = pytest.mark.usefixtures("mails")
RESULT = {"result": "已整改", "finding": "属实"}
EXTEND = {"type": "extend", "policy": "complaint_decision", "units": 15, "reason": "取证", "notice": "已告知"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def do(world, case, who, verb, given=None, when="2026-09-22T10:00"):
    with now_is(when):
        return actions.do(world[who], case, verb, given or {})


def told(code) -> set[str]:
    return set(Notice.objects.filter(code=code).values_list("person__code", flat=True))


# --- who is told ---


def test_whoever_has_to_do_something_next_is_told(world, timed):
    case = timed(actor="other", unit="O1", owner="O1")
    assert told("assigned") == {"outlet_manager.O1"}
    case = do(world, case, "manager", "return", {"reason": "不是我网点"})
    assert told("returned") == {"outlet_manager.O2"}
    case = do(world, case, "other", "assign", {"unit": "O1", "person": "lobby_manager.O1"})
    assert told("assigned") == {"outlet_manager.O1", "lobby_manager.O1"}
    case = do(world, case, "lobby", "take")
    case = do(world, case, "lobby", "propose", RESULT)
    assert told("proposed") == {"outlet_manager.O1"}
    case = do(world, case, "manager", "send_back", {"reason": "缺监控"})
    assert told("sent_back") == {"lobby_manager.O1"}
    case = do(world, case, "lobby", "propose", RESULT)
    case = do(world, case, "manager", "verify")
    assert told("verified") == {"lobby_manager.O1"}
    case = do(world, case, "lobby", "answer", {"how": "phone", "decision": "道歉"})
    case = do(world, case, "manager", "close")
    assert told("closed") == {"outlet_manager.O2"}
    do(world, case, "sub", "reopen", {"reason": "客户不满意"})
    assert told("reopened") == {"lobby_manager.O1"}


def test_a_unit_without_a_leader_is_told_all_the_same(world, timed):
    timed(actor="lobby", unit="O1", owner="HO")
    assert told("assigned") == {"service_office.HO"}


def test_nobody_is_told_of_their_own_doing(world, timed):
    case = timed()
    do(world, case, "lobby", "take")
    do(world, case, "lobby", "withdraw", {"reason": "撤回"})
    assert not Notice.objects.exists()


def test_a_grave_result_goes_to_the_unit_above(world, timed):
    case = do(world, timed(urgency="urgent"), "lobby", "take")
    do(world, case, "lobby", "propose", RESULT)
    assert told("proposed") == {"unit_head.S1"}


def test_who_is_named_is_not_told(world, timed):
    people = [{"role": "named_staff", "person": "unit_head.S1"}]
    case = timed(actor="lobby", unit="O1", parties=people)
    do(world, case, "office", "assign", {"unit": "S1"})
    assert "unit_head.S1" not in told("assigned")


def test_exceptions_are_told_to_who_decides_and_back_to_who_asked(world, timed):
    case = do(world, timed(), "lobby", "take")
    case = do(world, case, "lobby", "ask", EXTEND)
    assert told("asked") == {"unit_head.S1"}
    case = do(world, case, "sub", "grant", {"petition": Petition.objects.get().pk})
    assert told("granted") == {"lobby_manager.O1"}
    do(world, case, "lobby", "ask", EXTEND)
    do(world, case, "sub", "refuse", {"petition": Petition.objects.latest("pk").pk, "reason": "不必"})
    assert told("refused") == {"lobby_manager.O1"}


def test_where_no_head_is_above_head_office_is_asked(world, timed, person_in):
    case = do(world, timed(), "lobby", "take")
    world["sub"].assignments.all().delete()
    do(world, case, "lobby", "ask", EXTEND | {"units": 40})
    assert told("asked") == {"service_office.HO"}


def test_escalation_tells_before_the_end_and_after(world, timed):
    case = do(world, timed(), "lobby", "take", when="2026-09-21T09:10")
    do(world, case, "lobby", "contact", {"how": "phone"}, "2026-09-21T09:20")
    escalation.sweep(now=at("2026-09-26T09:00"))
    assert told("escalated") == {"lobby_manager.O1"}
    escalation.sweep(now=at("2026-10-08T18:00"))
    assert "supervisor.P1" in told("overdue")
    notice = Notice.objects.filter(code="escalated").get()
    assert "2026-09-30 17:30" in notices.text_of(notice)


def test_mergers_are_told(world, timed):
    early, late = timed("2026-09-14T09:00"), timed("2026-09-21T09:00")
    early, late = do(world, early, "lobby", "take"), do(world, late, "lobby", "take")
    do(world, early, "manager", "merge", {"into": late.no, "reason": "同一事项"})
    assert told("merged") == told("joined") == {"lobby_manager.O1"}
    do(world, early, "manager", "unmerge", {"reason": "分开"})
    assert told("parted") == {"lobby_manager.O1"}


def test_what_is_undone_told_nobody(world, timed):
    case = do(world, timed(), "lobby", "take")
    with pytest.raises(ValidationError):
        do(world, case, "lobby", "propose", {"result": "x"})
    assert not Notice.objects.filter(code="proposed").exists()


def test_no_notice_and_no_mail_holds_what_a_customer_said(posted, timed):
    secrets = ("13800001111", "王女士", "排队太久", "尾号5566778899")
    timed(
        actor="other",
        owner="O1",
        account="尾号5566778899",
        story="我打了13800001111没人接",
        parties=[{"role": "complainant", "name": "王女士", "phone": "13800001111"}],
    )
    with now_is("2026-09-21T12:00"):
        assert mailing.send_due().mails == 1
    text = mail.outbox[0].subject + mail.outbox[0].body + json.dumps(list(Notice.objects.values("data")))
    assert not any(secret in text for secret in secrets)
    assert Notice.objects.get().data["no"] in text


def test_every_code_has_words_and_strange_ones_do_not_hurt():
    data = {"no": "C26-000001", "unit": "O1", "act_by": "2026-09-30"}
    for code in [*notices.SAYS, "nonsense"]:
        assert "C26-000001" in notices.text_of(Notice(code=code, data=data))
    assert notices.text_of(Notice(code="assigned", data={}))


# --- the page ---


@pytest.fixture
def signed_in(client, world):
    def sign_in(who):
        client.force_login(world[who], backend="kezun.org.signin.Backend")
        return client

    return sign_in


def test_the_page_lists_marks_and_leads_to_the_case(world, waiting, signed_in):
    client = signed_in("manager")
    shown = client.get(reverse("cases.notices"))
    assert waiting.data["no"] in shown.content.decode()
    gone = client.post(reverse("cases.mark_notice", args=[waiting.pk]))
    assert gone.url == f"/cases/{waiting.data['no']}/"
    waiting.refresh_from_db()
    read = waiting.read_at
    assert read
    client.post(reverse("cases.mark_notice", args=[waiting.pk]))
    waiting.refresh_from_db()
    assert waiting.read_at == read


def test_all_are_marked_at_once_and_only_ones_own(world, waiting, signed_in):
    assert signed_in("lobby").post(reverse("cases.mark_notice", args=[waiting.pk])).status_code == 404
    with pytest.raises(OutOfScope):
        mark_notice(world["lobby"], waiting)
    assert mark_notices(world["lobby"]) == 0
    assert signed_in("manager").post(reverse("cases.mark_notices")).status_code == 302
    assert mark_notices(world["manager"]) == 0
    assert Notice.objects.get().read_at


def test_preferences_are_kept_and_wrong_ones_named(world, signed_in):
    client = signed_in("lobby")
    values = {"mail": "digest", "quiet_from": "19:00", "quiet_until": "08:00", "digest_at": "08:30"}
    assert client.post(reverse("cases.prefer"), values).status_code == 302
    kept = Preference.objects.get(person=world["lobby"])
    assert (kept.mail, kept.quiet_from, kept.digest_at) == ("digest", dt.time(19), dt.time(8, 30))
    assert "08:30" in client.get(reverse("cases.notices")).content.decode()
    wrong = client.post(reverse("cases.prefer"), values | {"mail": "pigeon", "digest_at": "25:00"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count("invalid-feedback") == 2
    with pytest.raises(ValidationError):
        prefer(
            world["lobby"],
            mail="pigeon",
            quiet_from=dt.time(1),
            quiet_until=dt.time(2),
            digest_at=dt.time(3),
        )


def test_many_notices_have_pages(world, signed_in, timed):
    case = timed()
    Notice.objects.bulk_create(
        [
            Notice(
                person=world["lobby"],
                case=case,
                seq=n,
                code="returned",
                data={"no": case.no},
                at=case.last_at,
            )
            for n in range(120)
        ]
    )
    client = signed_in("lobby")
    first = client.get(reverse("cases.notices")).content.decode()
    assert first.count(case.no) == 50
    assert "?page=2" in first
    assert client.get(reverse("cases.notices"), {"page": "3"}).content.decode().count(case.no) == 20


def test_the_platform_is_no_person_to_tell(world, timed):
    case = do(world, timed(actor="other", unit="O1"), "office", "assign", {"unit": "O1"})
    with now_is("2026-09-23T10:00"):
        actions.do(SystemActor("cli:test"), case, "withdraw", {"reason": "撤回"})
    assert case.pk
    assert told("withdrawn") == set()
