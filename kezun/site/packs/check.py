"""Checks YAML and CSV against the shapes of a pack; every mistake with file, line, path and remedy."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _
from msgspec import inspect as shapes

MAX_BYTES = 20 * 1024 * 1024
# Beyond this a YAML file repeats itself by references, or should name its tables as CSV.
MAX_VALUES = 500_000
WHOLE = "(file)"


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a pack: where it stands and what to do about it."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.message}"


@dataclass
class Checked:
    """Values read from a pack, the line each came from, and what is wrong with them.

    lines: path (`units[3].kind`) → (file, line); a path without its own line has that of what holds it.
    """

    data: Any = None
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, path: str, message: str) -> None:
        """Note a mistake at a path."""
        file, line = self.where(path)
        self.mistakes.append(Mistake(file, line, path or WHOLE, message))

    def where(self, path: str) -> tuple[str, int]:
        while path not in self.lines and path:
            path = re.sub(r"(\.[^.\[\]]+|\[[^\]]*\]|^[^.\[\]]+)$", "", path)
        return self.lines.get(path, ("?", 1))

    def take(self, path: str, part: Checked) -> Any:
        """Put the rows of another file under `path`; returns them."""
        self.lines |= {path + below: place for below, place in part.lines.items()}
        self.mistakes += [m if m.path == WHOLE else replace(m, path=path + m.path) for m in part.mistakes]
        return part.data


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a day stays text, so that it can be checked and reported like any other."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_text(path: Path, name: str, found: Checked) -> str | None:
    """The file's text, or None with the reason noted. Refuses what is absent, huge, or not UTF-8."""
    found.lines[""] = (name, 1)
    try:
        if path.stat().st_size > MAX_BYTES:
            found.wrong("", _("The file is larger than 20 MiB; a pack holds no data of service."))
            return None
        text = path.read_bytes().decode("utf-8-sig")
        if "\0" not in text:
            return text
        line = text[: text.index("\0")].count("\n") + 1
        found.mistakes.append(Mistake(name, line, WHOLE, _("Here stands a zero character: delete it.")))
    except OSError:
        found.wrong("", _("There is no such file (or it cannot be read): add it or mend the name."))
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        found.mistakes.append(Mistake(name, line, WHOLE, _("This is not UTF-8: save the file as UTF-8.")))
    return None


def read_yaml(path: Path, name: str) -> Checked:
    """Values and lines of a YAML file; a syntax error or a key given twice is a mistake."""
    found = Checked()
    text = read_text(path, name, found)
    if text is None:
        return found
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            found.wrong("", _("The file is empty."))
            return found
        _walk_nodes(node, "", name, found)
        found.data = loader.construct_document(node)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        said = _("Here stands the character U+%04X, which YAML does not allow: delete it.") % error.character
        found.mistakes.append(Mistake(name, line, WHOLE, said))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        found.mistakes.append(
            Mistake(name, mark.line + 1 if mark else 1, WHOLE, _("This is not YAML: %s") % problem)
        )
    return found


def _walk_nodes(node: yaml.Node, path: str, name: str, found: Checked) -> None:
    found.lines[path] = (name, node.start_mark.line + 1)
    if len(found.lines) > MAX_VALUES:
        raise ValueError(_("more than 500,000 values; put tables into CSV files"))
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            below = f"{path}.{key.value}" if path else str(key.value)
            _walk_nodes(value, below, name, found)
            found.lines[below] = (name, key.start_mark.line + 1)
            if below in seen:
                found.wrong(below, _("This key stands here twice: keep one."))
            seen.add(below)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk_nodes(value, f"{path}[{index}]", name, found)


def read_csv(path: Path, name: str, row_type: type) -> Checked:
    """Rows of a CSV file as mappings (empty cells left out, `a|b` split where the shape has a list)."""
    found = Checked(data=[])
    text = read_text(path, name, found)
    if text is None:
        return found
    several = {
        f.encode_name
        for f in _fields(shapes.type_info(row_type))
        if isinstance(f.type, (shapes.VarTupleType, shapes.ListType))
    }
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        _read_rows(reader, several, name, found)
    except csv.Error as error:
        found.mistakes.append(Mistake(name, reader.line_num, WHOLE, _("This is not CSV: %s") % error))
    return found


def _read_rows(reader: Any, several: set[str], name: str, found: Checked) -> None:
    header = [cell.strip() for cell in next(reader, [])]
    for twice in sorted({cell for cell in header if header.count(cell) > 1}):
        found.mistakes.append(
            Mistake(name, 1, WHOLE, _("The heading «%s» stands here twice: keep one.") % twice)
        )
    for cells in reader:
        if not any(cells):
            continue
        at = f"[{len(found.data)}]"
        found.lines[at] = (name, reader.line_num)
        if len(cells) != len(header):
            found.wrong(at, _("%(n)d cells, but the header has %(m)d.") % {"n": len(cells), "m": len(header)})
            cells = (cells + [""] * len(header))[: len(header)]
        row = {k: v.strip() for k, v in zip(header, cells, strict=True) if v.strip()}
        found.data.append({k: v.split("|") if k in several else v for k, v in row.items()})


