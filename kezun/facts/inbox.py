"""The watched folder: a file that has come to rest is imported and moved away, once, whatever is killed when.

`x.csv` goes to `done/x.csv` or `failed/x.csv`, with the rejected rows or the reason beside
it. The key of a delivery is the file's identity on disk (device, inode, time, content), so that a
file found again after a kill -9 is the same delivery, and the same content brought anew later is not.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.facts import profiles
from kezun.facts.delivery import deliver
from kezun.facts.importing import ImportFailed, Summary
from kezun.facts.profiles import Profile, ProfileError
from kezun.facts.readers import Unreadable, digest
from kezun.kernel.actor import Actor, SystemActor
from kezun.kernel.task import every

SETTLE_S = 5.0
UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp")
LOCK = ".kezun-watch"

log = logging.getLogger("kezun.inbox")


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its summary, or why it failed; kept: it stays, to be tried again."""

    name: str
    summary: Summary | None = None
    reason: str = ""
    kept: bool = False


def ready(folder: Path, settle: float = SETTLE_S) -> list[Path]:
    """Files that have been complete for `settle` seconds, oldest first.

    A file still being written changes its time of change; names that stand for unfinished files, hidden
    files, folders, links and devices are never taken.
    """
    now, found = time.time(), []
    for entry in os.scandir(folder):
        plain = entry.is_file(follow_symlinks=False) and not entry.name.startswith(".")
        if not plain or entry.name.lower().endswith(UNFINISHED):
            continue
        with contextlib.suppress(FileNotFoundError):
            at = entry.stat(follow_symlinks=False)
            if now - at.st_ctime >= settle:
                found.append((at.st_ctime, entry.path))
    return [Path(path) for _at, path in sorted(found)]


def take_in(actor: Actor, folder: Path, address: str, settle: float = SETTLE_S) -> Iterator[Outcome]:
    """Import what is ready in `folder` by the profile `address`, one file after another.

    Does nothing where another process watches the folder. Raises ProfileError for the profile itself.
    """
    profile = profiles.load(address)
    with _alone(folder) as mine:
        for path in ready(folder, settle) if mine else ():
            outcome = _take(actor, path, profile, address)
            if outcome is not None:
                yield outcome


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether this process may work in the folder now; the lock goes with the process, however it ends."""
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _take(actor: Actor, path: Path, profile: Profile, address: str) -> Outcome | None:
    try:
        before = path.stat()
        sha256 = digest(path)
    except OSError as error:
        log.warning("file cannot be read", extra={"reason": type(error).__name__})
        return None
    if _identity(before) != _identity(path.stat()):
        return None  # it was not complete after all: next time
    key = hashlib.sha256(f"{_identity(before)}:{sha256}".encode()).hexdigest()
    try:
        done = deliver(
            actor,
            path,
            fact=profile.fact,
            profile=profile,
            address=address,
            name=path.name,
            key=f"inbox:{key}",
            sha256=sha256,
        )
    except (Unreadable, ProfileError, ValidationError) as error:
        reason = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        _move(path, "failed", reason=reason)
        return Outcome(path.name, reason=reason)
    except ImportFailed as error:
        log.warning("import put off", extra={"reason": str(error)})
        return Outcome(path.name, reason=str(error), kept=True)
    _move(path, "done", rejects=done.rejects_file)
    return Outcome(path.name, done)


def _identity(at: os.stat_result) -> tuple[int, ...]:
    return at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns


def _move(path: Path, where: str, *, rejects: str | None = None, reason: str = "") -> None:
    """Move into done/ or failed/, under a name free there; what belongs to it first, then the file."""
    folder = path.parent / where
    folder.mkdir(exist_ok=True)
    target = _free(folder, path)
    if rejects and Path(rejects).is_file():
        shutil.copyfile(rejects, target.with_name(f"{target.name}.rejects.csv"))
    if reason:
        target.with_name(f"{target.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")
    os.replace(path, target)


def _free(folder: Path, path: Path) -> Path:
    names = (path.name if n == 1 else f"{path.stem}~{n}{path.suffix}" for n in range(1, 1_000_000))
    return next(folder / name for name in names if not (folder / name).exists())


def root() -> Path:
    """`KEZUN_HOME/inbox`: below it, a folder per profile, `<pack>/<profile>/`."""
    return Path(settings.KEZUN_HOME) / "inbox"


@every(minutes=1, name="facts.inbox")
def look() -> None:
    """Take in what has arrived in the inbox; a folder without a profile of that name is logged and left."""
    for folder in sorted(root().glob("*/*/")):
        address = f"{folder.parent.name}/{folder.name}"
        try:
            for outcome in take_in(SystemActor("inbox"), folder, address):
                log.info("file taken in" if outcome.summary else "file not taken in")
        except ProfileError:
            log.warning("folder without a usable profile", extra={"reason": address})


def told(outcome: Outcome) -> str:
    """An outcome in one line."""
    done = outcome.summary
    if done is None:
        word = _("stays, to be tried again") if outcome.kept else _("failed")
        return f"{outcome.name}: {word}: {outcome.reason}"
    return _("%(file)s: %(new)d new, %(same)d same, %(corrected)d corrected, %(rejected)d rejected") % {
        "file": outcome.name,
        **{n: getattr(done, n) for n in ("new", "same", "corrected", "rejected")},
    }
