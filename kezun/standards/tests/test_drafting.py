"""Writing drafts: the form, the text, the sums beside them, the next edition, and a bank's own workbook."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel.models import StoredFile
from kezun.standards import actions, approval, editing, forming, rules
from kezun.standards.editing import NotATree, Place
from kezun.standards.models import Standard
from kezun.standards.pages.workbook import ticket_for
from kezun.standards.renewing import blank, next_version, renewed
from kezun.standards.tests.world import text, workbook


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def client(office, settings):
    settings.AXES_ENABLED = False
    made = Client()
    made.force_login(office)
    made.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return made


@pytest.fixture
def draft(office):
    return actions.draft(office, text=text())


def body(answer) -> str:
    return answer.content.decode()


def tree():
    return editing.tree_of(text())


def test_a_tree_goes_back_to_the_same_standard():
    assert rules.read(editing.text_of(tree())) == rules.read(text())


@pytest.mark.parametrize(
    "broken", ["a: [", "- 1", "modules: x", "modules: [{items: [{criteria: [1]}]}]", "a: 1e999x\nb: ["]
)
def test_what_is_no_tree_is_told_apart(broken):
    with pytest.raises(NotATree):
        editing.tree_of(broken)


def test_places_are_read_and_written():
    assert str(Place.parse("0-1-2")) == "0-1-2"
    assert Place.parse("3") == Place(3)
    for wrong in ("", "a", "1-2-3-4"):
        with pytest.raises(ValueError):
            Place.parse(wrong)


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        (
            "graded",
            "符合=1、部分符合=0.5，不符合=0",
            {"options": {"符合": 1, "部分符合": Decimal("0.5"), "不符合": 0}},
        ),
        ("count_defects", "per=2; floor=0", {"per": 2, "floor": 0}),
        ("range", "min=-3, max=0", {"min": -3, "max": 0}),
        (
            "indicator",
            "ref=a.b、op=>=、0.98=1、=0",
            {"ref": "a.b", "op": ">=", "bands": [[Decimal("0.98"), 1], [None, 0]]},
        ),
        ("text", "", {}),
    ],
)
def test_an_answer_in_one_line_and_back(kind, line, told):
    made = editing.answer_of(kind, line, {})
    assert made == {"type": kind} | told
    assert editing.answer_of(kind, editing.answer_line(made), {}) == made


def test_what_a_line_cannot_say_is_kept():
    before = {
        "type": "graded",
        "options": {"a": 1},
        "options_en": {"a": "A", "b": "B"},
        "na": {"allowed": True},
    }
    made = editing.answer_of("graded", "a=1、c=0", before)
    assert made["options_en"] == {"a": "A"}
    assert made["na"] == {"allowed": True}
    assert editing.answer_of("range", "min=0", {"values": [1]})["values"] == [1]
    assert "linear" in editing.answer_of("indicator", "ref=x、1=1", {"linear": []})


@given(st.text(max_size=12))
def test_a_number_is_a_number_or_stays_text(said):
    assert isinstance(editing.number(said), int | Decimal | str)


def test_a_form_that_changes_nothing_changes_nothing():
    made = tree()
    fields = {f"head.{k}": v for k, v in forming.head_fields(made).items()}
    for place, criterion in editing.criteria(made):
        fields |= {f"c-{place}.{k}": v for k, v in forming.fields_of(criterion).items()}
    assert rules.read(editing.text_of(forming.applied(made, fields))) == rules.read(text())


def test_fields_of_the_form_reach_the_text():
    fields = {
        "head.title": "新名", "head.valid.from": "2031-01-01", "head.valid.to": "", "head.scale.total": "60",
        "m-0.points": "35", "i-0-0.points": "35", "i-0-0.title": "门前区域",
        "c-0-0-0.points": "20", "c-0-0-0.answer_type": "graded", "c-0-0-0.answer": "好=1、坏=0",
        "c-0-0-0.methods": "明查", "c-0-0-0.roles": "服务督导", "c-0-0-0.photo": "*", "c-0-0-0.due_days": "3",
        "c-0-0-0.veto_when": "坏", "c-0-0-0.veto_cap": "达标", "c-0-0-0.na": "1", "c-0-0-0.applies": "large",
        "c-1-0-0.answer_type": "graded", "c-1-0-0.answer": "是=1、否=0", "c-1-0-0.methods": "明查、自查",
    }  # fmt: skip
    made = rules.read(editing.text_of(forming.applied(tree(), fields)))
    sign, duty = made.criterion("A1.1"), made.criterion("B1.1")
    assert (made.title, made.valid.start, made.scale.total) == ("新名", dt.date(2031, 1, 1), Decimal(60))
    assert (sign.points, sign.na, sign.rectify.due_days) == (Decimal(20), True, 3)
    assert (sign.evidence[0].when, sign.applies_to.any) == (None, ("large",))
    assert (sign.veto.grade_cap, sign.veto.when.options) == ("达标", ("坏",))
    assert duty.cascade is None, "a field that is emptied takes the rule out"
    assert made.criterion("B1.2").veto is not None, "what the form did not send stays"


def test_points_that_change_are_told_by_the_lineage():
    made = editing.tree_of(renewed(rules.read(text("2026.1")), "2026.2", dt.date(2030, 1, 1)))
    forming.applied(made, {"c-0-0-0.points": "12", "c-0-0-1.points": "10"})
    rows = [row for _place, row in editing.criteria(made)]
    assert rows[0]["lineage"]["change"] == "points"
    assert rows[1]["lineage"]["change"] == "editorial"


def test_rows_are_added_moved_and_dropped():
    made = tree()
    assert forming.changed(made, "criterion", Place(0, 0)) == Place(0, 0, 3)
    assert [c["id"] for c in made["modules"][0]["items"][0]["criteria"]][-1] == "A1.01"
    assert forming.changed(made, "item", Place(1)) == Place(1, 1)
    assert forming.changed(made, "module", None) == Place(2)
    assert forming.changed(made, "up", Place(0, 0, 0)) == Place(0, 0, 0)
    assert forming.changed(made, "down", Place(0, 0, 0)) == Place(0, 0, 1)
    assert [c["id"] for _p, c in editing.criteria(made)][:2] == ["A1.2", "A1.1"]
    assert forming.changed(made, "up", Place(1, 1)) == Place(1, 0)
    assert forming.changed(made, "up", Place(2)) == Place(1)
    assert forming.changed(made, "drop", Place(0, 0, 0)) == Place(0)
    assert forming.changed(made, "drop", None) is None
    assert next(c["id"] for _p, c in editing.criteria(made)) == "A1.1"


def test_sums_count_what_is_a_number():
    made = tree()
    made["modules"][0]["items"][0]["criteria"][0]["points"] = "many"
    modules, stated, found = forming.sums(made)
    assert (stated, found) == (50, 50)
    assert (modules[0]["items"][0]["stated"], modules[0]["items"][0]["found"]) == (25, 15)


@pytest.mark.parametrize(
    ("version", "taken", "after"),
    [("2026.1", (), "2026.2"), ("2026.1", ("2026.2",), "2026.3"), ("v9", (), "v10"), ("春", (), "春.2")],
)
def test_the_next_version(version, taken, after):
    assert next_version(version, taken) == after


def test_a_renewed_edition_reads_beside_the_old_one():
    old = rules.read(text("2026.1"))
    made = rules.read(renewed(old, "2026.2", dt.date(2030, 1, 1)), known=[old])
    assert (made.supersedes, made.criterion("A1.1").lineage.how) == ("2026.1", "same_as")


def test_a_blank_draft_misses_only_its_words():
    with pytest.raises(rules.NotAStandard) as caught:
        rules.read(blank("urn:x", "1", 'a "quoted" title', dt.date(2030, 1, 1), "met", "not met"))
    assert [p.code for p in caught.value.problems] == ["missing_key"]


@pytest.mark.django_db
def test_the_form_saves_and_goes_to_the_new_row(client, draft):
    address = reverse("standards.edit", args=[draft.pk])
    page = body(client.get(address))
    assert 'name="c-0-0-0.points"' in page
    assert "No mistakes" in page
    answer = client.post(address, {"c-0-0-0.text": "新的内容", "do": "criterion:0-0"})
    assert answer.url == f"{address}?tab=form#at-0-0-3"
    draft.refresh_from_db()
    assert "新的内容" in draft.text
    assert "mistake" in body(client.get(address)), "the new row has no words yet"
    for nonsense in ("drop:9-9", "drop:x", "dance:0"):
        assert client.post(address, {"do": nonsense}).status_code == 302


@pytest.mark.django_db
def test_the_text_saves_and_a_colleague_is_not_written_over(client, draft, office):
    address = reverse("standards.edit", args=[draft.pk]) + "?tab=text"
    seen = approval.stamp(draft.text)
    assert client.post(address, {"text": text(title="甲"), "seen": seen}).status_code == 302
    page = body(client.post(address, {"text": text(title="乙"), "seen": seen}))
    assert "Somebody saved this draft" in page
    assert "乙" in page, "what was written is not lost"
    assert Standard.objects.get().title == "甲"


@pytest.mark.django_db
def test_a_text_without_shape_is_mended_as_text(client, draft):
    address = reverse("standards.edit", args=[draft.pk])
    client.post(f"{address}?tab=text", {"text": "id: [\n"})
    page = body(client.get(address))
    assert "<textarea" in page
    assert 'data-line="1"' in page or 'data-line="2"' in page
    assert client.post(address, {"do": "save"}).url.endswith("?tab=text")


@pytest.mark.django_db
def test_sums_and_mistakes_while_typing(client, draft):
    address = reverse("standards.check", args=[draft.pk])
    page = body(client.post(address, {"c-0-0-0.points": "11"}))
    assert "26 / 25" in page
    assert "add up to 26" in page
    page = body(client.post(address, {"text": "id: ["}))
    assert "1 mistake" in page
    draft.refresh_from_db()
    assert "points: 11" not in draft.text, "checking saves nothing"
    Standard.objects.filter(pk=draft.pk).update(text="id: [")
    assert "1 mistake" in body(client.post(address, {"c-0-0-0.points": "11"}))


@pytest.mark.django_db
def test_only_a_draft_is_edited(client, draft, office):
    actions.propose(office, draft)
    address = reverse("standards.edit", args=[draft.pk])
    assert client.get(address).url == reverse("standards.handbook", args=[draft.pk])


@pytest.mark.django_db
def test_a_workbook_becomes_a_draft(client, office):
    address = reverse("standards.workbook", args=[ticket_for(office, workbook())])
    page = body(client.get(address))
    assert "门楣标牌清洁完整" in page
    assert "100 points" in page
    said = {"urn": "urn:b:std:own", "title": "本行检查表", "version": "2026.1", "start": "2030-01-01"}
    answer = client.post(address, said | {"sheet": "检查表"})
    row = Standard.objects.get()
    assert answer.url == reverse("standards.edit", args=[row.pk])
    assert (row.urn, row.title, rules.read(row.text).scale.total) == (
        "urn:b:std:own",
        "本行检查表",
        Decimal(100),
    )
    assert client.post(address, said | {"urn": "a b"}).status_code == 200
    page = body(client.get(address, {"column.points": "Z"}))
    assert "No draft can be made of it yet" in page


@pytest.mark.django_db
def test_bringing_a_workbook(client, office):
    from django.core.files.uploadedfile import SimpleUploadedFile

    from kezun.kernel.file import open_file

    kept = workbook()
    content = open_file(kept.sha256).read()
    answer = client.post(reverse("standards.bring"), {"file": SimpleUploadedFile("检查表.xlsx", content)})
    assert answer.url == reverse("standards.workbook", args=[ticket_for(office, kept)])
    assert kept.sha256 not in answer.url
    for file in ({}, {"file": SimpleUploadedFile("a.xlsx", b"no workbook")}):
        assert client.post(reverse("standards.bring"), file).url == reverse("standards.begin")


@pytest.mark.django_db
def test_a_workbook_opens_for_whoever_brought_it_alone(client, office, person_in):
    """A colleague with every right to draft is told that there is nothing, and so is a guess by its hash."""
    kept = workbook()
    own = ticket_for(office, kept)
    assert client.get(reverse("standards.workbook", args=[own])).status_code == 200
    colleague = Client()
    colleague.force_login(person_in("service_office", "P1"))
    for ticket in (own, kept.sha256, "x", own[:-1], ticket_for(office, kept) + "x"):
        assert colleague.get(reverse("standards.workbook", args=[ticket])).status_code == 404
        assert ticket == own or client.get(reverse("standards.workbook", args=[ticket])).status_code == 404
    StoredFile.objects.filter(pk=kept.pk).update(name="")  # destroyed since
    assert client.get(reverse("standards.workbook", args=[own])).status_code == 404