def _fields(info: shapes.Type) -> tuple[shapes.Field, ...]:
    return info.fields if isinstance(info, shapes.StructType) else ()


def check_shape(found: Checked, shape: Any, path: str = "", data: Any = None) -> None:
    """Compare values with a msgspec shape (Struct, tuple, dict, Literal, Annotated …); note all mistakes."""
    _compare(found, shapes.type_info(shape), path, found.data if data is None else data)


def _compare(found: Checked, info: shapes.Type, path: str, value: Any) -> None:
    if isinstance(info, shapes.Metadata):
        info = info.type
    if isinstance(info, shapes.UnionType):
        if not (value is None and info.includes_none):
            _compare_any(found, info, path, value)
        return
    if isinstance(info, shapes.StructType):
        _compare_struct(found, info, path, value)
    elif isinstance(info, (shapes.VarTupleType, shapes.ListType)):
        if not isinstance(value, list):
            found.wrong(path, _("Here a list is expected."))
            return
        for index, item in enumerate(value):
            _compare(found, info.item_type, f"{path}[{index}]", item)
    elif isinstance(info, shapes.TupleType):
        if not isinstance(value, list) or len(value) != len(info.item_types):
            found.wrong(path, _("Here a list of %d values is expected.") % len(info.item_types))
            return
        for index, (wanted, item) in enumerate(zip(info.item_types, value, strict=True)):
            _compare(found, wanted, f"{path}[{index}]", item)
    elif isinstance(info, shapes.DictType):
        if not isinstance(value, dict):
            found.wrong(path, _("Here a mapping (key: value) is expected."))
            return
        for key, item in value.items():
            _compare(found, info.value_type, f"{path}.{key}" if path else str(key), item)
    else:
        message = _scalar(info, value)
        if message:
            found.wrong(path, message)


def _compare_any(found: Checked, info: shapes.UnionType, path: str, value: Any) -> None:
    """One of several shapes: right if any fits, else the mistakes of the one that comes nearest."""
    tries = []
    for one in info.types:
        if not isinstance(one, shapes.NoneType):
            attempt = Checked(found.data, found.lines)
            _compare(attempt, one, path, value)
            tries.append(attempt.mistakes)
    deepest = [max((len(m.path) for m in mistakes), default=10**6) for mistakes in tries]
    found.mistakes += tries[deepest.index(max(deepest))]


def _compare_struct(found: Checked, info: shapes.StructType, path: str, value: Any) -> None:
    if not isinstance(value, dict):
        found.wrong(path, _("Here a mapping (key: value) is expected."))
        return
    known = {f.encode_name: f for f in info.fields}
    for key, item in value.items():
        below = f"{path}.{key}" if path else str(key)
        if key not in known:
            names = ", ".join(known)
            found.wrong(below, _("This key is not known here; known are: %s.") % names)
        else:
            _compare(found, known[key].type, below, item)
    for name, wanted in known.items():
        if wanted.required and name not in value:
            found.wrong(path, _("«%s» is missing: add it.") % name)


def _scalar(info: shapes.Type, value: Any) -> str:
    """Why a scalar does not fit, or ''."""
    if isinstance(info, shapes.AnyType):
        return ""
    if isinstance(info, shapes.LiteralType):
        choices = ", ".join(map(str, info.values))
        return "" if value in info.values else _("«%(v)s» is not one of: %(c)s.") % {"v": value, "c": choices}
    if isinstance(info, shapes.BoolType):
        return "" if isinstance(value, bool) else _("Here true or false is expected.")
    if isinstance(info, shapes.StrType):
        return _text(info, value)
    if isinstance(info, (shapes.IntType, shapes.FloatType)):
        return _number(info, value)
    raise TypeError(f"the shapes of packs know no {type(info).__name__}")


def _text(info: shapes.StrType, value: Any) -> str:
    if not isinstance(value, str):
        return _("«%(v)s» is not text: put it in quotes.") % {"v": value}
    if info.pattern and not re.search(info.pattern, value):
        return _("«%(v)s» does not have the form %(p)s.") % {"v": value, "p": info.pattern}
    low, high = info.min_length or 0, info.max_length or MAX_BYTES
    if low <= len(value) <= high:
        return ""
    return _("The text must have %(low)d to %(high)d characters.") % {"low": low, "high": high}


def _number(info: shapes.IntType | shapes.FloatType, value: Any) -> str:
    numbers = (int,) if isinstance(info, shapes.IntType) else (int, float)
    if isinstance(value, bool) or not isinstance(value, numbers) or value in (math.inf, -math.inf):
        return _("«%(v)s» is not a number.") % {"v": value}
    low = -math.inf if info.ge is None else info.ge
    high = math.inf if info.le is None else info.le
    if bool(low <= value <= high):
        return ""
    return _("%(v)s is not between %(low)s and %(high)s.") % {"v": value, "low": low, "high": high}
