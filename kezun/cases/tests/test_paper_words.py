"""What stands on paper and in ledgers, value by value: money, days of the bank, what is sealed, who signs."""

from __future__ import annotations

import datetime as dt
import io
from types import SimpleNamespace

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from kezun.cases import actions, kinds, ledgers, letters, pack, papers, rollout, sealing, showing
from kezun.cases.models import Case, Party, Petition
from kezun.cases.pages.ledgers import wanted_of
from kezun.cases.rules.kinds import Choice, Field
from kezun.cases.terms import Term
from kezun.cases.tests.test_complaints import CODES, FINDING, REPLY
from kezun.cases.tests.timing import at, now_is
from kezun.ui.pdf import Document
from tests.complaining import install

YEAR = dt.timedelta(days=365)


def cells(content: bytes) -> list[list[object]]:
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(content)).active.iter_rows()]


# --- values ---


@given(st.integers(0, 10**14))
def test_money_in_yuan_is_what_was_typed(fen):
    text = showing.yuan(fen)
    whole, _point, places = text.replace(",", "").partition(".")
    assert int(whole) * 100 + int(places) == fen
    assert len(places) == 2


CHOICES = (Choice(id="a", name="甲", name_en="First"), Choice(id="b", name="乙", name_en=""))
VALUES = [
    ({"type": "flag"}, False, "no"),
    ({"type": "flag"}, True, "yes"),
    ({"type": "flag"}, None, ""),
    ({"type": "choice", "choices": CHOICES}, "a", "First"),
    ({"type": "choice", "choices": CHOICES}, "b", "乙"),
    ({"type": "choice", "choices": CHOICES}, "gone", "gone"),
    ({"type": "whole"}, 0, "0"),
    ({"type": "money"}, 5, "0.05"),
    ({"type": "code", "table": "complaint_reason"}, "no such code", "no such code"),
    ({"type": "code", "table": "no such table"}, "C0102", "C0102"),
    ({"type": "day"}, "2026-02-28", "2026-02-28"),
    ({"type": "moment"}, "2026-12-31T16:30:00+00:00", "2027-01-01 00:30"),
    ({"type": "text", "sealed": True}, "geheim", "(kept under the key of the case)"),
    ({"type": "text", "sealed": True}, "", ""),
]


@pytest.mark.parametrize(("told", "held", "text"), VALUES, ids=lambda x: str(x)[:30])
def test_each_value_in_words(told, held, text):
    with translation.override("en"):
        assert showing.value(Field(id="f", name="x", **told), held) == text


def test_people_and_units_by_name_and_by_code_where_they_are_gone(bank, person_in):
    person_in("teller", "O1")
    for type_, known, words in (
        *(("person", "teller.O1", "测teller (teller.O1)"), ("unit", "O1", "机构O1 (O1)")),
        *(("person", "X", "X"), ("unit", "X", "X")),
    ):
        assert showing.value(Field(id="f", name="x", type=type_), known) == words


# --- ledgers ---


@pytest.mark.parametrize(("kept", "told"), [(None, ""), (True, "yes"), (False, "no")])
def test_in_time_in_words(kept, told):
    with translation.override("en"):
        assert Term(kept=kept).words == told


@pytest.fixture
def turn(opened):
    """Cases received in the last second of 2025 and in the first of 2026, in the zone of the bank."""
    return [
        opened(title=text, received_at=at(text)) for text in ("2025-12-31T23:59:59", "2026-01-01T00:00:00")
    ]


@pytest.mark.parametrize(("year", "at_"), [(2025, 0), (2026, 1)])
def test_a_year_of_a_ledger_is_the_banks_year(world, turn, year, at_):
    wanted = ledgers.Wanted("trial", dt.date(year, 1, 1), dt.date(year + 1, 1, 1))
    assert list(ledgers.cases_of(world["office"], wanted)) == [turn[at_]]
    told = cells(ledgers.ledger(world["office"], wanted))
    assert f"{year}-01-01 – {year}-12-31" in [value for row in told for value in row]
    assert [row[0] for row in told if str(row[0]).startswith("C2")] == [turn[at_].no]


QUERIES = [
    ("", "2027-01-01", "2028-01-01", None),
    ("from=2026-03-05", "2026-03-05", "2028-01-01", None),
    ("until=2026-03-05&from=2026-03-05&state=open", "2026-03-05", "2026-03-06", True),
    ("from=2026-03-05&until=2026-01-01&state=ended", "2026-03-05", "2026-03-06", False),
    ("from=2026-02-30&until=9999-12-31&state=x", "2027-01-01", "2028-01-01", None),
    ("from=0001-01-01", "2027-01-01", "2028-01-01", None),
]


