"""The page of a case: what it shows to whom, which steps it offers, and what it costs."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kezun.cases import actions, drawing, escalation, kinds, policies, queries, sealing, standing, timeline
from kezun.cases.doing import Doing
from kezun.cases.models import Case, CaseKey, Clock, Link, Petition
from kezun.cases.tests.conftest import COURSE
from kezun.cases.tests.timing import at, now_is
from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.org.models import Person
from kezun.standards.tests.world import photo

CUSTOMER = {
    **{"role": "complainant", "name": "王小明", "phone": "13812345678"},
    **{"id_number": "110101199003071233", "address": "北京市东城区一号"},
}


@pytest.fixture
def seen(client, world):
    """`seen(case, "lobby")` is the page of a case as somebody sees it."""

    def show(case, who="lobby", query="", status=200):
        client.force_login(world[who])
        answer = client.get(f"/cases/{case.no}/{query}")
        assert answer.status_code == status
        return answer.content.decode()

    return show


def test_who_and_what_and_when_stand_in_the_history(seen, closed, world):
    case = closed()
    page = seen(case)
    for word in ("测lobby_manager", "测supervisor", "复核通过", "办结了事项", "已道歉并增开窗口", "试验事项"):
        assert word in page
    assert "<del>处理中</del>" in page
    assert f"{timezone.localtime(case.closed_at):%Y-%m-%d %H:%M}" in page


def test_outside_the_scope_there_is_no_page(seen, opened, world):
    case = opened(title="柜台争执")
    assert "柜台争执" in seen(case)
    page = seen(case, "far", status=404)
    assert "柜台争执" not in page
    assert "机构O1" not in page


@pytest.mark.parametrize("no", ["C99-000001", "C26-999999", "c26-000000"])
def test_a_number_that_is_none_is_no_page(client, world, no):
    client.force_login(world["office"])
    assert client.get(f"/cases/{no}/").status_code == 404
    with pytest.raises(OutOfScope):
        queries.case_by_no(world["office"], no)


def test_the_year_belongs_to_the_number(world, opened):
    case = opened()
    with pytest.raises(OutOfScope):
        queries.case_by_no(world["office"], f"C01-{case.pk:06d}")
    assert queries.case_by_no(world["office"], case.no.lower()) == case


def test_people_are_masked_until_somebody_says_why(client, seen, opened, world):
    case = opened(parties=[CUSTOMER], story="我等了一小时", account="尾号5566778899")
    page = seen(case)
    assert "王**" in page
    assert "138****5678" in page
    for secret in ("王小明", "13812345678", "110101199003071233", "东城区", "我等了一小时", "5566778899"):
        assert secret not in page
    answer = client.post(f"/cases/{case.no}/unmask/", {"reason": ""})
    assert answer.status_code == 422
    answer = client.post(f"/cases/{case.no}/unmask/", {"reason": "回电客户"})
    clear = answer.content.decode()
    for secret in (
        "王小明",
        "13812345678",
        "110101199003071233",
        "东城区一号",
        "我等了一小时",
        "尾号5566778899",
    ):
        assert secret in clear
    assert "no-store" in answer["Cache-Control"]
    assert case.events.filter(verb="unmask", actor=world["lobby"]).count() == 1
    assert "王小明" not in seen(case)


def test_who_is_named_sees_no_contact_and_no_step(seen, opened, world):
    named = {"role": "named_staff", "person": "outlet_manager.O1"}
    case = opened(parties=[CUSTOMER, named])
    page = seen(case, "manager")
    assert "138****5678" not in page
    assert "本事项涉及您或您机构的人员" in page
    assert f"/cases/{case.no}/take/" not in page
    assert f"/cases/{case.no}/note/" in page


def test_what_was_erased_is_said_to_be(seen, opened, world):
    case = opened(parties=[CUSTOMER])
    sealing.erase(case)
    page = seen(case)
    assert "已销毁" in page
    assert "王" not in page.split("<aside")[2]
    assert CaseKey.objects.get(case=case).key == ""
    assert sealing.opener(case) is None


@pytest.mark.parametrize("state", range(len(COURSE) + 1))
def test_offered_is_what_the_engine_would_let_pass(world, opened, state):
    """In every state, for everybody: the offers are exactly those verbs that `standing.check` lets pass."""
    people = [{"role": "complainant", "name": "王"}, {"role": "named_staff", "person": "teller.O1"}]
    case = opened(actor="other", unit="O2", owner="O2", parties=people if state % 2 else [])
    names = {"manager": "other", "lobby": "other", "supervisor": "supervisor"}
    for who, verb, given in COURSE[:state]:
        case = actions.do(world[names[who]], case, verb, given)
    form = kinds.form_of(case.kind)
    for name, person in world.items():
        if name == "bank":
            continue
        offers = queries.allowed_steps(person, case, form, standing.Ground(person, case))
        one_by_one = {
            verb
            for verb in form.verbs(case.state)
            if verb not in queries.NOT_OFFERED
            and standing.may(
                person,
                Doing(person, case, form, verb, case.last_at, step=form.step(verb, case.state)),
            )
        }
        assert {offer.verb for offer in offers} == one_by_one, name


def test_offers_take_few_statements(world, opened):
    case = opened(parties=[{"role": "named_staff", "person": "teller.O1"}])
    form, person = kinds.form_of(case.kind), world["supervisor"]
    assert person.scope.held
    with CaptureQueriesContext(connection) as asked:
        offers = queries.allowed_steps(person, case, form, standing.Ground(person, case))
    assert len(offers) > 5
    assert len(asked) <= 4


def test_what_brings_the_case_on_is_offered_first(world, opened):
    case = actions.do(world["lobby"], opened(), "take")
    form = kinds.form_of(case.kind)
    offers = queries.allowed_steps(world["lobby"], case, form, standing.Ground(world["lobby"], case))
    assert offers[0].verb == "propose"
    assert offers[0].moves
    assert [o.verb for o in offers if o.moves][-1] == "withdraw"


def test_photos_stand_in_pairs_and_are_shown_and_documents_saved(client, seen, opened, world):
    case = actions.do(world["lobby"], opened(), "attach", {"files": [photo(1)], "stage": "before"})
    actions.do(world["lobby"], case, "attach", {"files": [photo(2)], "stage": "after", "caption": "已更换"})
    actions.do(world["lobby"], case, "attach", {"files": [photo(3)], "stage": "given"})
    page = seen(case)
    assert page.count('id="pair-1"') == 1
    assert "已更换" in page
    proofs = list(case.proofs.select_related("file").order_by("pk"))
    shown = drawing.gallery(proofs)
    assert [(p.number, len(p.before), len(p.after)) for p in shown.pairs] == [(1, 1, 1)]
    assert (len(shown.pictures), len(shown.documents), shown.any) == (1, 0, True)
    answer = client.get(f"/cases/{case.no}/files/{proofs[0].pk}/")
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("inline")
    assert b"".join(answer.streaming_content).startswith(b"\x89PNG")
    assert client.get(f"/cases/{case.no}/files/{proofs[0].pk + 99}/").status_code == 404
    other = opened()
    assert client.get(f"/cases/{other.no}/files/{proofs[0].pk}/").status_code == 404
    client.force_login(world["far"])
    assert client.get(f"/cases/{case.no}/files/{proofs[0].pk}/").status_code == 404


def test_links_to_cases_outside_the_scope_tell_their_number_alone(seen, opened, world):
    here = opened()
    there = opened(actor="far", unit="O3", title="别处的秘密")
    Link.objects.create(source=here, target=there, type="caused_by", at=timezone.now())
    page = seen(here)
    assert there.no in page
    assert "别处的秘密" not in page
    assert "别处的秘密" in seen(here, "office")


def clock(case, **more):
    now = timezone.now()
    told = {
        **{"case": case, "policy": "p", "start_at": now - dt.timedelta(days=6, minutes=1)},
        **{"due_at": now + dt.timedelta(days=4), "act_by_at": now + dt.timedelta(days=2)},
        "snapshot": {
            "policy": {"name": "处理时限", "name_en": "Decision", "legal_ref": "第X条", "verified": False},
            "ladder": {"id": "service"},
        },
    }
    return Clock(**told | more)


def test_clocks_are_drawn_by_what_has_gone(opened):
    case, now = opened(), timezone.now()
    bar = drawing.bars([clock(case)], now)[0]
    assert (bar.name, bar.law, bar.verified, bar.tone) == ("处理时限", "第X条", False, "soon")
    assert bar.used == pytest.approx(60, abs=0.3)
    assert bar.act == pytest.approx(80, abs=0.3)
    assert bar.ticks == pytest.approx([40, 60, 72], abs=0.2)
    late = drawing.bars([clock(case, act_by_at=now - dt.timedelta(hours=1))], now)[0]
    assert late.tone == "late"
    assert "已超 1 小时" in late.text
    ended = drawing.bars(
        [clock(case, state="stopped", stopped_at=now - dt.timedelta(days=5), outcome="met"), clock(case)], now
    )
    assert [bar.tone for bar in ended] == ["soon", "done"]
    assert ended[1].used == pytest.approx(10, abs=0.3)
    assert drawing.bars([clock(case, snapshot={})], now)[0].ticks == []
    missed = clock(case, state="stopped", stopped_at=now, outcome="missed")
    assert drawing.bars([missed], now)[0].tone == "late"


def test_a_deadline_is_explained_day_by_day(client, world):
    kinds.install_all(SystemActor("test"))
    from tests.loops import correction

    case = Case.objects.get(pk=int(correction(world["lobby"], world["bank"]["O1"])["no"].rpartition("-")[2]))
    held = case.clocks.first()
    client.force_login(world["office"])
    page = client.get(f"/cases/{case.no}/why/{held.pk}/").content.decode()
    assert f"{timezone.localtime(held.due_at):%Y-%m-%d %H:%M}" in page
    assert "c-year" in page
    assert client.get(f"/cases/{case.no}/why/{held.pk + 1000}/").status_code == 404
    shown = client.get(f"/cases/{case.no}/").content.decode()
    assert f"/cases/{case.no}/why/{held.pk}/" in shown
    assert "c-track" in shown


def test_the_history_is_cut_and_the_rest_one_click_away(seen, opened, world, monkeypatch):
    monkeypatch.setattr(timeline, "SHOWN", 3)
    case = opened()
    for n in range(5):
        case = actions.do(world["lobby"], case, "note", {"note": f"第{n}条"})
    assert "第0条" not in seen(case)
    assert "更早的 3 条记录" in seen(case)
    assert "第0条" in seen(case, query="?history=all")


def test_values_are_told_in_words(world, opened):
    case = actions.do(world["manager"], opened(urgency="usual"), "assign", {"unit": "O2"})
    case = actions.do(world["other"], case, "return", {"reason": "不是我网点"})
    case = actions.do(
        world["manager"], case, "amend", {"reason": "更正", "where": "二楼", "urgency": "urgent"}
    )
    entries = timeline.history(case, kinds.form_of(case.kind))
    assert [entry.verb for entry in entries] == ["amend", "return", "assign", "open"]
    amended = {(c.name, c.old, c.new) for c in entries[0].changes}
    assert ("地点", "", "二楼") in amended
    assert ("紧急程度", "一般", "紧急") in amended
    handed = {c.name: (c.old, c.new) for c in entries[2].changes}
    assert handed["已转至"] == ("", "机构O2")
    assert ("机构", "机构O2") in entries[2].said
    assert ("理由", "不是我网点") in entries[1].said or any(t == "不是我网点" for _n, t in entries[1].said)
    assert entries[3].changes == ()


def test_the_platform_and_customers_are_called_by_what_they_are(world, closed):
    case = closed()
    actions.do(standing.CUSTOMER, case, "rate", {"satisfaction": 5, "words": "很好"})
    entries = timeline.history(Case.objects.get(pk=case.pk), kinds.form_of(case.kind))
    assert entries[0].who == "客户"
    assert "很好" not in str(entries[0])
    body = json.loads(case.events.get(verb="rate").body)
    assert body["actor"] == "system:customer"


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ({"type": "money"}, 123450, "1,234.50"),
        ({"type": "flag"}, True, "是"),
        ({"type": "moment"}, "2026-03-01T02:00:00+00:00", "2026-03-01 10:00"),
        ({"type": "person"}, "teller.O1", "teller.O1"),
        ({"type": "unit"}, None, ""),
        ({"type": "code", "table": "no_such"}, "X", "X"),
        ({"type": "code", "table": "complexity"}, "simple", "事实清楚、争议简单"),
        ({"type": "code", "table": "complaint_channel"}, "nope", "nope"),
        ({"type": "text", "sealed": True}, {"sealed": 1}, "（以本事项专用密钥保存）"),
        ({"type": "choice"}, "gone", "gone"),
        ({"type": "text"}, "", ""),
    ],
)
def test_fields_are_told_in_words(field, value, text):
    from kezun.cases.rules.kinds import Field

    assert timeline.field_words(Field("f", "字段", **field), value) == text


def test_the_page_takes_few_statements_however_long_its_history(client, world, opened):
    case = opened(parties=[CUSTOMER])
    for n in range(4):
        case = actions.do(world["lobby"], case, "note", {"note": str(n)})
    client.force_login(world["lobby"])

    def asked():
        client.get(f"/cases/{case.no}/")
        with CaptureQueriesContext(connection) as found:
            client.get(f"/cases/{case.no}/")
        return len(found)

    few = asked()
    for n in range(12):
        actions.do(world["lobby"], Case.objects.get(pk=case.pk), "note", {"note": str(n)})
        actions.do(
            world["lobby"], Case.objects.get(pk=case.pk), "attach", {"files": [photo(n)], "stage": "work"}
        )
    for _n in range(3):
        Link.objects.create(source=case, target=opened(), type="caused_by", at=timezone.now())
    many = asked()
    assert few <= 14
    assert many <= few + 1


def test_an_escalation_says_which_deadline_ran_and_who_was_told(world, timed):
    case = timed()
    escalation.sweep(now=at("2026-09-26T09:00"))
    case = Case.objects.get(pk=case.pk)
    newest = timeline.history(case, kinds.form_of(case.kind))[0]
    assert newest.verb == "escalate"
    said = dict(newest.said)
    told = json.loads(case.events.get(seq=newest.seq).body)["told"]["escalated"]
    assert said["期限"] == policies.policies()[told["policy"]].title
    people = Person.objects.in_bulk(told["people"])
    assert people
    assert said["已提醒"] == ", ".join(f"{people[pk].name} {people[pk].code}" for pk in told["people"])
    assert not {"时钟", "督办阶梯步骤"} & set(said)


def test_a_decision_says_on_what(world, timed):
    case = timed()
    with now_is("2026-09-22T10:00"):
        case = actions.do(world["manager"], case, "accept")
        case = actions.do(world["lobby"], case, "take")
        asked = {"type": "extend", "policy": "complaint_decision", "units": 5, "reason": "调取凭证"}
        case = actions.do(world["lobby"], case, "ask", asked | {"notice": "已告知客户"})
        petition = Petition.objects.get(case=case)
        case = actions.do(
            world["supervisor"], case, "refuse", {"petition": petition.pk, "reason": "理由不足"}
        )
    newest = timeline.history(case, kinds.form_of(case.kind))[0]
    assert ("申请事项", str(Petition.Type.EXTEND.label)) in newest.said
    assert ("期限", policies.policies()["complaint_decision"].title) in newest.said
    assert str(petition.pk) not in dict(newest.said).values()
