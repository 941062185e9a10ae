"""A standard as text: for people in YAML, and in one canonical form whose hash names its content for ever."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from kezun.standards.rules.form import (
    SCHEMA,
    Answer,
    Applies,
    Checker,
    CountDefects,
    Criterion,
    Evidence,
    Graded,
    Indicator,
    Item,
    Lineage,
    Module,
    Over,
    Range,
    Scale,
    Standard,
    Trigger,
    Veto,
)

Tree = dict[str, Any]


def canonical(standard: Standard) -> bytes:
    """The content as bytes that depend on nothing else: not on comments or the look of numbers."""
    tree = _plain(as_tree(standard))
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(standard: Standard) -> str:
    """The sha256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(standard)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _figure(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_plain(below) for below in value]
    return value


def plain(value: Decimal | None) -> str:
    """A number for people and machines: 12.50 is written 12.5, 1E+2 is written 100; None is empty."""
    return "" if value is None else _figure(value)


def _figure(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


class Dumper(yaml.SafeDumper):
    """Decimals as plain numbers, days as days, nothing shared by anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _decimal(dumper: Dumper, value: Decimal) -> yaml.Node:
    text = _figure(value)
    tag = "tag:yaml.org,2002:float" if "." in text else "tag:yaml.org,2002:int"
    return dumper.represent_scalar(tag, text)


Dumper.add_representer(Decimal, _decimal)


def written(standard: Standard) -> str:
    """The standard in YAML; reading it again gives the same standard."""
    tree = as_tree(standard)
    return yaml.dump(
        tree, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None
    )


def _kept(**fields: Any) -> Tree:
    """The fields that say something: what is empty is left out."""
    return {key.rstrip("_"): value for key, value in fields.items() if value not in (None, "", [], {}, False)}


def as_tree(standard: Standard) -> Tree:
    """The standard as mappings and lists, keys as in the format; points stay Decimal."""
    head = _kept(
        schema=SCHEMA,
        id=standard.id,
        version=standard.version,
        kind=standard.kind if standard.kind != "standard" else None,
        title=standard.title,
        title_en=standard.title_en,
        about=standard.about,
        about_en=standard.about_en,
        owner=standard.owner,
        supersedes=standard.supersedes,
        covert=list(standard.covert),
        own=list(standard.own),
        release_days=standard.release_days or None,
        retired=list(standard.retired),
        over=_over(standard.over) if standard.over else None,
    )
    end = standard.valid.end
    return head | {
        "valid": {"from": standard.valid.start, "to": end},
        "scale": _scale(standard.scale),
        "rounding": {"digits": standard.rounding.digits, "mode": standard.rounding.mode, "at": "publish"},
        "modules": [_module(m) for m in standard.modules],
        **({"beside": [_module(m) for m in standard.beside]} if standard.beside else {}),
    }


def _over(over: Over) -> Tree:
    changes = [{"id": c.id, "points": c.points} for c in over.changes]
    return _kept(
        standard=over.standard,
        version=over.version,
        event=over.event,
        counting=over.counting,
        changes=changes,
    )


def _scale(scale: Scale) -> Tree:
    key = "least" if scale.kind == "points" else "most"
    bands = [
        {"rating": b.name}
        | ({key: b.bound} if b.bound is not None else {})
        | ({"worst": b.worst} if b.worst is not None else {})
        for b in scale.bands
    ]
    head = {"kind": scale.kind, "total": scale.total, "na": scale.na}
    return head | _kept(grades=list(scale.grades), bands=bands)


def _module(module: Module) -> Tree:
    head = _kept(id=module.id, title=module.title, title_en=module.title_en)
    return head | {"points": module.points, "items": [_item(i) for i in module.items]}


def _item(item: Item) -> Tree:
    head = _kept(id=item.id, title=item.title, title_en=item.title_en)
    return head | {"points": item.points, "criteria": [_criterion(c) for c in item.criteria]}


def _criterion(c: Criterion) -> Tree:
    head = _kept(id=c.id, text=c.text, text_en=c.text_en) | {
        "points": c.points,
        "answer": _answer(c.answer, c.na),
    }
    return head | _kept(
        guide=c.guide,
        guide_en=c.guide_en,
        checker=_checker(c.checker),
        frequency=dict(c.frequency),
        evidence=[_evidence(e) for e in c.evidence],
        severity=c.severity,
        rectify={"due_days": c.rectify.due_days, "recheck": c.rectify.recheck} if c.rectify else None,
        applies_to=_applies(c.applies_to),
        cascade={"when": _when(c.cascade.when), "zero": list(c.cascade.zero)} if c.cascade else None,
        veto=_veto(c.veto) if c.veto else None,
        lineage=_lineage(c.lineage) if c.lineage else None,
    )


def _answer(answer: Answer, na: bool) -> Tree:
    last: Tree = {"na": {"allowed": True, "reason": "required"}} if na else {}
    if isinstance(answer, Graded):
        shares: Tree = {o.name: o.share for o in answer.options}
        english = {o.name: o.name_en for o in answer.options if o.name_en}
        return {"type": "graded", "options": shares} | _kept(options_en=english) | last
    if isinstance(answer, CountDefects):
        return {"type": "count_defects", "per": answer.per, "floor": answer.floor} | last
    if isinstance(answer, Indicator):
        bands = [[b.bound, b.share] for b in answer.bands]
        line = [list(point) for point in answer.linear]
        return (
            {"type": "indicator", "ref": answer.ref, "op": answer.op} | _kept(bands=bands, linear=line) | last
        )
    if isinstance(answer, Range):
        head = {"type": "range", "min": answer.least, "max": answer.most}
        return head | _kept(values=list(answer.values)) | last
    return {"type": "text"} | last


def _when(trigger: Trigger) -> str | list[str]:
    return "lost" if trigger.lost else list(trigger.options)


def _checker(checker: Checker) -> Tree:
    return _kept(roles=list(checker.roles), methods=list(checker.methods), blind=checker.blind)


def _evidence(evidence: Evidence) -> Tree:
    when = _when(evidence.when) if evidence.when else None
    return _kept(kind=evidence.kind, min=evidence.least, when=when)


def _applies(applies: Applies) -> Tree:
    return _kept(any=list(applies.any), all=list(applies.all), none=list(applies.none))


def _veto(veto: Veto) -> Tree:
    effect = _kept(grade_cap=veto.grade_cap, exclude_from_awards=veto.exclude_from_awards)
    return {"when": _when(veto.when), "effect": effect}


def _lineage(lineage: Lineage) -> Tree:
    if lineage.how == "new":
        return {"new": True}
    of = [str(r) for r in lineage.of]
    return {lineage.how: of[0] if lineage.how == "same_as" else of, "change": lineage.change}
