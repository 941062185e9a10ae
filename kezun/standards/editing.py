"""A draft as a form: the text as a tree that keeps what a form does not show, and its fields by name.

A draft may be wrong in every way while it is written, so nothing here asks whether it is a standard; only
that it is YAML with modules, items and criteria. Numbers stay as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from kezun.standards.rules.writing import Dumper

Tree = dict[str, Any]
HEAD = ("version", "title", "title_en", "about", "owner", "supersedes")
HEAD_LISTS = ("covert", "own")
DAYS = ("from", "to")
PLAIN = ("id", "text", "text_en", "severity", "guide")
LISTS = re.compile(r"\s*[,，、;；]\s*")
PAIR = re.compile(r"\s*(.*?)\s*[=＝]\s*(\S+)\s*")
# More digits than any number of a standard has; beyond, a text would become a number of megabytes.
LONGEST = 30
ANSWER_KEYS = {
    "graded": (),
    "count_defects": ("per", "floor"),
    "indicator": ("ref", "op"),
    "range": ("min", "max"),
    "text": (),
}


class NotATree(ValueError):
    """The text is no tree of modules, items and criteria: only the text itself can be mended."""


class _Loader(yaml.SafeLoader):
    """Numbers with a point stay exact."""


_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(node.value))


@dataclass(frozen=True)
class Place:
    """Where something stands in the tree: module, item, criterion by their number."""

    module: int
    item: int | None = None
    criterion: int | None = None

    def __str__(self) -> str:
        parts = (self.module, self.item, self.criterion)
        return "-".join(str(part) for part in parts if part is not None)

    @classmethod
    def parse(cls, text: str) -> Place:
        """«0-1-2»; ValueError for anything else."""
        parts = [int(part) for part in text.split("-")]
        if not 1 <= len(parts) <= 3:
            raise ValueError(text)
        return cls(*parts)


def loaded(text: str) -> Tree:
    """Any text of rules as a mapping, numbers as they were written; NotATree where it is none."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            raise NotATree("alias")  # a few lines of them can stand for more rows than there is memory
        made = yaml.load(text, Loader=_Loader)  # noqa: S506 a SafeLoader with one more kind of number
    except (yaml.YAMLError, InvalidOperation, ValueError, RecursionError) as error:
        raise NotATree(str(error)) from error
    if not isinstance(made, dict):
        raise NotATree("mapping")
    return made


def tree_of(text: str) -> Tree:
    """The draft's text as mappings and lists; NotATree where it has not that shape."""
    made = loaded(text)
    if not _shaped(made):
        raise NotATree("modules")
    return made


def _shaped(tree: Tree) -> bool:
    modules = tree.get("modules")
    return _rows(modules) and all(
        _rows(m.get("items")) and all(_rows(i.get("criteria")) for i in m["items"]) for m in modules or ()
    )


def _rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def text_of(tree: Tree) -> str:
    """The tree as YAML; comments of the text it came from are lost."""
    return yaml.dump(tree, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=110)


def listed(text: str) -> list[str]:
    """Words between commas of either script, each once."""
    return list(dict.fromkeys(word for word in LISTS.split(text.strip()) if word))


def joined(value: object) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def number(text: str) -> Any:
    """A number where the text is one, else the text, for the check to complain of."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return text.strip()
    if not value.is_finite() or abs(value.adjusted()) > LONGEST:
        return text.strip()
    return int(value) if value == value.to_integral_value() and "." not in text else value


def answer_line(answer: Mapping[str, Any]) -> str:
    """An answer's options, bounds or bands in one line: «符合=1、不符合=0», «per=2、floor=0»."""
    kind = answer.get("type")
    if kind == "graded":
        options = answer.get("options")
        return "、".join(f"{k}={v}" for k, v in options.items()) if isinstance(options, dict) else ""
    pairs = [f"{key}={answer[key]}" for key in ANSWER_KEYS.get(str(kind), ()) if key in answer]
    rows = answer.get("bands") or answer.get("linear")
    for pair in rows if isinstance(rows, list) else ():
        if isinstance(pair, list) and len(pair) == 2:
            pairs.append(f"{'' if pair[0] is None else pair[0]}={pair[1]}")
    return "、".join(pairs)


def answer_of(kind: str, line: str, before: Mapping[str, Any]) -> Tree:
    """The answer that a line states; what it cannot say (English names, N/A) stays as it was."""
    kept = {key: before[key] for key in ("na",) if key in before}
    pairs = [(m[1], m[2]) for part in LISTS.split(line) if (m := PAIR.fullmatch(part))]
    if kind == "graded":
        options = {name: number(share) for name, share in pairs}
        english = before.get("options_en")
        names = {k: v for k, v in english.items() if k in options} if isinstance(english, dict) else {}
        return {"type": kind, "options": options} | ({"options_en": names} if names else {}) | kept
    known = {key: value for key, value in pairs if key in ANSWER_KEYS.get(kind, ())}
    made: Tree = {"type": kind} | {k: v if k in ("ref", "op") else number(v) for k, v in known.items()}
    bands = [[number(k) if k else None, number(v)] for k, v in pairs if k not in known]
    if kind == "indicator" and bands:
        made["linear" if "linear" in before else "bands"] = bands
    if kind == "range" and "values" in before:
        made["values"] = before["values"]
    return made | kept


def criteria(tree: Tree) -> Iterator[tuple[Place, Tree]]:
    """Every criterion with its place."""
    for m, module in enumerate(tree["modules"]):
        for i, item in enumerate(module["items"]):
            for c, criterion in enumerate(item["criteria"]):
                yield Place(m, i, c), criterion


def at(tree: Tree, place: Place) -> Tree:
    """What stands at a place; IndexError where nothing does."""
    found: Tree = tree["modules"][place.module]
    if place.item is not None:
        found = found["items"][place.item]
    if place.criterion is not None:
        found = found["criteria"][place.criterion]
    return found
