"""Saving, renaming and deleting views through the pages."""

import pytest

from kezun.insight.models import SavedView

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(bank, signed_in):
    return signed_in("outlet_manager", "O1")


def messages(page):
    return [str(m) for m in page.context["messages"]]


def test_a_page_is_saved_and_comes_back_with_its_choices(client):
    page = client.post("/views/save/", {"title": "Spring", "address": "/?period=2026-Q1"}, follow=True)
    assert page.redirect_chain[0][0] == "/?period=2026-Q1"
    assert messages(page) == ["Saved as «Spring»."]
    listed = client.get("/views/")
    assert '<a href="/?period=2026-Q1">Spring</a>' in listed.content.decode()


def test_without_views_the_page_says_how_to_make_one(client):
    assert "press the bookmark" in client.get("/views/").content.decode()


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", ""])
def test_saving_never_leads_to_another_site(client, address):
    answer = client.post("/views/save/", {"title": "x", "address": address})
    assert answer.url == "/views/"
    assert not SavedView.objects.exists()


def test_a_view_without_a_name_is_refused_with_a_reason(client):
    page = client.post("/views/save/", {"title": " ", "address": "/"}, follow=True)
    assert messages(page) == ["Give the view a name."]


def test_a_view_is_renamed_and_deleted(client):
    client.post("/views/save/", {"title": "a", "address": "/"})
    view = SavedView.objects.get()
    page = client.post(f"/views/{view.pk}/rename/", {"title": "b"}, follow=True)
    assert messages(page)[-1:] == ["Renamed to «b»."]
    page = client.post(f"/views/{view.pk}/rename/", {"title": ""}, follow=True)
    assert messages(page)[-1:] == ["Give the view a name."]
    page = client.post(f"/views/{view.pk}/delete/", follow=True)
    assert messages(page)[-1:] == ["Deleted «b»."]
    assert not SavedView.objects.exists()


def test_deleting_asks_first(client):
    client.post("/views/save/", {"title": "a", "address": "/"})
    assert 'data-confirm="Delete the saved view «a»?"' in client.get("/views/").content.decode()


@pytest.mark.parametrize("verb", ["rename", "delete"])
def test_anothers_view_does_not_exist(client, signed_in, verb):
    client.post("/views/save/", {"title": "a", "address": "/"})
    view = SavedView.objects.get()
    other = signed_in("service_office", "HO")
    assert other.post(f"/views/{view.pk}/{verb}/", {"title": "b"}).status_code == 404
    assert "a" not in [v.title for v in other.get("/views/").context["views"]]


@pytest.mark.parametrize("address", ["/views/save/", "/views/1/rename/", "/views/1/delete/"])
def test_nothing_changes_by_get(client, address):
    assert client.get(address).status_code == 405
