"""Sheets of an overlay: what they were judged by stays, whatever becomes of the edition below."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from kezun.standards import actions, publishing, queries, rules, upkeep
from kezun.standards.models import Sheet, Standard
from kezun.standards.tests.world import GOOD, SYSTEM, URN, begun, published, submitted, text, withdrawn

pytestmark = pytest.mark.django_db
FEAST = "urn:test:std:feast"
RENAMED = (("id: A", "id: C"), ("id: B", "id: D"), ("zero: [B1.2]", "zero: [D1.2]"))
BOTH = GOOD | {id.replace("A", "C").replace("B", "D"): entry for id, entry in GOOD.items()}


def feast(version="节日", over="1") -> str:
    """An overlay with criteria of its own over the sample, for a month."""
    today = timezone.localdate()
    made = text(version, start=f"{today - dt.timedelta(days=1)}", end=f"{today + dt.timedelta(days=30)}")
    made = made.replace(URN, FEAST)
    for was, by in RENAMED:
        made = made.replace(was, by)
    return made.replace(
        "covert:", f'kind: overlay\nover: {{standard: "{URN}", version: "{over}", event: 节}}\ncovert:'
    )


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def overlay(bank) -> Standard:
    published()
    return actions.install(SYSTEM, text=feast(), origin="catalog")


def filled(supervisor, unit) -> Sheet:
    sheet = begun(supervisor, unit, urn=FEAST)
    actions.save_sheet(supervisor, sheet, entries=BOTH)
    return actions.submit_sheet(supervisor, sheet)


def corrected(office, person_in, **given) -> Standard:
    """The edition below once more under its version, published by decision: another worth of the sign."""
    second = person_in("service_office", "P1")
    draft = actions.draft(office, text=text(**given))
    actions.propose(office, draft)
    return actions.approve(second, draft, doc_no="示例〔2026〕9号").edition


def test_an_edition_corrected_below_changes_no_sheet(overlay, supervisor, office, person_in, bank, client):
    sheet = filled(supervisor, bank["O1"])
    before = publishing.rows_of(sheet)
    corrected(office, person_in, sign=20)
    again = Sheet.objects.get(pk=sheet.pk)
    assert publishing.rows_of(again) == before
    assert {c.id: c.points for c in queries.whole(again.standard).criteria()}["A1.1"] == 10
    client.force_login(supervisor)
    page = client.get(reverse("standards.sheet", args=[sheet.pk]))
    assert page.context["result"].earned == sheet.earned


def test_an_edition_is_not_withdrawn_from_under_an_overlay(overlay, office, person_in, bank):
    base = Standard.objects.get(urn=URN)
    with pytest.raises(ValidationError, match=FEAST):
        actions.ask_withdrawal(office, base, reason="停用")
    second = person_in("service_office", "P1")
    withdrawn(office, second, overlay)
    assert withdrawn(office, second, base).state == Standard.State.WITHDRAWN


def test_after_both_are_withdrawn_their_sheets_are_read_and_published(
    overlay, supervisor, office, person_in, bank, client
):
    sheet = filled(supervisor, bank["O1"])
    second = person_in("service_office", "P1")
    withdrawn(office, second, overlay)
    withdrawn(office, second, Standard.objects.get(urn=URN))
    client.force_login(supervisor)
    assert client.get(reverse("standards.sheet", args=[sheet.pk])).status_code == 200
    assert upkeep.publish_due() == 1


def test_a_new_overlay_lies_over_what_is_published_then(overlay, supervisor, office, person_in, bank):
    corrected(office, person_in, sign=20)
    later = actions.install(
        SYSTEM, text=feast("二").replace("urn:test:std:feast", FEAST + "2"), origin="catalog"
    )
    assert {c.id: c.points for c in queries.whole(later).criteria()}["A1.1"] == 20


def test_an_overlay_over_nothing_is_not_published(bank, office):
    draft = actions.draft(office, text=feast())
    with pytest.raises(ValidationError, match=URN):
        actions.propose(office, draft)
    with pytest.raises(rules.NotAStandard, match="unknown_edition"):
        actions.install(SYSTEM, text=feast(), origin="pack:x")
    assert not Standard.objects.filter(published_at__isnull=False).exists()


def test_one_sheet_that_cannot_be_read_holds_up_no_other(bank, supervisor, office, caplog):
    published()
    one, two = submitted(supervisor, bank["O1"]), submitted(supervisor, bank["O2"])
    actions.install(SYSTEM, text=text().replace(URN, URN + "2"), origin="catalog")
    other = submitted(supervisor, bank["O2"], urn=URN + "2", key=uuid.uuid4())
    forge(other)
    assert upkeep.publish_due() == 2
    told = dict(Sheet.objects.values_list("pk", "facts_at"))
    assert None not in (told[one.pk], told[two.pk])
    assert told[other.pk] is None
    assert any(str(other.pk) in str(vars(r).get("sheet", "")) for r in caplog.records)


def forge(sheet: Sheet) -> None:
    """Change the text of the sheet's edition behind the product's back."""
    from django.db import connection

    from kezun.kernel import frozen

    frozen.lift(connection)
    try:
        row = sheet.standard
        Standard.objects.filter(pk=row.pk).update(
            text=row.text.replace("points: 6", "points: 6.0"), sha256="0" * 64
        )
    finally:
        frozen.install(connection)


def test_a_draft_over_nothing_is_read_by_itself(bank, office, client):
    draft = actions.draft(office, text=feast())
    client.force_login(office)
    for name in ("standards.handbook", "standards.pdf", "standards.edit"):
        answer = client.get(reverse(name, args=[draft.pk]))
        assert answer.status_code == 200, name


def test_a_draft_with_mistakes_has_no_pdf_but_a_list_of_them(bank, office, client):
    draft = actions.draft(office, text=text().replace("points: 6", "points: 7"))
    client.force_login(office)
    answer = client.get(reverse("standards.pdf", args=[draft.pk]))
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.context["problems"]


@pytest.mark.parametrize("named", ["²", "9" * 5000, "-1", "1e3", "", "\u0663"])
def test_numbers_that_are_none_break_no_page(overlay, supervisor, bank, client, named):
    client.force_login(supervisor)
    page = client.get(reverse("standards.compare", args=[overlay.pk]), {"with": named})
    assert page.status_code in (302, 404)
    sheet = begun(supervisor, bank["O1"])
    address = reverse("standards.photo", args=[sheet.pk])
    assert client.post(address, {"criterion": "A1.1", "drop": named}).status_code == 302
