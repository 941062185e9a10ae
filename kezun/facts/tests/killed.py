"""The drill's own process: forks an import for each line read, kills it where told, tells what is left.

A fork costs no start of Python, so that many moments can be tried. The parent never opens an engine or keeps
a connection over a fork.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq
from django.db import connections

from kezun.facts import store
from kezun.facts.importing import run_import
from kezun.facts.models import FactFile
from kezun.facts.tests.importing import bring, facts, profile
from kezun.kernel.actor import SystemActor


@contextmanager
def killing(where: str, call: int, when: str):
    """This process ends itself before or after the call number `call` of `where` (module:name.name)."""
    module, _colon, names = where.partition(":")
    place = importlib.import_module(module)
    *path, last = names.split(".")
    for part in path:
        place = getattr(place, part)
    real, calls = getattr(place, last), 0

    def stopping(*args, **more):
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = real(*args, **more)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    with mock.patch.object(place, last, stopping):
        yield


def forked(work) -> int:
    connections.close_all()
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    return child


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def bring_in(path: Path, asked: dict) -> None:
    known = profile(person="person: {from: teller, empty: ['-'], unknown: register}")
    if "where" in asked:
        with killing(asked["where"], asked["call"], asked["when"]):
            bring(path, known)
    else:
        bring(path, known)


def look() -> None:
    """What the store holds; every file it lists is there, and every file that has a name can be read."""
    for path in store.root().rglob("*.parquet"):
        pq.read_metadata(path)
    missing = [f.path for f in FactFile.objects.all() if not (store.root() / f.path).exists()]
    store.sweep(dt.timedelta(0))
    print(json.dumps({"rows": dict(facts()), "missing": missing}), flush=True)


def learn(path: Path, told: Path) -> None:
    """Names of the modules that an import loads on its way."""
    run_import(SystemActor("test"), path, fact="ticket", profile=profile(), dry_run=True)
    look()
    told.write_text("\n".join(sys.modules))


def main(path: Path) -> None:
    told = path.with_suffix(".modules")
    assert ended(forked(lambda: learn(path, told))) == 0
    for module in set(told.read_text().split()) - set(sys.modules):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.monotonic()
        child = forked(lambda asked=asked: bring_in(path, asked))
        if "seconds" in asked:
            time.sleep(asked["seconds"])
            os.kill(child, signal.SIGKILL)
        code = ended(child)
        print(json.dumps({"code": code, "took": time.monotonic() - began}), flush=True)
        assert ended(forked(look)) == 0
