"""The demo bank has two people of the service office: each second approval can be tried by them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from kezun.assessment.actions import rounds, schemes
from kezun.assessment.models import Scheme
from kezun.assessment.tests.world import scheme_text
from kezun.cases.actions import kinds as case_kinds
from kezun.cases.tests.conftest import KIND
from kezun.kernel.actor import Denied, SystemActor
from kezun.org import actions as org
from kezun.org import shipped
from kezun.org.models import Calendar, Person
from kezun.org.rules.roster import Roster
from kezun.org.rules.rows import UnitRow
from kezun.site import demo
from kezun.site.packs.pack import read
from kezun.standards import actions as standards
from kezun.standards.tests import world

PACK = Path(__file__).resolve().parents[3] / "packs" / "demo-bank"
ACTOR = SystemActor("test")


@pytest.fixture
def pair(settings, tmp_path, db):
    """The two who sign in as `office` and `office2`, with the organisation of the demo bank."""
    settings.KEZUN_HOME = tmp_path
    pack = read(PACK)
    demo.load_pack(ACTOR, pack)
    demo.sign_ins(ACTOR, pack)
    shipped.install_all(ACTOR)
    return tuple(Person.objects.get(username=name) for name in ("office", "office2"))


def refused(work, *arguments, **more):
    """The same person is told no, and nothing has changed."""
    with pytest.raises((ValidationError, Denied, IntegrityError)), transaction.atomic():
        work(*arguments, **more)


def editions(office, second):
    """Standard, scheme and kind: drafted and proposed by one, published by the other."""
    for text, draft, propose, approve in (
        (world.text("9", start="2099-01-01"), standards.draft, standards.propose, standards.approve),
        (
            scheme_text(),
            schemes.draft_scheme,
            schemes.propose_scheme,
            schemes.approve_scheme,
        ),
        (KIND, case_kinds.draft_kind, case_kinds.propose_kind, case_kinds.approve_kind),
    ):
        held = propose(office, draft(office, text=text))
        refused(approve, office, held, doc_no="试行〔2026〕1号")
        approve(second, held, doc_no="试行〔2026〕1号")
        held.refresh_from_db()
        assert held.state == "published"
        assert (held.proposed_by_id, held.approved_by_id) == (office.pk, second.pk)


def desk_of_periods(office, second):
    """A step of a round: asked for by one, taken by the other."""
    scheme = Scheme.objects.get(state="published")
    held = rounds.open_round(office, scheme, period="2026-03")
    held = rounds.ask_step(office, held)
    refused(rounds.take_step, office, held)
    assert rounds.take_step(second, held).state == "provisional"


def rosters(office, second):
    """A roster sent in by one, applied by the other."""
    day = dt.date(2026, 1, 1)
    unit = UnitRow(row=2, code="CH9999", name="新设网点", kind="outlet", parent="CH111", from_date=day)
    sent = org.submit_roster(office, org.draft_roster(office, Roster(units=(unit,)), name="新设.xlsx"))
    refused(org.approve_roster, office, sent)
    assert org.approve_roster(second, sent).state == "applied"


def years(office, second):
    """A calendar's year proposed by one, settled by the other."""
    calendar = Calendar.objects.get(code="cn")
    table = "date,kind,name\n2027-01-01,holiday,元旦\n"
    org.import_calendar(office, calendar, table=table, counts={"added": 1, "changed": 0, "removed": 0})
    held = org.propose_calendar_year(office, calendar, year=2027, source="国办发明电〔2026〕9号")
    refused(org.publish_calendar_year, office, held)
    assert org.publish_calendar_year(second, held).status == "official"


def test_what_one_proposes_the_other_approves(pair):
    office, second = pair
    assert office.home_unit == second.home_unit
    editions(office, second)
    desk_of_periods(office, second)
    rosters(office, second)
    years(office, second)


def test_the_second_person_signs_in_like_the_others_and_finds_what_waits(pair):
    office, second = pair
    assert second.check_password(read(PACK).file.demo.password)
    held = standards.propose(office, standards.draft(office, text=world.text("9", start="2099-01-01")))
    kind = case_kinds.propose_kind(office, case_kinds.draft_kind(office, text=KIND))
    for person, offered in ((office, False), (second, True)):
        client = Client()
        client.force_login(person, backend="kezun.org.signin.Backend")
        for page, decide, pk in (
            ("standards.handbook", "standards.decide", held.pk),
            ("cases.kind", "cases.decide_kind", kind.pk),
        ):
            text = client.get(reverse(page, args=[pk])).content.decode()
            assert (reverse(decide, args=[pk, "approve"]) in text) is offered, f"{person} {page}"
