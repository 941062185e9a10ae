"""The facts behind numbers: as many as the number says, masked as rights demand, for those who may."""

import datetime as dt
import math
from dataclasses import replace

import pytest

from kezun.facts import evidence, queries
from kezun.facts.asking import BadQuestion
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.tests import oracle
from kezun.facts.types import FACT_TYPES, Column
from kezun.kernel.actor import Denied, OutOfScope, SystemActor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "own_home")]
US = SystemActor("test")
QUARTER = Period.parse("2026-Q1")
COUNTED = tuple(id for id in oracle.ALL if id not in {"floor.wait_mean", "floor.service_mean"})


@pytest.fixture
def served(service_at):
    return service_at(("O1", "O2", "O3"), ("O1", "O2"), 1200)["units"]


@pytest.mark.parametrize("id", oracle.ALL)
@pytest.mark.parametrize("code", ["HO", "O1"])
def test_as_many_rows_as_the_number_says(served, id, code):
    question = Question((id,), code, QUARTER)
    [answer] = queries.measure(US, question)
    summed = id in {"floor.wait_mean", "floor.service_mean", "floor.satisfaction_mean"}
    above = queries.rows(US, question, "numerator", limit=None)
    assert above.total == len(above.rows) == (answer.n if summed else answer.numerator)
    if summed:
        column = {"floor.wait_mean": "wait_s", "floor.service_mean": "service_s"}.get(id, "score")
        at = above.columns.index(column)
        assert sum(row[at] for row in above.rows) == answer.numerator
    if answer.denominator is None:
        with pytest.raises(BadQuestion, match="denominator"):
            queries.rows(US, question, "denominator")
    else:
        assert queries.rows(US, question, "denominator", limit=1).total == answer.n


def test_narrowed_and_paged(served, person_in):
    me = person_in("teller", "O1")
    question = Question(("floor.served",), "HO", QUARTER, person=me.code, business="cash")
    [answer] = queries.measure(US, question)
    pages = [queries.rows(US, question, "numerator", at, 10) for at in range(0, answer.numerator + 10, 10)]
    rows = [dict(zip(p.columns, row, strict=True)) for p in pages for row in p.rows]
    assert len(rows) == answer.numerator > 10
    assert {p.total for p in pages} == {answer.numerator}
    assert {(r["person"], r["business"]) for r in rows} == {(me.code, "cash")}
    assert len({r["source_id"] for r in rows}) == len(rows)
    assert [r["occurred_at"] for r in rows] == sorted(r["occurred_at"] for r in rows)
    assert rows[0]["occurred_at"].tzinfo is dt.UTC
    assert {r["unit"] for r in rows} <= {"O1", "O2", "O3"}


def test_the_columns_are_the_fact_types(served):
    found = queries.rows(US, Question(("floor.tickets",), "HO", QUARTER), "numerator", limit=0)
    assert found.columns == tuple(c.name for c in FACT_TYPES["ticket"].all_columns)
    assert found.rows == ()
    assert found.total > 0


def test_up_to_a_quantile(served):
    question = Question(("floor.wait_p90",), "O1", QUARTER)
    [answer] = queries.measure(US, question)
    found = queries.rows(US, question, "numerator", limit=None)
    waits = [row[found.columns.index("wait_s")] for row in found.rows]
    assert max(waits) == answer.value
    nothing = replace(question, period=Period.parse("2020"))
    assert queries.rows(US, nothing, "numerator").total == 0
    for told in ({"by": "hour"}, {"unit": "HO", "below": "outlet"}):
        with pytest.raises(BadQuestion, match="group"):
            queries.rows(US, replace(question, **told), "numerator")


def test_what_has_no_rows(served):
    with pytest.raises(BadQuestion, match=r"phone\.talk_mean"):
        queries.rows(US, Question(("phone.handle_mean",), "HO", QUARTER), "numerator")
    with pytest.raises(BadQuestion, match="exactly one"):
        queries.rows(US, Question(("floor.tickets", "floor.served"), "HO", QUARTER), "numerator")
    with pytest.raises(BadQuestion, match="middle"):
        queries.rows(US, Question(("floor.tickets",), "HO", QUARTER), "middle")


