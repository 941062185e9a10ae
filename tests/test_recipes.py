"""The recipes of docs/contribute.md, executed as they stand, one after another in a copy of the product."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import tree

BOOK = Path("docs/contribute.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^(?:#|<!--) (?P<path>[\w./-]+\.\w+)(?P<append>, at the end)?(?: -->)?$")
COPIED = ("kezun", "packs", "tools", "conftest.py", "pyproject.toml", "manage.py")


@dataclass(frozen=True)
class Written:
    """A block that is a file, new or added to."""

    path: str
    text: str
    append: bool


@dataclass(frozen=True)
class Said:
    """A command and what it must print, `…` for anything."""

    command: str
    lines: tuple[str, ...]


def recipes(text: str) -> dict[str, list[Written | Said]]:
    """The recipes of a document by title, each with its steps in order."""
    parts = re.split(r"^## Recipe: (.+)$", text, flags=re.MULTILINE)[1:]
    return {title: steps(body) for title, body in zip(parts[::2], parts[1::2], strict=True)}


def steps(body: str) -> list[Written | Said]:
    found: list[Written | Said] = []
    for language, block in FENCE.findall(body):
        first, _, rest = block.partition("\n")
        if language == "console":
            found += commands(block)
        elif named := NAMED.match(first):
            found.append(Written(named["path"], rest, bool(named["append"])))
    return found


def commands(block: str) -> list[Said]:
    said: list[Said] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            said.append(Said(line[2:], ()))
        else:
            said[-1] = Said(said[-1].command, (*said[-1].lines, line))
    return said


def printed(line: str, output: str) -> bool:
    """Whether one line of the output is what the recipe says, `…` standing for anything."""
    pattern = ".*".join(re.escape(part) for part in line.split("…"))
    return any(re.fullmatch(pattern, shown.strip()) for shown in output.splitlines())


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The product copied to a folder of its own, where recipes may write."""
    folder = tmp_path_factory.mktemp("recipes")
    ignored = shutil.ignore_patterns("__pycache__", "vendor", "*.pyc")
    for name in COPIED:
        origin = tree.ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name, ignore=ignored)
        else:
            shutil.copy(origin, folder / name)
    return folder


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    starts = {"kezun": [sys.executable, "-m", "kezun.site"], "python": [sys.executable]}
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_URL", "PYTEST", "KEZUN", "COV"))
    }
    home = {"KEZUN_HOME": str(folder / "var"), "PYTHONPATH": str(folder), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        starts[words[0]] + words[1:], cwd=folder, env=kept | home, capture_output=True, text=True, timeout=120
    )


BOOKED = recipes(tree.text(BOOK))


def test_the_recipes_are_there():
    assert list(BOOKED) == [
        "import your bank's queue export",
        "write your bank's standard and scheme",
        "add an indicator",
        "add a fact type",
        "add a page",
        "add a kind of case",
    ]
    assert all(any(isinstance(step, Said) and step.lines for step in steps_) for steps_ in BOOKED.values())


@pytest.mark.xdist_group("recipes")
@pytest.mark.parametrize("title", BOOKED)
def test_recipe(copy, title):
    for step in BOOKED[title]:
        if isinstance(step, Written):
            path = copy / step.path
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") if step.append else ""
            assert step.append or not path.exists(), f"{step.path} is there already"
            path.write_text(before + step.text, encoding="utf-8")
            continue
        done = run(copy, step.command)
        told = done.stdout + done.stderr
        assert done.returncode == 0, f"$ {step.command}\n{told[-3000:]}"
        for line in step.lines:
            assert printed(line, done.stdout), f"$ {step.command}\nlacks: {line}\n{told[-3000:]}"


def test_reading_recipes():
    text = "## Recipe: x\n```python\n# a/b.py, at the end\nx = 1\n```\n"
    text += "```console\n$ kezun x\n…1…\n$ kezun y\n```\n"
    assert recipes(text) == {
        "x": [Written("a/b.py", "x = 1\n", True), Said("kezun x", ("…1…",)), Said("kezun y", ())]
    }
    assert printed('…"n": 1…', 'no\n{"n": 1, "m": 2}')
    assert not printed("n", "nn")
