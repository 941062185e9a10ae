"""What must not stand in the repository: others' files, hosts, machine paths, inline scripts, loose ends."""

from __future__ import annotations

import re
from pathlib import Path

from tools import tree

PICTURES = {".png", ".jpg", ".webp"}
MARKUP = {".html", ".txt"}
HOST = re.compile(r"(?:https?|wss?|ftp)://(?:[^\s/@\"'`<>)]*@)?(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+)")
ALLOWED_HOSTS = re.compile(
    r"(?:127\.0\.0\.1|localhost|\[::1\]|testserver|www\.w3\.org|json-schema\.org|(?:[\w-]+\.)*example(?:\.\w+)?|"
    r"(?:[\w-]+\.)*(?:test|invalid))$"
)
MACHINE_PATH = re.compile(r"(?<![\w.\-])/(?:work|root|home)/\w")
LOOSE_END = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/(?:json|ld\+json))[^>]*>|<style\b|\sstyle=[\"']|\son[a-z]+=[\"']|javascript:",
    re.IGNORECASE,
)
PICTURES_MOST, FILE_MOST = 8 * 1024**2, 300 * 1024


def texts() -> list[tuple[Path, int, str]]:
    return [(p, n, line) for p in tree.files() for n, line in enumerate(tree.text(p).splitlines(), 1)]


def test_no_host_but_examples_and_this_machine():
    """Locks and settings never name a registry, and pages never load from elsewhere."""
    named = {
        f"{path}:{number} {host}"
        for path, number, line in texts()
        for host in HOST.findall(line)
        if not ALLOWED_HOSTS.match(host.rstrip("."))
    }
    assert not named


def test_locks_carry_hashes_and_no_index():
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = tree.text(Path(name))
        entries = re.findall(r"^[\w.-]+(?:\[[^\]]+\])?==", lock, re.MULTILINE)
        blocks = re.split(r"\n(?=\w)", lock.strip())
        assert len(entries) == len(blocks) > 20
        assert all("--hash=sha256:" in block for block in blocks)
        assert not re.search(r"index-url|find-links|trusted-host", lock)


def test_every_requirement_is_locked():
    for wanted, lock in (
        ("requirements.in", "requirements.lock"),
        ("requirements-dev.in", "requirements-dev.lock"),
    ):
        names = re.findall(r"^([A-Za-z0-9][\w.-]*)", tree.text(Path(wanted)), re.MULTILINE)
        locked = set(re.findall(r"^([\w.-]+)(?:\[[^\]]+\])?==", tree.text(Path(lock)), re.MULTILINE))
        missing = {name for name in names if name.lower().replace("_", "-").replace(".", "-") not in locked}
        assert not missing, f"run ./dev lock: {lock} lacks {missing}"


def test_no_path_of_one_machine():
    found = [f"{path}:{number}" for path, number, line in texts() if MACHINE_PATH.search(line)]
    assert not found


def test_no_loose_ends():
    found = [
        f"{path}:{number}"
        for path, number, line in texts()
        if LOOSE_END.search(line) and path.suffix in {".py", ".html", ".js", ".css", ".md"}
    ]
    assert not found


def test_no_inline_script_or_style():
    """The content security policy refuses them; so do we, before a browser has to."""
    found = [
        f"{path}:{number} {line.strip()[:80]}"
        for path, number, line in texts()
        if path.parts[0] == "kezun" and path.suffix in MARKUP and INLINE.search(line)
    ]
    assert not found


def test_nothing_of_others_is_committed():
    strange = [
        str(path)
        for path in tree.files()
        if re.search(r"\.min\.(?:js|css)$|\.(?:woff2?|ttf|otf|eot|whl|tgz|so|pyc|mo)$", path.name)
        or {"vendor", "node_modules"} & set(path.parts)
    ]
    assert not strange


def test_files_are_small_and_pictures_together_too():
    sizes = {path: (tree.ROOT / path).stat().st_size for path in tree.files()}
    large = {str(p): size for p, size in sizes.items() if size > FILE_MOST and p.suffix not in {".lock"}}
    assert not large
    assert sum(size for path, size in sizes.items() if path.suffix in PICTURES) < PICTURES_MOST


def test_scripts_and_style_sheets_are_written_by_hand():
    """A line of a thousand characters is somebody's build output."""
    long = {
        f"{path}:{number}"
        for path, number, line in texts()
        if path.suffix in {".js", ".css", ".html"} and len(line) > 1000
    }
    assert not long


def test_every_decision_is_numbered_once():
    names = sorted(p.name for p in tree.files() if p.parent == Path("docs/decisions"))
    numbers = [name[:4] for name in names]
    assert numbers == [f"{n:04}" for n in range(1, len(names) + 1)]


def test_links_between_documents_lead_somewhere():
    broken = []
    for path in (p for p in tree.files() if p.suffix == ".md"):
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", tree.text(path)):
            if not (tree.ROOT / path.parent / target).exists():
                broken.append(f"{path}: {target}")
    assert not broken
