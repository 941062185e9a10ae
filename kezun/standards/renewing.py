"""The next edition of a standard: the same text under a new version, every criterion with its origin."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import replace

from kezun.standards.rules.form import Item, Lineage, Module, Reference, Standard, Validity
from kezun.standards.rules.writing import written

LAST = re.compile(r"(\d+)(?!.*\d)")
EMPTY = """\
schema: kezun.standard/1
id: {urn}
version: "{version}"
title: {title}
valid: {{from: {start}, to: null}}
scale: {{kind: points, total: 100, na: renormalise}}
modules:
  - id: M1
    title: {title}
    points: 100
    items:
      - id: M1.1
        title: {title}
        points: 100
        criteria:
          - id: M1.1.01
            text: ""
            points: 100
            answer: {{type: graded, options: {{{met}: 1, {unmet}: 0}}}}
"""


def next_version(version: str, taken: Iterable[str]) -> str:
    """The version with its last number counted up until nobody has it: «2026.1» → «2026.2»."""
    known = set(taken)
    while True:
        found = LAST.search(version)
        if found is None:
            version = f"{version}.2"
        else:
            version = f"{version[: found.start()]}{int(found[1]) + 1}{version[found.end() :]}"
        if version not in known:
            return version


def renewed(old: Standard, version: str, start: dt.date) -> str:
    """A text that supersedes `old` from a day on; nothing is changed yet, and every criterion says so."""

    def item(row: Item) -> Item:
        made = tuple(
            replace(c, lineage=Lineage("same_as", (Reference(old.version, c.id),), "editorial"))
            for c in row.criteria
        )
        return replace(row, criteria=made)

    def modules(rows: tuple[Module, ...]) -> tuple[Module, ...]:
        return tuple(replace(m, items=tuple(item(i) for i in m.items)) for m in rows)

    end = old.valid.end if old.over is not None and (old.valid.end or start) > start else None
    until = end or (start + dt.timedelta(days=30) if old.over is not None else None)
    return written(
        replace(
            old,
            version=version,
            supersedes=old.version,
            valid=Validity(start, until),
            modules=modules(old.modules),
            beside=modules(old.beside),
        )
    )


def blank(urn: str, version: str, title: str, start: dt.date, met: str, unmet: str) -> str:
    """A text to begin with: one module, one item, one criterion without words."""
    quoted = '"' + title.replace("\\", "").replace('"', "'") + '"'
    return EMPTY.format(urn=urn, version=version, title=quoted, start=start, met=met, unmet=unmet)
