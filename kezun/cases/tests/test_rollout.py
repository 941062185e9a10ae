"""One finding looked for at all peers: who is asked, what is answered, what becomes of it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from kezun.cases import actions, rollout
from kezun.cases.effects import rolling_out
from kezun.cases.models import Case, Link, Proof
from kezun.cases.tests.courses import finding
from kezun.kernel.actor import Denied
from kezun.kernel.models import Task
from kezun.kernel.task import claim, run, run_due
from kezun.org.models import UnitTag
from kezun.standards.tests.world import photo

ORDER = {"question": "叫号屏是否完好", "under": "HO", "days": 5}


@pytest.fixture
def ordered(shipped):
    """A correction at O1 whose finding is looked for; `ordered(who, work, **order)`."""

    def make(who="office", *, work=True, **more) -> Case:
        given = finding(owner="O1", standard="urn:x", criterion="A1.1", complexity="serious")
        case = actions.open_case(shipped["office"], "correction", shipped["bank"]["O1"], given)
        case = actions.do(shipped[who], case, "roll_out", {**ORDER, **more})
        if work:
            run_due("test")
        return case

    return make


def checks(case: Case) -> dict[str, Case]:
    [order] = rollout.orders_of(case)
    return {row.unit.code: row for row in rollout.checks_of(order).select_related("unit")}


def test_every_peer_is_asked_once_but_not_the_own_unit(ordered):
    case = ordered()
    found = checks(case)
    assert set(found) == {"O2", "O3"}
    one = found["O3"]
    assert (one.data["question"], one.data["origin"], one.data["days"]) == ("叫号屏是否完好", case.no, 5)
    assert one.owner_unit.code == "O3"
    assert Link.objects.filter(source=one, target=case, type="roll_out_of").count() == 1


def test_the_order_stands_in_the_history(ordered):
    [order] = rollout.orders_of(ordered(work=False))
    assert (order.units, order.question, order.days) == (2, "叫号屏是否完好", 5)
    assert rollout.coverage(order).opened == 0


@pytest.mark.parametrize(
    ("more", "units"),
    [({"under": "S1"}, {"O2"}), ({"tag": "临街网点"}, {"O3"}), ({"kind": "sub_branch"}, {"S1", "S2"})],
)
def test_peers_are_chosen_by_tree_tag_and_kind(shipped, ordered, more, units):
    UnitTag.objects.create(unit=shipped["bank"]["O3"], tag="临街网点")
    assert set(checks(ordered(**more))) == units


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"under": "XX"}, "under"),
        ({"under": "O1"}, "under"),
        ({"kind": "kiosk"}, "kind"),
        ({"tag": "没有"}, "under"),
        ({"days": 0}, "days"),
        ({"question": ""}, "question"),
    ],
)
def test_what_cannot_be_ordered_is_refused_by_field(ordered, more, field):
    with pytest.raises(ValidationError) as refused:
        ordered(**more)
    assert field in refused.value.message_dict
    assert not Task.objects.filter(name=rollout.TASK).exists()


def test_nobody_orders_beyond_what_they_lead(shipped, ordered):
    with pytest.raises(ValidationError) as refused:
        ordered("sub", under="HO")
    assert "under" in refused.value.message_dict
    assert set(checks(ordered("sub", under="S1"))) == {"O2"}


def test_an_outlet_does_not_order_others(ordered):
    with pytest.raises(Denied):
        ordered("manager")


def test_a_repeated_task_opens_nothing_twice(ordered):
    case = ordered()
    run(Task.objects.get(name=rollout.TASK))
    assert len(checks(case)) == 2
    assert Case.objects.filter(code="self_check").count() == 2


def test_what_was_cut_off_goes_on(shipped, ordered):
    case = ordered(work=False)
    [order] = rollout.orders_of(case)
    rolling_out._open(case, order, shipped["bank"]["O2"])
    rolling_out._open(case, order, shipped["bank"]["O2"])
    assert rollout.coverage(order).opened == 1
    run_due("test")
    assert rollout.coverage(order).opened == 2
    assert Task.objects.get(name=rollout.TASK).progress["done"] == 2


def test_a_large_order_is_opened_in_several_tasks(shipped, ordered, monkeypatch):
    monkeypatch.setattr(rolling_out, "AT_ONCE", 1)
    case = ordered(work=False)
    [first] = Task.objects.filter(name=rollout.TASK)
    Task.objects.exclude(pk=first.pk).delete()
    run(claim("test"))
    first.refresh_from_db()
    assert (first.progress["done"], first.progress["total"]) == (1, 2)
    assert len(checks(case)) == 1
    run_due("test")
    assert set(checks(case)) == {"O2", "O3"}
    tasks = Task.objects.filter(name=rollout.TASK).order_by("pk")
    assert [task.state for task in tasks] == [Task.State.DONE] * 2
    assert tasks[1].progress["done"] == 2


def test_results_are_read_at_once(shipped, ordered, django_assert_num_queries):
    case = ordered()
    found = checks(case)
    answer(shipped, found["O2"], "other", "conforming")
    with django_assert_num_queries(1):
        results = rollout.results_of(Case.objects.filter(code="self_check"))
    assert results == {found["O2"].pk: "屏幕花屏"}
    actions.do(shipped["supervisor"], found["O2"], "send_back", {"reason": "请补充照片"})
    actions.do(shipped["other"], found["O2"], "propose", {"result": "已更换", "found": "conforming"})
    assert rollout.result_of(found["O2"]) == "已更换"
    assert rollout.result_of(found["O3"]) == ""


def answer(shipped, case: Case, who: str, found: str, **more) -> Case:
    person = shipped[who]
    actions.do(person, case, "take")
    if found == "same":
        actions.do(person, case, "attach", {"stage": "before", "files": [photo(3)]})
    return actions.do(person, case, "propose", {"result": "屏幕花屏", "found": found, **more})


def test_coverage_counts_answers_and_what_they_found(shipped, ordered):
    case = ordered()
    found = checks(case)
    [order] = rollout.orders_of(case)
    answer(shipped, found["O2"], "other", "conforming")
    told = rollout.coverage(order)
    assert (told.opened, told.answered, told.verified, told.open) == (2, 1, 0, 1)
    assert told.found == {"conforming": 1, "same": 0, "na": 0}
    assert dict(told.shares) == {"conforming": 50.0, "same": 0.0, "na": 0.0, "open": 50.0}
    actions.do(shipped["supervisor"], found["O2"], "verify")
    answer(shipped, found["O3"], "far", "same")
    told = rollout.coverage(order)
    assert (told.answered, told.verified, told.open) == (2, 1, 0)
    assert sum(share for _name, share in told.shares) == pytest.approx(100)


def test_two_orders_are_counted_apart(shipped, ordered):
    case = ordered()
    case = actions.do(shipped["office"], case, "roll_out", {**ORDER, "under": "S1", "question": "二次排查"})
    run_due("test")
    second, first = rollout.orders_of(case)
    assert (rollout.coverage(first).opened, rollout.coverage(second).opened) == (2, 1)
    assert second.question == "二次排查"


def test_who_found_the_same_corrects_it(shipped, ordered):
    case = ordered()
    one = answer(shipped, checks(case)["O3"], "far", "same")
    assert Case.objects.filter(code="correction").count() == 1
    actions.do(shipped["office"], one, "verify")
    made = Case.objects.get(code="correction", unit=shipped["bank"]["O3"])
    assert (made.data["source"], made.data["criterion"], made.severity) == ("self_check", "A1.1", 2)
    assert "屏幕花屏" in made.data["requirement"]
    assert Proof.objects.get(case=made).stage == "before"
    assert Link.objects.get(source=made).target == one


def test_what_was_put_right_at_once_needs_no_correction(shipped, ordered):
    one = answer(shipped, checks(ordered())["O3"], "far", "same", put_right="on")
    actions.do(shipped["office"], one, "verify")
    assert Case.objects.filter(code="correction").count() == 1


def test_a_self_check_by_hand_has_no_origin_to_take_from(shipped):
    given = {"title": "自查", "question": "灯箱", "origin": "—", "owner": "O3"}
    one = actions.open_case(shipped["office"], "self_check", shipped["bank"]["O3"], given)
    one = answer(shipped, one, "far", "same")
    actions.do(shipped["office"], one, "verify")
    made = Case.objects.get(code="correction")
    assert (made.severity, made.data["urgency"]) == (3, "term")


def test_a_case_without_a_result_has_no_words_for_it(shipped):
    given = {"title": "自查", "question": "灯箱", "origin": "—"}
    one = actions.open_case(shipped["office"], "self_check", shipped["bank"]["O3"], given)
    assert rollout.result_of(one) == ""
