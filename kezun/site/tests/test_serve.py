"""The servers, as processes of their own: they answer, they work, they end when told, and nothing is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

from kezun.site import serve
from kezun.site.tests.conftest import FILES
from kezun.site.tests.installation import ROOT, Installation
from tools import postgres

TASK = """
import django; django.setup()
from kezun.kernel.models import Heartbeat, Task
from kezun.kernel.task import enqueue
"""
ASKED = "import sys\nprint(Task.objects.get(name='nobody.knows').state, Heartbeat.objects.count())\n"


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    for name, text in FILES.items():
        path = folder / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(where, *arguments):
    """A `kezun` process that is ended by SIGTERM and must then end well within a while."""
    command = [sys.executable, "-m", "kezun.site", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, cwd=ROOT, env=where.environment, start_new_session=True, **streams)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(40)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def get(port, path, seconds=60):
    """Status of a page, once the server is up."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def python(where, code):
    environment = {**where.environment, "DJANGO_SETTINGS_MODULE": "kezun.site.settings"}
    done = subprocess.run(
        [sys.executable, "-c", TASK + code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def until(check, seconds=60):
    stop = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < stop, "it did not happen in time"
        time.sleep(0.5)


@pytest.mark.drill
def test_on_sqlite_one_process_serves_and_works(packs, tmp_path):
    where, port = Installation(tmp_path / "home", packs), free_port()
    with running(where, "demo", "--pack", "small", "--anchor", "2026-03-31", "--port", port) as process:
        status, page = get(port, "/account/login/")
        assert status == 200
        assert "<form" in page
        sheet = page.split('href="/static/')[1].split('"')[0]
        assert get(port, f"/static/{sheet}")[0] == 200
        python(where, "enqueue('nobody.knows')")
        until(lambda: python(where, ASKED)[0] != "waiting")
        assert python(where, ASKED)[1] == "1"
    assert process.returncode == 0, process.stdout.read().decode()[-2000:]
    assert python(where, ASKED)[1] == "0", "the worker has signed off"
    with pytest.raises(OSError, match="refused"):
        get(port, "/", seconds=0)


@pytest.mark.drill
def test_on_postgresql_pages_and_workers_are_processes_of_their_own(packs, tmp_path):
    place = postgres.binaries()
    if place is None:
        pytest.skip("no PostgreSQL server on this machine")
    with postgres.server(place) as url:
        parts = urlsplit(url)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE kezun")
        where = Installation(tmp_path / "home", packs, urlunsplit(parts._replace(path="/kezun")))
        where.run("setup")
        port = free_port()
        with running(where, "serve", "--port", port) as pages:
            assert get(port, "/account/login/")[0] == 200
            python(where, "enqueue('nobody.knows')")
            assert python(where, ASKED) == ["waiting", "0"]
            with running(where, "worker", "--processes", 2) as workers:
                until(lambda: python(where, ASKED)[1] == "2")
                until(lambda: python(where, ASKED)[0] != "waiting")
            assert workers.returncode == 0, workers.stdout.read().decode()[-2000:]
            assert python(where, ASKED)[1] == "0"
        assert pages.returncode == 0


def test_static_files_are_collected_when_one_is_new_or_changed(tmp_path, settings, monkeypatch):
    settings.STATIC_ROOT = str(tmp_path / "static")
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.css").write_text("p { color: red }")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    serve.get_finders.__globals__["get_finder"].cache_clear()
    storage = ManifestStaticFilesStorage(location=settings.STATIC_ROOT, base_url="/static/")
    calls = []

    def collect(name, **options):
        calls.append(name)
        storage.save("a.css", (source / "a.css").open("rb"))
        storage.hashed_files = {path.name: path.name for path in source.iterdir()}
        storage.save_manifest()

    monkeypatch.setattr(serve, "staticfiles_storage", storage)
    monkeypatch.setattr(serve, "call_command", collect)
    serve.static_files()
    serve.static_files()
    assert calls == ["collectstatic"]
    (source / "b.css").write_text("p { color: blue }")
    serve.static_files()
    assert len(calls) == 2
    later = time.time() + 60
    os.utime(source / "a.css", (later, later))
    serve.static_files()
    assert len(calls) == 3
    serve.get_finders.__globals__["get_finder"].cache_clear()


def test_without_a_manifest_nothing_is_collected(monkeypatch):
    monkeypatch.setattr(serve, "call_command", lambda *a, **k: pytest.fail("collected"))
    serve.static_files()  # tests serve plain files
