"""Requests from outside: ids, log lines, headers, bad days, health, metrics."""

import errno
import io
import json
import logging

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel import errors, health, metrics, middleware
from kezun.kernel.log import Lines, person_id, request_id
from kezun.kernel.middleware import Requests
from kezun.kernel.models import Heartbeat, Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines():
    """Everything logged while the test runs, as it would be written out."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_live_answers_without_looking_at_anything(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/health/live")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert client.post("/health/live").status_code == 405


def test_ready_says_which_checks_are_well(client, settings, home):
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    told = answer.json()
    assert told["ready"] is True
    own = {"database": True, "store": True, "disk": True, "worker": False, "guard": True}
    assert own.items() <= told["checks"].items()  # other rooms add theirs
    now = timezone.now()
    Heartbeat.objects.create(worker="w", started_at=now, seen_at=now)
    assert client.get("/health/ready").json()["checks"]["worker"] is True
    settings.KEZUN_DISK_MIN_BYTES = 2**80
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"], answer.json()["checks"]["disk"]) == (
        503,
        False,
        False,
    )


def test_a_store_that_cannot_be_written_is_not_ready(client, settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "gone"
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["store"] is False
    assert str(tmp_path) not in answer.content.decode()


def test_a_probe_leaves_nothing_in_the_home(client, home):
    client.get("/health/ready")
    assert list(home.iterdir()) == []


def test_a_database_that_is_away_is_one_check_not_a_crash(client, monkeypatch, home):
    def away():
        raise OperationalError("connection refused: password=hunter2")

    kept = [c for c in health.CHECKS if c[0] != "database"]
    monkeypatch.setattr(health, "CHECKS", [("database", "Database", True, away), *kept])
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "hunter2" not in answer.content.decode()
    assert health.look(vital_only=True)[0].found == "OperationalError"
    assert {c.name for c in health.look(vital_only=True)} == {"database", "store", "disk"}


def test_a_lifted_guard_is_seen(client, home):
    from django.db import connection

    from kezun.kernel import guard

    guard.lift(connection)
    (found,) = [c for c in health.look() if c.name == "guard"]
    assert not found.well
    assert "trail_entry_update" in found.found


def test_metrics_tell_requests_actions_and_tasks(client):
    Task.objects.create(name="t", due_at=timezone.now(), state="failed")
    client.get("/health/live")
    text = client.get("/metrics").content.decode()
    assert 'kezun_request_seconds_count{page="kernel.live",status="200"}' in text
    assert 'kezun_tasks{state="failed"} 1.0' in text
    assert 'kezun_tasks{state="waiting"} 0.0' in text
    assert "kezun_actions" in text


@pytest.mark.parametrize(
    ("token", "meta", "status"),
    [
        ("", {"REMOTE_ADDR": "127.0.0.1"}, 200),
        ("", {"REMOTE_ADDR": "::1"}, 200),
        ("", {"REMOTE_ADDR": "10.0.0.9"}, 404),
        ("", {"REMOTE_ADDR": ""}, 404),
        ("", {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.9"}, 404),
        ("", {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=10.0.0.9"}, 404),
        ("secret", {"REMOTE_ADDR": "127.0.0.1"}, 404),
        ("secret", {"REMOTE_ADDR": "10.0.0.9", "HTTP_AUTHORIZATION": "Bearer secret"}, 200),
        ("secret", {"REMOTE_ADDR": "10.0.0.9", "HTTP_AUTHORIZATION": "Bearer secreT"}, 404),
    ],
)
def test_metrics_are_for_this_machine_or_the_token(client, settings, token, meta, status):
    settings.KEZUN_METRICS_TOKEN = token
    assert client.get("/metrics", **meta).status_code == status


def test_metrics_of_several_processes_are_added_up(client, monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert b"kezun_tasks" in metrics.text()


def test_a_request_leaves_one_line_with_its_page_not_its_path(client, lines):
    client.get("/health/live?phone=13812345678&name=王小明", headers={"X-Request-ID": "abcd-1234"})
    (line,) = [x for x in lines() if x["logger"] == "kezun.request"]
    assert line.keys() == {
        *("at", "level", "logger", "message", "request_id", "page", "method", "status", "ms")
    }
    assert (line["page"], line["method"], line["status"]) == ("kernel.live", "GET", 200)
    assert line["request_id"] == "abcd-1234"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "abc\r\ndef-1234", "客尊客尊客尊客尊"])
def test_an_id_that_a_proxy_could_not_have_given_is_replaced(given):
    asked = RequestFactory().get("/", HTTP_X_REQUEST_ID=given)
    answer = Requests(lambda request: HttpResponse())(asked)
    assert answer["X-Request-ID"] != given
    assert len(answer["X-Request-ID"]) == 32


def test_ids_end_with_their_request(client):
    client.get("/health/live")
    assert request_id.get() == person_id.get() == ""


def test_who_is_signed_in_is_told_by_number(person_in, client, lines):
    person = person_in("auditor", "HO")
    client.force_login(person, backend="kezun.org.signin.Backend")
    client.get("/")
    said = [x for x in lines() if x["logger"] == "kezun.request"]
    assert all(person.name not in json.dumps(x, ensure_ascii=False) for x in lines())
    assert {x.get("person") for x in said} == {str(person.pk)}


def test_paths_that_people_invent_are_one_page_in_the_metrics(client, lines):
    client.get("/no/such/王小明")
    client.get("/static/none.css")
    pages = {x["page"] for x in lines() if x["logger"] == "kezun.request"}
    assert pages == {"none", "static"}
    client.generic("BREW", "/health/live")
    assert lines()[-1]["method"] == "other"
    assert "王" not in json.dumps(lines(), ensure_ascii=False)


def test_headers_are_safe(client):
    answer = client.get("/health/live")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_a_page_may_say_itself_how_long_it_keeps():
    kept = Requests(lambda request: HttpResponse(headers={"Cache-Control": "max-age=5"}))
    assert kept(RequestFactory().get("/"))["Cache-Control"] == "max-age=5"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OperationalError("database is locked"), "busy"),
        (OperationalError("deadlock detected"), "busy"),
        (OperationalError("database or disk is full"), "full"),
        (OperationalError("could not extend file: No space left on device"), "full"),
        (OSError(errno.ENOSPC, "No space left on device"), "full"),
        (OperationalError("connection refused"), "database"),
        (InterfaceError("connection already closed"), "database"),
        (OSError(errno.ENOENT, "none"), None),
        (ValueError("database is locked"), None),
    ],
)
def test_what_passes_is_told_from_what_is_broken(error, reason):
    assert errors.passing(error) == reason


@pytest.mark.parametrize("path", ["/x", "/api/v1/x"])
@pytest.mark.parametrize("error", [OperationalError("database is locked"), OSError(errno.ENOSPC, "full")])
def test_a_locked_database_or_a_full_disk_is_503_with_a_clear_page(path, error, lines):
    asked = RequestFactory().get(path)
    asked.request_id, asked.resolver_match = "abcd-1234", None
    answer = Requests(lambda request: HttpResponse()).process_exception(asked, error)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "abcd-1234" in answer.content.decode()
    assert answer["Content-Type"].startswith("application/json" if "api" in path else "text/html")
    assert lines()[-1]["reason"] in {"busy", "full"}


def test_other_faults_are_left_to_the_500_page():
    assert (
        Requests(lambda request: HttpResponse()).process_exception(RequestFactory().get("/"), ValueError())
        is None
    )


def test_a_fault_of_the_program_is_500_with_the_requests_number(monkeypatch, lines):
    def fault(**choice):
        raise ValueError("name=王小明 phone=13812345678")

    monkeypatch.setattr(middleware, "page_of", lambda request: "kernel.live")
    monkeypatch.setattr(health, "look", fault)
    answer = Client(raise_request_exception=False).get("/health/ready", headers={"X-Request-ID": "abcd-1234"})
    assert answer.status_code == 500
    assert "abcd-1234" in answer.content.decode()
    written = json.dumps(lines(), ensure_ascii=False)
    assert "ValueError" in written
    assert "王小明" not in written + answer.content.decode()
    assert "13812345678" not in written + answer.content.decode()
    api = RequestFactory().get("/api/v1/x")
    assert errors.broken(api).status_code == 500


def _line(message, *arguments, **extra):
    record = logging.getLogger("t").makeRecord(
        "t", logging.INFO, "f", 1, message, arguments, None, extra=extra
    )
    return Lines().format(record)


@given(st.text(), st.text())
def test_no_value_can_forge_a_line(message, value):
    written = _line("%s", message, verb=value)
    assert len(written.splitlines()) == 1
    assert written.isascii()
    assert json.loads(written)["logger"] == "t"


def test_a_log_holds_only_what_is_listed():
    line = json.loads(
        _line("done", verb="a.b", customer="王小明", rows=5, ok=True, ratio=0.5, detail={"a": 1}, unit=None)
    )
    assert line["verb"] == "a.b"
    assert (line["rows"], line["ok"], line["ratio"]) == (5, True, 0.5)
    assert not {"customer", "detail", "unit"} & line.keys()


def test_a_log_masks_numbers_and_addresses_but_not_seals():
    line = json.loads(_line("call %s", "13812345678", reason="mail a@b.example", seal="1" * 64))
    assert line["message"] == "call *******5678"
    assert line["reason"] == "mail ***@***"
    assert line["seal"] == "1" * 64


def test_an_extra_cannot_take_the_place_of_a_fixed_field():
    assert json.loads(_line("said", level=5, at=7))["level"] == "INFO"


def test_an_exceptions_message_is_told_only_while_looking_into_things(settings):
    try:
        raise ValueError("name 王小明")
    except ValueError as error:
        record = logging.getLogger("t").makeRecord(
            "t", 40, "f", 1, "failed", (), (type(error), error, error.__traceback__)
        )
    line = json.loads(Lines().format(record))
    assert line["error"] == "ValueError"
    assert any("test_requests.py" in frame for frame in line["stack"])
    assert "王小明" not in json.dumps(line, ensure_ascii=False)
    settings.DEBUG = True
    assert json.loads(Lines().format(record))["error_message"] == "name 王小明"


def test_djangos_own_request_lines_lose_their_paths():
    record = logging.getLogger("django.request").makeRecord(
        "django.request", 40, "f", 1, "%s: %s", ("Internal Server Error", "/people/王小明"), None
    )
    line = json.loads(Lines().format(record))
    assert line["message"] == "request"
    record.msg, record.args = "Not Found: /people/x", ()
    assert json.loads(Lines().format(record))["message"] == "Not Found"
