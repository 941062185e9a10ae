"""A home and a database of its own for drills: real processes, real files, killed for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "kezun.site.settings"
import django
django.setup()
from django.db import connection, transaction
from kezun.kernel import trail
from kezun.kernel.action import action, once
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import Task, TrailEntry
from kezun.kernel.task import task, enqueue
from kezun.kernel.verify import verify
"""


@contextmanager
def place(folder: Path):
    """Environment of a fresh installation: SQLite in `folder`, or a new database where tests run on one."""
    env = os.environ | {"KEZUN_HOME": str(folder), "KEZUN_LOG_LEVEL": "ERROR", "PYTHONPATH": str(ROOT)}
    url = env.get("DATABASE_URL")
    if not url:
        yield env
        return
    import psycopg

    name = f"drill_{uuid.uuid4().hex[:12]}"
    parts = urlparse(url)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield env | {"DATABASE_URL": parts._replace(path=f"/{name}").geturl()}
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def start(env: dict[str, str], code: str, *arguments: str) -> subprocess.Popen[str]:
    """Run `code` after the prelude in a process of its own; its stdout is read line by line."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", PRELUDE + code, *arguments],
        **{"env": env, "cwd": ROOT, "text": True},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(env: dict[str, str], code: str, *arguments: str) -> list:
    """Run `code` to its end and return the JSON values it printed, one a line."""
    process = start(env, code, *arguments)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err[-2000:]
    return [json.loads(line) for line in out.splitlines() if line.startswith(("{", "[", '"'))]


def migrate(env: dict[str, str]) -> None:
    """Make the tables (of the kernel only: enough for these drills, and quick)."""
    run(
        env, 'from django.core.management import call_command\ncall_command("migrate", "kernel", verbosity=0)'
    )
