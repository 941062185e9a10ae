"""Restore: a backup put into an empty home, every part compared with what the backup's manifest says."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, require
from kezun.site.backup import database
from kezun.site.backup.archive import opened
from kezun.site.backup.save import FORMAT, MANIFEST, BackupError

PIECE = 1 << 20


@action("site.restore")
def record_restore(actor: Actor, name: str, *, made_at: str) -> str:
    """Say in the trail that everything was put back from a backup."""
    return name


def restore(actor: Actor, source: Path) -> dict[str, Any]:
    """Put a backup into the empty home; returns its manifest. Raises BackupError, leaving the home empty."""
    require(actor, "site.restore")
    home = Path(settings.KEZUN_HOME)
    _check_home(home)
    work = Path(tempfile.mkdtemp(dir=home, prefix=".restore-"))
    try:
        database.check_empty()
        manifest = _unpack(source, work)
        database.check_fits(manifest["database"], manifest["migrations"])
        _check_parts(work, manifest)
        database.put_back(work / database.FOLDER, manifest["tables"], manifest["migrations"])
        for top in (work / "home").iterdir():
            shutil.rmtree(home / top.name, ignore_errors=True)
            top.replace(home / top.name)
    except database.DatabaseMismatch as error:
        raise BackupError(str(error)) from error
    except (OSError, tarfile.TarError, pa.ArrowException, EOFError) as error:
        raise BackupError(
            _("%(file)s cannot be read: %(error)s") % {"file": source, "error": error}
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    record_restore(actor, source.name, made_at=manifest["made_at"])
    return manifest


def _check_home(home: Path) -> None:
    """Only what every start makes may be there: a session key, style sheets, work space."""
    for path in home.rglob("*"):
        first, name = path.relative_to(home).parts[0], path.relative_to(home).as_posix()
        if path.is_file() and first not in ("static", "spill") and name != "keys/django.key":
            text = _("%(home)s is not empty (%(file)s): restore into a new KEZUN_HOME.")
            raise BackupError(text % {"home": home, "file": name})


def _unpack(source: Path, work: Path) -> dict[str, Any]:
    """Unpack every member into `work`, compare all digests with the manifest, and return it."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] = {}
    with opened(source) as tar:
        for member in tar:
            path = (work / member.name).resolve()
            if not member.isreg() or not path.is_relative_to(work.resolve()):
                raise BackupError(_("%s is no part of a backup of Kezun.") % member.name)
            content = tar.extractfile(member)
            if content is None or member.name in found:
                raise BackupError(_("%s stands twice in the backup.") % member.name)
            if member.name == MANIFEST:
                manifest = _read(content, source)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            found[member.name] = {"bytes": member.size, "sha256": _store(content, path)}
    if not manifest or manifest.get("format") != FORMAT:
        raise BackupError(_("%s is not a whole backup of Kezun: its manifest is missing.") % source)
    for name in sorted(found.keys() | manifest["members"].keys()):
        if found.get(name) != manifest["members"].get(name):
            raise BackupError(_("%s is not what the backup's manifest says: the file was altered.") % name)
    return manifest


def _read(content: IO[bytes], source: Path) -> dict[str, Any]:
    """The manifest; BackupError where it is no JSON object."""
    try:
        told = json.loads(content.read())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise BackupError(_("%s is not a whole backup of Kezun: its manifest is missing.") % source)
    return told


def _store(content: IO[bytes], path: Path) -> str:
    sha = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
        while piece := content.read(PIECE):
            sha.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return sha.hexdigest()


def _check_parts(work: Path, manifest: dict[str, Any]) -> None:
    """Before anything is put in place: rows by table as told, and every listed fact file there."""
    if manifest["database"] != "sqlite":
        return
    tables, _migrations, facts = database.read_sqlite(work / database.FOLDER / database.SQLITE_FILE)
    if tables != manifest["tables"]:
        raise BackupError(_("The database in the backup has other rows than its manifest says."))
    for name, sha256 in facts.items():
        if manifest["members"].get(f"home/facts/{name}", {}).get("sha256") != sha256:
            raise BackupError(_("The fact file %s is missing from the backup.") % name)
