"""The registry of indicators: every installed room's catalog, then what packs added and changed."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext as _

from kezun.facts.definitions import Definition
from kezun.facts.indicator_files import ID, OVERRIDES, Reader, read_definitions
from kezun.facts.yamlread import DefinitionError, Lined

ALLOWED = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Div),
    *(ast.Name, ast.Attribute, ast.Load, ast.Constant),
)


class UnknownIndicator(ValueError):
    """An id that no room and no pack declares."""


@dataclass(frozen=True)
class Catalogue:
    """All indicators by id, in the order of the files, and a stamp that changes with the files."""

    definitions: Mapping[str, Definition]
    stamp: tuple[tuple[str, int, int], ...]

    def __getitem__(self, id: str) -> Definition:
        """The indicator; UnknownIndicator names the nearest ids where there is none."""
        found = self.definitions.get(id)
        if found is None:
            room = id.split(".")[0]
            near = [known for known in self.definitions if known.split(".")[0] == room] or self.definitions
            raise UnknownIndicator(
                _("There is no indicator «%(id)s»; there are: %(known)s.")
                % {"id": id, "known": ", ".join(sorted(near))}
            )
        return found

    def parts(self, id: str) -> tuple[Definition, ...]:
        """The indicators that hold facts, under a formula at any depth; the indicator itself otherwise."""
        definition = self[id]
        if definition.kind != "formula":
            return (definition,)
        below = [part for name in formula_names(definition.formula) for part in self.parts(name)]
        return tuple({part.id: part for part in below}.values())


def installed_folder() -> Path:
    """Where the indicator files of loaded packs are kept: `<pack>/*.yaml`."""
    return Path(settings.KEZUN_HOME) / "indicators"


def catalogue() -> Catalogue:
    """The indicators in force; read again when a file of a loaded pack has changed."""
    global _current
    files = _files()
    stamp = tuple((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in files)
    if _current is None or _current.stamp != stamp:
        _current = Catalogue(load(files), stamp)
    return _current


_current: Catalogue | None = None


def _files() -> list[Path]:
    rooms = [Path(app.path) for app in apps.get_app_configs() if app.name.startswith("kezun.")]
    own = [f for room in rooms for f in sorted((room / "catalog" / "indicators").glob("*.yaml"))]
    packs = installed_folder()
    added = sorted(packs.glob("*/*.yaml")) if os.path.isdir(packs) else []
    return own + added


def load(files: Iterable[Path]) -> dict[str, Definition]:
    """Read and check files in order; overrides apply after all definitions. Raises DefinitionError."""
    made: dict[str, Definition] = {}
    overrides: list[tuple[Reader, Lined]] = []
    for path in files:
        own, changed = read_definitions(path)
        for definition in own:
            if definition.id in made:
                line = int(definition.path.rsplit(":", 1)[1])
                first = made[definition.id].path
                reason = _("this id is declared before, in %(first)s") % {"first": first}
                raise DefinitionError(str(path), line, definition.id, reason)
            made[definition.id] = definition
        overrides += changed
    for reader, row in overrides:
        made[row["override"]] = _overridden(reader, row, made)
    for definition in made.values():
        if definition.kind == "formula":
            _check_formula(definition, made, ())
    return made


def check_pack(folder: Path) -> list[Definition]:
    """What the indicator files of a pack declare or change, checked against the rooms' own.

    folder: the pack's `indicators` folder. Raises DefinitionError for the first mistake.
    """
    rooms = [f for f in _files() if installed_folder() not in f.parents]
    before = load(rooms)
    after = load([*rooms, *sorted(folder.glob("*.yaml"))])
    return [d for d in after.values() if before.get(d.id) != d]


def _overridden(reader: Reader, row: Lined, made: Mapping[str, Definition]) -> Definition:
    before = made.get(row["override"]) if isinstance(row["override"], str) else None
    if before is None:
        raise reader.refuse("override", _("there is no such indicator to change"))
    for key in row:
        if key not in OVERRIDES:
            raise reader.refuse(
                key, _("a pack may change only: %(keys)s") % {"keys": ", ".join(sorted(OVERRIDES))}
            )
    after = before
    for key in ("name", "name_en", "about", "about_en", "owner"):
        if key in row:
            after = replace(after, **{key: reader.take(key, str)})
    if "min_n" in row:
        after = replace(after, min_n=reader.positive("min_n"))
    if "target" in row:
        after = replace(after, target=reader.target())
    if "parameters" in row:
        after = _with_parameters(reader, after)
    return after


def _with_parameters(reader: Reader, before: Definition) -> Definition:
    told = reader.parameters()
    for name, value in told.items():
        if name not in before.parameters or type(before.parameters[name]) is not type(value):
            known = ", ".join(sorted(before.parameters)) or "—"
            reason = _("the indicator has no such parameter of this kind; it has: %(known)s") % {
                "known": known
            }
            raise reader.refuse(f"parameters.{name}", reason, reader.row["parameters"])
    parameters = {**before.parameters, **told}
    changed: dict[str, Any] = {}
    for side in ("numerator", "denominator"):
        measure = getattr(before, side)
        if measure is not None:
            changed[side] = reader.again(side, measure, parameters)
    return replace(before, parameters=parameters, **changed)


def formula_names(formula: str) -> tuple[str, ...]:
    """The ids in a formula, each once: `a.x / (a.x + a.y)` → a.x, a.y. Raises SyntaxError, ValueError."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(formula, mode="eval")):
        if not isinstance(node, ALLOWED):
            raise ValueError(_("only ids, numbers, + - * / and brackets are allowed in a formula"))
        if isinstance(node, ast.Constant) and type(node.value) not in (int, float):
            raise ValueError(_("only ids, numbers, + - * / and brackets are allowed in a formula"))
        if isinstance(node, ast.Attribute):
            found[ast.unparse(node)] = None
    return tuple(id for id in found if ID.fullmatch(id))


def _check_formula(definition: Definition, made: Mapping[str, Definition], above: tuple[str, ...]) -> None:
    path, line = definition.path.rsplit(":", 1)
    where = f"{definition.id}.formula"
    if definition.id in above:
        chain = " → ".join((*above, definition.id))
        reason = _("the formula comes back to itself: %(chain)s") % {"chain": chain}
        raise DefinitionError(path, int(line), where, reason)
    try:
        names = formula_names(definition.formula)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise DefinitionError(path, int(line), where, str(error)) from error
    if not names:
        raise DefinitionError(path, int(line), where, _("a formula names at least one indicator"))
    for name in names:
        if name not in made:
            reason = _("there is no indicator «%(id)s»") % {"id": name}
            raise DefinitionError(path, int(line), where, reason)
        if made[name].kind == "distribution":
            raise DefinitionError(path, int(line), where, _("a distribution has no single value"))
        if made[name].kind == "formula":
            _check_formula(made[name], made, (*above, definition.id))
