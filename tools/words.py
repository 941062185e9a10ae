"""Translations without gettext's binaries: extract, update, check and compile every room's messages.

    tools/words.py update [ROOM…]    add new messages to the room's django.po, drop the ones no longer used
    tools/words.py check [ROOM…]     say what is missing, empty, fuzzy or ambiguous; exit 1 if anything is
    tools/words.py compile [ROOM…]   write django.mo beside every django.po that is newer

Messages are English in the code; Django's own `templatize` turns templates into something that Babel reads.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = "zh_Hans"
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop", "lazy"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
PLACE = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")
Key = tuple[str | None, object]


@dataclass(frozen=True)
class Found:
    """A message in the code: what it says, in which context, and where."""

    message: str | tuple[str, ...]
    context: str | None
    places: list[tuple[str, int]] = field(compare=False)


def rooms(names: list[str]) -> list[Path]:
    """The rooms' folders: those named, else all."""
    every = sorted(p.parent for p in (ROOT / "kezun").glob("*/__init__.py"))
    unknown = set(names) - {p.name for p in every}
    if unknown:
        raise SystemExit(f"no such room: {', '.join(sorted(unknown))}")
    return [p for p in every if not names or p.name in names]


def po_of(room: Path) -> Path:
    return room / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def sources(room: Path) -> Iterator[Path]:
    """Files of a room that may hold messages: its Python (not tests, not migrations) and its templates."""
    for path in sorted([*room.rglob("*.py"), *room.rglob("*.html"), *room.rglob("*.txt")]):
        parts = path.relative_to(room).parts
        if not {"tests", "migrations", "static"} & set(parts):
            yield path


def as_python(text: str, origin: str) -> str:
    """A template as Babel's Python extractor can read it: one call per message, on the message's line."""
    from django.utils.translation.template import templatize

    return "\n".join(line.lstrip() for line in templatize(text, origin=origin).split("\n"))


def extracted(room: Path) -> dict[Key, Found]:
    """Every message of a room, by context and (singular) text."""
    found: dict[Key, Found] = {}
    for path in sources(room):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        code = text if path.suffix == ".py" else as_python(text, name)
        for line, message, _comments, context in extract(
            "python", io.BytesIO(code.encode()), KEYWORDS, options={"encoding": "utf-8"}
        ):
            key = (context, message[0] if isinstance(message, tuple) else message)
            found.setdefault(key, Found(message, context, [])).places.append((name, line))
    return found


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale=LOCALE)
    with path.open("rb") as stream:
        return read_po(stream, locale=LOCALE, domain="django", ignore_obsolete=True)


def key_of(entry: Message) -> Key:
    return (entry.context, entry.id[0] if isinstance(entry.id, (tuple, list)) else entry.id)


def translated(entry: Message) -> bool:
    texts = entry.string if isinstance(entry.string, (tuple, list)) else [entry.string]
    return bool(texts) and all(texts) and not entry.fuzzy


def entries(catalog: Catalog) -> dict[Key, Message]:
    return {key_of(entry): entry for entry in catalog if entry.id}


def known_elsewhere() -> dict[Key, Any]:
    """Translations that any room has, to propose to a room that says the same."""
    known: dict[Key, Any] = {}
    for room in rooms([]):
        for key, entry in entries(read(po_of(room))).items():
            if translated(entry):
                known.setdefault(key, entry.string)
    return known


def update(room: Path, known: dict[Key, Any]) -> str:
    """Bring a room's django.po in step with its code; translations that are there are kept."""
    found, path = extracted(room), po_of(room)
    if not found and not path.exists():
        return ""
    old = entries(read(path))
    new = Catalog(locale=LOCALE, domain="django", project="Kezun", charset="utf-8", fuzzy=False)
    for key in sorted(found, key=lambda k: (k[0] or "", str(k[1]).lower())):
        item, had = found[key], old.get(key)
        string = had.string if had is not None else known.get(key, "")
        same_shape = isinstance(string, tuple) == isinstance(item.message, tuple)
        flags = {"python-format"} if PLACE.search(str(item.message)) and "%" in str(item.message) else set()
        files = sorted({(name, 0) for name, _line in item.places})
        new.add(item.message, string if same_shape else "", files, flags=flags, context=item.context)
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    write_po(out, new, width=110, omit_header=True, include_lineno=False)
    header = (
        'msgid ""\nmsgstr ""\n"Language: zh_Hans\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    text = header + out.getvalue().decode().strip() + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    empty = sum(not translated(entry) for entry in entries(read(path)).values())
    return f"{room.name}: {len(found)} messages, {empty} to translate in {path.relative_to(ROOT)}"


def problems(room: Path) -> list[str]:
    """What is wrong with a room's translations, one line each."""
    found, path = extracted(room), po_of(room)
    have, wrong = entries(read(path)), []
    name = path.relative_to(ROOT).as_posix()
    for key, item in found.items():
        place = f"{item.places[0][0]}:{item.places[0][1]}"
        entry = have.get(key)
        if entry is None:
            wrong.append(f"{place}: {key[1]!r} has no entry in {name} (tools/words.py update {room.name})")
        elif not translated(entry):
            wrong.append(f"{name}: {key[1]!r} is not translated ({place})")
        elif set(PLACE.findall(str(key[1]))) - set(PLACE.findall(_first(entry))):
            wrong.append(f"{name}: the translation of {key[1]!r} loses a placeholder")
    wrong += [f"{name}: {key[1]!r} is no longer in the code" for key in have if key not in found]
    return wrong


def _first(entry: Message) -> str:
    return str(entry.string[0] if isinstance(entry.string, (tuple, list)) else entry.string)


def ambiguous() -> list[str]:
    """Messages that two rooms translate differently: Django would show one of them in both."""
    seen: dict[Key, tuple[str, object]] = {}
    wrong = []
    for room in rooms([]):
        for key, entry in entries(read(po_of(room))).items():
            first, string = seen.setdefault(key, (room.name, entry.string))
            if translated(entry) and string and string != entry.string:
                wrong.append(f"{key[1]!r} is {string!r} in {first} and {entry.string!r} in {room.name}")
    return wrong


def compile_room(room: Path) -> bool:
    """Write django.mo where it is missing or older than django.po; says whether it did."""
    path = po_of(room)
    target = path.with_suffix(".mo")
    if not path.exists() or (target.exists() and target.stat().st_mtime_ns >= path.stat().st_mtime_ns):
        return False
    stamp = path.stat().st_mtime_ns
    made = io.BytesIO()
    write_mo(made, read(path))
    part = target.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(made.getvalue())
    os.utime(part, ns=(stamp, stamp))
    part.replace(target)
    return True


def compile_all() -> int:
    """Compile every room's messages that changed; returns how many."""
    return sum(compile_room(room) for room in rooms([]))


def main(arguments: list[str]) -> int:
    verb, names = (arguments[0] if arguments else ""), arguments[1:]
    if verb == "update":
        known = known_elsewhere()
        print("\n".join(filter(None, (update(room, known) for room in rooms(names)))))
        compile_all()
    elif verb == "check":
        wrong = [line for room in rooms(names) for line in problems(room)] + ambiguous()
        print("\n".join(wrong) or "every message is translated")
        return 1 if wrong else 0
    elif verb == "compile":
        print(f"{compile_all()} message catalogues compiled")
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
