"""Packs: read a folder, say all that is wrong with it, turn it into an organisation. See packs/README.md."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from kezun.facts import indicators, profiles
from kezun.facts.yamlread import DefinitionError
from kezun.floor.simulator.parameters import Parameters
from kezun.org.planning import Organisation
from kezun.site.packs import meaning, schema
from kezun.site.packs.casebook import Told
from kezun.site.packs.check import WHOLE, Checked, Mistake, check_shape, read_csv, read_yaml
from kezun.site.packs.deadlines import deadlines
from kezun.site.packs.kinds import case_kinds
from kezun.site.packs.organising import organisation_of
from kezun.standards import rules as standards
from kezun.standards.messages import say_problem
from kezun.standards.simulator import Inspections


class PackError(Exception):
    """A pack that cannot be loaded; `mistakes` says why."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Pack:
    """A pack that was found to be right."""

    folder: Path
    file: schema.PackFile
    staff: schema.StaffFile | None = None
    calendar: tuple[schema.CalendarEntry, ...] = ()
    simulator: Parameters | None = None

    @property
    def name(self) -> str:
        return self.file.pack

    def special_days(self, kind: str) -> frozenset[dt.date]:
        """The calendar's days of one kind: holiday, workday or pension."""
        return frozenset(dt.date.fromisoformat(c.date) for c in self.calendar if c.kind == kind)

    def organisation(self, anchor: dt.date) -> Organisation:
        """The pack's organisation, with days written `day-N` counted back from `anchor`."""
        return organisation_of(self, anchor)


def check(folder: Path) -> list[Mistake]:
    """All that is wrong with a pack, sorted by file and line; empty where it can be loaded."""
    try:
        read(folder)
    except PackError as error:
        return error.mistakes
    return []


def read(folder: Path) -> Pack:
    """Read a pack. Raises PackError with every mistake there is."""
    found = read_yaml(folder / "pack.yaml", "pack.yaml")
    parts = {"pack.yaml": found}
    if isinstance(found.data, dict):
        _tables(folder, found)
    if not found.mistakes:
        check_shape(found, schema.PackFile)
    staff, calendar, simulator = (
        _part(folder, found, key, parts) for key in ("staff", "calendar", "simulator")
    )
    pack = None
    if not found.mistakes and not any(part.mistakes for part in parts.values()):
        pack = Pack(
            folder=folder,
            file=msgspec.convert(found.data, schema.PackFile),
            staff=msgspec.convert(staff.data, schema.StaffFile) if staff else None,
            calendar=msgspec.convert(calendar.data, tuple[schema.CalendarEntry, ...]) if calendar else (),
            simulator=msgspec.convert(simulator.data, Parameters) if simulator else None,
        )
        meaning.check_meaning(found, pack.file, folder.resolve().name)
        meaning.check_parts(parts, pack.file, pack.staff, pack.calendar)
        if pack.simulator:
            meaning.check_simulator(parts[str(pack.file.simulator)], pack.simulator, pack.file)
    parts |= definitions(folder)
    if pack is not None and not any(part.mistakes for part in parts.values()):
        return pack
    mistakes = {m for part in parts.values() for m in part.mistakes}
    raise PackError(sorted(mistakes, key=lambda m: (m.file, m.line, m.path)))


def definitions(folder: Path) -> dict[str, Checked]:
    """A pack's import profiles and indicators, each file checked by the rules of the room it is for."""
    checked: dict[str, Checked] = {}
    for path in sorted((folder / "profiles").glob("*.yaml")):
        name = f"profiles/{path.name}"
        checked[name] = part = read_yaml(path, name)
        if part.data is not None and not part.mistakes:
            check_shape(part, profiles.Profile)
        if part.data is not None and not part.mistakes:
            for place, problem in profiles.problems(msgspec.convert(part.data, profiles.Profile)):
                part.wrong(place, problem)
            if part.data["profile"] != path.stem:
                part.wrong("profile", _("It must be «%s», like the file.") % path.stem)
    if (folder / "inspections.yaml").exists():
        checked["inspections.yaml"] = part = read_yaml(folder / "inspections.yaml", "inspections.yaml")
        if part.data is not None and not part.mistakes:
            check_shape(part, Inspections)
    if (folder / "cases.yaml").exists():
        checked["cases.yaml"] = part = read_yaml(folder / "cases.yaml", "cases.yaml")
        if part.data is not None and not part.mistakes:
            check_shape(part, Told)
    checked |= deadlines(folder) | case_kinds(folder)
    for path in sorted((folder / "standards").glob("*.yaml")):
        checked[f"standards/{path.name}"] = _standard(path)
    try:
        indicators.check_pack(folder / "indicators")
    except DefinitionError as error:
        name = f"indicators/{Path(error.path).name}"
        checked[name] = Checked(mistakes=[Mistake(name, error.line, error.where or WHOLE, error.reason)])
    return checked


def _standard(path: Path) -> Checked:
    """A standard of a pack, checked by the rules of standards."""
    name = f"standards/{path.name}"
    try:
        standards.read(path.read_text(encoding="utf-8"))
    except standards.NotAStandard as error:
        return Checked(
            mistakes=[Mistake(name, p.line, p.path or WHOLE, say_problem(p)) for p in error.problems]
        )
    return Checked()


def _tables(folder: Path, found: Checked) -> None:
    """Replace each list that names a CSV file by that file's rows."""
    for key, row_type in schema.LISTS.items():
        named = found.data.get(key)
        if isinstance(named, str):
            found.data[key] = found.take(key, read_csv(_inside(folder, named), named, row_type)) or []


def _inside(folder: Path, name: str) -> Path:
    """The file `name` of a pack; whatever leads out of the folder is as if it were absent."""
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) else folder / "outside the pack"


SHAPES: dict[str, Any] = {"staff": schema.StaffFile, "simulator": Parameters}


def _part(folder: Path, found: Checked, key: str, parts: dict[str, Checked]) -> Checked | None:
    name = found.data.get(key) if isinstance(found.data, dict) else None
    if not isinstance(name, str):
        return None
    path = _inside(folder, name)
    if key == "calendar":
        part = read_csv(path, name, schema.CalendarEntry)
        shape: Any = tuple[schema.CalendarEntry, ...]
    else:
        part, shape = read_yaml(path, name), SHAPES[key]
    if part.data is not None and not part.mistakes:
        check_shape(part, shape)
    parts[name] = part
    return part


def find(name: str, folders: list[Path]) -> Path:
    """The folder of the pack called `name` in the first of `folders` that has it; LookupError otherwise."""
    for folder in folders:
        if (folder / name / "pack.yaml").is_file():
            return folder / name
    raise LookupError(_("There is no pack «%s» in the folders of KEZUN_PACKS.") % name)
