"""YAML of profiles: every value is read as the text that stands there, and every mistake has its line.

A column called `no` or a code `0101` would be false and 65 to YAML's own rules; here they stay what they are.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from django.utils.translation import gettext as _

STEP = re.compile(r"\[(\d+)\]|\[\.\.\.\]|([^.\[\]]+)")


class YamlMistake(ValueError):
    """The text is no usable YAML; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason
        super().__init__(reason)


def read(text: str) -> tuple[Any, yaml.Node | None]:
    """The content of a YAML text, scalars as strings, and its nodes (for `line_of`); or YamlMistake."""
    loader = yaml.BaseLoader(text)
    try:
        node = loader.get_single_node()
        return (None if node is None else _plain(node)), node
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlMistake(line, error.problem or _("this is not YAML")) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlMistake(1, _("this is not YAML")) from error
    finally:
        loader.dispose()


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlMistake(key.start_mark.line + 1, _("a key must be one word or a quoted text"))
            if key.value in made:
                raise YamlMistake(key.start_mark.line + 1, _("«%s» stands here twice") % key.value)
            made[key.value] = _plain(value)
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.value


def line_of(node: yaml.Node | None, place: str) -> int:
    """The line of `columns.wait_s.first[0]`, or of the nearest place above it that is there."""
    line = 1
    for match in STEP.finditer(place.removeprefix("$")):
        found = _step(node, match[1], match[2])
        if found is None:
            break
        line, node = found
    return line


def _step(node: yaml.Node | None, index: str | None, key: str | None) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and index is not None and int(index) < len(node.value):
        item = node.value[int(index)]
        return item.start_mark.line + 1, item
    if isinstance(node, yaml.MappingNode) and key is not None:
        for name, value in node.value:
            if name.value == key:
                return name.start_mark.line + 1, value
    return None
