"""Facts by HTTP: rights taken away, bodies that cannot be read, bad days; nothing half-done stays."""

import gzip
import io

import pytest
from django.db import OperationalError
from django.utils import timezone

from kezun.facts import actions, api_import, delivery, importing, store
from kezun.facts.models import Batch, FactFile
from kezun.facts.tests.http import ARROW, NDJSON, TICKETS, arrow, counts, lines, row, told
from kezun.facts.tests.importing import facts
from kezun.kernel.actor import SystemActor
from kezun.org.actions import issue_token, revoke_token
from kezun.org.models import Person, Token

US = SystemActor("test")
pytestmark = pytest.mark.usefixtures("queue_home")


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
