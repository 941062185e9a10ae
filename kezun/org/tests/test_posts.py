"""The bank's own posts and business lines: added, renamed, closed, opened again, by action and by page."""

import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org import queries, roster
from kezun.org.actions import (
    add_post,
    assign,
    close_line,
    close_post,
    end_assignment,
    open_line,
    rename_line,
    rename_post,
    reopen_line,
    reopen_post,
)
from kezun.org.forms import AddPost, Assign
from kezun.org.models import FOREVER, Assignment, BusinessLine, Post
from kezun.org.rules import in_order
from kezun.org.rules.roster import AssignmentRow, Roster, check
from kezun.org.scope import Role, roles

SYSTEM = SystemActor("test")
DAY = dt.date(2026, 3, 1)
NEXT = DAY + dt.timedelta(days=1)


def body(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def named(caught):
    return set(caught.value.message_dict)


@pytest.fixture
def teller(bank, person_in):
    """Somebody who stands in the teller's post at O1 until further notice."""
    return person_in("teller", "O1")


@pytest.fixture
def lines(db):
    """Retail with cards below it."""
    retail = open_line(SYSTEM, code="retail", name="零售", name_en="Retail")
    return retail, open_line(SYSTEM, code="cards", name="银行卡", name_en="Cards", parent=retail)


# --- rules -------------------------------------------------------------------------------------------------


def test_each_row_follows_its_parent_and_siblings_keep_their_order():
    parents = {5: None, 2: 5, 9: None, 3: 5, 4: 2}
    assert in_order(parents) == [(5, 0), (2, 1), (4, 2), (3, 1), (9, 0)]
    assert in_order({}) == []


def test_a_row_without_its_parent_begins_at_the_left():
    assert in_order({2: 1}) == [(2, 0)]


@given(st.dictionaries(st.integers(0, 12), st.none() | st.integers(0, 12)))
def test_no_row_is_lost_or_doubled_even_in_a_loop(parents):
    ordered = in_order(parents)
    assert sorted(row for row, _depth in ordered) == sorted(parents)
    assert all(depth >= 0 for _row, depth in ordered)


# --- actions -----------------------------------------------------------------------------------------------


def test_a_renamed_post_keeps_code_and_role(db):
    post = add_post(SYSTEM, code="lm", name="大堂经理", role="lobby_manager")
    rename_post(SYSTEM, post, name="厅堂经理", name_en="Hall manager")
    kept = Post.objects.get(code="lm")
    assert (kept.name, kept.name_en, kept.role) == ("厅堂经理", "Hall manager", "lobby_manager")


def test_a_post_that_somebody_holds_longer_is_not_closed(teller):
    post = Post.objects.get(code="teller")
    with pytest.raises(ValidationError) as caught:
        close_post(SYSTEM, post, last_day=DAY)
    assert named(caught) == {"last_day"}
    assert "teller.O1" in str(caught.value)
    assert Post.objects.get(code="teller").closed_date == FOREVER
    end_assignment(SYSTEM, teller.assignments.get(), last_day=DAY)
    assert close_post(SYSTEM, post, last_day=DAY).closed_date == DAY


def test_nobody_is_put_into_a_closed_post(bank, teller):
    post = add_post(SYSTEM, code="old", name="旧岗", role="teller")
    close_post(SYSTEM, post, last_day=DAY)
    with pytest.raises(ValidationError) as caught:
        assign(SYSTEM, bank["O1"], person=teller, post=post, from_date=DAY)
    assert named(caught) == {"post"}
    assert "旧岗" in str(caught.value)
    assert assign(SYSTEM, bank["O1"], person=teller, post=post, from_date=DAY, to_date=DAY).pk
    reopen_post(SYSTEM, post)
    assert assign(SYSTEM, bank["O1"], person=teller, post=post, from_date=NEXT).to_date == FOREVER


def test_a_line_closes_after_those_below_it(bank, teller, lines):
    retail, cards = lines
    with pytest.raises(ValidationError, match="cards"):
        close_line(SYSTEM, retail, last_day=DAY)
    row = teller.assignments.get()
    row.line = cards
    row.save(update_fields=["line"])
    with pytest.raises(ValidationError, match=r"teller\.O1"):
        close_line(SYSTEM, cards, last_day=DAY)
    end_assignment(SYSTEM, row, last_day=DAY)
    close_line(SYSTEM, cards, last_day=DAY)
    close_line(SYSTEM, retail, last_day=DAY)
    assert set(BusinessLine.objects.values_list("closed_date", flat=True)) == {DAY}


def test_nobody_is_put_into_a_closed_line(bank, teller, lines):
    _retail, cards = lines
    close_line(SYSTEM, cards, last_day=DAY)
    post = Post.objects.get(code="teller")
    with pytest.raises(ValidationError) as caught:
        assign(SYSTEM, bank["O2"], person=teller, post=post, line=cards)
    assert named(caught) == {"line"}


def test_a_line_opens_again_only_below_an_open_one(lines):
    retail, cards = lines
    close_line(SYSTEM, cards, last_day=DAY)
    close_line(SYSTEM, retail, last_day=DAY)
    with pytest.raises(ValidationError):
        reopen_line(SYSTEM, BusinessLine.objects.get(code="cards"))
    with pytest.raises(ValidationError) as caught:
        open_line(SYSTEM, code="loans", name="贷款", parent=retail)
    assert named(caught) == {"parent"}
    reopen_line(SYSTEM, retail)
    assert reopen_line(SYSTEM, BusinessLine.objects.get(code="cards")).closed_date == FOREVER


def test_who_reaches_a_branch_only_changes_no_post_of_the_whole_bank(person_in, lines, teller, monkeypatch):
    monkeypatch.setitem(roles(), "branch", Role("branch", "分行", "", "subtree", frozenset({"org.*"})))
    branch, post, line = person_in("branch", "P1"), Post.objects.get(code="teller"), lines[0]
    tries = [
        lambda: rename_post(branch, post, name="x"),
        lambda: close_post(branch, post, last_day=DAY),
        lambda: reopen_post(branch, post),
        lambda: rename_line(branch, line, name="x"),
        lambda: close_line(branch, line, last_day=DAY),
        lambda: reopen_line(branch, line),
        lambda: queries.post_by_pk(branch, post.pk, "org.rename_post"),
        lambda: queries.line_by_pk(branch, line.pk, "org.rename_line"),
    ]
    for attempt in tries:
        with pytest.raises(OutOfScope):
            attempt()
    assert Post.objects.get(code="teller").name != "x"


def test_a_roster_names_no_closed_post_or_line(bank, teller, lines):
    post = add_post(SYSTEM, code="old", name="旧岗", role="teller")
    close_post(SYSTEM, post, last_day=DAY)
    close_line(SYSTEM, lines[1], last_day=DAY)
    rows = (
        AssignmentRow("teller.O1", "O1", "old", row=2),
        AssignmentRow("teller.O1", "O1", "old", to_date=DAY, from_date=DAY, row=3),
        AssignmentRow("teller.O1", "O2", "teller", "cards", row=4),
    )
    found = check(Roster(assignments=rows), roster.known())
    assert [(f.row, f.column, f.code, f.value) for f in found] == [
        (2, "post", "closed", "old"),
        (4, "line", "closed", "cards"),
    ]


# --- queries -----------------------------------------------------------------------------------------------


def test_people_are_counted_in_scope_and_today(bank, person_in, lines):
    person_in("teller", "O1"), person_in("teller", "O2"), person_in("teller", "O3")
    Assignment.objects.filter(person__code="teller.O2").update(to_date=DAY, from_date=DAY)
    Assignment.objects.filter(person__code="teller.O1").update(line=lines[1])
    everywhere = {post.code: held for post, held in queries.posts_held(SYSTEM)}
    assert everywhere == {"teller": 2}
    head = person_in("unit_head", "P1")
    held = {post.code: held for post, held in queries.posts_held(head, "org.read")}
    assert held == {"teller": 1, "unit_head": 1}
    shown = [(line.code, depth, held) for line, depth, held in queries.lines_held(head, "org.read")]
    assert shown == [("retail", 0, 0), ("cards", 1, 1)]


# --- pages -------------------------------------------------------------------------------------------------


def test_everybody_reads_posts_and_lines_and_finds_them_from_the_tree(client, as_, lines, bank):
    as_("teller", "O1")
    assert reverse("org.posts") in body(client.get(reverse("org.tree")))
    text = body(client.get(reverse("org.posts")))
    for words in ("综合柜员", "零售", "银行卡", "启用"):
        assert words in text
    assert "/rename/" not in text, "a teller changes nothing here"
    as_("supervisor", "P1")
    assert reverse("org.posts") in body(client.get(reverse("org.unit", args=["P1"])))


def test_a_closed_post_says_since_when_and_one_that_will_close_until_when(client, as_, teller):
    close_post(SYSTEM, add_post(SYSTEM, code="a", name="甲岗", role="teller"), last_day=DAY)
    later = timezone.localdate() + dt.timedelta(days=30)
    close_post(SYSTEM, add_post(SYSTEM, code="b", name="乙岗", role="teller"), last_day=later)
    as_("unit_head", "P1")
    text = body(client.get(reverse("org.posts")))
    assert "2026-03-01 后停用" in text
    assert f"将于 {later.isoformat()} 后停用" in text


def test_the_page_speaks_english(client, as_, lines):
    as_("teller", "O1")
    client.cookies["django_language"] = "en"
    with translation.override("en"):
        text = body(client.get(reverse("org.posts"), headers={"Accept-Language": "en"}))
    assert "Posts and lines" in text
    assert "Cards" in text
    assert "Teller" in text


def test_an_administrator_adds_a_post_and_a_line(client, as_, lines):
    as_("security_admin", "HO")
    assert client.get(reverse("org.post_new")).status_code == 200
    given = {"code": "vip", "name": "贵宾经理", "role": "wealth_manager"}
    answer = client.post(reverse("org.post_new"), given, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("org.posts")
    assert "贵宾经理" in body(answer)
    parent = BusinessLine.objects.get(code="retail").pk
    client.post(reverse("org.line_new"), {"code": "loans", "name": "贷款", "parent": parent})
    assert BusinessLine.objects.get(code="loans").parent.code == "retail"
    assert TrailEntry.objects.filter(verb__in=["org.add_post", "org.open_line"]).count() == 4


@pytest.mark.parametrize(
    ("route", "given", "text"),
    [
        ("org.post_new", {"code": "x", "name": "n", "role": "emperor"}, "emperor"),
        ("org.post_new", {"code": "security_admin", "name": "n", "role": "teller"}, "已存在"),
        ("org.line_new", {"code": "cards", "name": "n"}, "已存在"),
        ("org.line_new", {"code": "", "name": "n"}, "必填"),
    ],
)
def test_what_is_wrong_stands_in_the_form(client, as_, lines, route, given, text):
    as_("security_admin", "HO")
    answer = client.post(reverse(route), given)
    assert answer.status_code == 422
    assert text in body(answer)


def test_rename_close_and_open_again_by_page(client, as_, lines):
    as_("security_admin", "HO")
    post = add_post(SYSTEM, code="p", name="旧名", role="teller")
    steps = [
        ("org.post_change", post, "rename", {"name": "新名", "name_en": "New"}),
        ("org.post_change", post, "close", {"last_day": "2026-03-01"}),
        ("org.line_change", lines[1], "rename", {"name": "信用卡"}),
        ("org.line_change", lines[1], "close", {"last_day": "2026-03-01"}),
    ]
    for route, row, word, told in steps:
        where = reverse(route, args=[row.pk, word])
        assert client.get(where).status_code == 200
        assert client.post(where, told).status_code == 302
    post.refresh_from_db()
    lines[1].refresh_from_db()
    assert (post.name, post.name_en, post.closed_date) == ("新名", "New", DAY)
    assert (lines[1].name, lines[1].closed_date) == ("信用卡", DAY)
    text = body(client.get(reverse("org.posts")))
    assert reverse("org.post_change", args=[post.pk, "reopen"]) in text
    assert reverse("org.post_change", args=[post.pk, "close"]) not in text
    client.post(reverse("org.post_change", args=[post.pk, "reopen"]))
    client.post(reverse("org.line_change", args=[lines[1].pk, "reopen"]))
    assert {Post.objects.get(pk=post.pk).closed_date, BusinessLine.objects.get(code="cards").closed_date} == {
        FOREVER
    }


def test_no_role_is_given_by_leaving_the_form_as_it_is(client, as_):
    as_("security_admin", "HO")
    first = AddPost(actor=as_("security_admin", "HO")).fields["role"].choices[0]
    assert first[0] == ""
    answer = client.post(reverse("org.post_new"), {"code": "x", "name": "n", "role": ""})
    assert answer.status_code == 422
    assert not Post.objects.filter(code="x").exists()


def test_what_is_not_there_is_404(client, as_):
    as_("security_admin", "HO")
    for route in ("org.post_change", "org.line_change"):
        assert client.get(reverse(route, args=[999, "rename"])).status_code == 404
    post = Post.objects.get(code="security_admin")
    assert client.get(reverse("org.post_change", args=[post.pk, "explode"])).status_code == 404


def test_a_closed_post_is_not_offered(as_, teller):
    admin = as_("security_admin", "HO")
    close_post(SYSTEM, add_post(SYSTEM, code="old", name="旧岗", role="teller"), last_day=DAY)
    offered = {post.code for post in Assign(actor=admin).fields["post"].queryset}
    assert offered == {"teller", "security_admin"}
