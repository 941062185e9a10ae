"""Facts by HTTP: the same pipeline as a file, at most once under a key, nothing half-done."""

import gzip
import io
import json

import pyarrow as pa
import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone

from kezun.facts import actions, delivery, importing, store
from kezun.facts.models import Batch, FactFile
from kezun.facts.tests.importing import PROFILE, facts
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org import scope
from kezun.org.actions import issue_token, revoke_token
from kezun.org.models import Person, Token

US = SystemActor("test")
TICKETS = "/api/v1/facts/ticket"
NDJSON, ARROW = "application/x-ndjson", "application/vnd.apache.arrow.stream"
MAY = [
    "facts.start_import",
    "facts.import_file",
    "facts.fail_import",
    "facts.resume_import",
    "facts.read_batches",
]


def row(key="1", **changes):
    return {
        "source_id": key,
        "unit": "O1",
        "occurred_at": "2026-03-02T01:00:00Z",
        "outcome": "served",
        "channel": "counter",
        "direction": "in",
        "wait_s": 60,
    } | changes


def lines(*rows) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in rows)


def arrow(rows) -> bytes:
    table, out = pa.Table.from_pylist(rows), io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_PACKS = [tmp_path / "packs"]
    folder = tmp_path / "packs" / "p" / "profiles"
    folder.mkdir(parents=True)
    (folder / "queue.yaml").write_text(PROFILE)
    cache.clear()


@pytest.fixture
def analyst(person_in):
    return person_in("analyst", "HO")


@pytest.fixture
def token(analyst):
    return issue_token(US, analyst, name="queue machine", permissions=MAY, days=3)


@pytest.fixture
def post(client, token):
    def send(body: bytes, address=TICKETS, kind=NDJSON, key="", language="en", secret=token.text, **headers):
        headers |= {"HTTP_AUTHORIZATION": f"Bearer {secret}", "HTTP_ACCEPT_LANGUAGE": language}
        if key:
            headers["HTTP_IDEMPOTENCY_KEY"] = key
        return client.post(address, body, content_type=kind, CONTENT_TYPE=kind, **headers)

    return send


def told(answer, status=200):
    assert answer.status_code == status, answer.content
    return answer.json()


def counts(answer):
    found = told(answer)
    return tuple(found[n] for n in ("rows", "new", "same", "corrected", "rejected"))


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


# --- who may ------------------------------------------------------------------------------------------------
def test_without_the_right_nothing_is_taken(client, post, bank, person_in, analyst):
    assert client.post(TICKETS, lines(row()), content_type=NDJSON).status_code == 401
    narrow = issue_token(US, analyst, name="t", permissions=["facts.read_batches"], days=3).text
    assert post(lines(row()), secret=narrow).status_code == 403
    assert not Batch.objects.exists()


def test_a_token_revoked_between_two_batches_is_refused_and_the_first_stays(post, bank, token):
    assert counts(post(lines(row("1")))) == (1, 1, 0, 0, 0)
    revoke_token(US, Token.objects.get())
    assert post(lines(row("2"))).status_code == 401
    assert facts("source_id") == [("1",)]


@pytest.mark.parametrize("how", ["revoked", "expired", "left", "role"])
def test_a_right_taken_away_while_rows_are_read_leaves_nothing(post, bank, token, analyst, monkeypatch, how):
    assert counts(post(lines(row("1")))) == (1, 1, 0, 0, 0)
    write = importing.writing.write

    def meanwhile(*args, **kwargs):
        if how == "revoked":
            revoke_token(US, Token.objects.get())
        elif how == "expired":
            Token.objects.update(expires_at=timezone.now())
        elif how == "left":
            Person.objects.filter(pk=analyst.pk).update(is_active=False)
        else:
            analyst.assignments.all().delete()
        return write(*args, **kwargs)

    monkeypatch.setattr(importing.writing, "write", meanwhile)
    answer = told(post(lines(row("2"))), 403)
    assert answer["detail"]
    assert facts("source_id") == [("1",)]
    assert set(Batch.objects.values_list("state", flat=True)) == {"done", "failed"}
    written = {p.name for p in store.root().rglob("*.parquet")}
    assert written == {f.path.rsplit("/", 1)[1] for f in FactFile.objects.all()}, "no file lies unlisted"


def test_a_token_revoked_while_the_body_arrives_is_refused(post, bank, token, monkeypatch, settings):
    from kezun.facts import api_import

    monkeypatch.setattr(api_import, "LOOK_EVERY", -1.0)
    monkeypatch.setattr(api_import, "BLOCK", 64)
    looks = []

    def look(actor):
        looks.append(actor)
        if len(looks) == 2:
            revoke_token(US, Token.objects.get())
        delivery.tokens.refreshed(actor) or (_ for _ in ()).throw(delivery.Denied("Gone meanwhile."))

    monkeypatch.setattr(delivery, "still_allowed", look)
    assert told(post(lines(*(row(str(n)) for n in range(20)))), 403)["detail"] == "Gone meanwhile."
    assert len(looks) == 2
    assert not Batch.objects.exists()
    assert not list((settings.KEZUN_HOME / "files" / "incoming").iterdir())


