"""A server killed twenty times while people press buttons: what a page acknowledged is there afterwards."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import time
from subprocess import DEVNULL, Popen
from urllib.parse import urlencode

import pytest

from kezun.kernel.tests import drill

pytestmark = pytest.mark.drill
KILLS = 20
CSRF = "k" * 32
PREPARE = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
import json
call_command("migrate", verbosity=0)
from kezun.org.models import Assignment, Person, Post, Unit
from kezun.org.actions import open_unit
from kezun.insight.models import SavedView
head = open_unit(SystemActor("drill"), None, code="HO", name="HO", kind="head_office")
post = Post.objects.create(code="office", name="office", role="service_office")
person = Person.objects.create(code="p", username="p", name="p", home_unit=head)
Assignment.objects.create(person=person, unit=head, post=post)
view = SavedView.objects.create(person=person, title="first", address="/indicators/")
session = SessionStore()
session[SESSION_KEY] = str(person.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
session[HASH_SESSION_KEY] = person.get_session_auth_hash()
session.save()
print(json.dumps({"session": session.session_key, "view": view.pk}))
"""
TELL = """
import json
from kezun.insight.models import SavedView
report = verify()
print(json.dumps({"intact": report.intact, "title": SavedView.objects.get().title,
                  "renamed": TrailEntry.objects.filter(verb="insight.rename_view").count()}))
"""


@pytest.fixture
def env(tmp_path):
    with drill.place(tmp_path) as made:
        yield made | {"KEZUN_DEBUG": "", "KEZUN_SESSION_IDLE": "900"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def press(port: int, told: dict, title: str) -> bool:
    """Rename the view as the page's form does; True where the server acknowledged it."""
    body = urlencode({"title": title, "csrfmiddlewaretoken": CSRF})
    headers = {
        "Cookie": f"sessionid={told['session']}; csrftoken={CSRF}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", f"/views/{told['view']}/rename/", body, headers)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (302, "/views/"), answer.status
    finally:
        connection.close()
    return True


def up(port: int, seconds: float = 60) -> float:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return time.monotonic() - began
    raise AssertionError(f"the server did not come up within {seconds} s")


def test_twenty_kills_under_page_writes_lose_nothing_acknowledged(env):
    told = drill.run(env, PREPARE)[0]
    acknowledged, sent = ["first"], "first"
    for round_ in range(KILLS):
        port = free_port()
        server = Popen(
            [sys.executable, "-m", "kezun.site", "serve", "--port", str(port)],
            **{"env": env, "cwd": drill.ROOT, "stdout": DEVNULL, "stderr": DEVNULL},
            start_new_session=True,
        )
        up(port)
        end = time.monotonic() + 0.1 + 0.02 * round_
        number = 0
        while time.monotonic() < end:
            sent = f"{round_}-{number}"
            if press(port, told, sent):
                acknowledged.append(sent)
            number += 1
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    found = drill.run(env, TELL)[0]
    assert found["intact"]
    assert len(acknowledged) > KILLS
    assert found["title"] in {acknowledged[-1], sent}
    assert len(acknowledged) - 1 <= found["renamed"] <= len(acknowledged) - 1 + KILLS
