"""The servers. Embedded: pages, live pages and the worker in one process, for SQLite. Else pages in several
processes, and workers of their own beside them (`kezun worker`).
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import warnings
from pathlib import Path

import click
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.management import call_command
from django.db import connection
from django.utils.translation import gettext as _
from granian import Granian
from granian.constants import Interfaces
from granian.server.embed import Server

from kezun.kernel.keeping import KeptProcess, KeptWorker

SHUTDOWN_S = 20


def embedded() -> bool:
    """Whether the worker lives in the server: always with SQLite, which bears one writing process best."""
    return bool(settings.KEZUN_EMBEDDED_WORKER) or connection.vendor == "sqlite"


def static_files() -> None:
    """Collect style sheets and scripts into the home, where one is missing there or newer than it was."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return
    collected = Path(settings.STATIC_ROOT) / staticfiles_storage.manifest_name
    since = collected.stat().st_mtime if collected.exists() else 0.0
    known = staticfiles_storage.load_manifest()[0] if since else {}
    for finder in get_finders():
        for name, storage in finder.list(None):
            if name not in known or Path(storage.path(name)).stat().st_mtime > since:
                call_command("collectstatic", verbosity=0, interactive=False)
                staticfiles_storage.hashed_files = staticfiles_storage.load_manifest()[0]
                return


def serve(address: str, port: int, processes: int = 2) -> None:
    """Serve until SIGINT or SIGTERM; requests and the task that run then are finished first."""
    static_files()
    click.echo(_("serving http://%(address)s:%(port)d - Ctrl-C ends") % {"address": address, "port": port})
    if embedded():
        asyncio.run(_serve_embedded(address, port))
    else:
        connection.close()
        Granian(
            "kezun.site.wsgi:application",
            address=address,
            port=port,
            interface=Interfaces.WSGI,
            workers=processes,
            blocking_threads=4,
            workers_kill_timeout=SHUTDOWN_S,
            respawn_failed_workers=True,
        ).serve()


async def _serve_embedded(address: str, port: int) -> None:
    from kezun.site.asgi import application

    # WhiteNoise answers with files, which Django reads whole under ASGI: right for files of this size
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
    server = Server(application, address=address, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    worker = KeptWorker()
    thread = threading.Thread(target=worker.work, name="kezun-worker", daemon=True)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    thread.start()
    try:
        await server.serve()
    finally:
        worker.stop()
        await asyncio.to_thread(thread.join, SHUTDOWN_S)


def work(processes: int, falls: int = 0, fell: str = "") -> None:
    """Run workers until SIGINT or SIGTERM; each ends after the task it runs. One that falls is begun anew.

    falls, fell: what is known of a worker that this process takes the place of.
    """
    if processes > 1 and connection.vendor == "sqlite":
        raise click.UsageError(_("SQLite bears one worker; set DATABASE_URL to PostgreSQL for several."))
    connection.close()
    others = [KeptProcess([sys.executable, "-m", "kezun.site", "worker"]) for _n in range(1, processes)]
    for other in others:
        other.start()
    try:
        run_worker(falls, fell)
    finally:
        for other in others:
            other.stop()


def run_worker(falls: int = 0, fell: str = "") -> None:
    """One worker in this process, stopped by SIGINT or SIGTERM."""
    worker = KeptWorker(falls, fell)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: worker.stop())
    worker.work()
