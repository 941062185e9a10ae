"""`kezun indicators` and `kezun facts rows`: formats, selectors, refusals, who acts."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from kezun.facts import queries
from kezun.facts.cli_indicators import facts_group, indicators_command
from kezun.facts.questions import Answer, Question
from kezun.facts.rules import Period
from kezun.kernel.actor import SystemActor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "own_home")]
US = SystemActor("test")
COMMANDS = {"indicators": indicators_command, "facts": facts_group}
KEYS = ["indicator", "unit", "by", "period", "value", "numerator", "denominator", "n"]
KEYS += ["low", "high", "target", "met"]


@pytest.fixture
def served(service_at):
    return service_at(("O1", "O3"), ("O1",), 300)["units"]


def kezun(*words, code=0):
    done = CliRunner().invoke(COMMANDS[words[0]], words[1:])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.output


def test_json_holds_exactly_the_agreed_keys(served):
    out = kezun("indicators", "--unit", "HO", "--period", "2026-Q1", "--format", "json")
    found = json.loads(out)
    assert all(list(answer) == KEYS for answer in found)
    ids = [d.id for d in queries.indicators() if d.id.startswith(("floor.", "phone."))]
    wanted = queries.measure(US, Question(tuple(ids), "HO", Period.parse("2026-Q1")))
    assert [Answer(**answer) for answer in found] == wanted


def test_selectors(served):
    words = ("--period", "2026-Q1", "--by", "weekday", "--business", "cash", "--class", "1")
    words += ("--below", "outlet", "--indicator", "floor.tickets", "--indicator", "floor.served")
    found = json.loads(kezun("indicators", "--unit", "HO", *words, "--format", "json"))
    asked = Question(
        ("floor.tickets", "floor.served"),
        "HO",
        Period.parse("2026-Q1"),
        below="outlet",
        by="weekday",
        business="cash",
        customer_class="1",
    )
    assert found == [a.as_dict() for a in queries.measure(US, asked)]
    assert {a["unit"] for a in found} == {"O1", "O3"}
    then = kezun("indicators", "--unit", "HO", *words[:2], "--known-at", "2001-01-01", "--format", "json")
    assert {a["n"] for a in json.loads(then)} == {0}


def test_csv_and_table(served):
    words = ("--unit", "HO", "--period", "2026-Q1", "--indicator", "floor.answer_rate")
    [row] = csv.DictReader(io.StringIO(kezun("indicators", *words, "--format", "csv")))
    assert list(row) == KEYS
    [answer] = queries.measure(US, Question(("floor.answer_rate",), "HO", Period.parse("2026-Q1")))
    assert float(row["value"]) == answer.value
    lines = kezun("indicators", *words).splitlines()
    assert len(lines) == 2
    assert "floor.answer_rate" in lines[1]
    assert f"{answer.value * 100:.1f} %" in lines[1]
    assert str(answer.n) in lines[1]
    assert ">= 85" in lines[1]


def test_without_facts_there_is_nothing_to_say(bank):
    assert json.loads(kezun("indicators", "--unit", "HO", "--period", "2026", "--format", "json")) == []
    assert len(kezun("indicators", "--unit", "HO", "--period", "2026").splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--unit", "HO", "--period", "soon"), 2, "2026-W10"),
        (("--unit", "HO", "--period", "2026", "--known-at", "soon"), 2, "2026-03-01"),
        (("--unit", "HO", "--period", "2026", "--indicator", "floor.x"), 2, "floor.tickets"),
        (("--unit", "HO", "--period", "2026", "--by", "colour"), 2, "weekday"),
        (("--unit", "HO", "--period", "2026", "--below", "street"), 2, "outlet"),
        (("--unit", "HO"), 2, "--period"),
        (("--period", "2026"), 2, "--unit"),
        (("--unit", "XX", "--period", "2026"), 1, ""),
        (("--unit", "O3", "--period", "2026", "--as", "unit_head.P1"), 1, ""),
        (("--unit", "HO", "--period", "2026", "--as", "audit_admin.HO"), 1, "facts.read"),
    ],
)
def test_refusals(served, person_in, words, code, message):
    for role, unit in (("unit_head", "P1"), ("audit_admin", "HO")):
        person_in(role, unit)
    assert message in kezun("indicators", *words, code=code)


def test_a_broken_definition_is_named(served, tmp_path):
    folder = tmp_path / "indicators" / "own"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text("- id: x.y\n")
    assert "own.yaml" in kezun("indicators", "--unit", "HO", "--period", "2026", code=1)


def test_rows(served):
    words = ("--unit", "HO", "--period", "2026-01", "--indicator", "floor.answer_rate")
    [answer] = queries.measure(US, Question(("floor.answer_rate",), "HO", Period.parse("2026-01")))
    for part, count in (("numerator", answer.numerator), ("denominator", answer.denominator)):
        found = json.loads(kezun("facts", "rows", *words, "--part", part, "--format", "json"))
        assert len(found) == count
        assert {row["unit"] for row in found} == {"O1", "O3"}
    listed = list(csv.DictReader(io.StringIO(kezun("facts", "rows", *words, "--format", "csv"))))
    assert len(listed) == answer.numerator
    assert {row["outcome"] for row in listed} == {"served"}
    few = kezun("facts", "rows", *words, "--limit", "3").splitlines()
    assert len(few) == 4
    assert few[0].split()[:2] == ["source", "source_id"]


def test_rows_refused(served, person_in):
    words = ("facts", "rows", "--unit", "O1", "--period", "2026-01", "--indicator", "floor.tickets")
    assert "floor.tickets" in kezun(*words, "--part", "denominator", code=2)
    person_in("lobby_manager", "O1")
    assert "facts.read_rows" in kezun(*words, "--as", "lobby_manager.O1", code=1)
