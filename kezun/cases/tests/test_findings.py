"""From an inspection to corrections; what becomes of them when the sheet changes or the finding returns."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.cases import actions, findings, kinds
from kezun.cases.models import Case, EffectCheck, Link, Proof
from kezun.cases.tests.courses import finding, remedy
from kezun.kernel.action import ACTIONS
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import Task
from kezun.kernel.task import run, run_due
from kezun.standards import actions as standards
from kezun.standards.models import Sheet
from kezun.standards.tests import world as sheets

BAD = {"A1.1": {"value": "不符合", "note": "招牌缺一个字"}}


@pytest.fixture
def shipped(world):
    kinds.install_all(SystemActor("test"))
    sheets.published()
    return world


@pytest.fixture
def inspected(shipped):
    """`inspected(entries, photo=1, unit="O1")` fills and submits a sheet; its tasks have run."""

    def make(entries=BAD, *, unit="O1", colour=1, work=True, **given) -> Sheet:
        actor = shipped["supervisor"]
        sheet = sheets.begun(actor, shipped["bank"][unit], started_at=timezone.now(), **given)
        standards.save_sheet(actor, sheet, entries=sheets.GOOD | entries)
        standards.attach_evidence(actor, sheet, sheets.photo(colour), criterion="A1.1")
        sheet = standards.submit_sheet(actor, sheet)
        if work:
            run_due("test")
        return sheet

    return make


def test_a_finding_becomes_a_correction_with_unit_person_and_deadline(shipped, inspected):
    sheet = inspected()
    case = Case.objects.get(code="correction")
    assert case.unit == shipped["bank"]["O1"]
    assert case.state == Case.State.ASSIGNED
    assert (case.owner_unit.code, case.severity) == ("O1", 3)
    assert case.received_at == sheet.submitted_at
    told = {
        "responsible": "outlet_manager.O1",
        "days": 7,
        "recheck": True,
        "criterion": "A1.1",
        "urgency": "term",
    }
    assert {key: case.data[key] for key in told} == told
    assert (case.data["sheet"], case.data["root"]) == (sheet.pk, str(sheet.root))
    assert "招牌缺一个字" in case.data["requirement"]
    assert case.title.startswith("A1.1")


def test_the_photo_of_the_sheet_is_how_it_looked_before(inspected):
    sheet = inspected()
    proof = Proof.objects.get(case__code="correction")
    assert (proof.stage, proof.pair, proof.file) == ("before", 1, sheet.evidence.get().file)


def test_what_is_met_or_wants_no_correction_opens_nothing(inspected):
    inspected({})
    inspected({"A1.2": {"value": "3"}, "B1.1": {"value": "否"}})
    assert not Case.objects.exists()


def test_a_repeated_task_opens_nothing_twice(inspected):
    sheet = inspected()
    for row in Task.objects.filter(name__startswith="on.standards.submit_sheet"):
        run(row)
    assert findings.open_corrections(sheet) == []
    assert Case.objects.count() == 1
    # even where the row was not seen yet, the key of the finding lets only one be opened
    head = findings.head_of(sheet.unit)
    assert findings._opened(sheet, next(findings.findings_of(sheet)), head, _form()) is None
    assert Case.objects.count() == 1


def _form():
    return kinds.form_of(kinds.kind_now("correction"))


def test_a_veto_is_put_right_at_once(shipped, inspected):
    text = sheets.text("2", start="2020-01-02", supersedes="1").replace(
        "veto: {when: [差], effect: {grade_cap: 达标}}",
        "veto: {when: [差], effect: {grade_cap: 达标}}\n"
        "            severity: 重大\n            rectify: {due_days: 1}",
    )
    standards.install(SystemActor("test"), text=text, origin="catalog")
    inspected({"B1.2": {"value": "差"}})
    case = Case.objects.get(code="correction")
    assert (case.data["urgency"], case.data["complexity"], case.severity) == ("immediate", "major", 1)


def test_without_a_head_it_lies_with_the_outlet(shipped, inspected):
    shipped["manager"].is_active = False
    shipped["manager"].save()
    inspected()
    case = Case.objects.get()
    assert "responsible" not in case.data
    assert case.owner_unit.code == "O1"


def test_heads_come_in_order(shipped, person_in):
    unit = shipped["bank"]["O2"]
    person_in("operations_supervisor", "O2")
    assert findings.head_of(unit) == shipped["other"]
    assert findings.head_of(shipped["bank"]["CC"]) is None


def test_drafts_and_void_sheets_have_no_findings(shipped, inspected):
    sheet = inspected(work=False)
    standards.void_sheet(shipped["office"], sheet, reason="重复检查")
    sheet.refresh_from_db()
    assert findings.open_corrections(sheet) == []
    run_due("test")
    assert not Case.objects.exists()


def test_a_covert_visit_speaks_on_the_day_of_its_release(shipped):
    text = sheets.text("2", start="2020-01-02", supersedes="1").replace(
        "methods: [暗访], blind: true}", "methods: [暗访], blind: true}\n            rectify: {due_days: 5}"
    )
    standards.install(SystemActor("test"), text=text, origin="catalog")
    actor, office = shipped["supervisor"], shipped["office"]
    sheet = sheets.begun(actor, shipped["bank"]["O1"], method="暗访", started_at=timezone.now())
    standards.save_sheet(actor, sheet, entries={"B1.3": {"value": "否"}})
    sheet = standards.submit_sheet(actor, sheet)
    run_due("test")
    assert not Case.objects.exists()
    waiting = Task.objects.get(name="cases.open_corrections")
    assert timezone.localdate(waiting.due_at) == sheet.release_date > timezone.localdate()
    standards.release_sheet(office, sheet, reason="督办")
    run_due("test")
    assert Case.objects.get().data["criterion"] == "B1.3"
    run(waiting)
    assert Case.objects.count() == 1


def test_a_sheet_put_right_tells_its_corrections(shipped, inspected):
    sheet = inspected()
    standards.correct_sheet(
        shipped["office"], sheet, entries={"A1.1": {"value": "符合"}}, reason="复核〔2026〕3号"
    )
    run_due("test")
    case = Case.objects.get()
    note = case.events.get(verb="note")
    assert "复核〔2026〕3号" in note.body
    assert case.open
    run_due("test")
    assert case.events.filter(verb="note").count() == 1


def test_a_sheet_put_right_to_the_worse_opens_what_is_new(shipped, inspected):
    good = inspected({})
    standards.correct_sheet(shipped["office"], good, entries=BAD, reason="复核〔2026〕4号")
    run_due("test")
    assert Case.objects.get().data["criterion"] == "A1.1"
    assert Case.objects.get().events.filter(verb="note").count() <= 1


def test_a_sheet_made_void_tells_its_corrections(shipped, inspected):
    sheet = inspected()
    standards.void_sheet(shipped["office"], sheet, reason="检查对象有误")
    run_due("test")
    case = Case.objects.get()
    assert "检查对象有误" in case.events.get(verb="note").body
    assert case.open


def test_severities_of_other_names_are_the_mildest():
    class Form:
        @staticmethod
        def field(_name):
            return None

    assert findings.grade_of(Form, "重大") == ""


def test_a_sheet_shows_its_corrections(client, shipped, inspected):
    sheet = inspected()
    case = Case.objects.get()
    client.force_login(shipped["supervisor"])
    shown = client.get(f"/sheets/{sheet.pk}/").content.decode()
    assert case.no in shown
    assert f"/sheets/{sheet.pk}/" in client.get(f"/cases/{case.no}/").content.decode()
    client.force_login(shipped["auditor"])
    assert case.no in client.get(f"/sheets/{sheet.pk}/").content.decode()


def test_a_sheet_without_findings_shows_no_corrections(client, shipped, inspected):
    sheet = inspected({})
    client.force_login(shipped["supervisor"])
    assert "corrections" not in client.get(f"/sheets/{sheet.pk}/").content.decode()


# The same again


@pytest.fixture
def corrected(shipped):
    """`corrected(days ago)`: a correction of A1.1 at O1 that was closed by three."""

    def make(days=0, *, end="close", **more) -> Case:
        at = timezone.now() - dt.timedelta(days=days)
        given = finding(
            **{"owner": "O1", "standard": sheets.URN, "criterion": "A1.1", "received_at": at, **more}
        )
        case = actions.open_case(shipped["office"], "correction", shipped["bank"]["O1"], given, at=at)
        for who, verb, told in (
            ("manager", "take", {}),
            ("manager", "propose", remedy()),
            ("supervisor", "verify", {"looked": "on_site"}),
            ("manager", "close", {}),
        ):
            case = actions.do(shipped[who], case, verb, told, at=at + dt.timedelta(hours=1))
            if verb == end:
                break
        return case

    return make


def test_the_third_time_is_called_so(corrected):
    corrected(60)
    second = corrected(30)
    third = corrected(0)
    assert (second.repeat, third.repeat) == (1, 2)
    assert Link.objects.get(source=third).target == second
    assert Link.objects.get(source=third).type == Link.Type.RECURRENCE_OF


def test_a_recurrence_fails_the_remedy_before(corrected):
    first = corrected(30)
    assert first.verdict == ""
    second = corrected(0)
    first.refresh_from_db()
    assert (first.state, first.verdict, first.checker) == (Case.State.CHECKED, "not", None)
    assert second.no in first.events.get(verb="check").body


def test_even_where_somebody_had_called_it_effective(shipped, corrected):
    first = corrected(30)
    EffectCheck.objects.filter(case=first).update(result={"verdict": "effective"})
    first = actions.do(shipped["office"], first, "check", {"verdict": "effective"})
    corrected(0)
    first.refresh_from_db()
    assert first.verdict == "not"
    assert first.events.filter(verb="check").count() == 2
    corrected(0)
    assert first.events.filter(verb="check").count() == 2


def test_outside_the_window_it_is_a_new_matter(corrected):
    corrected(95)
    again = corrected(0)
    assert again.repeat == 0
    assert not Link.objects.exists()


def test_the_window_runs_from_the_close(corrected):
    old = corrected(95)
    Case.objects.filter(pk=old.pk).update(closed_at=timezone.now() - dt.timedelta(days=10))
    assert corrected(0).repeat == 1
    old.refresh_from_db()
    assert old.verdict == "not"


def test_what_is_still_open_has_not_failed(corrected):
    first = corrected(20, end="take")
    second = corrected(0)
    first.refresh_from_db()
    assert (second.repeat, first.verdict, first.state) == (1, "", Case.State.WORKING)


def test_what_was_withdrawn_does_not_count(shipped, corrected):
    first = corrected(20, end="take")
    actions.do(shipped["office"], first, "withdraw", {"reason": "误登"})
    assert corrected(0).repeat == 0


def test_another_criterion_unit_or_none_is_another_matter(shipped, corrected):
    corrected(10)
    assert corrected(0, criterion="A1.3").repeat == 0
    assert corrected(0, criterion="").repeat == 0
    assert corrected(0, criterion="").repeat == 0


def test_actions_of_a_finding_are_known():
    assert {"cases.open", "cases.assign", "cases.attach", "cases.note"} <= set(ACTIONS)


def test_the_mistake_of_a_sheet_that_lacks_its_kind_is_told(world):
    sheets.published()
    sheet = sheets.submitted(SystemActor("test"), world["bank"]["O1"])
    with pytest.raises(ValidationError):
        findings.open_corrections(sheet)
