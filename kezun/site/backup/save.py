"""Backup: all that an installation owns, in one file that says of every part what it must be.

It is taken while people work: the database as at one moment, then the fact files that it lists (they never
change), uploads, keys, anchors of the trail, kept packs. The last member, `manifest.json`, holds the sha256
of every other: a file that was cut off has none and is refused. Keys are inside: guard it as you guard them.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

import kezun
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, require
from kezun.kernel.anchor import anchors_path, locked
from kezun.site.backup import database
from kezun.site.backup.archive import Archive, written

FORMAT = 1
MANIFEST = "manifest.json"
LEFT_OUT = {"facts", "spill", "static", database.SQLITE_FILE}


class BackupError(Exception):
    """A backup that cannot be made or put back; the text says why and what to do."""


def backup(actor: Actor, target: Path) -> dict[str, Any]:
    """Write a backup of everything to `target`; returns its manifest. Raises BackupError, leaving no file."""
    require(actor, "site.backup")
    if target.exists():
        raise BackupError(_("%s exists already: choose another name.") % target)
    try:
        with (
            written(target) as tar,
            tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as work,
        ):
            manifest = _fill(Archive(tar), Path(work))
    except OSError as error:
        raise BackupError(_("The backup could not be written: %s") % error) from error
    record_backup(actor, target.name, members=len(manifest["members"]), rows=sum(manifest["tables"].values()))
    return manifest


def _fill(archive: Archive, work: Path) -> dict[str, Any]:
    with locked(anchors_path()) as anchors, database.copied(work) as copied:
        seen = anchors.read()
        listed = dict(copied.facts)
    for name, path in copied.files.items():
        archive.add(name, path)
    home = Path(settings.KEZUN_HOME)
    for name, sha256 in sorted(listed.items()):
        if archive.add(f"home/facts/{name}", home / "facts" / name) != sha256:
            raise BackupError(_("The fact file %s is not as it was written: the disk has changed it.") % name)
    own = anchors_path().relative_to(home).as_posix()
    archive.add_stream(f"home/{own}", io.BytesIO(seen), len(seen))
    for path in _belongings(home):
        name = path.relative_to(home).as_posix()
        if name != own:
            archive.add(f"home/{name}", path)
    manifest = {
        "format": FORMAT,
        "kezun": kezun.__version__,
        "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "database": connection.vendor,
        "migrations": copied.migrations,
        "tables": copied.tables,
        "members": dict(archive.members),
    }
    body = json.dumps(manifest, indent=1, sort_keys=True).encode()
    archive.add_stream(MANIFEST, io.BytesIO(body), len(body))
    return manifest


def _belongings(home: Path) -> Iterator[Path]:
    """What lies in the home beside database and facts and cannot be made anew."""
    for top in sorted(home.iterdir()):
        if top.name in LEFT_OUT or top.name.startswith((".", database.SQLITE_FILE)):
            continue
        paths = sorted(top.rglob("*")) if top.is_dir() else [top]
        yield from (
            p for p in paths if p.is_file() and not p.is_symlink() and p.suffix not in (".tmp", ".part")
        )


@action("site.backup")
def record_backup(actor: Actor, name: str, *, members: int, rows: int) -> str:
    """Say in the trail that a backup was made."""
    return name
