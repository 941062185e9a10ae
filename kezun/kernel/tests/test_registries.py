"""Pages, operations and commands declare themselves; each asks for its permission."""

import click
import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory

from kezun.kernel import command as commands
from kezun.kernel import endpoint as operations
from kezun.kernel import page as pages
from kezun.kernel.actor import Denied
from kezun.kernel.models import Heartbeat, IdempotencyKey, Schedule, TrailAnchor, TrailEntry, TrailHead
from kezun.kernel.page import Menu, menu_for, short_menu


class Person:
    """Somebody with some rights."""

    trail_name = "person:1"

    def __init__(self, *rights):
        self.rights = rights

    def may(self, permission):
        return permission in self.rights

    def covers(self, permission, target):
        return True


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Registries of the test's own."""
    monkeypatch.setattr(pages, "PAGES", {})
    monkeypatch.setattr(operations, "ENDPOINTS", {})
    monkeypatch.setattr(commands, "COMMANDS", [])


def asked(*rights, anonymous=False):
    request = RequestFactory().get("/")
    request.user = AnonymousUser() if anonymous else Person(*rights)
    return request


def shown(request, code=""):
    return HttpResponse(f"shown {code}")


def test_a_page_asks_for_its_permission(caplog):
    view = pages.page("x/<code>/", name="room.x", needs="room.read")(shown)
    assert view(asked("room.read"), code="O1").content == b"shown O1"
    for request in (asked("room.edit"), asked(anonymous=True)):
        with pytest.raises(Denied):
            view(request)
        assert caplog.records[-1].verb == "room.read"
    assert pages.PAGES["room.x"].namespace == "room"
    assert pages.PAGES["room.x"].view is view


def test_a_page_without_permission_is_for_all_who_are_signed_in():
    view = pages.page("x/", name="room.x")(shown)
    assert view(asked()).status_code == 200
    assert pages.PAGES["room.x"].public is False


def test_a_page_cannot_be_public_and_guarded():
    with pytest.raises(ValueError, match="public"):
        pages.page("x/", name="room.x", needs="room.read", public=True)


def test_a_name_stands_for_one_page():
    pages.page("x/", name="room.x")(shown)
    with pytest.raises(RuntimeError, match="twice"):
        pages.page("y/", name="room.x")(shown)


def test_the_menu_holds_what_one_may_open_in_order():
    for name, needs, group, order in (
        ("a.second", None, "look", 20),
        ("a.first", "a.read", "look", 10),
        ("a.guarded", "a.edit", "look", 5),
        ("a.control", None, "control", 1),
    ):
        pages.page(name, name=name, needs=needs, menu=Menu(group, order, name, "icon"))(shown)
    pages.page("none", name="a.none")(shown)
    assert [p.name for p in menu_for(Person("a.read"))] == ["a.first", "a.second", "a.control"]


def test_a_phone_shows_what_is_wanted_there_first():
    for number in range(6):
        menu = Menu("look", number, f"p{number}", "icon", short={5: 1, 3: 2}.get(number, 0))
        pages.page(f"p{number}", name=f"a.p{number}", menu=menu)(shown)
    assert [p.name for p in short_menu(menu_for(Person()))] == ["a.p5", "a.p3", "a.p0", "a.p1"]


def test_an_operation_asks_for_its_permission():
    def units(request, code):
        """Units."""
        return {"code": code}

    operate = operations.endpoint("GET", "/units", name="room.units", needs="room.read", summary="s")(units)
    assert operate(asked("room.read"), code="O1") == {"code": "O1"}
    with pytest.raises(Denied):
        operate(asked(), code="O1")
    with pytest.raises(Denied):
        operate(asked(anonymous=True), code="O1")
    spec = operations.ENDPOINTS["room.units"]
    assert (spec.method, spec.path, spec.options) == ("GET", "/units", {"summary": "s"})
    assert operate.__doc__ == "Units."
    with pytest.raises(RuntimeError, match="twice"):
        operations.endpoint("GET", "/units", name="room.units", needs="room.read")(units)


def test_commands_are_collected():
    made = commands.command(click.Group("x"))
    assert [made] == commands.COMMANDS


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (TrailEntry(shard=1, position=2, verb="a.b"), "1/2 a.b"),
        (TrailHead(shard=1, count=2), "1: 2"),
        (TrailAnchor(sequence=3), "3"),
        (Schedule(name="s"), "s"),
        (Heartbeat(worker="w"), "w"),
        (IdempotencyKey(verb="a.b", key="k"), "a.b k"),
    ],
)
def test_records_name_themselves(record, text):
    assert str(record) == text
