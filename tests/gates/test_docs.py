"""Documents agree with the code: every setting is explained, every command named exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from kezun.site.cli import main as kezun
from tools import tree

DOCUMENTS = [
    p for p in tree.files() if p.suffix == ".md" and p.parts[0] in {"docs", "README.md", "README.zh.md"}
]


def test_every_setting_is_explained():
    settings = tree.text(Path("kezun/site/settings.py"))
    read = set(re.findall(r"(?:env|flag)\(\s*\"([A-Z_]+)\"", settings))
    rows = [
        line.split("|")[1] for line in tree.text(Path("docs/operate.md")).splitlines() if line[:3] == "| `"
    ]
    told = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row)}
    assert read == told


def commands() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in kezun.commands.items():
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {sub}": below for sub, below in command.commands.items()}
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_command_that_a_document_names_exists(document):
    known = commands()
    named = set(re.findall(r"(?:^|[`/(])kezun ([a-z][a-z-]+(?: [a-z]+)?)", tree.text(document), re.MULTILINE))
    missing = {n for n in named if n not in known and n.split()[0] not in known}
    groups = {n for n in named if isinstance(known.get(n.split()[0]), click.Group) and n not in known}
    assert not missing | {n for n in groups if " " in n}


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_says_what_it_does(name):
    assert len((commands()[name].help or "").split()) >= 3


def test_dev_explains_itself_without_an_environment():
    told = subprocess.run(
        [sys.executable, "-S", "-E", "dev", "help"],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert told.returncode == 0
    for verb in ("setup", "demo", "check", "test", "cover", "tour", "bench", "lock"):
        assert f"./dev {verb}" in told.stdout


def test_dev_imports_only_the_standard_library():
    imported = set(re.findall(r"^(?:import|from) (\w+)", tree.text(Path("dev")), re.MULTILINE))
    assert imported - {"__future__"} <= set(sys.stdlib_module_names)


def test_readmes_show_a_picture_and_the_two_commands():
    for name in ("README.md", "README.zh.md"):
        text = tree.text(Path(name))
        assert "./dev demo" in text
        assert "./dev test" in text
        assert re.search(r"!\[[^\]]+\]\(docs/tour/img/\S+\.png\)", text)
        assert len(text.splitlines()) <= 30
