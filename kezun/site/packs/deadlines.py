"""What a pack says of business time, its calendars and clock policies: each file checked."""

from __future__ import annotations

from pathlib import Path

from kezun.cases import policies
from kezun.org import calendars
from kezun.site.packs.check import WHOLE, Checked, Mistake, read_yaml


def deadlines(folder: Path) -> dict[str, Checked]:
    """The files of `cases/policies` and of `calendars`, by their names in the pack."""
    checked: dict[str, Checked] = {}
    for path in sorted((folder / "cases" / "policies").glob("*.yaml")):
        name = f"cases/policies/{path.name}"
        checked[name] = part = read_yaml(path, name)
        if not part.mistakes:
            try:
                policies.read(path.read_text(encoding="utf-8"), path.name)
            except policies.NotAPolicy as error:
                part.wrong(error.place, error.reason)
    if (folder / "calendars").is_dir():
        checked["calendars"] = _calendars(folder / "calendars")
    return checked


def _calendars(folder: Path) -> Checked:
    try:
        calendars.shipped(folder)
    except calendars.NotACalendar as error:
        return Checked(mistakes=[Mistake(f"calendars/{error.file}", error.line, WHOLE, error.reason)])
    return Checked()
