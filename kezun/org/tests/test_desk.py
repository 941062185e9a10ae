"""The roster desk and one's own account, as people use them."""

import datetime as dt
import io
import re
from dataclasses import replace

from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import draft_roster, issue_token, set_password
from kezun.org.models import Person, RosterUpload, SignInSession, Token
from kezun.org.roster import dump
from kezun.org.rules.roster import Roster
from kezun.org.rules.rows import PersonRow, PostRow, UnitRow

SYSTEM = SystemActor("test")
PASSWORD = "correct horse battery"
BACKEND = "kezun.org.signin.Backend"


def body(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def roster_file(text="岗位代码,岗位名称,角色\nlm,大堂经理,lobby_manager\n"):
    return SimpleUploadedFile("posts.csv", text.encode(), content_type="text/csv")


def test_a_roster_goes_from_file_to_approval(client, as_, person_in):
    as_("service_office", "HO")
    answer = client.post(reverse("org.rosters"), {"file": roster_file()}, follow=True)
    upload = RosterUpload.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("org.roster", args=[upload.pk])
    assert "lm" in body(answer)
    assert "提交复核" in body(answer)
    answer = client.post(reverse("org.roster_decide", args=[upload.pk, "submit"]), follow=True)
    assert "须由他人审批" in body(answer)
    answer = client.post(reverse("org.roster_decide", args=[upload.pk, "approve"]), follow=True)
    assert "第二人" in body(answer)
    as_("security_admin", "HO")
    assert "复核通过并生效" in body(client.get(reverse("org.roster", args=[upload.pk])))
    answer = client.post(reverse("org.roster_decide", args=[upload.pk, "approve"]), follow=True)
    assert "已复核通过并生效" in body(answer)
    assert "已生效" in body(client.get(reverse("org.rosters")))


def test_what_a_roster_brings_is_shown_as_people_write_it(client, as_):
    person = as_("service_office", "HO")
    rows = Roster(
        units=(UnitRow("N1", "新网点", "outlet", "S1", tags=frozenset({"县域", "large"})),),
        posts=(PostRow("p", "岗", "lobby_manager"), PostRow("q", "岗", "gone")),
        people=(PersonRow("E1", "王", "O1", phone="13812345678", joined_date=dt.date(2026, 3, 1)),),
    )
    upload = draft_roster(person, replace(rows, posts=rows.posts[:1]), name="r.xlsx")
    RosterUpload.objects.filter(pk=upload.pk).update(rows=dump(rows))
    text = body(client.get(reverse("org.roster", args=[upload.pk])))
    for shown in (">网点<", ">大堂经理<", ">gone<", ">large, 县域<", ">2026-03-01<"):
        assert shown in text
    for hidden in ("outlet", "lobby_manager", "1900", "13812345678"):
        assert hidden not in text


def test_a_refused_roster_says_why(client, as_):
    as_("service_office", "HO")
    client.post(reverse("org.rosters"), {"file": roster_file()})
    upload = RosterUpload.objects.get()
    client.post(reverse("org.roster_decide", args=[upload.pk, "submit"]))
    as_("security_admin", "HO")
    client.post(reverse("org.roster_decide", args=[upload.pk, "refuse"]), {"reason": "月份不对"})
    assert "月份不对" in body(client.get(reverse("org.roster", args=[upload.pk])))


def test_faults_are_told_with_sheet_row_and_column(client, as_):
    as_("service_office", "HO")
    answer = client.post(reverse("org.rosters"), {"file": roster_file("code,name,role\na,b,king\n")})
    text = body(answer)
    assert answer.status_code == 422
    assert "不是角色目录中的角色" in text
    assert '<td>岗位</td><td class="k-num">2</td><td>角色</td>' in text
    answer = client.post(reverse("org.rosters"), {"file": roster_file("")})
    assert "文件为空" in body(answer)
    assert not RosterUpload.objects.exists()


def test_another_ones_draft_does_not_exist(client, as_):
    as_("service_office", "HO")
    client.post(reverse("org.rosters"), {"file": roster_file()})
    upload = RosterUpload.objects.get()
    as_("security_admin", "HO")
    assert client.get(reverse("org.roster", args=[upload.pk])).status_code == 404
    as_("supervisor", "P1")
    assert client.get(reverse("org.roster", args=[upload.pk])).status_code == 403


def test_the_template_is_a_workbook(client, as_):
    as_("service_office", "HO")
    answer = client.get(reverse("org.roster_template"))
    assert load_workbook(io.BytesIO(answer.content)).sheetnames[1:] == ["机构", "岗位", "人员", "任职"]


def test_my_account_shows_posts_sessions_tokens(client, as_):
    me = as_("lobby_manager", "O1")
    text = body(client.get(reverse("org.me")))
    assert "大堂经理" in text
    assert "当前会话" in text
    assert me.username in text


def test_a_token_is_issued_and_revoked_by_its_person(client, as_):
    me = as_("lobby_manager", "O1")
    given = {"name": "export", "permissions": ["org.read"], "days": 5}
    answer = client.post(reverse("org.me"), given)
    assert re.search(r'id="secret">kz_', answer.content.decode())
    assert client.post(reverse("org.me"), {**given, "permissions": ["org.assign"]}).status_code == 422
    row = Token.objects.get()
    client.post(reverse("org.me_end", args=["token", row.pk]))
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert row.person == me
    assert "已吊销" in body(client.get(reverse("org.me")))


def test_what_is_another_ones_cannot_be_ended(client, as_, person_in):
    other = person_in("lobby_manager", "O2")
    row = issue_token(SYSTEM, other, name="n", permissions=["org.read"], days=1).token
    session = SignInSession.objects.create(person=other, session_key="k" * 32)
    as_("lobby_manager", "O1")
    for word, pk in (("token", row.pk), ("session", session.pk), ("world", 1)):
        assert client.post(reverse("org.me_end", args=[word, pk])).status_code == 404
    assert client.get(reverse("org.me_end", args=["token", row.pk])).status_code == 405


def test_another_session_of_mine_ends(client, as_):
    from django.test import Client

    me = as_("lobby_manager", "O1")
    elsewhere = Client()
    elsewhere.force_login(me, backend=BACKEND)
    row = SignInSession.objects.exclude(session_key=client.session.session_key).get()
    client.post(reverse("org.me_end", args=["session", row.pk]))
    assert elsewhere.get(reverse("org.me")).status_code == 302
    assert client.get(reverse("org.me")).status_code == 200


def test_the_language_is_kept(client, as_):
    me = as_("lobby_manager", "O1")
    client.post(reverse("org.me_language"), {"language": "en"})
    me.refresh_from_db()
    assert me.language == "en"
    assert "My account" in body(client.get(reverse("org.me")))
    assert client.post(reverse("org.me_language"), {"language": "tlh"}).status_code == 404


def test_a_new_device_speaks_the_language_of_the_account(client, as_):
    me = as_("lobby_manager", "O1")
    Person.objects.filter(pk=me.pk).update(language="en")
    assert "My account" in body(client.get(reverse("org.me"), headers={"Accept-Language": "zh-CN"}))
    client.cookies["kezun_language"] = "zh-hans"
    assert "我的账户" in body(client.get(reverse("org.me")))


def test_raising_rights_takes_reason_and_password(client, as_):
    cache.clear()
    me = as_("security_admin", "HO")
    set_password(SYSTEM, me, password=PASSWORD)
    client.force_login(Person.objects.get(pk=me.pk), backend=BACKEND)
    address, back = reverse("org.raise"), reverse("org.people")
    assert "密码不正确" in body(client.post(address, {"reason": "new colleague", "password": "wrong"}))
    assert client.post(address, {"reason": "", "password": PASSWORD}).status_code == 422
    answer = client.post(address, {"reason": "new colleague", "password": PASSWORD, "next": back})
    assert answer.url == back
    assert "交还提升的权限" in body(client.get(reverse("org.me")))
    assert "new colleague" in TrailEntry.objects.get(verb="org.raise_rights").detail
    client.post(reverse("org.lower"))
    assert "交还提升的权限" not in body(client.get(reverse("org.me")))


def test_raised_rights_run_out(client, as_):
    as_("security_admin", "HO", raised=True)
    assert "k-raised" in body(client.get(reverse("org.me")))
    session = client.session
    session["raised"] = timezone.now().timestamp() - 1
    session.save()
    assert "k-raised" not in body(client.get(reverse("org.me")))
    assert "raised" not in client.session


def test_raising_leads_nowhere_else(client, as_):
    as_("security_admin", "HO")
    text = body(client.get(reverse("org.raise"), {"next": "https://evil.example/"}))
    assert 'name="next" value="/">' in text


def test_who_is_no_administrator_raises_nothing(client, as_):
    as_("supervisor", "P1")
    assert client.get(reverse("org.raise")).status_code == 403
