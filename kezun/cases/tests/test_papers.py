"""Papers, ledgers, accountability and the coverage of roll-outs: what is printed, sent round and filed."""

from __future__ import annotations

import datetime as dt
import io
import re

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import override
from openpyxl import load_workbook

from kezun.cases import actions, ledgers, papers, rollout, showing
from kezun.cases.models import Case, Petition
from kezun.cases.rules.kinds import Choice, Field
from kezun.cases.sealing import erase
from kezun.cases.tests.courses import COURSES, fitted
from kezun.kernel.actor import Denied
from kezun.kernel.file import path_of
from kezun.kernel.task import run_due
from kezun.standards.tests.world import photo
from kezun.ui.pdf import Document


@pytest.fixture
def written(monkeypatch):
    """All texts that go into a document, in order."""
    told: list[str] = []
    for name in ("heading", "paragraph", "facts", "table"):
        plain = getattr(Document, name)

        def keep(self, *given, _plain=plain, **more):
            told.append(repr(given))
            return _plain(self, *given, **more)

        monkeypatch.setattr(Document, name, keep)
    return told


@pytest.mark.parametrize("kind", COURSES)
def test_every_kind_has_its_paper(done, written, kind):
    case = done(kind)
    content = papers.paper(case)
    assert content.startswith(b"%PDF")
    text = " ".join(written)
    assert case.no in text
    assert case.title in text
    assert "13800001111" not in text
    assert "王女士" not in text
    assert "人民路" not in text


def test_a_notice_says_who_must_put_what_right_by_when(done, written):
    case = done("correction", "take")
    papers.paper(case)
    text = " ".join(written)
    for words in ("整改", "三日内修复叫号屏", "3", "测outlet_manager", "机构O1"):
        assert words in text


@pytest.mark.parametrize(
    ("more", "words"),
    [({"urgency": "immediate"}, "立即"), ({"days": ""}, "机构O1"), ({"responsible": ""}, "—")],
)
def test_notices_differ(done, written, more, words):
    papers.paper(done("correction", "take", **more))
    assert words in " ".join(written)


def test_the_course_and_its_words_stand_on_the_paper(done, written):
    papers.paper(done("correction"))
    assert "已更换叫号屏" in " ".join(written)


def test_photos_stand_in_pairs(shipped, done, monkeypatch):
    case = done("correction", "propose")
    for stage in ("before", "after", "work"):
        actions.do(shipped["manager"], case, "attach", {"stage": stage, "files": [photo(1), photo(2)]})
    rows = []
    monkeypatch.setattr(Document, "pictures", lambda self, given: rows.extend(given))
    papers.paper(case)
    assert [len(row) for row in rows] == [2, 2, 2]
    assert rows[0][0][0].startswith("整改前") or "1" in rows[0][0][0]


def test_a_paper_with_photos_is_drawn_even_where_a_file_is_gone(shipped, done):
    case = done("correction", "propose")
    actions.do(shipped["manager"], case, "attach", {"stage": "before", "files": [photo(1), photo(2)]})
    whole = len(papers.paper(case))
    path_of(photo(2).sha256).unlink()
    assert papers.content(photo(1))
    cut = papers.paper(case)
    assert cut.startswith(b"%PDF")
    assert len(cut) < whole


def test_a_repeat_says_so(done, written):
    case = done("correction", "take")
    case.repeat = 2
    papers.paper(case)
    assert "3" in " ".join(written)


def test_what_was_erased_stays_so(done, written):
    case = done("praise")
    erase(case)
    papers.paper(case)
    assert "王" not in " ".join(written)


@pytest.mark.parametrize(
    ("field", "held", "words"),
    [
        (Field("x", "名", type="flag"), True, "是"),
        (Field("x", "名", type="flag"), False, "否"),
        (Field("x", "名", type="money"), 9_000_050, "90,000.50"),
        (Field("x", "名", type="choice", choices=(Choice("a", "甲", "A"),)), "a", "甲"),
        (Field("x", "名", type="choice"), "b", "b"),
        (Field("x", "名", type="code", table="cause"), "people", "人员"),
        (Field("x", "名", type="code", table="gone"), "people", "people"),
        (Field("x", "名", type="person"), "nobody", "nobody"),
        (Field("x", "名", type="unit"), "O1", "机构O1 (O1)"),
        (Field("x", "名", type="unit"), "XX", "XX"),
        (Field("x", "名", type="moment"), "2026-01-05T02:00:00+00:00", "2026-01-05 10:00"),
        (Field("x", "名"), None, ""),
        (Field("x", "名"), "话", "话"),
    ],
)
def test_values_in_words(shipped, field, held, words):
    assert showing.value(field, held) == words


