"""Files that people bring: kept under the hash of their content, or put into quarantine.

`KEZUN_HOME/files/aa/bb/<sha256>` for what was examined and taken; `KEZUN_HOME/quarantine/` for what was
refused, with the reason beside it. A name that somebody gave is never part of a path.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezun.kernel import trail
from kezun.kernel.actor import Actor
from kezun.kernel.kinds import SUFFIXES, Limits, Refused, examine, kind_name, kind_of
from kezun.kernel.models import StoredFile
from kezun.kernel.rules import safe_name

BLOCK = 1 << 20
QUARANTINED_MOST = 64 * 1024**2
QUARANTINE_BYTES = 1024**3

log = logging.getLogger("kezun.file")


def folder(name: str) -> Path:
    """`KEZUN_HOME/<name>`, made where it is missing, for the owner of the process only."""
    path = Path(settings.KEZUN_HOME) / name
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(sha256: str) -> Path:
    """Where a kept file lies. ValueError for what is no SHA-256 in lower-case hex."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("not a SHA-256 in lower-case hex")
    return Path(settings.KEZUN_HOME) / "files" / sha256[:2] / sha256[2:4] / sha256


def keep(actor: Actor, stream: IO[bytes], name: str, *, allow: Iterable[str]) -> StoredFile:
    """Examine what `stream` holds and keep it; the same content is kept once.

    allow: kinds that the caller takes (`text`, `xlsx`, `gzip`, …), by content. The suffix of `name`, where it
    is one we know, must fit. Raises ValidationError with the reason; then the file lies in quarantine.
    Whoever calls it is an action and has checked the right to; the keeping is an entry of its own.
    """
    shown = safe_name(name)
    draft = folder("files/incoming") / f"{uuid.uuid4().hex}.tmp"
    try:
        sha256, size = _receive(stream, draft)
        try:
            kind = _admit(draft, shown, frozenset(allow))
        except Refused as refusal:
            _quarantine(draft, sha256, size, shown, str(refusal))
            raise ValidationError(f"{shown}: {refusal}") from refusal
        _settle(draft, path_of(sha256))
    finally:
        draft.unlink(missing_ok=True)
    with transaction.atomic():
        row, fresh = StoredFile.objects.get_or_create(
            sha256=sha256, defaults={"bytes": size, "kind": kind, "name": shown}
        )
        if not row.name:  # destroyed before, brought again
            row.name = shown
            row.save(update_fields=["name"])
        told = {"sha256": sha256, "bytes": size, "kind": kind, "new": fresh}
        trail.write(actor.trail_name, "kernel.keep_file", f"kernel.storedfile:{sha256}", told)
    return row


def destroy(file: StoredFile, users: models.QuerySet[Any]) -> bool:
    """Take a file's content and name away for good; False where it is needed elsewhere.

    users: the rows that refer to it and let it go; where any other row refers to it, it stays. That there was
    such a file (its hash, size and kind) stays on record. Must run inside the transaction of an action; the
    content goes once that has been committed.
    """
    for relation in StoredFile._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel):
            continue
        rows = relation.related_model._base_manager.filter(**{relation.field.name: file})
        if relation.related_model is users.model:
            rows = rows.exclude(pk__in=users.values("pk"))
        if rows.exists():
            return False
    StoredFile.objects.filter(pk=file.pk).update(name="")
    transaction.on_commit(lambda: path_of(file.sha256).unlink(missing_ok=True))
    return True


def open_file(sha256: str) -> IO[bytes]:
    """A kept file, opened for reading. FileNotFoundError where there is none; links are not followed."""
    return open_regular(path_of(sha256))


def open_regular(path: Path) -> IO[bytes]:
    """Open a plain file for reading. OSError for links, folders, pipes and devices; never waits for one."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("not a plain file")
    return os.fdopen(handle, "rb")


def _receive(stream: IO[bytes], draft: Path) -> tuple[str, int]:
    """Write the stream to disk, hashing and counting; too much is refused at once and not kept at all."""
    digest, size = hashlib.sha256(), 0
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400)
    with os.fdopen(handle, "wb") as out:
        while block := stream.read(BLOCK):
            size += len(block)
            if size > settings.KEZUN_UPLOAD_MAX_BYTES:
                most = settings.KEZUN_UPLOAD_MAX_BYTES // 1024**2
                raise ValidationError(_("The file is larger than %(most)s MiB.") % {"most": most})
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _admit(draft: Path, shown: str, allow: frozenset[str]) -> str:
    limits = Limits(settings.KEZUN_UNPACKED_MAX_BYTES, settings.KEZUN_PIXELS_MAX)
    with draft.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise Refused(_("The file is empty."))
        kind = kind_of(file)
        if kind not in allow:
            taken = sorted({kind_name(one) for one in allow})
            raise Refused(
                _("This kind of file is not taken here: %(kind)s. Taken are: %(taken)s.")
                % {"kind": kind_name(kind), "taken": pgettext("between kinds of files", ", ").join(taken)}
            )
        claimed = SUFFIXES.get(shown.rpartition(".")[2].lower())
        if claimed is not None and claimed != kind:
            raise Refused(
                _("The name says %(claimed)s, the content is %(kind)s.") % {"claimed": claimed, "kind": kind}
            )
        examine(file, kind, limits)
    return kind


def _settle(draft: Path, target: Path) -> None:
    """Move into place at once; a link that somebody put there is replaced, not followed."""
    for level in (target.parent.parent, target.parent):
        if level.is_symlink():
            raise OSError("the store holds a link where a folder should be")
        level.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.replace(draft, target)
    handle = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _quarantine(draft: Path, sha256: str, size: int, shown: str, reason: str) -> None:
    """Set the file aside with the reason; of a very large one, or one too many, only the note is kept."""
    place = folder("quarantine")
    log.warning("file refused", extra={"sha256": sha256, "reason": reason, "bytes": size})
    held = sum(entry.stat().st_size for entry in os.scandir(place))
    if size <= QUARANTINED_MOST and held + size <= QUARANTINE_BYTES:
        os.replace(draft, place / sha256)
    note = {"name": shown, "bytes": size, "reason": reason, "at": timezone.now().isoformat()}
    (place / f"{sha256}.json").write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
