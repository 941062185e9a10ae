"""What a form sends back, put into the tree of a draft: fields by place, and rows added, moved, dropped."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kezun.standards.editing import (
    DAYS,
    HEAD,
    HEAD_LISTS,
    PLAIN,
    Place,
    Tree,
    answer_line,
    answer_of,
    at,
    criteria,
    joined,
    listed,
    number,
)

Fields = Mapping[str, str]
ALWAYS = "*"
TITLES = ("id", "title", "title_en")


def head_fields(tree: Tree) -> dict[str, str]:
    """The head of a draft as texts for inputs."""
    valid, scale = _part(tree, "valid"), _part(tree, "scale")
    found = {name: joined(tree.get(name)) for name in (*HEAD, *HEAD_LISTS, "release_days")}
    found |= {f"valid.{day}": joined(valid.get(day)) for day in DAYS}
    return found | {"scale.total": joined(scale.get("total"))}


def fields_of(criterion: Tree) -> dict[str, str]:
    """A criterion as texts for inputs."""
    answer, checker = _part(criterion, "answer"), _part(criterion, "checker")
    veto, cascade = _part(criterion, "veto"), _part(criterion, "cascade")
    found = {name: joined(criterion.get(name)) for name in (*PLAIN, "points")}
    return found | {
        "answer_type": joined(answer.get("type")) or "graded",
        "answer": answer_line(answer),
        "na": "1" if _allows_na(answer) else "",
        "methods": joined(checker.get("methods")),
        "roles": joined(checker.get("roles")),
        "blind": "1" if checker.get("blind") else "",
        "due_days": joined(_part(criterion, "rectify").get("due_days")),
        "photo": _photo(criterion),
        "applies": joined(_part(criterion, "applies_to").get("any")),
        "veto_when": joined(veto.get("when")),
        "veto_cap": joined(_part(veto, "effect").get("grade_cap")),
        "cascade_when": joined(cascade.get("when")),
        "cascade_zero": joined(cascade.get("zero")),
    }


def _part(tree: Tree, key: str) -> Tree:
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def _allows_na(answer: Tree) -> bool:
    na = answer.get("na")
    return bool(na.get("allowed")) if isinstance(na, dict) else bool(na)


def _photo(criterion: Tree) -> str:
    """On which answers a photo is needed; a star for always."""
    for piece in _pieces(criterion):
        if isinstance(piece, dict) and piece.get("kind") == "photo":
            return joined(piece["when"]) if "when" in piece else ALWAYS
    return ""


def applied(tree: Tree, fields: Fields) -> Tree:
    """The tree with everything that the form says; what the form does not show is kept. Changes `tree`."""
    _apply_head(tree, fields)
    for m, module in enumerate(tree["modules"]):
        _apply_titles(module, f"m-{Place(m)}", fields)
        for i, item in enumerate(module["items"]):
            _apply_titles(item, f"i-{Place(m, i)}", fields)
    for place, criterion in criteria(tree):
        own = {key: fields[f"c-{place}.{key}"] for key in _keys() if f"c-{place}.{key}" in fields}
        if own:
            _apply_criterion(criterion, own)
    return tree


def _keys() -> tuple[str, ...]:
    more = ("points", "answer_type", "answer", "na", "methods", "roles", "blind", "due_days", "photo")
    return (*PLAIN, *more, "applies", "veto_when", "veto_cap", "cascade_when", "cascade_zero")


def _put(tree: Tree, key: str, value: object) -> None:
    """Set a key, or take it out where there is nothing to say."""
    if value in ("", None, [], {}):
        tree.pop(key, None)
    else:
        tree[key] = value


def _apply_head(tree: Tree, fields: Fields) -> None:
    for name in HEAD:
        if f"head.{name}" in fields:
            _put(tree, name, fields[f"head.{name}"].strip())
    for name in HEAD_LISTS:
        if fields.get(f"head.{name}", joined(tree.get(name))) != joined(tree.get(name)):
            _put(tree, name, listed(fields[f"head.{name}"]))
    if "head.release_days" in fields:
        days = fields["head.release_days"].strip()
        _put(tree, "release_days", number(days) if days else None)
    if "head.valid.from" in fields:
        until = fields.get("head.valid.to", "").strip()
        tree["valid"] = {"from": fields["head.valid.from"].strip(), "to": until or None}
    if "head.scale.total" in fields:
        tree["scale"] = {**_part(tree, "scale"), "total": number(fields["head.scale.total"])}
        tree["scale"].setdefault("kind", "points")


def _apply_titles(row: Tree, name: str, fields: Fields) -> None:
    for key in TITLES:
        if f"{name}.{key}" in fields:
            _put(row, key, fields[f"{name}.{key}"].strip())
    if f"{name}.points" in fields:
        row["points"] = number(fields[f"{name}.points"])


def _apply_criterion(row: Tree, own: Fields) -> None:
    """What was changed in the form. What was not stays as it is: a name may hold what parts a list.

    Where the answer came along the whole form did: what it lacks was emptied.
    """
    shown = fields_of(row)
    told = {key: value.replace("\r\n", "\n") for key, value in own.items()}
    if "answer_type" in told:
        told = dict.fromkeys(set(shown) - {*PLAIN, "points"}, "") | told
    fresh = {key for key, value in told.items() if value != shown[key]}
    for key in PLAIN:
        if key in fresh:
            _put(row, key, told[key].strip())
    if "points" in fresh:
        _points(row, number(told["points"]))
    if fresh & {"answer_type", "answer", "na"}:
        _answer(row, shown | told, reread=bool(fresh & {"answer_type", "answer"}))
    _checker(row, told, fresh)
    _rules(row, shown | told, fresh)


def _points(row: Tree, points: Any) -> None:
    """Other points are a change that the lineage tells."""
    lineage = row.get("lineage")
    if row.get("points") != points and isinstance(lineage, dict) and lineage.get("change") == "editorial":
        row["lineage"] = lineage | {"change": "points"}
    row["points"] = points


def _answer(row: Tree, own: Fields, *, reread: bool) -> None:
    """The answer from its line, where that was changed, and whether it may be «not applicable»."""
    before = _part(row, "answer")
    answer = answer_of(own["answer_type"], own["answer"], before) if reread else dict(before)
    answer.pop("na", None)
    if own["na"]:
        answer["na"] = {"allowed": True, "reason": "required"}
    row["answer"] = answer


def _checker(row: Tree, own: Fields, fresh: set[str]) -> None:
    """Who checks, by which methods, whether blind; at which outlets."""
    checker = dict(_part(row, "checker"))
    for key in fresh & {"roles", "methods"}:
        _put(checker, key, listed(own[key]))
    if "blind" in fresh:
        _put(checker, "blind", bool(own["blind"]) or None)
    if fresh & {"roles", "methods", "blind"}:
        _put(row, "checker", checker)
    if "applies" in fresh:
        applies = dict(_part(row, "applies_to"))
        _put(applies, "any", listed(own["applies"]))
        _put(row, "applies_to", applies)


def _rules(row: Tree, own: Fields, fresh: set[str]) -> None:
    """Days to correct, photos, veto and cascade."""
    if "due_days" in fresh:
        days = own["due_days"].strip()
        _put(row, "rectify", _part(row, "rectify") | {"due_days": number(days)} if days else None)
    if "photo" in fresh:
        others = [e for e in _pieces(row) if not isinstance(e, dict) or e.get("kind") != "photo"]
        _put(row, "evidence", [*_photos(row, own["photo"].strip()), *others])
    if fresh & {"veto_when", "veto_cap"}:
        veto = _part(row, "veto")
        when = _when(own["veto_when"]) if "veto_when" in fresh else veto.get("when")
        effect = dict(_part(veto, "effect"))
        _put(effect, "grade_cap", own["veto_cap"].strip())
        _put(row, "veto", {"when": when, "effect": effect} if when else None)
    if fresh & {"cascade_when", "cascade_zero"}:
        cascade = _part(row, "cascade")
        when = _when(own["cascade_when"]) if "cascade_when" in fresh else cascade.get("when")
        zero = listed(own["cascade_zero"]) if "cascade_zero" in fresh else cascade.get("zero")
        _put(row, "cascade", {"when": when, "zero": zero} if when else None)


def _pieces(row: Tree) -> list[Any]:
    """The evidence that a criterion asks for, where it is the list it should be."""
    found = row.get("evidence")
    return found if isinstance(found, list) else []


def _photos(row: Tree, said: str) -> list[Tree]:
    if not said:
        return []
    least = next(
        (e.get("min", 1) for e in _pieces(row) if isinstance(e, dict) and e.get("kind") == "photo"),
        1,
    )
    piece: Tree = {"kind": "photo", "min": least}
    return [piece if said == ALWAYS else piece | {"when": _when(said)}]


def _when(text: str) -> str | list[str]:
    words = listed(text)
    return "lost" if words == ["lost"] else words


def changed(tree: Tree, word: str, place: Place | None) -> Place | None:
    """Add, drop or move a row; returns where to look afterwards. Changes `tree`.

    word: `module`, `item`, `criterion` (added at the end of what stands at the place), `drop`, `up`, `down`.
    """
    if word == "module":
        tree["modules"].append(_empty_module(_fresh("M", tree["modules"])))
        return Place(len(tree["modules"]) - 1)
    if place is None:
        return None
    if word == "item":
        items = at(tree, place)["items"]
        items.append(_empty_item(_fresh(f"{at(tree, place).get('id', 'M')}.", items)))
        return Place(place.module, len(items) - 1)
    if word == "criterion":
        rows = at(tree, place)["criteria"]
        rows.append(_empty_criterion(_fresh(f"{at(tree, place).get('id', 'M')}.", rows, "02d")))
        return Place(place.module, place.item, len(rows) - 1)
    return _moved(tree, word, place)


def _moved(tree: Tree, word: str, place: Place) -> Place:
    rows, index = _siblings(tree, place)
    if word == "drop":
        del rows[index]
        return Place(place.module)
    other = index + (1 if word == "down" else -1)
    if 0 <= other < len(rows):
        rows[index], rows[other] = rows[other], rows[index]
        index = other
    if place.criterion is not None:
        return Place(place.module, place.item, index)
    return Place(place.module, index) if place.item is not None else Place(index)


def _siblings(tree: Tree, place: Place) -> tuple[list[Any], int]:
    if place.item is None:
        return tree["modules"], place.module
    if place.criterion is None:
        return tree["modules"][place.module]["items"], place.item
    return at(tree, Place(place.module, place.item))["criteria"], place.criterion


def _fresh(stem: str, rows: list[Tree], form: str = "d") -> str:
    """The next id under a stem that no row has."""
    taken = {str(row.get("id")) for row in rows}
    return next(id for n in range(1, len(rows) + 2) if (id := f"{stem}{n:{form}}") not in taken)


def _empty_module(id: str) -> Tree:
    return {"id": id, "title": id, "points": 0, "items": [_empty_item(f"{id}.1")]}


def _empty_item(id: str) -> Tree:
    return {"id": id, "title": id, "points": 0, "criteria": [_empty_criterion(f"{id}.01")]}


def _empty_criterion(id: str) -> Tree:
    answer = {"type": "graded", "options": {"\u7b26\u5408": 1, "\u4e0d\u7b26\u5408": 0}}
    return {"id": id, "text": "", "points": 0, "answer": answer}


def sums(tree: Tree) -> tuple[list[Tree], Any, Any]:
    """What is stated and what the rows below add up to, for every module and item; then the total's two."""
    found: list[Tree] = []
    for module in tree["modules"]:
        items = [
            {"title": item.get("title"), "stated": item.get("points"), "found": _add(item["criteria"])}
            for item in module["items"]
        ]
        own = {"title": module.get("title"), "stated": module.get("points"), "found": _add(module["items"])}
        found.append(own | {"items": items})
    return found, _part(tree, "scale").get("total"), _add(tree["modules"])


def _add(rows: list[Tree]) -> Any:
    """The sum of the rows' points; what is no number counts nothing."""
    points = (row.get("points") for row in rows)
    return sum((p for p in points if isinstance(p, int | Decimal) and not isinstance(p, bool)), 0)
