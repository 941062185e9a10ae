"""A PostgreSQL server of its own for a test run: no root needed, no port opened, nothing left behind.

`python -m tools.postgres` prints where the server's programs are, and exits 1 where there are none.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"


def binaries() -> Path | None:
    """The folder with initdb, pg_ctl and postgres: the machine's newest, else the one a wheel brings."""
    system = [Path(found) for pattern in PLACES for found in sorted(glob.glob(pattern), reverse=True)]
    spec = find_spec("pgserver")
    if spec is not None and spec.origin:
        system.append(Path(spec.origin).parent / "pginstall" / "bin")
    return next((place for place in system if (place / "initdb").exists()), None)


def owner() -> pwd.struct_passwd | None:
    """Whom the server runs as, where we are root (PostgreSQL refuses root); None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("PostgreSQL does not run as root, and there is no user «postgres» or «nobody»")


@contextmanager
def server(place: Path, options: str = FAST) -> Iterator[str]:
    """Start a server on a socket in a folder of its own; gives its DATABASE_URL, removes everything after.

    options: of the server; FAST gives up what a crash would cost, "" leaves its own defaults.
    """
    who = owner()
    folder = Path(tempfile.mkdtemp(prefix="kezun-pg-"))
    try:
        if who is not None:
            place = _reachable(place, folder)
            os.chown(folder, who.pw_uid, who.pw_gid)
        folder.chmod(0o755)
        data = folder / "data"
        _as(
            who, place / "initdb", "-D", data, "-U", "kezun", "-E", "UTF8", "--no-locale", "-A", "trust", "-N"
        )
        options = f"{options} -c listen_addresses='' -c unix_socket_directories='{folder}'"
        log = folder / "log"
        _as(who, place / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgresql://kezun@/postgres?host={quote(str(folder), safe='/')}"
        finally:
            _as(who, place / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(place: Path, folder: Path) -> Path:
    """The programs where another user can read them: a wheel inside root's own folders is copied."""
    if place.is_relative_to("/usr"):
        return place
    package = place.parents[1]
    for part in (package, package.with_name("pgserver.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
    return folder / "programs" / place.relative_to(package.parent)


def _as(who: pwd.struct_passwd | None, *command: str | Path) -> None:
    # pg_ctl leaves the server running with our handles open, so its output goes to a file, not to a pipe.
    with tempfile.TemporaryFile() as told:
        done = subprocess.run(
            [str(c) for c in command],
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            cwd="/",
            user=None if who is None else who.pw_uid,
            group=None if who is None else who.pw_gid,
            extra_groups=None if who is None else [],
        )
        if done.returncode:
            told.seek(0)
            raise SystemExit(f"{Path(command[0]).name}: {told.read().decode(errors='replace')[-2000:]}")


if __name__ == "__main__":
    found = binaries()
    print(found or "no PostgreSQL server found")
    sys.exit(found is None)
