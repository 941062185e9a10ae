"""What pages, API and actions need, some role holds; and what roles hold, something needs."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest
import yaml
from django.urls import get_resolver
from django.utils.module_loading import autodiscover_modules

from kezun.kernel.action import ACTIONS
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.endpoint import ENDPOINTS
from kezun.kernel.models import TrailEntry
from kezun.kernel.page import PAGES
from kezun.org.scope import roles
from tools import tree

get_resolver().url_patterns  # noqa: B018 loads every room's pages and endpoints
autodiscover_modules("actions", "cli")
SYSTEM_ONLY = set(yaml.safe_load(tree.text(Path("tests/permissions.yaml")))["system_only"])
NAME = re.compile(r"^[a-z]+\.[a-z][a-z_]*$")


def needed() -> dict[str, str]:
    """Every permission that something asks for, and what asks."""
    asked = {p.needs: f"page {p.name}" for p in PAGES.values() if p.needs}
    asked |= {e.needs: f"endpoint {e.name}" for e in ENDPOINTS.values() if e.needs}
    return asked | {name: f"action {name}" for name in ACTIONS}


def named_in_code() -> set[str]:
    """Strings in the source that look like permissions (`visible_to(person, "org.read")` and the like)."""
    return {
        node.value
        for path in tree.source()
        for node in ast.walk(tree.tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.match(node.value)
    }


def test_registries_are_filled():
    assert PAGES
    assert ACTIONS
    assert roles()


def test_every_permission_is_held_by_some_role():
    unheld = {
        permission: why
        for permission, why in needed().items()
        if permission not in SYSTEM_ONLY and not any(role.may(permission) for role in roles().values())
    }
    assert not unheld


def test_every_permission_of_a_role_is_asked_for_somewhere():
    known = set(needed()) | named_in_code()
    rooms = {name.split(".")[0] for name in known}
    strange = {
        f"{role.code}: {permission}"
        for role in roles().values()
        for permission in role.permissions
        if permission not in known and not (permission.endswith(".*") and permission[:-2] in rooms)
    }
    assert not strange


def test_what_only_the_system_does_exists_and_no_role_holds_it():
    assert set(ACTIONS) >= SYSTEM_ONLY
    held = {p for p in SYSTEM_ONLY for role in roles().values() if p in role.permissions}
    assert not held


def test_names_say_room_and_verb():
    floors = tree.floors()
    names = {*needed(), *PAGES, *ENDPOINTS}
    assert not {name for name in names if not NAME.match(name) or name.split(".")[0] not in floors}
    homes = {name: spec.function.__module__.split(".")[1] for name, spec in ACTIONS.items()}
    assert not {name: home for name, home in homes.items() if name.split(".")[0] != home}


def test_the_public_name_of_every_action_is_guarded():
    """What other modules import is the wrapper with its checks and trail entry, not the bare function."""
    bare = [
        name
        for name, spec in ACTIONS.items()
        if getattr(getattr(sys.modules[spec.function.__module__], spec.function.__name__), "spec", None)
        is not spec
    ]
    assert not bare


def test_every_action_says_what_it_does():
    assert not [name for name, spec in ACTIONS.items() if len(spec.summary) < 15]


class Nobody:
    """An actor without any permission."""

    trail_name = "person:0"
    raised = False

    def may(self, permission: str) -> bool:
        return False

    def covers(self, permission: str, target: object) -> bool:
        return False


def call(name: str, actor: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Call the guard of an action with its inside taken out and a word for every argument."""
    spec = ACTIONS[name]
    guarded = getattr(sys.modules[spec.function.__module__], spec.function.__name__)
    names = guarded.__code__.co_freevars
    inside = guarded.__closure__[names.index("function")]
    monkeypatch.setattr(inside, "cell_contents", lambda *a, **k: None)
    plain: list[object] = []
    keyed: dict[str, object] = {}
    for parameter in list(inspect.signature(spec.function).parameters.values())[1:]:
        if parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            keyed[parameter.name] = "x"
        else:
            plain.append("x")
    guarded(actor, *plain, **keyed)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_leaves_a_trail_entry(name, monkeypatch):
    before = TrailEntry.objects.count()
    call(name, SystemActor("test"), monkeypatch)
    assert TrailEntry.objects.count() == before + 1
    entry = TrailEntry.objects.order_by("pk").last()
    assert (entry.verb, entry.actor) == (name, "system:test")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_refuses_whoever_lacks_its_permission(name, monkeypatch):
    with pytest.raises(Denied):
        call(name, Nobody(), monkeypatch)


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_is_tried_by_a_test(name):
    function = ACTIONS[name].function.__name__
    tried = (p for p in tree.tests() if p.parts[:2] != ("tests", "gates"))
    verb = name.partition(".")[2]
    # verbs of cases are said as texts
    wanted = f'"{verb}"' if function == f"do_{verb}" else rf"\b{function}\b"
    assert any(re.search(wanted, tree.text(path)) for path in tried)


WRITES = {"save", "bulk_create", "bulk_update", "delete", "update_or_create", "get_or_create", "create"}
WRITERS = {"actions", "models"}


def test_only_actions_and_the_kernel_write_to_the_database():
    """`.objects.…create()` and the like stand in actions, in what actions alone call, or below `org`."""
    told = tree.text(Path("tests/permissions.yaml"))
    allowed = set(yaml.safe_load(told)["writers"])
    found = set()
    for path in tree.source():
        module = ".".join(path.with_suffix("").parts[1:3])
        if tree.room_of(path) in {"kernel", None} or path.parts[2].removesuffix(".py") in WRITERS:
            continue
        for node in ast.walk(tree.tree(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in WRITES
                and ".objects" in ast.unparse(node.func)
            ):
                found.add(module)
    assert found <= allowed, f"not in actions: {sorted(found - allowed)}"
