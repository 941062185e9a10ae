"""One word for one thing: what models, actions and modules are called stands in docs/words.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tools import tree

BOOK = Path("docs/words.md")
NOT_TABLES = re.compile(r"(?:Manager|QuerySet)$")
USUAL = {"__init__", "__main__", "apps", "asgi", "wsgi", "cli", "urls", "api", "settings"}


def words_of_the_book() -> set[str]:
    """Every word in backticks in docs/words.md, in small letters."""
    return {w for quoted in re.findall(r"`([^`]+)`", tree.text(BOOK)) for w in split(quoted)}


def split(name: str) -> list[str]:
    """`UnitPlace`, `unit_place` and `unit place` are the words unit and place."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def known(word: str, book: set[str]) -> bool:
    """A word, its plural in s or es or ies, or two words written as one (`packcheck`)."""
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), re.sub(r"ies$", "y", word)}
    halves = ({word[:cut], word[cut:]} for cut in range(2, len(word) - 1))
    return bool(forms & book) or any(half <= book for half in halves)


def classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in tree.tree(path).body if isinstance(node, ast.ClassDef)]


def names() -> dict[str, str]:
    """Each word used in a name, with one place that uses it."""
    used: dict[str, str] = {}
    for path in tree.source():
        if path.stem not in USUAL:
            used |= dict.fromkeys(split(path.stem), f"module {path}")
        if any(part.removesuffix(".py") == "models" for part in path.parts):
            for node in classes(path):
                if NOT_TABLES.search(node.name):
                    continue
                used |= dict.fromkeys(split(node.name), f"model {node.name}")
        for action in re.findall(r"@action\(\s*\"[a-z]+\.([a-z_]+)\"", tree.text(path)):
            used |= dict.fromkeys(split(action), f"action {action}")
    return used


def test_every_name_is_made_of_words_of_the_book():
    book = words_of_the_book()
    strange = {word: where for word, where in sorted(names().items()) if not known(word, book)}
    assert not strange, f"choose a word of docs/words.md, or add the new one there: {strange}"


def test_the_book_has_no_word_twice():
    rows = [line.split("|") for line in tree.text(BOOK).splitlines() if line.startswith("| ")]
    firsts = [w for row in rows if len(row) > 4 for w in re.findall(r"`([^`]+)`", row[3])]
    assert len(firsts) == len(set(firsts)), {w for w in firsts if firsts.count(w) > 1}


def test_splitting_names():
    assert split("UnitPlace") == ["unit", "place"]
    assert split("APIToken") == ["api", "token"]
    assert split("open_unit") == ["open", "unit"]
    assert known("batches", {"batch"})
    assert known("entries", {"entry"})
    assert known("packcheck", {"pack", "check"})
    assert not known("helper", {"help"})
