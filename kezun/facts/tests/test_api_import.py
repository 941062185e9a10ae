"""Facts by HTTP: the same pipeline as a file, at most once under a key, refused rows in words."""

import gzip
import json

import pytest
from django.utils import timezone

from kezun.facts import importing
from kezun.facts.models import Batch, FactFile
from kezun.facts.tests.http import ARROW, MAY, TICKETS, arrow, counts, lines, row, told
from kezun.facts.tests.importing import facts
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org import scope
from kezun.org.actions import issue_token

US = SystemActor("test")
pytestmark = pytest.mark.usefixtures("queue_home")


# --- what comes in ------------------------------------------------------------------------------------------
def test_rows_in_our_own_words_become_facts(post, bank, analyst):
    found = told(post(lines(row("1"), row("2", unit="O2", wait_s=5))))
    assert {k: found[k] for k in ("fact", "new", "rejects_file", "errors")} == {
        **{"fact": "ticket", "new": 2, "rejects_file": None, "errors": []}
    }
    assert facts("source, source_id, unit, wait_s, hour") == [
        ("api", "1", bank["O1"].pk, 60, 9),
        ("api", "2", bank["O2"].pk, 5, 9),
    ]
    batch = Batch.objects.get(pk=found["batch"])
    assert (batch.profile, batch.state, batch.new) == ("direct:api", "done", 2)
    assert batch.by.startswith(f"person:{analyst.pk}/token:")
    verbs = list(TrailEntry.objects.filter(actor=batch.by).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["facts.start_import", "facts.import_file"]


def test_the_source_is_named_by_the_sender(post, bank):
    told(post(lines(row("1")), f"{TICKETS}?source=qm-7"))
    assert facts("source") == [("qm-7",)]
    assert "80 characters" in told(post(lines(row("1")), f"{TICKETS}?source={'x' * 81}"), 422)["detail"]


def test_a_profile_reads_raw_columns(post, bank):
    raw = {"no": "7", "outlet": "O1", "teller": "-", "taken": "2026-03-02 09:00:00", "state": "S"}
    found = post(lines(raw | {"biz": "cash", "wait": "61"}), f"{TICKETS}?profile=p/queue")
    assert counts(found) == (1, 1, 0, 0, 0)
    assert facts("source, source_id, outcome, wait_s") == [("q", "7", "served", 61)]


def test_arrow_streams_bring_typed_columns(post, bank):
    body = arrow([row(str(n), wait_s=n) for n in range(5000)])
    assert counts(post(body, kind=ARROW)) == (5000, 5000, 0, 0, 0)
    assert counts(post(body, kind=ARROW)) == (5000, 0, 5000, 0, 0)
    assert facts("source_id, wait_s")[:2] == [("0", 0), ("1", 1)]
    assert sum(f.rows for f in FactFile.objects.filter(removed=None)) == 5000


def test_a_packed_body_is_unpacked_within_limits(post, bank, settings):
    body = lines(*(row(str(n)) for n in range(300)))
    assert counts(post(gzip.compress(body)))[1] == 300
    settings.KEZUN_UNPACKED_MAX_BYTES = 1000
    assert "KEZUN_UNPACKED_MAX_BYTES" in told(post(gzip.compress(body)), 422)["detail"]


def test_the_same_content_without_a_key_is_all_same(post, bank):
    body = lines(row("1"), row("2"))
    assert counts(post(body)) == (2, 2, 0, 0, 0)
    assert counts(post(body)) == (2, 0, 2, 0, 0)
    assert Batch.objects.count() == 2


def test_a_changed_row_corrects(post, bank):
    told(post(lines(row("1"))))
    assert counts(post(lines(row("1", wait_s=90)))) == (1, 0, 0, 1, 0)
    assert facts() == [("1", 90)]


# --- once under a key ---------------------------------------------------------------------------------------
def test_a_repeat_under_a_key_gives_the_first_summary_and_changes_nothing(post, bank):
    body = lines(row("1"), row("2", unit="nowhere"))
    first = told(post(body, key="k1"))
    assert (first["new"], first["rejected"]) == (1, 1)
    told(post(lines(row("1", wait_s=99))))
    entries = TrailEntry.objects.count()
    again = told(post(body, key="k1"))
    assert again == first
    assert facts() == [("1", 99)], "a repeat must not bring the old value back"
    assert (Batch.objects.count(), TrailEntry.objects.count()) == (2, entries)


def test_a_key_stands_for_one_content_and_one_sender(post, bank, person_in):
    told(post(lines(row("1")), key="k1"))
    answer = told(post(lines(row("2")), key="k1"), 422)
    assert "used before" in json.dumps(answer)
    assert facts() == [("1", 60)]
    other = issue_token(US, person_in("service_office", "HO"), name="t", permissions=MAY, days=3).text
    assert counts(post(lines(row("2")), key="k1", secret=other))[1] == 1


def test_a_key_too_long_is_refused_before_anything_is_written(post, bank):
    assert "120" in json.dumps(told(post(lines(row()), key="k" * 121), 422))
    assert not Batch.objects.exists()


def test_a_failed_delivery_is_taken_up_again_under_its_key(post, bank, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(importing.writing, "write", broken)
        answer = told(post(lines(row("1")), key="k1"), 503)
    assert "disk is full" in answer["detail"]
    failed = Batch.objects.get()
    assert (failed.state, facts()) == ("failed", [])
    done = told(post(lines(row("1")), key="k1"))
    assert (done["new"], done["batch"]) == (1, failed.pk)
    assert Batch.objects.get().state == "done"


def test_a_delivery_underway_is_not_begun_twice(post, bank, token, analyst):
    body = lines(row("1"))
    first = told(post(body, key="k1"))
    Batch.objects.filter(pk=first["batch"]).update(state="running", seen_at=timezone.now())
    assert "ask again" in told(post(body, key="k1"), 409)["detail"]
    Batch.objects.filter(pk=first["batch"]).update(seen_at=timezone.now() - timezone.timedelta(minutes=5))
    assert counts(post(body, key="k1")) == (1, 0, 1, 0, 0)


# --- refused rows and scope ---------------------------------------------------------------------------------
def test_the_first_rejects_come_with_line_column_and_reason(post, client, token, bank):
    body = (
        lines(row("1"), row("2", wait_s=-5), row("3", unit="X9")) + b"{broken\n" + lines(row("5", wait_s=1e9))
    )
    found = told(post(body))
    assert (found["rows"], found["new"], found["rejected"]) == (5, 1, 4)
    assert [(e["line"], e["column"], e["code"]) for e in found["errors"]] == [
        (2, "wait_s", "negative"),
        (3, "unit", "unknown_unit"),
        (4, "", "not_json"),
        (5, "wait_s", "out_of_range"),
    ]
    assert "«X9»" in found["errors"][1]["message"]
    got = client.get(found["rejects_file"], HTTP_AUTHORIZATION=f"Bearer {token.text}")
    text = b"".join(got.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0].endswith("_line,_reason")
    assert "attachment" in got["Content-Disposition"]
    assert len(text.splitlines()) == 5


def test_rows_outside_the_scope_of_the_tokens_person_are_rejected(post, bank, person_in, monkeypatch):
    known = scope.roles()
    head = known["unit_head"]
    wide = head.permissions | known["analyst"].permissions
    monkeypatch.setattr(
        scope,
        "roles",
        lambda: known | {"unit_head": scope.Role(head.code, head.name, head.name_en, head.reach, wide)},
    )
    secret = issue_token(US, person_in("unit_head", "S1"), name="t", permissions=MAY, days=3).text
    found = told(post(lines(row("1"), row("2", unit="O3")), secret=secret))
    assert (found["new"], [e["code"] for e in found["errors"]]) == (1, ["out_of_scope"])
    assert facts("source_id, unit") == [("1", bank["O1"].pk)]


def test_an_import_of_somebody_else_is_not_there(client, post, bank, person_in, monkeypatch):
    found = told(post(lines(row("1"))))
    known = scope.roles()
    head = known["unit_head"]
    wide = head.permissions | {"facts.read_batches"}
    monkeypatch.setattr(
        scope,
        "roles",
        lambda: known | {"unit_head": scope.Role(head.code, head.name, head.name_en, head.reach, wide)},
    )
    secret = issue_token(
        US, person_in("unit_head", "S1"), name="t", permissions=["facts.read_batches"], days=3
    ).text
    headers = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert client.get(f"/api/v1/imports/{found['batch']}", **headers).status_code == 404
    assert client.get(f"/api/v1/imports/{found['batch']}/rejects", **headers).status_code == 404
    assert client.get(f"/api/v1/imports/{2**63}", **headers).status_code == 404


def test_an_import_can_be_looked_up(client, post, bank, token):
    found = told(post(lines(row("1"))))
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token.text}"}
    assert client.get(f"/api/v1/imports/{found['batch']}", **headers).json() == found
    assert client.get(f"/api/v1/imports/{found['batch']}/rejects", **headers).status_code == 404