def test_what_is_sealed_is_not_shown():
    assert "{" not in showing.value(Field("x", "名", sealed=True), {"sealed": 1})


# Ledgers


def rows_of(content: bytes) -> list[tuple]:
    return list(load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def year(code: str, **more) -> ledgers.Wanted:
    today = timezone.localdate()
    return ledgers.Wanted(code, today.replace(month=1, day=1), today + dt.timedelta(days=1), **more)


def test_a_ledger_holds_every_case_in_scope(shipped, done):
    first, second = done("correction"), done("correction", "take")
    rows = rows_of(ledgers.ledger(shipped["office"], year("correction")))
    assert {row[0] for row in rows} >= {first.no, second.no}
    told = next(row for row in rows if row[0] == first.no)
    assert "三日内修复叫号屏" in told
    assert 3 in told
    far = rows_of(ledgers.ledger(shipped["far"], year("correction")))
    assert not {row[0] for row in far} & {first.no, second.no}


def test_a_ledger_is_narrowed(shipped, done):
    ended, open_ = done("correction"), done("correction", "take")
    office = shipped["office"]
    assert list(ledgers.cases_of(office, year("correction", open=True))) == [open_]
    assert list(ledgers.cases_of(office, year("correction", open=False))) == [ended]
    assert list(ledgers.cases_of(office, year("correction", unit="O2"))) == []
    assert list(ledgers.cases_of(office, year("praise"))) == []


def test_money_in_a_ledger_is_a_number_and_nothing_sealed_stands_there(shipped, done):
    done("interception")
    rows = rows_of(ledgers.ledger(shipped["office"], year("interception")))
    assert any(90_000 in row for row in rows)
    assert not any("公安" in str(cell) for row in rows for cell in row)


def test_the_ledger_page_and_its_file(client, shipped, done):
    case = done("correction")
    client.force_login(shipped["office"])
    shown = client.get("/ledgers/").content.decode()
    assert case.no in shown
    assert f"/papers/{case.no}/" in shown
    today = timezone.localdate()
    assert (
        case.no
        not in client.get(
            f"/ledgers/?from={today - dt.timedelta(days=9)}&until=2020-01-01&unit=O2"
        ).content.decode()
    )
    answer = client.get("/ledgers/file/?kind=correction&from=nonsense&until=9999-12-31")
    assert "spreadsheet" in answer["Content-Type"]
    assert any(case.no in map(str, row) for row in rows_of(answer.content))
    assert client.get("/ledgers/?kind=nonsense").status_code == 404


def test_the_paper_is_for_whoever_reads_the_case(client, shipped, done):
    case = done("correction")
    client.force_login(shipped["office"])
    answer = client.get(f"/papers/{case.no}/")
    assert answer["Content-Type"] == "application/pdf"
    client.force_login(shipped["far"])
    assert client.get(f"/papers/{case.no}/").status_code == 404
    client.force_login(shipped["office"])
    assert client.get("/papers/C26-999999/").status_code == 404
    assert client.get("/papers/x/").status_code == 404


def test_papers_and_ledgers_speak_english_too(shipped, done, written):
    case = done("correction")
    with override("en"):
        papers.paper(case)
        rows = rows_of(ledgers.ledger(shipped["office"], year("correction")))
    assert "Correction notice" in " ".join(written) or "Course" in " ".join(written)
    assert "In time" in str(rows)


# Accountability


def test_one_proposes_another_decides_and_it_stands_in_the_ledger(client, shipped, done, written):
    case = done("correction", "close", complexity="minor")
    told = {"type": "account", "person": "outlet_manager.O1", "measure": "通报批评", "reason": "多次逾期"}
    case = actions.do(shipped["supervisor"], case, "ask", told)
    petition = Petition.objects.get(case=case)
    with pytest.raises((Denied, ValidationError)):
        actions.do(shipped["supervisor"], case, "grant", {"petition": petition.pk})
    client.force_login(shipped["office"])
    assert "多次逾期" in client.get("/accountability/").content.decode()
    actions.do(shipped["sub"], case, "grant", {"petition": petition.pk, "note": "同意"})
    rows = rows_of(ledgers.accountability(shipped["office"]))
    assert any("通报批评" in map(str, row) and "同意" in map(str, row) for row in rows)
    answer = client.get("/accountability/file/")
    assert any("测outlet_manager (outlet_manager.O1)" in map(str, row) for row in rows_of(answer.content))
    papers.paper(case)
    assert "通报批评" in " ".join(written)
    client.force_login(shipped["lobby"])
    assert client.get("/accountability/").status_code == 403
    client.force_login(shipped["far"])
    assert "多次逾期" not in client.get("/accountability/").content.decode()


def test_a_proposal_that_waits_says_so(shipped, done):
    case = done("correction", "close")
    told = {"type": "account", "person": "outlet_manager.O1", "measure": "约谈", "reason": "逾期"}
    actions.do(shipped["supervisor"], case, "ask", told)
    assert papers.decision_of(Petition.objects.get()) == "待决定"


def test_a_grave_one_waits_for_the_decision(shipped, done):
    case = done("correction", "propose", complexity="major")
    actions.do(shipped["sub"], case, "meet", {"at": case.received_at, "minutes": "研究"})
    steps = {verb: (who, values) for who, verb, values in COURSES["correction"][3]}
    actions.do(shipped["manager"], case, "propose", fitted(steps["propose"][1]))
    case = actions.do(shipped["supervisor"], case, "verify", {"looked": "on_site"})
    told = {"type": "account", "person": "outlet_manager.O1", "measure": "约谈", "reason": "失察"}
    case = actions.do(shipped["supervisor"], case, "ask", told)
    with pytest.raises(ValidationError):
        actions.do(shipped["manager"], case, "close")
    actions.do(shipped["office"], case, "grant", {"petition": Petition.objects.get().pk})
    assert actions.do(shipped["manager"], case, "close").state == Case.State.CLOSED


# Coverage


@pytest.fixture
def rolled_out(shipped, done):
    case = done("correction", "take")
    order = {"question": "叫号屏是否完好", "under": "HO", "days": 5}
    case = actions.do(shipped["office"], case, "roll_out", order)
    run_due("test")
    return case


def test_the_coverage_is_drawn_and_listed(client, shipped, rolled_out):
    client.force_login(shipped["office"])
    shown = client.get(f"/roll-outs/{rolled_out.no}/").content.decode()
    assert "叫号屏是否完好" in shown
    assert re.search(r'<rect class="d-open" x="0.000" y="0" width="100.000"', shown)
    assert "机构O2" in shown
    assert "机构O3" in shown
    assert "hx-get" not in shown.split("d-bar")[0].split('class="card-body"')[-1]


def test_whoever_leads_a_part_sees_that_part(client, shipped, rolled_out):
    client.force_login(shipped["sub"])
    shown = client.get(f"/roll-outs/{rolled_out.no}/").content.decode()
    assert "机构O2" in shown
    assert "机构O3" not in shown


def test_answers_are_filtered(client, shipped, rolled_out):
    one = Case.objects.get(code="self_check", unit__code="O3")
    far = shipped["far"]
    actions.do(far, one, "take")
    actions.do(far, one, "propose", {"result": "完好", "found": "conforming"})
    client.force_login(shipped["office"])
    address = f"/roll-outs/{rolled_out.no}/"
    names = {
        found: {row.unit.code for row, _answer in client.get(f"{address}?found={found}").context["rows"]}
        for found in ("", "open", "conforming", "same", "nonsense")
    }
    both = {"O2", "O3"}
    assert names == {"": both, "open": {"O2"}, "conforming": {"O3"}, "same": set(), "nonsense": both}
    rows = rows_of(client.get(f"{address}file/").content)
    assert any("完好" in map(str, row) for row in rows)


def test_while_it_is_being_opened_the_bar_asks_again(client, shipped, done):
    case = done("correction", "take")
    case = actions.do(shipped["office"], case, "roll_out", {"question": "灯箱", "under": "HO"})
    [order] = rollout.orders_of(case)
    client.force_login(shipped["office"])
    part = client.get(f"/roll-outs/{case.no}/{order.seq}/").content.decode()
    assert "hx-get" in part
    run_due("test")
    assert "hx-get" not in client.get(f"/roll-outs/{case.no}/{order.seq}/").content.decode()
    assert client.get(f"/roll-outs/{case.no}/999/").status_code == 404


def test_a_case_that_was_not_rolled_out_says_so(client, shipped, done):
    case = done("praise")
    client.force_login(shipped["office"])
    assert client.get(f"/roll-outs/{case.no}/").status_code == 200


def test_the_page_of_a_case_leads_to_its_paper_and_roll_out(client, shipped, rolled_out, done):
    client.force_login(shipped["office"])
    shown = client.get(f"/cases/{rolled_out.no}/").content.decode()
    assert f"/papers/{rolled_out.no}/" in shown
    assert f"/roll-outs/{rolled_out.no}/" in shown
    other = done("follow_up")
    client.force_login(shipped["lobby"])
    shown = client.get(f"/cases/{other.no}/").content.decode()
    assert f"/roll-outs/{other.no}/" not in shown
    address = f"/cases/new/?from={other.no}&amp;tie=follow_up_of"
    assert address in shown
    listed = client.get(address.replace("&amp;", "&")).content.decode()
    assert f"/cases/new/suggestion/?from={other.no}&amp;tie=follow_up_of" in listed
