"""Copies the style sheet, the scripts and the icons in use from node_modules into static/vendor.

Needs nothing but the standard library: `python kezun/ui/vendor.py` after `npm ci --ignore-scripts`.
Icons in use are found in the source, so the sprite stays small and nobody keeps a list of them.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(__file__).resolve().parent / "static" / "vendor"
FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
}
ICONS = "@tabler/icons/icons/outline"
MENTION = re.compile(r"""\b(?:icon|picture)(?:\|default:|\s+|\s*[=:]\s*)["']([a-z0-9-]+)["']""")
NAMED = re.compile(r"^icon: ([a-z0-9-]+)$", re.MULTILINE)
PLACES = {"Menu": slice(3, 4), "icon": slice(0, 1)}  # where a call's arguments name an icon
SOURCE_MAP = re.compile(rb"\n?/[/*]# sourceMappingURL=\S+(?:\s*\*/)?")


class Missing(Exception):
    """Something to copy is not there; the message says what to do."""


def icons_used(package: Path) -> set[str]:
    """Names of icons in templates (`{% icon "x" %}`, `picture="x"`), `Menu(…, x)`, `icon(x)`, catalogs."""
    found: set[str] = set()
    for path in sorted(package.rglob("*.html")):
        found |= set(MENTION.findall(path.read_text(encoding="utf-8")))
    for path in sorted(package.rglob("catalog/**/*.yaml")):
        found |= set(NAMED.findall(path.read_text(encoding="utf-8")))
    for path in sorted(package.rglob("*.py")):
        if "tests" not in path.parts:
            found |= _icons_in_python(path.read_text(encoding="utf-8"))
    return found


def _icons_in_python(source: str) -> set[str]:
    found: set[str] = set()
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        named = [k.value for k in call.keywords if k.arg == "icon"]
        if isinstance(call.func, ast.Name):
            named += call.args[PLACES[call.func.id]] if call.func.id in PLACES else []
        found |= {n.value for n in named if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def symbol(name: str, svg: str) -> str:
    """One `<symbol>` from an icon's file; strokes and sizes come from the style sheet."""
    inner = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    inner = re.sub(r'<path stroke="none"[^>]*/>', "", inner)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(inner.split(chr(10))).strip()}</symbol>'


def sprite(names: set[str], folder: Path) -> str:
    """All icons as one SVG file; Missing names the icon that the set does not have."""
    symbols = []
    for name in sorted(names):
        path = folder / f"{name}.svg"
        if not path.exists():
            raise Missing(f"there is no icon «{name}» in {ICONS}: choose another name")
        symbols.append(symbol(name, path.read_text(encoding="utf-8")))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def vendor(modules: Path, target: Path = TARGET, package: Path = ROOT / "kezun") -> list[Path]:
    """Write the three files and the sprite into `target`; returns what was written."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, origin in FILES.items():
        source = modules / origin
        if not source.exists():
            raise Missing(f"{origin} is not installed: run `npm ci --ignore-scripts` first")
        (target / name).write_bytes(SOURCE_MAP.sub(b"", source.read_bytes()))
        written.append(target / name)
    (target / "icons.svg").write_text(sprite(icons_used(package), modules / ICONS), encoding="utf-8")
    return [*written, target / "icons.svg"]


def main() -> int:
    """Command line: copies from the repository's node_modules; 1 and a message where something is missing."""
    try:
        for path in vendor(ROOT / "node_modules"):
            sys.stdout.write(f"{path.name}\t{path.stat().st_size}\n")
    except Missing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
