"""What stands beside a form: the request that is decided on, kinds of unit and tags to choose from."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from kezun.cases import actions, kinds, timeline
from kezun.cases.forms_step import StepForm
from kezun.cases.models import Petition
from kezun.cases.tests.courses import finding
from kezun.kernel.actor import SystemActor
from kezun.org.models import Unit, UnitTag


@pytest.fixture
def correction(world):
    kinds.install_all(SystemActor("test"))
    case = actions.open_case(world["office"], "correction", world["bank"]["O1"], finding(owner="O1"))
    return actions.do(world["manager"], case, "take")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_who_decides_reads_what_was_asked_beside_the_form(client, world, correction, language):
    asked = {"type": "extend", "policy": "correction_general", "units": 5, "reason": "等供应商到货"}
    case = actions.do(world["manager"], correction, "ask", asked)
    wanted = case.petitions.get()
    client.force_login(world["sub"])
    client.cookies["kezun_language"] = language
    told = {
        "zh-hans": ("延期", "+5 个工作日", "一般问题整改"),
        "en": ("Extension", "+5 workdays", "Correction of a general finding"),
    }[language]
    for verb in ("grant", "refuse"):
        page = client.get(f"/cases/{case.no}/{verb}/?petition={wanted.pk}").content.decode()
        for words in (*told, "等供应商到货", world["manager"].name):
            assert words in page, (verb, words)
    again = client.post(f"/cases/{case.no}/refuse/", {"petition": wanted.pk})
    assert again.status_code == 422
    assert "等供应商到货" in again.content.decode(), "nor is it gone after a try that fails"
    assert "等供应商到货" not in client.get(f"/cases/{case.no}/note/").content.decode()


def test_who_is_to_answer_stands_in_the_request(client, world, correction):
    asked = {"type": "account", "person": "lobby_manager.O1", "measure": "通报批评", "reason": "屡次未改"}
    case = actions.do(world["manager"], correction, "ask", asked)
    client.force_login(world["sub"])
    wanted = Petition.objects.get(case=case)
    for address in (f"/cases/{case.no}/", f"/cases/{case.no}/grant/?petition={wanted.pk}"):
        page = client.get(address).content.decode()
        assert f"{world['lobby'].name} (lobby_manager.O1) · 通报批评" in page


def test_where_to_look_is_chosen_in_words(world, correction):
    for unit in ("O2", "O3"):
        UnitTag.objects.create(unit=world["bank"][unit], tag="county")
    form = StepForm(correction, kinds.form_of(correction.kind), "roll_out")
    assert form.fields["kind"].initial == Unit.Kind.OUTLET
    assert dict(form.fields["kind"].choices) == dict(Unit.Kind.choices)
    assert form.fields["tag"].choices == [("", "—"), ("county", "county")]


def test_a_roll_out_is_told_with_the_kind_of_unit_in_words(client, world, correction):
    client.force_login(world["office"])
    order = {"question": "叫号屏是否正常", "under": "HO", "kind": "outlet"}
    assert client.post(f"/cases/{correction.no}/roll_out/", order).status_code == 302
    correction.refresh_from_db()
    form = kinds.form_of(correction.kind)
    for language, words in (("zh-hans", "网点"), ("en", "Outlet")):
        with translation.override(language):
            entry = next(one for one in timeline.history(correction, form) if one.verb == "roll_out")
            assert words.lower() in [text.lower() for _name, text in entry.said]
    refused = client.post(f"/cases/{correction.no}/roll_out/", {**order, "kind": "moon"})
    assert refused.status_code == 422


def test_nobody_stands_where_nobody_opened_it(client, world, correction):
    """A customer's own complaint has no opener: no mark is left where a name would stand."""
    type(correction).objects.filter(pk=correction.pk).update(opener=None)
    client.force_login(world["office"])
    page = client.get(f"/cases/{correction.no}/").content.decode()
    assert not re.search(r"·\s*</dd>", page)
    assert "未登记人员" in page


def test_what_would_be_classified_otherwise_stands_beside_the_decision(client, world, correction):
    asked = {"type": "grade", "complexity": "serious", "reason": "影响多个窗口"}
    case = actions.do(world["manager"], correction, "ask", asked)
    client.force_login(world["sub"])
    page = client.get(f"/cases/{case.no}/grant/?petition={case.petitions.get().pk}").content.decode()
    assert "问题等级：一般 → 较重" in page
