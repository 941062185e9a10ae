"""A draft of a scheme as a form: the text as a tree that keeps what a form does not show, fields by place.

A draft may be wrong in every way while it is written; here it only has to be YAML whose parts are lists of
mappings. Numbers stay as they were written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kezun.assessment.rules.form import ESTIMATORS, HUNDRED, MISSING, TRANSFORMS
from kezun.kernel.rules import whole_number
from kezun.standards.editing import LISTS, PAIR, NotATree, loaded, number, text_of
from kezun.standards.renewing import next_version

Tree = dict[str, Any]
HEAD = ("version", "title", "title_en", "about", "supersedes")
UNDER = (("valid", "from"), ("valid", "to"), ("total", "min"), ("total", "max"), ("appeal", "window_days"))
NUMBERS = {"base", "weight", "min_n", "cap", "min", "max", "window_days"}
PARTS: dict[str, tuple[str, ...]] = {
    "components": ("id", "title", "title_en", "weight", "missing"),
    "deductions": ("id", "title", "title_en", "event", "cap"),
    "additions": ("id", "title", "title_en", "event", "cap"),
    "grades": ("name", "name_en", "min"),
}
FRESH: dict[str, Tree] = {
    "components": {
        **{"id": "", "title": "", "weight": 0, "source": {"indicator": ""}},
        "transform": {"kind": "piecewise_linear", "points": [[0, 0], [1, 100]]},
    },
    "deductions": {"id": "", "title": "", "event": "", "points": {}, "cap": 0},
    "additions": {"id": "", "title": "", "event": "", "points": {}, "cap": 0},
    "grades": {"name": "", "min": None},
}
__all__ = ["ESTIMATORS", "MISSING", "TRANSFORMS", "NotATree", "text_of"]


@dataclass(frozen=True)
class Row:
    """One row of a part: where it stands, its texts for inputs, and what only the text can change."""

    place: str
    fields: Mapping[str, str]
    kept: tuple[str, ...]

    @property
    def called(self) -> str:
        """What to say of it aloud: its id, or the name of a grade."""
        return self.fields.get("id") or self.fields.get("name", "")


def tree_of(text: str) -> Tree:
    """The draft's text as mappings and lists; NotATree where it has not that shape."""
    tree = loaded(text)
    for part in PARTS:
        rows = tree.get(part) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NotATree(part)
    return tree


def head_fields(tree: Tree) -> dict[str, str]:
    """The fields at the top, as texts, by name."""
    found = {key: shown(tree.get(key)) for key in (*HEAD, "base")}
    for above, key in UNDER:
        held = tree.get(above)
        found[f"{above}.{key}"] = shown(held.get(key)) if isinstance(held, dict) else ""
    return found


def rows(tree: Tree, part: str) -> list[Row]:
    """The rows of a part for its form."""
    return [
        Row(f"{part}.{at}", fields_of(part, row), tuple(sorted(_kept(part, row))))
        for at, row in enumerate(tree.get(part) or [])
    ]


def fields_of(part: str, row: Tree) -> dict[str, str]:
    """The texts of one row's inputs."""
    found = {key: shown(row.get(key)) for key in PARTS[part]}
    if part == "components":
        source, estimator, transform = (_under(row, key) for key in ("source", "estimator", "transform"))
        found["source"] = shown(source.get("indicator") or source.get("standard"))
        found["estimator"] = shown(estimator.get("kind")) or "raw"
        found["min_n"] = shown(row.get("min_n", estimator.get("min_n")))
        found["curve"] = shown(transform.get("kind"))
        found["line"] = curve_line(transform)
    elif part == "grades":
        found["floors"] = pairs_line(_under(row, "floors"))
    else:
        found["points"] = pairs_line(_under(row, "points"))
    return found


def _under(row: Tree, key: str) -> Tree:
    held = row.get(key)
    return held if isinstance(held, dict) else {}


def _kept(part: str, row: Tree) -> set[str]:
    """Keys that the form does not show: they stay as the text has them."""
    more = {"components": {"source", "estimator", "min_n", "transform"}, "grades": {"floors"}}
    return set(row) - set(PARTS[part]) - more.get(part, {"points"})


def shown(value: object) -> str:
    """A value in an input."""
    return "" if value is None else value.isoformat() if isinstance(value, dt.date) else str(value)


def pairs_line(pairs: Mapping[Any, Any]) -> str:
    """A mapping in one line: «a=1、b=2»."""
    return "、".join(f"{key}={value}" for key, value in pairs.items())


def pairs_of(line: str) -> list[tuple[str, str]]:
    """The pairs of a line; parts that are none are left out, so that nothing is guessed."""
    return [(m[1], m[2]) for part in LISTS.split(line.strip()) if (m := PAIR.fullmatch(part))]


def curve_line(transform: Tree) -> str:
    """A transform in one line: «0.9=0、0.95=60», «target=0.9、cap=1», a band without bound «=0»."""
    if transform.get("kind") == "ratio_to_target":
        return pairs_line({k: transform[k] for k in ("target", "cap", "direction") if k in transform})
    if transform.get("kind") == "linear":
        xs, ys = transform.get("from"), transform.get("to")
        pairs = list(zip(xs, ys, strict=False)) if isinstance(xs, list) and isinstance(ys, list) else []
    else:
        pairs = transform.get("bands") or transform.get("points") or []
    found = [f"op={transform['op']}"] if "op" in transform else []
    for pair in pairs:
        if isinstance(pair, list | tuple) and len(pair) == 2:
            found.append(f"{'' if pair[0] is None else pair[0]}={pair[1]}")
    return "、".join(found)


