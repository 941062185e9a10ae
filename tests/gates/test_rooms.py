"""Rooms: every file has a name one expects, and nothing points upstairs, not even in a string."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from django.apps import apps

from tools import tree

USUAL = {
    *("__init__", "apps", "models", "rules", "facts", "indicators", "actions", "queries", "pages", "forms"),
    *("api", "cli"),
}
FOLDERS = {"catalog", "templates", "static", "locale", "migrations", "tests", "templatetags"}
FORBIDDEN_NAMES = re.compile(r"(Manager|Helper|Util|Utils|Processor)$")
FORBIDDEN_FILES = {"common", "extras", "misc", "utils", "helpers", "managers"}
DJANGO_BASES = {"BaseUserManager", "Manager"}
NAMED_ROOM = re.compile(r"^kezun\.([a-z]+)(\.|$)")


def own_files() -> list[Path]:
    return [p for p in tree.files() if tree.room_of(p)]


def test_every_room_stands_on_a_floor():
    rooms = {room for path in own_files() if (room := tree.room_of(path))}
    assert rooms == set(tree.floors())


def test_every_room_says_what_it_is_for():
    silent = [
        room
        for room in tree.floors()
        if len((ast.get_docstring(tree.tree(Path("kezun") / room / "__init__.py")) or "").split()) < 5
    ]
    assert not silent


def test_files_have_the_usual_names_or_explain_themselves():
    """A module or folder with another name says in its first line what it is for."""
    silent = set()
    for path in own_files():
        room, name = str(tree.room_of(path)), path.parts[2] if len(path.parts) > 3 else path.stem
        if name in USUAL | FOLDERS or path.suffix != ".py" or not tree.text(path).strip():
            continue
        first = (ast.get_docstring(tree.tree(path)) or "").split("\n")[0]
        if len(first.split()) < 4:
            silent.add(f"{room}: {path}")
    assert not silent


def test_nothing_is_called_manager_or_helper():
    bad = []
    for path in tree.source():
        if path.stem in FORBIDDEN_FILES:
            bad.append(str(path))
        for node in ast.walk(tree.tree(path)):
            if isinstance(node, ast.ClassDef) and FORBIDDEN_NAMES.search(node.name):
                bases = {b.id for base in node.bases for b in ast.walk(base) if isinstance(b, ast.Name)}
                if not bases & DJANGO_BASES:
                    bad.append(f"{path}:{node.name}")
    assert not bad


def test_foreign_keys_run_downwards():
    floors, upwards = tree.floors(), []
    for model in apps.get_models():
        room = model._meta.app_label
        if not model.__module__.startswith("kezun."):
            continue
        for field in model._meta.get_fields():
            other = field.related_model if field.is_relation and not field.auto_created else None
            if other is None or not other.__module__.startswith("kezun."):
                continue
            target = other._meta.app_label
            if target != room and floors[target] >= floors[room]:
                upwards.append(f"{model._meta.label}.{field.name} → {other._meta.label}")
    assert not upwards


def test_no_string_names_a_room_upstairs():
    """`import_module("kezun.floor…")` and the like would get round the layer contract."""
    floors, upwards = tree.floors(), []
    for path in tree.source():
        room = tree.room_of(path)
        if room is None or room == "site":
            continue
        for node in ast.walk(tree.tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = NAMED_ROOM.match(node.value)
                if named and named[1] in floors and floors[named[1]] >= floors[room] and named[1] != room:
                    upwards.append(f"{path}:{node.lineno} {node.value}")
    assert not upwards


def test_layers_are_exhaustive_and_rules_are_free_of_frameworks():
    contracts = tree.settings()["tool"]["importlinter"]["contracts"]
    layers = next(c for c in contracts if c["type"] == "layers")
    assert layers["exhaustive"] is True
    assert layers["containers"] == ["kezun"]
    free = next(c for c in contracts if c["type"] == "forbidden")
    assert {"django", "duckdb", "pyarrow"} <= set(free["forbidden_modules"])
    assert free["source_modules"] == ["kezun.**.rules"]
