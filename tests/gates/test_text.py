"""Words on the pages: every message is translated, and none stands in Chinese in code or templates."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from tools import tree, words

CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@pytest.mark.parametrize("room", [r.name for r in words.rooms([])])
def test_every_message_of_the_room_is_translated(room):
    assert not words.problems(tree.PACKAGE / room)


def test_no_message_is_translated_in_two_ways():
    assert not words.ambiguous()


def test_messages_are_marked_by_names_that_extraction_knows():
    """`gettext_noop as mark` hid every message that it marked from translation."""
    aliases = [
        f"{path.name}: {name.name} as {name.asname}"
        for room in words.rooms([])
        for path in sorted(room.rglob("*.py"))
        for node in ast.walk(tree.tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname not in {None, *words.KEYWORDS}
    ]
    assert not aliases


def docstring_lines(path: Path) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree.tree(path)):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            found |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def test_no_chinese_in_python_but_in_docstrings_and_comments():
    bad = []
    for path in tree.source():
        explained = docstring_lines(path)
        for token in tokenize.generate_tokens(io.StringIO(tree.text(path)).readline):
            kinds = (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1))
            own_name = path.name == "settings.py" and token.line.startswith("LANGUAGES")
            chinese = token.type in kinds and CJK.search(token.string) and not own_name
            if chinese and token.start[0] not in explained:
                bad.append(f"{path}:{token.start[0]}")
    assert not bad


def test_no_chinese_in_templates_and_scripts():
    looked_at = [p for p in tree.files() if p.parts[0] == "kezun" and p.suffix in {".html", ".js", ".css"}]
    bad = [
        f"{path}:{number}"
        for path in looked_at
        if not tree.is_test(path)
        for number, line in enumerate(tree.text(path).splitlines(), 1)
        if CJK.search(line) and not line.lstrip().startswith(("//", "*", "/*", "{#"))
    ]
    assert not bad


def test_messages_of_templates_and_python_are_found(tmp_path, monkeypatch):
    """The extractor itself: indentation, plurals, contexts, percent signs."""
    room = tmp_path / "kezun" / "sample"
    (room / "templates").mkdir(parents=True)
    (room / "templates" / "a.html").write_text(
        '  {% translate "May" context "month" %}\n    {{ _("Bye") }} 50%\n'
        "{% blocktranslate count n=n trimmed %}\n   {{ n }} ticket\n {% plural %} {{ n }} tickets\n"
        "{% endblocktranslate %}\n"
    )
    (room / "a.py").write_text('def f():\n    return _("It is %(x)s") % {"x": 1}\n')
    monkeypatch.setattr(words, "ROOT", tmp_path)
    found = words.extracted(room)
    assert set(found) == {("month", "May"), (None, "Bye"), (None, "%(n)s ticket"), (None, "It is %(x)s")}
    assert found[(None, "%(n)s ticket")].message == ("%(n)s ticket", "%(n)s tickets")


def test_update_keeps_translations_and_check_sees_what_is_missing(tmp_path, monkeypatch):
    room = tmp_path / "kezun" / "sample"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text("")
    (room / "a.py").write_text('_("one")\n_("say %(what)s")\n')
    monkeypatch.setattr(words, "ROOT", tmp_path)
    assert "2 to translate" in words.update(room, {})
    path = words.po_of(room)
    filled = path.read_text().replace('msgid "one"\nmsgstr ""', 'msgid "one"\nmsgstr "yi"')
    path.write_text(filled.replace('msgstr ""\n\n', 'msgstr "shuo"\n\n', 0))
    assert len(words.problems(room)) == 1
    (room / "a.py").write_text('_("one")\n_("two")\n')
    words.update(room, {(None, "two"): "er"})
    assert not words.problems(room)
    assert words.compile_room(room)
    assert not words.compile_room(room), "a catalogue that is in step is not compiled again"


def test_a_translation_that_loses_a_placeholder_is_refused(tmp_path, monkeypatch):
    room = tmp_path / "kezun" / "sample"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text("")
    (room / "a.py").write_text('_("say %(what)s")\n')
    monkeypatch.setattr(words, "ROOT", tmp_path)
    words.update(room, {(None, "say %(what)s"): "shuo"})
    assert "loses a placeholder" in words.problems(room)[0]
