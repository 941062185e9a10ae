"""The pages of the organisation, as people of several roles see and use them."""

import datetime as dt
import re

import pytest
from django.contrib.auth import SESSION_KEY
from django.urls import reverse
from django.utils import timezone

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import close_unit, deputise, found_group, set_tags
from kezun.org.models import Assignment, GroupMember, Person, Unit

SYSTEM = SystemActor("test")
PASSWORD = "correct horse battery"
BACKEND = "kezun.org.signin.Backend"


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