# --- bad bodies ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "kind", "status", "text"),
    [
        (b"", NDJSON, 422, "empty"),
        (b"source_id,unit\n1,O1\n", NDJSON, 422, "NDJSON"),
        (b"[1, 2]", NDJSON, 422, "NDJSON"),
        (b'{"source_id": "1"}\n', ARROW, 422, "Arrow"),
        (b"\xff\xff\xff\xff\x10", ARROW, 422, "Arrow"),
        (gzip.compress(lines(row()))[:-9], NDJSON, 422, "cut off"),
        (lines(row(wait=3)), NDJSON, 422, "«wait»"),
        (lines(row()), "text/csv", 415, "application/x-ndjson"),
        (lines(row()), "", 415, "Content-Type"),
    ],
    ids=["empty", "csv", "array", "json-as-arrow", "broken-arrow", "cut-gzip", "typo", "csv-type", "no-type"],
)
def test_a_body_that_cannot_be_read_is_refused_with_a_reason(post, bank, body, kind, status, text):
    assert text in told(post(body, kind=kind), status)["detail"]
    assert facts() == []
    assert not Batch.objects.exclude(state="failed").exists()


def test_an_arrow_stream_cut_off_in_the_middle_leaves_nothing(post, bank):
    body = arrow([row(str(n), counter="x" * 50) for n in range(3000)])
    answer = told(post(body[: len(body) // 2], kind=ARROW), 422)
    assert "damaged" in answer["detail"] or "cannot be read" in answer["detail"]
    assert facts() == []


def test_nested_arrow_columns_are_refused(post, bank):
    assert "counter" in told(post(arrow([row(counter=["a"])]), kind=ARROW), 422)["detail"]


def test_unknown_names_are_refused(post, bank):
    assert post(lines(row()), "/api/v1/facts/nothing").status_code == 404
    assert "p/queue" in told(post(lines(row()), f"{TICKETS}?profile=p/none"), 422)["detail"]
    assert "rating" in told(post(lines(row()), "/api/v1/facts/rating?profile=p/queue"), 422)["detail"]
    missing = told(post(arrow([{"source_id": "1", "unit": "O1"}]), kind=ARROW), 422)
    assert "occurred_at" in missing["detail"]


def test_too_large_a_body_is_refused_and_not_kept(post, bank, settings):
    settings.KEZUN_UPLOAD_MAX_BYTES = 100
    assert told(post(lines(row("1"), row("2"))), 413)["detail"].startswith("The body is larger")
    assert not Batch.objects.exists()
    assert not list((settings.KEZUN_HOME / "files" / "incoming").glob("*"))


def test_a_body_that_lies_about_its_length_is_cut_off_too(post, bank, settings, monkeypatch):
    from kezun.facts import api_import

    settings.KEZUN_UPLOAD_MAX_BYTES = 200
    monkeypatch.setattr(
        api_import, "_stream", lambda request: io.BytesIO(lines(*(row(str(n)) for n in range(9))))
    )
    assert post(lines(row("1"))).status_code == 413


def test_a_body_in_chunks_is_read_to_its_end(client, token, bank):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token.text}", "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = client.generic(
        "POST",
        TICKETS,
        b"",
        CONTENT_TYPE=NDJSON,
        **headers,
        **{"wsgi.input": io.BytesIO(lines(row("1"), row("2")))},
    )
    assert counts(answer) == (2, 2, 0, 0, 0)


def test_a_locked_database_says_try_again(post, bank, monkeypatch):
    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(importing.comparing, "meet_store", locked)
        assert "does not answer" in told(post(lines(row("1")), key="k"), 503)["detail"]
    assert facts() == []
    assert counts(post(lines(row("1")), key="k")) == (1, 1, 0, 0, 0)


def test_messages_come_in_the_callers_language(post, bank):
    english, chinese = (told(post(b"", language=language), 422)["detail"] for language in ("en", "zh-hans"))
    assert english == "The body is empty."
    assert chinese != english
    assert any("\u4e00" <= c <= "\u9fff" for c in chinese)


def test_a_cancelled_import_stops_before_the_commit(post, bank, monkeypatch):
    write = importing.writing.write

    def meanwhile(*args, **kwargs):
        actions.cancel_import(US, Batch.objects.get())
        return write(*args, **kwargs)

    monkeypatch.setattr(importing.writing, "write", meanwhile)
    assert told(post(lines(row("1"))), 503)["detail"]
    assert (Batch.objects.get().state, facts()) == ("dropped", [])


def test_rows_cost_no_statement_each(post, bank, django_assert_max_num_queries):
    told(post(lines(row("w"))))
    with django_assert_max_num_queries(45):
        assert counts(post(lines(*(row(str(n)) for n in range(2000)))))[1] == 2000