@pytest.mark.parametrize(("query", "first", "until", "state"), QUERIES)
def test_what_an_address_of_a_ledger_means(trial, rf, query, first, until, state):
    with now_is("2027-01-01T00:10"):
        wanted = wanted_of(rf.get(f"/ledgers/?kind=trial&{query}"))
    assert (str(wanted.first), str(wanted.until), wanted.open) == (first, until, state)


def test_a_ledger_shows_neither_what_is_sealed_nor_the_customer(world, opened):
    people = [{"role": "complainant", "name": "王小明", "phone": "13800001111"}]
    case = opened(
        title="=HYPERLINK(1)", where="大堂", account="尾号 5566778899", parties=people, story="口述"
    )
    now = timezone.localdate()
    wanted = ledgers.Wanted("trial", now - YEAR, now + YEAR)
    told = cells(ledgers.ledger(world["office"], wanted))
    line = next(row for row in told if row[0] == case.no)
    assert line[2] == "=HYPERLINK(1)"
    assert "大堂" in line
    for hidden in ("5566778899", "王小明", "13800001111", "口述"):
        assert hidden not in str(told)
    assert len(line) == len(ledgers.heads(ledgers.columns(kinds.form_of(case.kind))))


def test_money_of_a_ledger_can_be_added_up(opened):
    case = opened()
    case.data = {"amount": 123456, "n": 0, "text": "x"}
    fields = [Field(id="amount", name="元", type="money"), Field(id="n", name="n", type="whole")]
    row = ledgers.row_of(case, [*fields, Field(id="gone", name="-", type="money")], Term())
    assert row[6:9] == [1234.56, 0, ""]


def test_a_ledger_holds_no_more_than_the_scope(world, opened):
    near, far = opened(), opened(actor="far", unit="O3")
    now = timezone.localdate()
    wanted = ledgers.Wanted("trial", now - YEAR, now + YEAR)
    for who, there in (("office", {near, far}), ("manager", {near}), ("far", {far}), ("sub", {near})):
        assert set(ledgers.cases_of(world[who], wanted)) == there
    one = ledgers.Wanted("trial", now - YEAR, now + YEAR, unit="O3")
    assert not ledgers.cases_of(world["manager"], one)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("effective", "effective"), ("not", "not effective"), ("", ""), ("waived", "waived")],
)
def test_a_verdict_in_words(verdict, words):
    with translation.override("en"):
        assert ledgers.verdict_of(Case(verdict=verdict)) == words


# --- papers ---


def proof(stage: str, pair: int | None, caption: str = ""):
    return SimpleNamespace(
        stage=stage, pair=pair, caption=caption, file=f"{stage}{pair}", get_stage_display=lambda: stage
    )


ROWS = st.lists(
    st.tuples(st.sampled_from(["before", "after", "work", "given"]), st.sampled_from([None, 1, 2, 7])),
    max_size=12,
)


@given(ROWS)
def test_every_photo_is_shown_once_and_what_was_before_stands_first(told):
    rows = [proof(*one) for one in told]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(papers, "content", lambda file: file.encode())
        shown = list(papers._side_by_side(rows))
    flat = [content.decode() for part in shown for _caption, content in part]
    assert sorted(flat) == sorted(row.file for row in rows)
    for part in shown:
        paired = [caption.split() for caption, _content in part if len(caption.split()) == 2]
        assert paired == sorted(paired, reverse=True), "before on the left"
        assert len({pair for _stage, pair in paired}) <= 1


@pytest.mark.parametrize(
    ("decision", "who", "words"),
    [("", None, "waits"), ("granted", "测", "Granted 测"), ("refused", None, "Refused")],
)
def test_a_decision_says_by_whom(bank, person_in, decision, who, words):
    petition = Petition(decision=decision, decided_by=person_in("teller", "O1") if who else None)
    with translation.override("en"):
        assert papers.decision_of(petition).startswith(words)


@given(
    st.integers(0, 500),
    st.integers(0, 60),
    st.fixed_dictionaries({name: st.integers(0, 60) for name in rollout.FOUND}),
)
def test_the_parts_of_a_roll_out_never_go_beyond_the_whole(units, answered, found):
    total = sum(found.values())
    order = rollout.Order(SimpleNamespace(seq=1), {"units": units}, "?", 0)
    told = rollout.Coverage(order, units, max(answered, total), 0, 0, found)
    shares = dict(told.shares)
    assert list(shares) == [*rollout.FOUND, "open"]
    assert all(share >= 0 for share in shares.values())
    assert sum(shares.values()) <= 100 + 1e-9
    assert told.open == max(units - told.answered, 0)


# --- the letter ---


