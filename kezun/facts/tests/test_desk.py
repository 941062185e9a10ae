"""The import desk: the list, bringing a file, trying a profile on it; who sees what, in few statements."""

import gzip
import io
import re

import openpyxl
import pytest
from django.urls import reverse

from kezun.facts import actions, ledger
from kezun.facts.models import Batch
from kezun.facts.tests.desk import GOOD, PAGES, page, text_of
from kezun.facts.tests.importing import PROFILE, bring, facts, line, put
from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.file import path_of
from kezun.kernel.models import StoredFile, TrailEntry

US = SystemActor("test")
pytestmark = pytest.mark.usefixtures("queue_home")


# --- the list -----------------------------------------------------------------------------------------------
def test_an_empty_desk_says_what_to_do_first(desk):
    answer = desk.get("/import/")
    assert "Begin with one day of one outlet" in text_of(answer)
    assert b'type="file"' in answer.content


def test_who_only_reads_sees_no_place_to_bring_a_file(client, person_in):
    client.force_login(person_in("auditor", "HO"))
    answer = client.get("/import/", headers={"accept-language": "en"})
    assert answer.status_code == 200
    assert b'type="file"' not in answer.content


def test_the_list_tells_state_counts_and_who(desk, tmp_path, analyst):
    bring(put(tmp_path / "night.csv", GOOD + line("3", wait="x")), actor=analyst, name="night.csv")
    Batch.objects.create(fact="ticket", profile="p/queue", name="killed.csv", by="system:inbox")
    Batch.objects.filter(name="killed.csv").update(seen_at="2026-01-01T00:00:00Z")
    text = text_of(desk.get("/import/"))
    assert re.search(rf"night.csv .*Done 3 2 0 0 1 .*{analyst.name}", text)
    assert re.search(r"killed.csv .*Interrupted .*Watched folder", text)


def test_long_lists_have_parts(desk):
    Batch.objects.bulk_create(Batch(fact="ticket", name=f"f{n}", by="system:cli:x") for n in range(35))
    first, second = desk.get("/import/"), desk.get("/import/?page=2")
    assert text_of(first).count("Command line") == 30
    assert text_of(second).count("Command line") == 5
    assert desk.get("/import/?page=nonsense").status_code == 200


# --- bringing a file ----------------------------------------------------------------------------------------
def test_a_file_becomes_a_draft_and_nothing_else(upload, analyst):
    answer = upload(GOOD)
    batch = Batch.objects.get()
    assert (batch.state, batch.name, batch.by) == ("draft", "queue.csv", f"person:{analyst.pk}")
    assert path_of(batch.sha256).read_bytes() == GOOD.encode()
    assert facts() == []
    verbs = TrailEntry.objects.filter(actor=batch.by).values_list("verb", flat=True)
    assert {"kernel.keep_file", "facts.draft_import"} <= set(verbs)
    assert "Tried all 2 rows: 2 can be read." in text_of(answer), "the one profile that fits is tried at once"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", b"%PDF-1.7 x", "not taken here"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + b"x" * 50, "not taken here"),
        ("a.xlsx", GOOD.encode(), "The name says xlsx"),
        ("a.csv", b"\x00\x01\x02\x03" * 40, "not taken here"),
        ("a.gz", gzip.compress(b"0" * 30_000_000), ""),
    ],
    ids=["pdf", "picture", "false-name", "binary", "bomb"],
)
def test_what_is_no_export_is_refused_with_a_reason(upload, settings, name, content, reason):
    settings.KEZUN_UNPACKED_MAX_BYTES = 20_000_000
    answer = upload(content, name)
    assert answer.status_code == 422
    assert reason in text_of(answer)
    assert not Batch.objects.exists()
    assert not StoredFile.objects.exists()


def test_too_large_a_file_is_refused(upload, settings):
    settings.KEZUN_UPLOAD_MAX_BYTES = 1024**2
    answer = upload(b"x" * (1024**2 + 1))
    assert (answer.status_code, "larger than 1 MiB" in text_of(answer)) == (422, True)


def test_without_a_file_the_form_says_so(desk):
    answer = desk.post("/import/upload/", {})
    assert (answer.status_code, "Choose a file first." in text_of(answer)) == (422, True)


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_file_says_that_it_is_empty(upload, content):
    answer = upload(content)
    assert "empty" in text_of(answer)
    assert facts() == []


def test_workbooks_come_in_too(upload, desk):
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in GOOD.splitlines():
        book.active.append(row.split(","))
    book.save(out)
    answer = upload(out.getvalue(), "queue.xlsx")
    assert "No profile fits" not in text_of(answer)
    batch = Batch.objects.get()
    assert "Line" in text_of(page(desk, "facts.batch", batch, profile="p/queue"))


