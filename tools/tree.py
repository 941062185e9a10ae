"""What the repository holds: files, rooms, functions and their sizes, which `python -m tools.tree` prints."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "kezun"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def files() -> tuple[Path, ...]:
    """Every file that is or would be committed, relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    found = {Path(name.decode()) for name in told.split(b"\0") if name}
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


@cache
def text(path: Path) -> str:
    """A file's text; empty for what is not UTF-8 (pictures, workbooks)."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))


@cache
def settings() -> dict[str, Any]:
    return dict(tomllib.loads(text(Path("pyproject.toml"))))


@cache
def floors() -> dict[str, int]:
    """Each room's floor, the lowest 0, as the layer contract in pyproject.toml says it."""
    contract = next(c for c in settings()["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    layers = [layer.split("|") for layer in reversed(contract["layers"])]
    return {room.strip(): level for level, rooms in enumerate(layers) for room in rooms}


def room_of(path: Path) -> str | None:
    """The room that a file belongs to; None outside kezun/."""
    return path.parts[1] if path.parts[0] == "kezun" and len(path.parts) > 2 else None


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name == "conftest.py"


def is_migration(path: Path) -> bool:
    return "migrations" in path.parts


def source() -> list[Path]:
    """Python of the product that people wrote: no tests, no migrations, no empty files."""
    return [
        path
        for path in files()
        if path.parts[0] == "kezun"
        and path.suffix == ".py"
        and not is_test(path)
        and not is_migration(path)
        and text(path).strip()
    ]


def tests() -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and is_test(path)]


def lines(path: Path) -> int:
    return text(path).count("\n")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of every function in a file, decorators and docstring included."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            yield node.name, (node.end_lineno or first) - first + 1


def share(values: list[int], p: float) -> int:
    """The nearest-rank quantile: the smallest value whose cumulative share is at least p; 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * p * 1000) // 1000) - 1)] if ordered else 0


def report() -> str:
    """Sizes in one paragraph."""
    code = [lines(path) for path in source()]
    of_functions = [size for path in source() for _name, size in functions(path)]
    tested = sum(lines(path) for path in tests())
    return (
        f"{len(code)} source files, {sum(code)} lines (median {share(code, 0.5)}, p90 {share(code, 0.9)}, "
        f"most {max(code)}); functions p90 {share(of_functions, 0.9)}, most {max(of_functions)}; "
        f"{tested} lines of tests, {tested / sum(code):.2f} for each line of source"
    )


if __name__ == "__main__":
    print(report())
