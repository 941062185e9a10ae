"""The pages of standards: what they show, to whom, and with how many statements."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kezun.standards import actions
from kezun.standards.models import Standard
from kezun.standards.shipped import shipped
from kezun.standards.tests.world import SYSTEM, published, submitted, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(person_in, bank):
    return person_in("service_office", "P1")


@pytest.fixture
def visit(settings):
    """`visit(person)` → a client signed in as that person, reading English."""
    settings.AXES_ENABLED = False

    def make(person, language="en") -> Client:
        client = Client()
        client.force_login(person)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        return client

    return make


def body(answer) -> str:
    return answer.content.decode()


def queries(client: Client, address: str, **headers) -> int:
    client.get(address, **headers)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address, **headers).status_code == 200
    return len(caught)


def test_the_library_says_what_to_do_first(visit, office, person_in):
    page = body(visit(office).get(reverse("standards.library")))
    assert "No standard has been published yet" in page
    assert reverse("standards.begin") in page
    page = body(visit(person_in("teller", "O1")).get(reverse("standards.library")))
    assert reverse("standards.begin") not in page


def test_the_library_lists_editions_and_what_waits(visit, office, second):
    first = published()
    today = dt.date.today()
    published(version="2", start=f"{today}", supersedes="1")
    waiting = actions.propose(
        office, actions.draft(office, text=text("3", start="2099-01-01", supersedes="2"))
    )
    actions.draft(office, text=text("4", start="2100-01-01", supersedes="3"))
    page = body(visit(second).get(reverse("standards.library")))
    assert "1 proposal waits for your decision" in page
    assert reverse("standards.handbook", args=[waiting.pk]) in page
    assert reverse("standards.handbook", args=[first.pk]) in page
    assert "proposal waits" not in body(visit(office).get(reverse("standards.library")))
    assert queries(visit(second), reverse("standards.library")) <= 6


def test_the_handbook_shows_every_criterion_and_its_rules(visit, person_in):
    row = published()
    address = reverse("standards.handbook", args=[row.pk])
    page = body(visit(person_in("teller", "O1")).get(address))
    for said in (
        "Sign clean and whole",
        "便民设施每缺一处扣二分",
        "Each defect takes 2 points, down to 0.",
        row.sha256,
    ):
        assert said in page
    assert "Veto on «差»: the grade is capped at «passed»." in page
    assert "On «否» nothing is earned for B1.2." in page
    assert "correct within 7 days" in page
    assert queries(visit(person_in("teller", "O1")), address) <= 6


def test_search_and_filters_narrow_the_handbook(visit, office):
    row = published()
    address = reverse("standards.handbook", args=[row.pk])
    client = visit(office)

    def ids(**said) -> set[str]:
        page = body(client.get(address, said, headers={"HX-Request": "true", "HX-Target": "criteria"}))
        assert "<html" not in page
        return set(re.findall(r'<li id="([AB]\d\.\d)"', page))

    assert ids(q="便民") == {"A1.2"}
    assert ids(q="sign WHOLE") == {"A1.1"}
    assert ids(method="暗访") == {"B1.3"}
    assert ids(role="神秘客户") == {"B1.3"}
    assert ids(tag="street-front") == {"A1.3"}
    assert ids(severity="一般") == {"A1.1"}
    assert ids(q="没有这样的条目") == set()
    assert len(ids()) == 6


def test_drafts_are_not_there_for_others(visit, office, person_in):
    draft = actions.draft(office, text=text())
    for name in ("handbook", "text", "pdf", "compare"):
        answer = visit(person_in("teller", "O1")).get(reverse(f"standards.{name}", args=[draft.pk]))
        assert answer.status_code == 404
    assert visit(office).get(reverse("standards.handbook", args=[10**30])).status_code == 404


def test_text_and_pdf_are_taken_away(visit, office):
    row = published()
    answer = visit(office).get(reverse("standards.text", args=[row.pk]))
    assert body(answer) == row.text
    assert "outlet-1.yaml" in answer["Content-Disposition"]
    answer = visit(office).get(reverse("standards.pdf", args=[row.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert answer.content == visit(office).get(reverse("standards.pdf", args=[row.pk])).content


def test_from_draft_to_published_by_two_people(visit, office, second):
    client = visit(office)
    tomorrow = dt.date.today() + dt.timedelta(days=1)
    said = {"how": "blank", "urn": "urn:b:std:x", "title": "新标准", "version": "1", "start": tomorrow}
    answer = client.post(reverse("standards.begin"), said)
    row = Standard.objects.get()
    assert answer.url == reverse("standards.edit", args=[row.pk])
    page = client.post(reverse("standards.decide", args=[row.pk, "propose"]), follow=True)
    assert "is missing" in body(page), "a criterion without words is no criterion"
    client.post(reverse("standards.edit", args=[row.pk]), {"c-0-0-0.text": "地面干净", "do": "save"})
    client.post(reverse("standards.decide", args=[row.pk, "propose"]))
    row.refresh_from_db()
    assert row.state == "proposed"
    page = body(client.get(reverse("standards.handbook", args=[row.pk])))
    assert "someone else has to decide" in page
    other = visit(second)
    assert "Approve and publish" in body(other.get(reverse("standards.handbook", args=[row.pk])))
    other.post(reverse("standards.decide", args=[row.pk, "refuse"]), {"reason": "点数"})
    row.refresh_from_db()
    assert (row.state, row.note) == ("draft", "点数")
    client.post(reverse("standards.decide", args=[row.pk, "propose"]))
    page = other.post(reverse("standards.decide", args=[row.pk, "approve"]), {"doc_no": "1号"}, follow=True)
    assert "Published." in body(page)
    assert other.get(reverse("standards.decide", args=[row.pk, "approve"])).status_code == 405
    assert other.post(reverse("standards.decide", args=[row.pk, "dance"])).status_code == 404


def test_what_stands_in_the_way_is_said(visit, office, second):
    row = actions.propose(office, actions.draft(office, text=text()))
    page = visit(second).post(reverse("standards.decide", args=[row.pk, "approve"]), follow=True)
    assert "name the decision that orders this" in body(page)
    page = visit(second).post(
        reverse("standards.decide", args=[row.pk, "withdraw"]), {"reason": "不要"}, follow=True
    )
    assert "Withdrawn." in body(page)


def test_a_correction_for_the_past_names_the_sheets(visit, office, second, bank):
    published()
    submitted(office, bank["O1"])
    row = actions.propose(office, actions.draft(office, text=text(sign=20)))
    page = visit(second).post(
        reverse("standards.decide", args=[row.pk, "approve"]), {"doc_no": "9号"}, follow=True
    )
    assert "1 sheets were judged by another edition" in body(page)
    assert "1 sheet was judged by another edition" in body(page)


def test_examples_texts_and_mistakes_at_the_beginning(visit, office):
    client, address = visit(office), reverse("standards.begin")
    made = shipped()[0][0]
    answer = client.post(address, {"how": "example", "urn": made.id, "version": made.version})
    assert answer.status_code == 302
    assert Standard.objects.get().urn == made.id
    assert client.post(address, {"how": "example", "urn": "none"}).status_code == 422
    assert client.post(address, {"how": "text", "pasted": text()}).status_code == 302
    answer = client.post(address, {"how": "text", "pasted": "title: x"})
    assert (answer.status_code, "missing" in body(answer)) == (422, True)
    assert client.post(address, {"how": "text"}).status_code == 422
    assert client.post(address, {"how": "dance"}).status_code == 422
    answer = client.post(address, {"how": "blank", "urn": "a b", "title": "t", "version": "1", "start": "x"})
    assert answer.status_code == 422


def test_the_next_edition_begins_from_this_one(visit, office):
    row = published(version="2026.1")
    answer = visit(office).post(reverse("standards.copy", args=[row.pk]))
    made = Standard.objects.get(state="draft")
    assert answer.url == reverse("standards.edit", args=[made.pk])
    assert (made.version, made.supersedes) == ("2026.2", "2026.1")
    assert made.from_date == dt.date.today() + dt.timedelta(days=1)
    assert actions.propose(office, made).state == "proposed"
    broken = actions.draft(office, text=text("9").replace("points: 10", "points: 11", 1))
    answer = visit(office).post(reverse("standards.copy", args=[broken.pk]), follow=True)
    assert "mend it first" in body(answer)


def test_comparing_marks_words_and_points(visit, office, person_in):
    old = published(version="1", end="2025-01-01")
    new = published(version="2", start="2025-01-01", sign=20).pk
    changed = actions.draft(
        office,
        text=text("3", start="2099-01-01", supersedes="2").replace("门楣标牌清洁完整", "门楣标牌清洁明亮"),
    )
    address = reverse("standards.compare", args=[old.pk])
    client = visit(person_in("teller", "O1"))
    page = body(client.get(address, {"with": new}))
    assert "+10" in page
    assert "便民设施" not in page, "what is the same is left out"
    assert "便民设施" in body(client.get(address, {"with": new, "only": "all"}))
    assert client.get(address, {"with": changed.pk}).status_code == 404
    page = body(visit(office, "zh-hans").get(address, {"with": changed.pk}))
    assert "<del>完整</del>" in page
    assert "<ins>明亮</ins>" in page
    assert client.get(address).status_code == 200
    alone = actions.install(SYSTEM, text=text().replace("urn:test:std:outlet", "urn:x"), origin="catalog")
    assert client.get(reverse("standards.compare", args=[alone.pk])).status_code == 302


def test_a_draft_that_cannot_be_read_shows_why(visit, office):
    row = actions.draft(office, text=text().replace("points: 10", "points: 11", 1))
    published(version="0", end="2020-01-01", start="2019-01-01")
    for address in (
        reverse("standards.handbook", args=[row.pk]),
        reverse("standards.compare", args=[row.pk]),
    ):
        page = body(visit(office).get(address))
        assert "cannot be read yet" in page
        assert "line " in page
