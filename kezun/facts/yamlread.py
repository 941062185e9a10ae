"""YAML with line numbers, so that a mistake in a file can be named where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _


class DefinitionError(ValueError):
    """A definition file is wrong: in `path`, line `line`, at `where` (for instance `floor.served.target`)."""

    def __init__(self, path: str, line: int, where: str, reason: str) -> None:
        self.path, self.line, self.where, self.reason = path, line, where, reason
        super().__init__(
            _("%(path)s, line %(line)d, %(where)s: %(reason)s")
            % {"path": path, "line": line, "where": where or "—", "reason": reason}
        )


class Lined(dict[str, Any]):
    """A mapping that knows the line of each of its keys, and its own."""

    line: int
    lines: dict[str, int]


class _Loader(yaml.SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Lined:
    made, lines = Lined(), {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        line = key_node.start_mark.line + 1
        if key in made:
            raise DefinitionError("", line, key, _("the key stands here twice"))
        made[key] = loader.construct_object(value_node, deep=True)
        lines[key] = line
    made.line, made.lines = node.start_mark.line + 1, lines
    return made


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_list(path: Path) -> list[Lined]:
    """The mappings of a YAML file that is a list of them; DefinitionError where it is anything else."""
    try:
        # A subclass of SafeLoader: plain values and mappings, never objects.
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except UnicodeDecodeError as error:
        raise DefinitionError(str(path), 1, "", _("the file is not UTF-8 text")) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DefinitionError(str(path), line, "", error.problem or _("this is not YAML")) from error
    except yaml.YAMLError as error:
        raise DefinitionError(str(path), 1, "", _("this is not YAML")) from error
    except DefinitionError as error:
        raise DefinitionError(str(path), error.line, error.where, error.reason) from error
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise DefinitionError(
            str(path), 1, "", _("a list of definitions is expected, each beginning with «- »")
        )
    for index, row in enumerate(raw):
        if not isinstance(row, Lined):
            raise DefinitionError(
                str(path), 1, f"[{index}]", _("a definition is a mapping of keys to values")
            )
    return raw
