"""What a pack says of cases: its kinds, checked against the flows, tables and ladders they may use."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from kezun.cases import catalogs
from kezun.cases.messages import say_problem
from kezun.cases.rules.kinds import Step
from kezun.cases.rules.reading import Known, NotAKind, read, read_steps
from kezun.site.packs.check import WHOLE, Checked, Mistake

CASES = "cases"


def case_kinds(folder: Path) -> dict[str, Checked]:
    """The files of `cases/flows` and `cases/kinds`, by their names in the pack."""
    checked: dict[str, Checked] = {}
    flows = dict(catalogs.flows())
    for path in sorted((folder / CASES / "flows").glob("*.yaml")):
        checked[_name(folder, path)] = _flow(folder, path, flows)
    known = Known(
        flows=flows.get,
        tables=_stems(folder, "codes", catalogs.tables()),
        ladders=_stems(folder, "ladders", catalogs.ladders()),
    )
    for path in sorted((folder / CASES / "kinds").glob("*.yaml")):
        checked[_name(folder, path)] = _kind(folder, path, known)
    return checked


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _stems(folder: Path, kind: str, ours: Collection[str]) -> frozenset[str]:
    """Names that a kind may use: those of the product and those of the pack's own files."""
    return frozenset(ours) | {path.stem for path in (folder / CASES / kind).glob("*.yaml")}


def _flow(folder: Path, path: Path, flows: dict[str, tuple[Step, ...]]) -> Checked:
    try:
        flows[path.stem] = read_steps(path.read_text(encoding="utf-8"))
    except NotAKind as error:
        return _wrong(_name(folder, path), error)
    return Checked()


def _kind(folder: Path, path: Path, known: Known) -> Checked:
    try:
        read(path.read_text(encoding="utf-8"), known)
    except NotAKind as error:
        return _wrong(_name(folder, path), error)
    return Checked()


def _wrong(name: str, error: NotAKind) -> Checked:
    return Checked(mistakes=[Mistake(name, p.line, p.path or WHOLE, say_problem(p)) for p in error.problems])