def curve_of(kind: str, line: str) -> Tree:
    """The transform that a kind and a line state."""
    pairs = pairs_of(line)
    made: Tree = {"kind": kind}
    if kind == "ratio_to_target":
        return made | {key: value if key == "direction" else number(value) for key, value in pairs}
    corners = [[number(k) if k else None, number(v)] for k, v in pairs if k != "op"]
    if kind == "linear":
        return made | {"from": [x for x, _y in corners], "to": [y for _x, y in corners]}
    told = dict(pairs)
    made |= {"op": told["op"]} if "op" in told else {}
    return made | {"bands" if kind == "bands" else "points": corners}


def applied(tree: Tree, posted: Mapping[str, str]) -> Tree:
    """The tree with what the form says; a field that the form does not have stays as it was."""
    for key in (*HEAD, "base"):
        _put(tree, key, posted.get(f"head.{key}"))
    for above, key in UNDER:
        value = posted.get(f"head.{above}.{key}")
        if value is not None and (value or above in tree):
            _put(tree.setdefault(above, {}), key, value)
    for part in PARTS:
        for at, row in enumerate(tree.get(part) or []):
            _fill(part, row, {k: posted.get(f"{part}.{at}.{k}") for k in fields_of(part, row)})
    return tree


def _put(row: Tree, key: str, value: str | None) -> None:
    """Set a plain value; an empty one is taken out, so that the check says what is missing."""
    if value is None or not isinstance(row, dict):
        return
    text = value.strip()
    if text == shown(row.get(key)):
        return
    if not text:
        row.pop(key, None)
    elif key in ("from", "to"):
        row[key] = _day(text)
    else:
        row[key] = number(text) if key in NUMBERS else text


def _day(text: str) -> Any:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text


def _fill(part: str, row: Tree, said: Mapping[str, str | None]) -> None:
    before = fields_of(part, row)
    for key in PARTS[part]:
        _put(row, key, said[key])
    changed = {key: text for key, text in said.items() if text is not None and text.strip() != before[key]}
    if part == "components":
        _fill_component(row, changed, before)
    for key in ("points", "floors"):
        if key in changed:
            row[key] = {name: number(value) for name, value in pairs_of(str(changed[key]))}


def _fill_component(row: Tree, changed: Mapping[str, str], before: Mapping[str, str]) -> None:
    if "source" in changed:
        name = changed["source"].strip()
        row["source"] = {"standard" if name.startswith("urn:") else "indicator": name}
    if "estimator" in changed:
        row["estimator"] = _under(row, "estimator") | {"kind": changed["estimator"]}
    if "min_n" in changed:
        _under(row, "estimator").pop("min_n", None)
        _put(row, "min_n", changed["min_n"])
    if "curve" in changed or "line" in changed:
        kind, line = (changed.get(key, before[key]) for key in ("curve", "line"))
        row["transform"] = curve_of(kind, line)
        if not kind:
            row.pop("transform")


def moved(tree: Tree, said: str) -> str | None:
    """Add, drop or move up what a button names («add:components», «drop:grades.2»); the place to show.

    None where the button names nothing that is there.
    """
    word, _colon, place = said.partition(":")
    part, _dot, number_text = place.partition(".")
    if part not in PARTS:
        return None
    held: list[Tree] = tree.setdefault(part, None) or []
    tree[part] = held
    if word == "add":
        held.append(deepcopy(FRESH[part]))
        return f"{part}.{len(held) - 1}"
    at = whole_number(number_text)
    if at is None or at >= len(held):
        return None
    if word == "drop":
        del held[at]
        return f"{part}.{max(at - 1, 0)}"
    if word == "up" and at:
        held[at - 1], held[at] = held[at], held[at - 1]
        return f"{part}.{at - 1}"
    return None


def weights(tree: Tree) -> Iterator[tuple[str, Decimal | None]]:
    """Each component's title and weight; None where it is no number."""
    for row in tree.get("components") or []:
        weight = number(shown(row.get("weight"))) if row.get("weight") is not None else Decimal(0)
        known = Decimal(weight) if isinstance(weight, int | Decimal) else None
        yield shown(row.get("title")) or shown(row.get("id")), known


def total_of(tree: Tree) -> tuple[Decimal, bool]:
    """The sum of the weights, and whether it is 100."""
    total = sum((weight or Decimal(0) for _title, weight in weights(tree)), Decimal(0))
    return total, total == HUNDRED


def renewed(text: str, taken: list[str], start: dt.date) -> str:
    """The text under the next version, from a day on; who approved the old one is left out."""
    tree = tree_of(text)
    before = shown(tree.get("version"))
    tree["version"], tree["supersedes"] = next_version(before, taken), before
    tree["valid"] = {"from": start, "to": None}
    tree.pop("approval", None)
    return text_of(tree)