# --- choosing a profile -------------------------------------------------------------------------------------
def test_a_trial_shows_errors_with_line_and_column_and_writes_nothing(draft, desk):
    batch = draft(GOOD + line("3", outlet="X1") + line("4", wait="-4"))
    text = text_of(page(desk, "facts.batch", batch, profile="p/queue"))
    assert "Tried all 4 rows: 2 can be read." in text
    assert "2 would be rejected" in text
    assert re.search(r"4 outlet .*«X1»", text)
    assert re.search(r"5 wait .*negative", text)
    assert "2026-03-02 09:00:00" in text
    assert facts() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD.replace("outlet", "branch"), "lacks: «outlet»"),
        (GOOD.replace("no,", "wait,", 1), "more than once"),
        ("\n\n" + GOOD, "lacks"),
    ],
    ids=["column", "doubled", "header-elsewhere"],
)
def test_a_profile_that_does_not_fit_says_what_is_missing(draft, desk, content, reason):
    answer = page(desk, "facts.batch", draft(content), profile="p/queue")
    assert reason in text_of(answer)
    assert b"decide/confirm" not in answer.content


def test_an_unknown_profile_names_the_known_ones(draft, desk):
    assert "p/queue" in text_of(page(desk, "facts.batch", draft(), profile="p/none"))


# --- who may see what ---------------------------------------------------------------------------------------
def test_roles_without_the_right_are_refused(client, draft, person_in):
    batch = draft()
    client.logout()
    client.force_login(person_in("teller", "O1"))
    assert client.get("/import/").status_code == 403
    assert client.post("/import/upload/").status_code == 403
    for name in (*PAGES, "facts.assistant"):
        assert client.get(reverse(name, args=[batch.pk])).status_code == 403
    with pytest.raises(Denied):
        actions.confirm_import(person_in("teller", "O1"), batch, profile="p/queue")


def test_who_may_only_read_cannot_decide(client, draft, person_in):
    batch = draft()
    client.force_login(person_in("auditor", "HO"))
    assert client.get(reverse("facts.batch", args=[batch.pk])).status_code == 200
    assert client.post(reverse("facts.decide", args=[batch.pk, "confirm"])).status_code == 403
    assert client.get(reverse("facts.assistant", args=[batch.pk])).status_code == 403
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_an_import_outside_the_scope_is_not_there(client, draft, importing_head):
    batch = draft()
    client.force_login(importing_head)
    for name in (*PAGES, "facts.assistant"):
        assert client.get(reverse(name, args=[batch.pk])).status_code == 404
    assert client.post(reverse("facts.decide", args=[batch.pk, "cancel"])).status_code == 404
    assert "queue.csv" not in client.get("/import/").content.decode()
    assert client.get(f"/import/{10**30}/").status_code == 404
    with pytest.raises(OutOfScope):
        ledger.batch_by_id(importing_head, batch.pk)


def test_the_ledger_shows_ones_own_and_those_of_people_in_scope(importing_head, person_in, analyst, bank):
    teller = person_in("teller", "O1")
    names = {
        "own": importing_head.trail_name,
        "token": f"{importing_head.trail_name}/token:3",
        "colleague": teller.trail_name,
        "elsewhere": person_in("teller", "O3").trail_name,
        "office": analyst.trail_name,
        "platform": "system:inbox",
        "alike": f"person:{importing_head.pk}99",
    }
    for name, by in names.items():
        Batch.objects.create(fact="ticket", name=name, by=by)
    seen = set(ledger.batches_for(importing_head).values_list("name", flat=True))
    assert seen == {"own", "token", "colleague"}
    assert ledger.batches_for(analyst).count() == len(names)
    assert ledger.batches_for(US).count() == len(names)
    assert not ledger.batches_for(teller).exists()


def test_files_of_rejected_rows_that_are_gone_are_not_found(desk, draft):
    batch = draft()
    assert page(desk, "facts.rejects", batch).status_code == 404
    Batch.objects.update(rejects_path="/nowhere/x.csv")
    assert page(desk, "facts.rejects", batch).status_code == 404


def test_warnings_are_told_in_words(desk, settings, tmp_path):
    text = PROFILE + "reads: {w: {from: wait, kind: integer}}\nchecks:\n"
    text += "  - {code: long, warn: 'w > 5', title: 很长, title_en: rather long}\n"
    (tmp_path / "packs" / "p" / "profiles" / "queue.yaml").write_text(text)
    Batch.objects.create(
        **{"fact": "ticket", "profile": "p/queue", "name": "x", "state": "done", "by": "system:cli:x"},
        warnings={"long": 3, "duplicate_row": 1},
    )
    shown = text_of(page(desk, "facts.batch", Batch.objects.get()))
    assert re.search(r"rather long long 3", shown)
    assert "the same row twice in the file" in shown


# --- cost ---------------------------------------------------------------------------------------------------
def test_pages_cost_few_statements(desk, draft, django_assert_max_num_queries):
    batch = draft()
    for number in range(20):
        Batch.objects.create(fact="ticket", name=f"f{number}", by=batch.by)
    desk.get("/import/")
    baselines = (
        ("/import/", 10),
        (reverse("facts.batch", args=[batch.pk]), 14),
        (reverse("facts.progress", args=[batch.pk]), 8),
        (reverse("facts.assistant", args=[batch.pk]), 14),
    )
    for address, most in baselines:
        with django_assert_max_num_queries(most):
            assert desk.get(address).status_code == 200
