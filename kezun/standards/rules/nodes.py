"""YAML as a tree that knows its lines, and what is wrong with a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml

MOST_NODES = 100_000
MOST_DEPTH = 50
NULL, BOOL = "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"


@dataclass(frozen=True)
class Problem:
    """Something wrong: where it stands, what it is, and the values that the message names."""

    line: int
    path: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


class NotTaken(ValueError):
    """A text that cannot be taken for what it should be; `problems` says all that is wrong, by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.path, p.code)))
        super().__init__("; ".join(f"{p.line}: {p.path}: {p.code}" for p in self.problems))


class NotAStandard(NotTaken):
    """A text that cannot be taken as a standard."""


@dataclass(frozen=True)
class Node:
    """A value with its line: exactly one of `text` (a scalar as written), `fields` and `rows` is not None."""

    line: int
    text: str | None = None
    tag: str = ""
    fields: Mapping[str, Node] | None = None
    rows: tuple[Node, ...] | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return self.tag == NULL


def parse(text: str) -> Node:
    """The tree of a YAML text; NotAStandard where it is no YAML, has a key twice, or uses aliases."""
    try:
        root = _composed(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refused(line, "not_yaml", why=error.problem or "") from error
    except yaml.YAMLError as error:
        raise _refused(1, "not_yaml", why=str(error).splitlines()[0]) from error
    except RecursionError as error:
        raise _refused(1, "too_deep") from error
    if root is None:
        raise _refused(1, "empty_file")
    problems: list[Problem] = []
    made = _node(root, set(), problems)
    if problems:
        raise NotAStandard(tuple(problems))
    return made


def _composed(text: str) -> yaml.Node | None:
    """The nodes of a YAML text, by libyaml where it is there, which is six times as fast.

    libyaml composes by recursion in C, which a text of brackets would crash: its depth is looked at before.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                raise RecursionError
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return yaml.compose(text, Loader=loader)


def _refused(line: int, code: str, **params: object) -> NotAStandard:
    return NotAStandard((Problem(line, "", code, params),))


def _node(source: yaml.Node, seen: set[int], problems: list[Problem]) -> Node:
    line = source.start_mark.line + 1
    if id(source) in seen:
        problems.append(Problem(line, "", "alias"))
        return Node(line, text="", tag=NULL)
    seen.add(id(source))
    if len(seen) > MOST_NODES:
        raise _refused(line, "too_large", most=MOST_NODES)
    if isinstance(source, yaml.ScalarNode):
        return Node(line, text=str(source.value), tag=source.tag)
    if isinstance(source, yaml.SequenceNode):
        return Node(line, rows=tuple(_node(row, seen, problems) for row in source.value))
    fields: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in source.value:
        key, at = str(key_node.value), key_node.start_mark.line + 1
        if key in fields:
            problems.append(Problem(at, key, "key_twice", {"key": key}))
        fields[key], lines[key] = _node(value_node, seen, problems), at
    return Node(line, fields=fields, lines=lines)