@pytest.fixture
def answered(world):
    install()

    def make(*people, **given_) -> Case:
        values = {"title": "等候太久", **CODES, "parties": list(people), **given_}
        case = actions.open_case(world["lobby"], "complaint", world["bank"]["O1"], values)
        steps = (
            *(("lobby", "take", {}), ("lobby", "contact", {"how": "phone"}), ("lobby", "propose", FINDING)),
            *(("supervisor", "verify", {}), ("lobby", "answer", {"how": "letter", **REPLY})),
        )
        for who, verb, said in steps:
            case = actions.do(world[who], case, verb, said)
        return case

    return make


@pytest.fixture
def lines(monkeypatch):
    told: list[str] = []
    for name in ("paragraph", "heading"):
        plain = getattr(Document, name)

        def keep(self, text, *more, _plain=plain, **rest):
            told.append(text)
            return _plain(self, text, *more, **rest)

        monkeypatch.setattr(Document, name, keep)
    return told


AGENT = {"role": "agent", "name": "李代理", "address": "代理路 2 号"}
OWN = {"role": "complainant", "name": "王本人"}
NAMED = {"role": "named_staff", "person": "outlet_manager.O3"}


@pytest.mark.parametrize(
    ("people", "to"), [([AGENT, OWN], "王本人"), ([AGENT], "李代理"), ([NAMED], None), ([], None)]
)
def test_a_letter_goes_to_who_complained_else_to_who_speaks_for_them(answered, people, to):
    assert letters.addressee(answered(*people)).get("name") == to


def test_who_no_longer_has_a_part_gets_no_letter(answered):
    case = answered(OWN, AGENT)
    Party.objects.filter(case=case, role="complainant").update(ended_at=timezone.now())
    assert letters.addressee(case)["name"] == "李代理"


def test_a_letter_without_a_name_or_address_reads_all_the_same(answered, lines):
    case = answered()
    with translation.override("en"):
        letters.letter(case, {})
        unit = case.unit.title
    assert "To the customer:" in lines
    assert f"No. {case.no}" in lines
    assert not [line for line in lines if "None" in line or "%(" in line]
    day = f"{timezone.localtime(case.received_at):%Y-%m-%d}"
    assert any(day in line and unit in line for line in lines)


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Reply to your request for a review"), ("zh-hans", "核查")]
)
def test_the_letter_of_a_review_is_called_one(world, answered, lines, monkeypatch, language, title):
    heads = []
    plain = Document.__init__
    monkeypatch.setattr(Document, "__init__", lambda s, t, **m: (heads.append(t), plain(s, t, **m))[1])
    case = actions.review(world["office"], answered(OWN), asked="再看一次")
    with translation.override(language):
        letters.letter(case, {"name": "王本人", "address": "示例路 1 号"})
    assert title in heads[0]
    assert "示例路 1 号" in lines


def test_a_refusal_to_write_leads_back_to_the_case_with_the_reason(client, world, answered):
    case = answered(OWN)
    sealing.erase(case)
    client.force_login(world["lobby"], backend="kezun.org.signin.Backend")
    answer = client.post(f"/complaints/{case.no}/letter/", follow=True)
    assert answer.redirect_chain == [(f"/cases/{case.no}/", 302)]
    assert "已销毁" in answer.content.decode()


# --- the report to the regulator ---


@pytest.mark.parametrize(
    ("hours", "days"), [(0, 0), (23.99, 0), (24, 1), (15 * 24 - 0.01, 14), (15 * 24, 15)]
)
def test_days_to_the_answer_are_whole_days(answered, hours, days):
    case = answered(OWN)
    case.answered_at = case.received_at + dt.timedelta(hours=hours)
    [row] = pack.rows([case])
    assert dict(zip(pack.heads(), row, strict=True))[pack.heads()[17]] == days


def test_the_report_takes_the_last_result_and_says_what_is_not_there(world, answered):
    case = answered(OWN)
    with translation.override("en"):
        told = dict(zip(pack.heads(), pack.rows([case])[0], strict=True))
    assert told["Extension"] == "none"
    assert told["Satisfaction"] is None
    assert told["Findings"].splitlines()[-1] == FINDING["result"]
    assert [line[17:] for line in told["Communication"].splitlines()] == ["telephone", "letter"]


@pytest.mark.parametrize(("axis", "code"), [("channel", "A1"), ("business", "B11"), ("reason_code", "C01")])
def test_the_statistics_have_a_sheet_by_month_and_by_unit_that_agree(world, answered, axis, code):
    answered(OWN)
    span = pack.Span(dt.date(2020, 1, 1), dt.date(2099, 1, 1))
    tables = [pack.table(world["office"], span, axis, by) for by in ("month", "unit")]
    totals = [{row.code: row.total for row in table.rows} for table in tables]
    assert totals[0] == totals[1]
    assert totals[0][code] == 1
