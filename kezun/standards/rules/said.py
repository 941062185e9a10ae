"""Where ids and keys stand in the text of a standard, so that a problem names its line."""

from __future__ import annotations

from collections.abc import Iterator

from kezun.standards.rules.fields import Reading
from kezun.standards.rules.nodes import Node, Problem


class Said:
    """Where ids and keys of criteria stand in the text, so that a problem names its line."""

    def __init__(self, at: Reading) -> None:
        self.at = at
        self.places = list(_nodes(at.node))

    def say(self, where: str, key: str, code: str, /, **params: object) -> None:
        """Note a problem of the module, item or criterion called `where`, at the line of one of its keys."""
        node = next((n for i, n in self.places if i == where), self.at.node)
        line = node.lines.get(key, node.line)
        self.at.problems.append(Problem(line, f"{where}.{key}", code, params))


def _nodes(root: Node) -> Iterator[tuple[str, Node]]:
    """Every mapping with an id below the modules, in order."""
    for key in ("modules", "items", "criteria"):
        below = (root.fields or {}).get(key)
        for row in (below.rows or ()) if below else ():
            id = (row.fields or {}).get("id")
            if id is not None and id.text:
                yield id.text.strip(), row
            yield from _nodes(row)
