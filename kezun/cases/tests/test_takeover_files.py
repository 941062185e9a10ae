"""Workbooks of a taking over: the template, whose it is, the rows to mend."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from kezun.cases import catalogs, takeover, takeover_files, takeover_rows, takeover_words
from kezun.cases.actions.takeover import bring_ledger, forget_ledgers, keep_rejects, start_takeover
from kezun.cases.models import Case, LedgerBook
from kezun.cases.rules import ledger
from kezun.cases.tests.test_takeover import GOOD, HEADS, book, changed, run
from kezun.kernel import task as tasks
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.file import keep, path_of
from kezun.kernel.models import StoredFile, Task
from tests.complaining import install

__all__ = ["run"]
SYSTEM = SystemActor("test")


def kept(who, content) -> StoredFile:
    return keep(who, io.BytesIO(content), "l.xlsx", allow=("xlsx",))


def cells_of(content, sheet=0):
    found = openpyxl.load_workbook(io.BytesIO(content)).worksheets[sheet]
    return [[cell or "" for cell in row] for row in found.iter_rows(values_only=True)]


@pytest.fixture
def office(world, client):
    install()
    client.force_login(world["office"], backend="kezun.org.signin.Backend")
    return client


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_template_is_known_by_its_own_heads(world, language):
    with translation.override(language):
        content = takeover_files.template(world["office"])
    opened = takeover.opened(kept(world["office"], content))
    found = takeover.guessed(opened)  # whatever the language of who reads it
    assert found == {name: at for at, name in enumerate(takeover_words.COLUMNS)}
    assert opened.names[0] == ("投诉台账" if language == "zh-hans" else "Ledger of complaints")
    assert opened.heads[found["story"]] == (
        "投诉内容" if language == "zh-hans" else "What the complaint is about"
    )


def test_the_template_offers_codes_and_explains_every_column(world):
    content = takeover_files.template(world["office"])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    offered = {
        next(iter(one.sqref.ranges)).min_col: one.formula1 for one in sheet.data_validations.dataValidation
    }
    names = list(takeover_words.COLUMNS)
    assert {names[at - 1] for at in offered} == {"channel", "business", "reason", "finding", "satisfaction"}
    codes = cells_of(content, 2)
    lists = takeover_files.choices()
    for at, name in enumerate(("channel", "business", "reason", "finding", "satisfaction")):
        column = [row[at] for row in codes if row[at]]
        assert column[1:] == lists[name]
        letter = "ABCDE"[at]
        assert offered[names.index(name) + 1].endswith(f"!${letter}$2:${letter}${len(column)}")
    about = cells_of(content, 1)
    assert [row[0] for row in about[1:]] == list(takeover_words.titles().values())
    assert all(row[1] for row in about)


def test_what_is_offered_is_understood_in_either_language(world):
    words = catalogs.numbers("ledger")
    for language in ("zh-hans", "en"):
        with translation.override(language):
            lists = takeover_files.choices()
        assert [ledger.matched(one, words["satisfaction"]) for one in lists["satisfaction"]] == list("54321")
        assert all(ledger.matched(one, words["finding"]) for one in lists["finding"])
        assert all(one.isascii() for one in lists["finding"]) is (language == "en")


def test_the_example_is_whole_but_never_taken_over(run, world):
    example = cells_of(takeover_files.template(world["office"]))[1]
    columns = {name: at for at, name in enumerate(takeover_words.COLUMNS)}
    course, faults = takeover.Reader(columns, {}).read(example)
    assert course is None
    assert [(fault.column, fault.code) for fault in faults] == [("source_no", "example")]
    assert takeover.say(faults[0])
    example[columns["source_no"]] = "T-77"
    course, faults = takeover.Reader(columns, {}).read(example)
    assert not faults
    assert course.unit == world["office"].home_unit
    assert course.handler == world["office"]
    assert course.given["channel"] != "A9"
    assert course.satisfaction == 5


def test_the_template_is_handed_out(office):
    answer = office.get("/complaints/ledger/template/")
    assert answer.status_code == 200
    assert len(cells_of(answer.content)) == 2
    assert "/complaints/ledger/template/" in office.get("/complaints/ledger/").content.decode()


def test_only_who_brought_a_workbook_opens_it(office, world, person_in):
    mine = bring_ledger(world["office"], kept(world["office"], book([GOOD]).read()))
    assert office.get(f"/complaints/ledger/{mine.pk}/").status_code == 200
    other = person_in("service_office", "P1")
    office.force_login(other, backend="kezun.org.signin.Backend")
    assert office.get(f"/complaints/ledger/{mine.pk}/").status_code == 404
    assert office.get(f"/complaints/ledger/{1 << 70}/").status_code == 404
    with pytest.raises(Denied):
        start_takeover(other, mine, sheet="", columns={"received": 1}, defaults={})
    assert not Task.objects.filter(name="cases.take_ledger").exists()


def test_what_was_kept_for_something_else_has_no_address_here(office, world):
    file = kept(world["office"], book([GOOD]).read())
    assert office.get(f"/complaints/ledger/{file.sha256}/").status_code == 404


def test_a_workbook_is_taken_over_once_at_a_time(office, world):
    mine = bring_ledger(world["office"], kept(world["office"], book([GOOD]).read()))
    where = f"/complaints/ledger/{mine.pk}/"
    assert office.post(where, {"step": "start"}).status_code == 302
    assert office.post(where, {"step": "start"}).status_code == 200
    assert Task.objects.filter(name="cases.take_ledger").count() == 1
    tasks.run_due("test")
    assert office.post(where, {"step": "start"}).status_code == 302


def test_rows_not_taken_are_handed_back_mended_and_taken(run, office, world):
    bad = changed(编号="T-2", 受理时间="")
    made = run([GOOD, bad, changed(编号="T-3", 网点名称="月球", 联系电话="13900002222")])
    assert "/rejects/" in office.get(f"/complaints/ledger/task/{made.pk}/").content.decode()
    answer = office.get(f"/complaints/ledger/task/{made.pk}/rejects/")
    assert answer.status_code == 200
    heads, one, two = cells_of(answer.content)
    assert heads == [*HEADS, "_line", "_reason"]
    assert one[:-2] == bad
    assert (one[-2], two[-2]) == ("4", "5")
    assert "收到时间" in one[-1]
    assert "月球" in two[-1]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet.worksheets[0]["B2"] = "2026-03-02"
    out = io.BytesIO()
    sheet.save(out)
    opened = takeover.opened(kept(world["office"], out.getvalue()))
    assert opened.heads == HEADS
    assert takeover.guessed(opened)["reason"] == HEADS.index("投诉原因")
    brought = bring_ledger(world["office"], kept(world["office"], out.getvalue()))
    again = start_takeover(world["office"], brought, sheet="", columns=takeover.guessed(opened), defaults={})
    tasks.run_due("test")
    again.refresh_from_db()
    assert (again.progress["fresh"], again.progress["rejected"]) == (1, 1)
    assert Case.objects.count() == 2


def test_a_mended_row_is_the_same_row_in_the_ledger(run, world):
    """What the file of rejects says besides is no part of the row: mended in either, it is taken once."""
    fine = changed(编号="T-8", 联系电话="13900002222")
    run([fine])
    rows = takeover.Book(["1"], "1", HEADS, 0, [HEADS, fine])
    content = takeover_files.rejects(rows, {2: "why"})
    opened = takeover.opened(kept(world["office"], content))
    [(line, cells)] = opened.rows()
    assert line == 2
    assert takeover_rows.key_of(cells) == takeover_rows.key_of(fine) == takeover_rows.key_of([*fine, "", ""])


def test_what_looks_like_a_formula_stays_text(world):
    content = takeover_files.rejects(takeover.Book(["1"], "1", ["a"], 0, [["a"], ["=1+1"]]), {2: "=2"})
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert [(cell.value, cell.data_type) for cell in sheet[2]] == [("=1+1", "s"), ("2", "s"), ("=2", "s")]


def test_where_all_rows_were_taken_there_is_no_file(run, office):
    made = run([GOOD])
    assert "/rejects/" not in office.get(f"/complaints/ledger/task/{made.pk}/").content.decode()
    assert office.get(f"/complaints/ledger/task/{made.pk}/rejects/").status_code == 404


def test_reasons_are_told_in_the_language_of_who_brought_it(run, world):
    world["office"].language = "en"
    world["office"].save(update_fields=["language"])
    made = run([changed(受理时间="")])
    assert made.progress["faults"][0]["text"].startswith("The date of receipt")


def test_more_faults_than_the_page_shows_stand_in_the_file(run, office, monkeypatch):
    monkeypatch.setattr("kezun.cases.effects.takeover.SHOWN", 2)
    made = run([changed(编号=f"T-{n}", 受理时间="", 网点名称="月球") for n in range(3)])
    assert len(made.progress["faults"]) == 2
    assert made.progress["rejected"] == 3
    assert len(cells_of(office.get(f"/complaints/ledger/task/{made.pk}/rejects/").content)) == 4


def test_rows_that_cannot_be_kept_do_not_hold_the_rest_up(run, monkeypatch, office):
    def full(*_args):
        raise ValidationError("too large")

    monkeypatch.setattr("kezun.cases.effects.takeover.keep_rejects", full)
    made = run([GOOD, changed(编号="T-2", 受理时间="")])
    assert (made.progress["fresh"], made.progress["rejected"]) == (1, 1)
    assert office.get(f"/complaints/ledger/task/{made.pk}/rejects/").status_code == 404


def test_workbooks_are_destroyed_after_a_month(world, django_capture_on_commit_callbacks):
    old, new, running = (
        bring_ledger(world["office"], kept(world["office"], book([changed(编号=number)]).read()))
        for number in ("T-1", "T-2", "T-3")
    )
    keep_rejects(SYSTEM, old, takeover_files.rejects(takeover.opened(old.file), {3: "why"}))
    rejects = LedgerBook.objects.get(pk=old.pk).rejects
    task = Task.objects.create(name="x", due_at=timezone.now())
    long_ago = timezone.now() - dt.timedelta(days=31)
    LedgerBook.objects.filter(pk=old.pk).update(at=long_ago)
    LedgerBook.objects.filter(pk=running.pk).update(at=long_ago, task=task)
    with django_capture_on_commit_callbacks(execute=True):
        assert forget_ledgers(SYSTEM) == 1
    assert set(LedgerBook.objects.all()) == {new, running}
    assert not path_of(old.file_id).exists()
    assert not path_of(rejects.sha256).exists()
    assert path_of(new.file_id).exists()
    assert StoredFile.objects.get(pk=old.file_id).name == ""


def test_a_workbook_that_is_needed_elsewhere_stays(world, django_capture_on_commit_callbacks):
    file = kept(world["office"], book([GOOD]).read())
    old, _new = (bring_ledger(world["office"], file) for _time in range(2))
    LedgerBook.objects.filter(pk=old.pk).update(at=timezone.now() - dt.timedelta(days=31))
    with django_capture_on_commit_callbacks(execute=True):
        forget_ledgers(SYSTEM)
    assert path_of(file.sha256).exists()
    assert LedgerBook.objects.count() == 1


def test_too_many_rows_are_refused_and_a_look_reads_only_the_first(world, monkeypatch):
    file = kept(world["office"], book([changed(编号=f"T-{n}") for n in range(30)]).read())
    assert len(list(takeover.opened(file, "", 12).rows())) == 10
    monkeypatch.setattr(takeover, "MOST_ROWS", 20)
    with pytest.raises(ValidationError):
        takeover.opened(file)


def test_a_long_ledger_lets_others_have_their_turn(run, office, monkeypatch):
    """One row a turn: the same is taken and told as at once."""
    rows = [
        GOOD,
        changed(编号="T-2", 受理时间=""),
        changed(编号="T-3", 联系电话="13900002222"),
        changed(编号="T-4", 投诉内容="密码是：246810 就是这个"),
        changed(编号="T-1", 联系电话="13900003333"),
        changed(编号="T-5", 联系电话="13900004444", 网点名称="月球"),
        changed(编号="T-6", 联系电话="13900005555"),
    ]
    at_once = run(rows)
    told = at_once.progress
    assert (told["fresh"], told["rejected"]) == (3, 4)
    file = cells_of(office.get(f"/complaints/ledger/task/{at_once.pk}/rejects/").content)
    monkeypatch.setattr("kezun.cases.effects.takeover.TURN_S", 0.0)
    by_turns = run(rows)
    assert by_turns.progress["same"] == 3
    assert by_turns.progress["faults"] == told["faults"]
    assert by_turns.arguments["before"]["done"] == len(rows) - 1
    assert cells_of(office.get(f"/complaints/ledger/task/{by_turns.pk}/rejects/").content) == file


def test_turn_by_turn_as_much_is_taken(run, monkeypatch):
    monkeypatch.setattr("kezun.cases.effects.takeover.TURN_S", 0.0)
    rows = [changed(编号=f"T-{n}", 联系电话=f"1390000{n:04d}") for n in range(4)]
    made = run([*rows, changed(编号="T-0", 联系电话="13911110000")])
    assert (made.progress["fresh"], made.progress["rejected"], made.progress["done"]) == (4, 1, 5)
    assert Case.objects.count() == 4
    assert made.attempts == 1
