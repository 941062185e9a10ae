"""Saved views: named, one's own, only pages of this installation; exports: recorded."""

import pytest
from django.core.exceptions import ValidationError

from kezun.insight import actions
from kezun.insight.models import LONGEST_ADDRESS, SavedView
from kezun.kernel.actor import Denied, OutOfScope
from kezun.kernel.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(person_in):
    return person_in("outlet_manager", "O1")


@pytest.fixture
def view(reader):
    return actions.save_view(reader, title="March", address="/?period=2026-03")


def test_a_view_is_saved_under_its_name(reader, view):
    assert (view.person, view.title, view.address) == (reader, "March", "/?period=2026-03")
    assert str(view) == "March"


def test_the_trail_says_who_saved_a_view_but_not_what_they_called_it(reader, view):
    entry = TrailEntry.objects.get(verb="insight.save_view")
    assert entry.actor == reader.trail_name
    assert "March" not in entry.detail


def test_spaces_in_a_name_are_put_in_order(reader):
    assert actions.save_view(reader, title="  a \n b ", address="/").title == "a b"


@pytest.mark.parametrize("title", ["", "   ", "x" * 81])
def test_a_name_is_needed_and_not_too_long(reader, title):
    with pytest.raises(ValidationError):
        actions.save_view(reader, title=title, address="/")
    assert not SavedView.objects.exists()


def test_a_name_is_used_once_by_each_person(reader, view, person_in):
    with pytest.raises(ValidationError):
        actions.save_view(reader, title="March", address="/x/")
    other = person_in("outlet_manager", "O2")
    assert actions.save_view(other, title="March", address="/").person == other


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "", "/" + "a" * LONGEST_ADDRESS]
)
def test_only_pages_of_this_installation_are_saved(reader, address):
    with pytest.raises(ValidationError):
        actions.save_view(reader, title="x", address=address)


def test_there_is_a_bound_to_how_many(reader, monkeypatch):
    monkeypatch.setattr(actions, "MOST_VIEWS", 1)
    actions.save_view(reader, title="one", address="/")
    with pytest.raises(ValidationError, match="1"):
        actions.save_view(reader, title="two", address="/")


def test_a_view_takes_another_name_or_keeps_its_own(reader, view):
    assert actions.rename_view(reader, view, title="March").title == "March"
    actions.rename_view(reader, view, title="Spring")
    view.refresh_from_db()
    assert view.title == "Spring"


def test_a_view_cannot_take_the_name_of_another(reader, view):
    actions.save_view(reader, title="April", address="/")
    with pytest.raises(ValidationError):
        actions.rename_view(reader, view, title="April")


def test_a_deleted_view_is_gone_and_the_trail_names_it(reader, view):
    key = view.pk
    actions.delete_view(reader, view)
    assert not SavedView.objects.exists()
    assert TrailEntry.objects.get(verb="insight.delete_view").target == f"insight.savedview:{key}"


@pytest.mark.parametrize("act", [actions.rename_view, actions.delete_view])
@pytest.mark.parametrize("role", ["service_office", "teller"])
def test_nobody_touches_anothers_view_however_wide_their_scope(view, person_in, role, act):
    other = person_in(role, "HO" if role == "service_office" else "O2")
    more = {"title": "mine now"} if act is actions.rename_view else {}
    with pytest.raises(OutOfScope):
        act(other, view, **more)
    view.refresh_from_db()
    assert view.title == "March"


def test_who_may_not_read_may_not_save(person_in):
    with pytest.raises(Denied):
        actions.save_view(person_in("system_admin", "HO"), title="x", address="/")


def test_an_export_is_recorded_with_what_was_taken(reader, bank):
    taken = {"indicator": "floor.tickets", "period": "2026-03", "part": "numerator", "rows": 60}
    assert actions.export_rows(reader, bank["O1"], **taken) == 60
    entry = TrailEntry.objects.get(verb="insight.export_rows")
    assert entry.target == f"org.unit:{bank['O1'].pk}"
    assert all(str(value) in entry.detail for value in taken.values())


def test_no_export_outside_the_scope_nor_by_those_who_only_look(reader, bank, person_in):
    taken = {"indicator": "floor.tickets", "period": "2026-03", "part": "numerator", "rows": 1}
    with pytest.raises(OutOfScope):
        actions.export_rows(reader, bank["O2"], **taken)
    with pytest.raises(Denied):
        actions.export_rows(person_in("teller", "O1"), bank["O1"], **taken)
    assert not TrailEntry.objects.filter(verb="insight.export_rows").exists()
