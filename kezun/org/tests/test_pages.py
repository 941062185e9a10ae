"""The pages of the organisation, as people of several roles see and use them."""

import datetime as dt
import io
import re

import pytest
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import close_unit, deputise, found_group, issue_token, set_password, set_tags
from kezun.org.models import Assignment, GroupMember, Person, RosterUpload, SignInSession, Token, Unit

SYSTEM = SystemActor("test")
PASSWORD = "correct horse battery"
BACKEND = "kezun.org.signin.Backend"


@pytest.fixture
def as_(client, person_in):
    """Sign in as a role at a unit; returns the person."""

    def enter(role, unit, raised=False):
        person = person_in(role, unit)
        client.force_login(person, backend=BACKEND)
        if raised:
            session = client.session
            session["raised"] = timezone.now().timestamp() + 600
            session.save()
        return person

    return enter


def body(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_tree_begins_at_the_top_of_the_scope(client, as_):
    as_("supervisor", "P1")
    text = body(client.get(reverse("org.tree")))
    assert "机构C1" in text
    assert "机构P2" not in text


def test_who_reaches_no_unit_is_told_so(client, as_):
    as_("teller", "O1")
    assert "您的角色不涉及任何机构" in body(client.get(reverse("org.tree")))


def test_searching_stays_in_scope(client, as_):
    as_("supervisor", "P1")
    text = body(client.get(reverse("org.tree"), {"q": "O"}))
    assert "机构O1" in text
    assert "机构O3" not in text
    assert "没有找到" in body(client.get(reverse("org.tree"), {"q": "nowhere"}))


def test_several_tops_are_listed(client, as_, bank):
    person = as_("lobby_manager", "O1")
    post = person.assignments.get().post
    Assignment.objects.create(person=person, unit=bank["O3"], post=post)
    text = body(client.get(reverse("org.tree")))
    assert "机构O1" in text
    assert "机构O3" in text


def test_a_unit_page_shows_its_past_and_people(client, as_, bank, person_in):
    as_("supervisor", "P1")
    manager = person_in("outlet_manager", "O1")
    deputy = person_in("lobby_manager", "O1")
    today = timezone.localdate()
    deputise(SYSTEM, manager.assignments.get(), person=deputy, from_date=today, to_date=today)
    set_tags(SYSTEM, bank["O1"], tags=["临街网点"], from_date=dt.date(2026, 3, 1))
    group = found_group(SYSTEM, bank["O1"], name="服务领导小组")
    GroupMember.objects.create(group=group, person=manager, duty="head")
    text = body(client.get(reverse("org.unit", args=["O1"])))
    for words in (
        "临街网点",
        "2026-03-01",
        "服务领导小组",
        "组长",
        "测outlet_manager",
        "代理 测outlet_manager",
        "机构S1",
    ):
        assert words in text
    assert "k-kinds" not in text, "a supervisor changes nothing here"


def test_a_closed_unit_says_so(client, as_, bank):
    close_unit(SYSTEM, bank["O1"], last_day=dt.date(2026, 3, 1))
    as_("supervisor", "P1")
    assert "已于 2026-03-01 后撤销" in body(client.get(reverse("org.unit", args=["O1"])))


@pytest.mark.parametrize("name", ["org.unit", "org.person"])
def test_outside_the_scope_is_404(client, as_, name, person_in):
    other = person_in("teller", "O3")
    as_("supervisor", "P1")
    assert client.get(reverse(name, args=["O3" if name == "org.unit" else other.code])).status_code == 404


def test_a_change_that_is_not_allowed_is_refused(client, as_):
    as_("supervisor", "P1")
    answer = client.post(reverse("org.unit_change", args=["O1", "rename"]), {"name": "x", "kind": "outlet"})
    assert answer.status_code in {403, 422}
    assert Unit.objects.get(code="O1").name == "机构O1"
    assert client.get(reverse("org.unit_change", args=["O1", "explode"])).status_code == 404


CHANGES = [
    ("S1", "open", {"code": "O9", "name": "新", "kind": "outlet"}, lambda: Unit.objects.get(code="O9")),
    ("O1", "rename", {"name": "新名", "kind": "outlet"}, lambda: Unit.objects.get(name="新名")),
    ("O1", "tags", {"tags": "a，b、c"}, lambda: Unit.objects.get(code="O1").tags.count() == 3),
    ("O1", "person", {"code": "E1", "name": "王"}, lambda: Person.objects.get(code="E1")),
    ("O1", "group", {"name": "组"}, lambda: Unit.objects.get(code="O1").leading_groups.get()),
    ("O1", "move", {"parent": "S2"}, lambda: Unit.objects.get(code="O1").places.count() == 2),
    ("S1", "merge", {"into": "S2"}, lambda: Unit.objects.get(code="S1").closed_date < dt.date(9999, 1, 1)),
    ("O1", "close", {}, lambda: Unit.objects.get(code="O1").closed_date == timezone.localdate()),
]


@pytest.mark.parametrize(("code", "word", "given", "done"), CHANGES, ids=[c[1] for c in CHANGES])
def test_an_administrator_changes_units_by_forms(client, as_, code, word, given, done):
    as_("security_admin", "HO")
    address = reverse("org.unit_change", args=[code, word])
    assert client.get(address).status_code == 200
    answer = client.post(address, given, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("org.unit", args=[code])
    assert "已完成" in body(answer)
    assert done()


@pytest.mark.parametrize(
    ("code", "word", "given", "text"),
    [
        ("S1", "open", {"code": "O1", "name": "n", "kind": "outlet"}, "已存在"),
        ("S1", "open", {"name": "n", "kind": "outlet"}, "必填"),
        ("O1", "move", {"parent": "S9"}, "没有机构 S9"),
        ("P1", "move", {"parent": "O1"}, "隶属于自身"),
        ("S1", "close", {}, "O1, O2"),
        ("S1", "merge", {"into": "S1"}, "不能并入自身"),
        ("O1", "close", {"last_day": "2026-02-30"}, "日期"),
    ],
)
def test_what_is_wrong_stands_in_the_form(client, as_, code, word, given, text):
    as_("security_admin", "HO")
    answer = client.post(reverse("org.unit_change", args=[code, word]), given)
    assert answer.status_code == 422
    assert text in body(answer)


def test_a_member_joins_a_group(client, as_, bank, person_in):
    as_("security_admin", "HO")
    person = person_in("unit_head", "P1")
    group = found_group(SYSTEM, bank["P1"], name="组")
    address = reverse("org.group_member", args=[group.pk])
    assert "没有人员 E9" in body(client.post(address, {"person": "E9", "duty": "head"}))
    client.post(address, {"person": person.code, "duty": "head"})
    assert group.members.get().person == person
    assert client.get(reverse("org.group_member", args=[9999])).status_code == 404


def test_people_are_listed_with_masked_phones(client, as_, person_in):
    Person.objects.filter(pk=person_in("teller", "O1").pk).update(phone="13812345678")
    as_("supervisor", "P1")
    person_in("teller", "O3")
    text = body(client.get(reverse("org.people"), {"q": "teller"}))
    assert "*******5678" in text
    assert "13812345678" not in text
    assert "teller.O3" not in text
    assert "没有找到" in body(client.get(reverse("org.people"), {"q": "nobody"}))


def test_people_come_in_pages(client, as_, bank):
    Person.objects.bulk_create(
        Person(code=f"E{n:03}", name=f"人{n}", home_unit=bank["O1"]) for n in range(60)
    )
    as_("supervisor", "P1")
    first = body(client.get(reverse("org.people")))
    assert "E049" in first
    assert "E055" not in first
    assert "E055" in body(client.get(reverse("org.people"), {"page": 2}))


def test_unmasking_shows_once_and_records_why(client, as_, person_in):
    person = person_in("teller", "O1")
    Person.objects.filter(pk=person.pk).update(phone="13812345678")
    as_("service_office", "HO")
    address = reverse("org.person_unmask", args=[person.code])
    assert "13812345678" not in body(client.get(address))
    assert "13812345678" not in body(client.post(address, {"reason": "x"}))
    answer = client.post(address, {"reason": "回访客户需要"})
    assert "13812345678" in body(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "回访客户需要" in TrailEntry.objects.get(verb="org.unmask").detail
    assert "13812345678" not in body(client.get(reverse("org.person", args=[person.code])))


def test_unmasking_needs_the_permission(client, as_, person_in):
    person = person_in("teller", "O1")
    as_("supervisor", "P1")
    assert (
        client.post(reverse("org.person_unmask", args=[person.code]), {"reason": "curious"}).status_code
        == 403
    )


def test_giving_a_post_first_raises_rights(client, as_, person_in):
    person = person_in("teller", "O1")
    as_("security_admin", "HO")
    answer = client.get(reverse("org.person_change", args=[person.code, "assign"]))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("org.raise"))
    assert "next=" in answer.url


def test_an_administrator_gives_and_ends_posts(client, as_, person_in):
    person, post = person_in("teller", "O1"), person_in("supervisor", "P2").assignments.get().post
    as_("security_admin", "HO", raised=True)
    address = reverse("org.person_change", args=[person.code, "assign"])
    assert client.get(address).status_code == 200
    assert "没有机构 X" in body(client.post(address, {"unit": "X", "post": post.pk}))
    client.post(address, {"unit": "P1", "post": post.pk})
    row = person.assignments.get(post=post)
    assert row.unit.code == "P1"
    stand_in = reverse("org.assignment_change", args=[row.pk, "deputise"])
    given = {"person": person_in("teller", "O2").code, "to_date": row.from_date}
    assert client.post(stand_in, given).status_code == 302
    assert row.deputies.count() == 1
    client.post(reverse("org.assignment_change", args=[row.pk, "end"]), {})
    row.refresh_from_db()
    assert row.to_date == timezone.localdate()
    assert client.get(reverse("org.assignment_change", args=[9999, "end"])).status_code == 404


def test_nobody_gives_themselves_a_post_by_the_page(client, as_):
    me = as_("security_admin", "HO", raised=True)
    post = me.assignments.get().post
    answer = client.post(
        reverse("org.person_change", args=[me.code, "assign"]), {"unit": "P1", "post": post.pk}
    )
    assert answer.status_code == 422
    assert "不得为自己安排岗位" in body(answer)


def test_a_one_time_password_is_shown_once(client, as_, person_in):
    person = person_in("teller", "O1")
    as_("security_admin", "HO", raised=True)
    answer = client.post(reverse("org.person_change", args=[person.code, "password"]), {})
    secret = re.search(r'id="secret">([^<]+)<', answer.content.decode()).group(1)
    person.refresh_from_db()
    assert person.check_password(secret)
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("word", "given"),
    [
        ("update", {"name": "新名", "username": "newname"}),
        ("disable", {"reason": "has left us"}),
        ("factors", {"reason": "lost phone"}),
    ],
)
def test_other_changes_to_people(client, as_, person_in, word, given):
    person = person_in("teller", "O1")
    Person.objects.filter(pk=person.pk).update(phone="10010")
    as_("security_admin", "HO", raised=True)
    page = body(client.get(reverse("org.person", args=[person.code])))
    assert "停用" in page
    assert client.get(reverse("org.person_change", args=[person.code, word])).status_code == 200
    assert client.post(reverse("org.person_change", args=[person.code, word]), given).status_code == 302
    person.refresh_from_db()
    assert person.phone == "10010"
    assert person.is_active is (word != "disable")


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


@pytest.mark.parametrize(
    ("name", "arguments", "queries"),
    [
        ("org.tree", [], 13),
        ("org.unit", ["S1"], 12),
        ("org.people", [], 5),
        ("org.person", ["teller.O1"], 5),
        ("org.me", [], 6),
    ],
)
def test_pages_ask_the_database_little(
    client, as_, person_in, django_assert_max_num_queries, name, arguments, queries
):
    for unit in ("O1", "O2"):
        for role in ("teller", "lobby_manager", "outlet_manager"):
            person_in(role, unit)
    as_("supervisor", "P1")
    client.get(reverse(name, args=arguments))
    with django_assert_max_num_queries(queries):
        assert client.get(reverse(name, args=arguments)).status_code == 200


def test_every_page_speaks_english_too(client, as_, person_in):
    person_in("teller", "O1")
    as_("security_admin", "HO")
    client.cookies["kezun_language"] = "en"
    for name, arguments in (
        ("org.tree", []),
        ("org.unit", ["O1"]),
        ("org.people", []),
        ("org.person", ["teller.O1"]),
        ("org.rosters", []),
        ("org.me", []),
        ("org.unit_change", ["O1", "rename"]),
    ):
        text = re.sub(
            r"<(option|button)[^>]*lang=.*?</\1>", "", body(client.get(reverse(name, args=arguments)))
        )
        found = set(re.findall(r"[\u4e00-\u9fff]+", text)) - {"测", "机构", "安全管理员"}
        assert not {word for word in found if not word.startswith(("测", "机构"))}, (name, found)


def test_signed_out_people_are_sent_to_sign_in(client, db):
    for name in ("org.tree", "org.people", "org.me", "org.rosters"):
        answer = client.get(reverse(name))
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("account_login"))
    assert SESSION_KEY not in client.session