def test_who_may(served, person_in):
    question = Question(("floor.tickets",), "O1", QUARTER)
    assert queries.rows(person_in("unit_head", "P1"), question, "numerator").total
    with pytest.raises(OutOfScope):
        queries.rows(person_in("unit_head", "P2"), question, "numerator")
    with pytest.raises(Denied):
        queries.rows(person_in("lobby_manager", "O1"), question, "numerator")


def test_masked_unless_the_reader_may_see_it(served, person_in, monkeypatch):
    ticket = FACT_TYPES["ticket"]
    columns = tuple(
        replace(c, privacy={"counter": "C1", "channel": "C2"}.get(c.name, c.privacy)) for c in ticket.columns
    )
    monkeypatch.setitem(FACT_TYPES, "ticket", replace(ticket, columns=columns))
    question = Question(("floor.tickets",), "HO", QUARTER)

    def seen(reader):
        found = queries.rows(reader, question, "numerator", limit=None)
        return {
            name: {row[found.columns.index(name)] for row in found.rows}
            for name in ("channel", "counter", "person")
        }

    masked, clear = seen(person_in("analyst", "HO")), seen(person_in("service_office", "HO"))
    assert (masked["channel"], masked["counter"]) == ({"***"}, {"***", None})
    assert (clear["channel"], clear["counter"]) == ({"counter"}, {"1", "2", None})
    assert masked["person"] == clear["person"]


def test_parts_of_a_score_of_promoters(monkeypatch):
    from kezun.facts.indicators import load

    text = (
        "- {id: x.nps, name: 甲, name_en: A, about: 乙, about_en: B, unit: score, direction: up, kind: nps, "
    )
    text += "numerator: {fact: rating, of: score}, promoters_from: 5, detractors_to: 3, "
    text += "owner: o, version: 1}\n"

    class File:
        name = "n.yaml"

        def read_text(self, encoding):
            return text

    made = load([File()])["x.nps"]
    assert made.formula_text == "100 * (count(>= 5) - count(<= 3)) / count of score(rating)"
    fact, condition = evidence.side(made, "numerator")
    assert fact == "rating"
    assert condition.endswith('>= 5 OR CAST("score" AS BIGINT) <= 3)')
    assert evidence.side(made, "denominator")[1] == made.numerator.condition
    assert isinstance(FACT_TYPES["rating"].column("score"), Column)


def test_promoters_less_detractors(served, tmp_path):
    from kezun.facts.indicators import installed_folder

    folder = installed_folder() / "own"
    folder.mkdir(parents=True)
    text = (
        "- {id: x.nps, name: 甲, name_en: A, about: 乙, about_en: B, unit: score, direction: up, kind: nps, "
    )
    text += "numerator: {fact: rating, of: score}, promoters_from: 5, detractors_to: 3, "
    text += "owner: o, version: 1}\n"
    (folder / "nps.yaml").write_text(text, encoding="utf-8")
    [answer] = queries.measure(US, Question(("x.nps",), "HO", QUARTER))
    found = queries.rows(US, Question(("floor.satisfaction_mean",), "HO", QUARTER), "numerator", limit=None)
    scores = [row[found.columns.index("score")] for row in found.rows]
    difference = sum(s == 5 for s in scores) - sum(s <= 3 for s in scores)
    assert (answer.numerator, answer.denominator) == (difference, len(scores))
    assert answer.value == 100 * difference / len(scores)
    share, gap = sum(s == 5 or s <= 3 for s in scores) / len(scores), difference / len(scores)
    error = 100 * math.sqrt((share - gap**2) / len(scores))
    assert answer.low == pytest.approx(answer.value - 1.96 * error, abs=0.01)
    assert answer.high == pytest.approx(answer.value + 1.96 * error, abs=0.01)
