"""The import desk: from a file brought to facts, each step in scope and by right, in few statements."""

import gzip
import io
import re

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from kezun.facts import actions, importing, ledger, profiles
from kezun.facts.models import Batch, SavedProfile
from kezun.facts.tests.importing import HEADER, PROFILE, bring, facts, line, put
from kezun.facts.tests.test_proposal import CHINESE
from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.file import path_of
from kezun.kernel.models import StoredFile, Task, TrailEntry
from kezun.kernel.task import run_due
from kezun.org import scope

US = SystemActor("test")
GOOD = HEADER + line("1") + line("2", outlet="O2")
PAGES = ("facts.batch", "facts.progress", "facts.rejects")


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_PACKS = [tmp_path / "packs"]
    folder = tmp_path / "packs" / "p" / "profiles"
    folder.mkdir(parents=True)
    (folder / "queue.yaml").write_text(PROFILE)


@pytest.fixture
def analyst(person_in):
    person = person_in("analyst", "HO")
    person.language = "en"
    person.save(update_fields=["language"])
    return person


@pytest.fixture
def desk(client, analyst):
    client.force_login(analyst)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def upload(desk):
    def send(content, name="queue.csv"):
        body = content.encode() if isinstance(content, str) else content
        return desk.post("/import/upload/", {"file": SimpleUploadedFile(name, body)}, follow=True)

    return send


@pytest.fixture
def draft(upload):
    def make(content=GOOD, name="queue.csv") -> Batch:
        answer = upload(content, name)
        assert answer.status_code == 200, answer.content
        return Batch.objects.latest("pk")

    return make


@pytest.fixture
def importing_head(person_in, monkeypatch):
    """A head of S1 who may import, for what lies below S1."""
    known = scope.roles()
    head = known["unit_head"]
    wide = head.permissions | known["analyst"].permissions
    role = scope.Role(head.code, head.name, head.name_en, head.reach, wide)
    monkeypatch.setattr(scope, "roles", lambda: known | {"unit_head": role})
    return person_in("unit_head", "S1")


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def page(desk, name, batch, **query):
    return desk.get(reverse(name, args=[batch.pk]), query)


def confirm(desk, batch, profile="p/queue"):
    return desk.post(reverse("facts.decide", args=[batch.pk, "confirm"]), {"profile": profile}, follow=True)


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


# --- confirming ---------------------------------------------------------------------------------------------
def test_confirmed_a_task_imports_the_file_for_the_person(draft, desk, analyst):
    batch = draft(GOOD + line("3", wait="x"))
    answer = confirm(desk, batch)
    assert "Waiting its turn" in text_of(answer)
    assert b'hx-trigger="every 1s"' in answer.content
    assert facts() == []
    run_due("w")
    assert facts("source_id") == [("1",), ("2",)]
    done = page(desk, "facts.batch", batch)
    text = text_of(done)
    assert re.search(r"Rows 3 .*new 2 .*same 0 .*corrected 0 .*rejected 1", text)
    assert re.search(r"4 wait .*not_a_duration", text)
    entry = TrailEntry.objects.get(verb="facts.import_file")
    assert entry.actor == f"person:{analyst.pk}"
    rejects = page(desk, "facts.rejects", batch)
    kept = b"".join(rejects.streaming_content).decode("utf-8-sig")
    assert kept.splitlines()[1].startswith("3,O1")
    assert "queue" in rejects["Content-Disposition"]


def test_mended_rejects_come_back_through_the_desk(draft, desk):
    batch = draft(GOOD + line("3", wait="x"))
    confirm(desk, batch)
    run_due("w")
    kept = b"".join(page(desk, "facts.rejects", batch).streaming_content).decode("utf-8-sig")
    again = draft(kept.replace(",x,", ",30,"), "mended.csv")
    confirm(desk, again)
    run_due("w")
    assert facts()[-1] == ("3", 30)
    again.refresh_from_db()
    assert (again.new, again.rejected) == (1, 0)


def test_progress_ends_by_fetching_the_page_anew(draft, desk):
    batch = draft()
    confirm(desk, batch)
    Batch.objects.update(state="running", progress=0.4)
    running = page(desk, "facts.progress", batch)
    assert b'value="0.4"' in running.content
    assert "HX-Refresh" not in running
    run_due("w")
    assert page(desk, "facts.progress", batch)["HX-Refresh"] == "true"


def test_a_draft_is_confirmed_once(draft, desk):
    batch = draft()
    confirm(desk, batch)
    text = text_of(confirm(desk, batch))
    assert "already" in text
    assert Task.objects.filter(name="facts.run_import").count() == 1


def test_confirming_needs_a_profile_that_exists(draft, desk):
    batch = draft()
    assert "p/queue" in text_of(confirm(desk, batch, "p/none"))
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_a_draft_can_be_cancelled(draft, desk):
    batch = draft()
    answer = desk.post(reverse("facts.decide", args=[batch.pk, "cancel"]), follow=True)
    assert "nothing of this file was imported" in text_of(answer)
    assert "already" in text_of(confirm(desk, batch))
    run_due("w")
    assert facts() == []


def test_a_waiting_import_can_be_cancelled(draft, desk):
    batch = draft()
    confirm(desk, batch)
    desk.post(reverse("facts.decide", args=[batch.pk, "cancel"]))
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, facts()) == ("dropped", [])


def test_a_running_import_stops_before_its_commit(draft, desk, monkeypatch):
    batch = draft()
    confirm(desk, batch)
    write = importing.writing.write

    def meanwhile(*args, **kwargs):
        actions.cancel_import(US, batch)
        return write(*args, **kwargs)

    monkeypatch.setattr(importing.writing, "write", meanwhile)
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, facts()) == ("dropped", [])
    assert Task.objects.get(name="facts.run_import").state == "done"


def test_a_file_that_fails_can_be_tried_with_another_profile(draft, desk):
    batch = draft(GOOD.replace("outlet", "branch"))
    confirm(desk, batch)
    run_due("w")
    text = text_of(page(desk, "facts.batch", batch))
    assert "Failed" in text
    assert "How is this file to be read?" in text
    actions.save_profile(US, name="mine", text=PROFILE.replace("outlet", "branch").replace("queue", "mine"))
    confirm(desk, batch, "saved/mine")
    run_due("w")
    assert facts("source_id") == [("1",), ("2",)]


@pytest.mark.parametrize("how", ["left", "role"])
def test_whoever_lost_the_right_meanwhile_imports_nothing(draft, desk, analyst, how):
    batch = draft()
    confirm(desk, batch)
    if how == "left":
        type(analyst).objects.filter(pk=analyst.pk).update(is_active=False)
    else:
        analyst.assignments.all().delete()
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, facts()) == ("failed", [])
    assert batch.message


def test_a_task_that_was_killed_goes_on(draft, desk):
    batch = draft()
    confirm(desk, batch)
    Batch.objects.update(state="running")
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, batch.new) == ("done", 2)
    from kezun.facts.delivery import run_confirmed

    run_confirmed(batch.pk, batch.by)
    batch.refresh_from_db()
    assert (batch.state, batch.new, len(facts())) == ("done", 2, 2), "a second run changes nothing"


# --- the assistant ------------------------------------------------------------------------------------------
def sent(answer) -> dict:
    """What the form on a page would send."""
    form = answer.context["form"]
    return {name: value for name, value in form.data.items() if value not in (None, "")} | {"fact": "ticket"}


def test_the_assistant_proposes_tries_saves_and_imports(draft, desk, bank):
    batch = draft(CHINESE.encode("gbk"), "排队机.csv")
    answer = page(desk, "facts.assistant", batch)
    text = text_of(answer)
    assert "Tried all 3 rows: 3 can be read." in text
    assert "机构号" in text
    data = sent(answer) | {"name": "queue-gbk", "source": "qm"}
    saved = desk.post(reverse("facts.assistant", args=[batch.pk]), data | {"word": "save"}, follow=True)
    assert "saved/queue-gbk" in text_of(saved)
    row = SavedProfile.objects.get()
    assert (row.name, row.fact, row.version) == ("queue-gbk", "ticket", 1)
    assert profiles.load("saved/queue-gbk").source == "qm"
    assert "saved/queue-gbk" in profiles.addresses("ticket")
    assert "saved/queue-gbk" not in profiles.addresses("rating")
    confirm(desk, batch, "saved/queue-gbk")
    run_due("w")
    assert facts("source, wait_s, outcome")[0] == ("qm", 450, "served")


def test_a_change_is_tried_at_once_without_being_saved(draft, desk, bank):
    batch = draft(CHINESE)
    data = sent(page(desk, "facts.assistant", batch)) | {"name": "x"}
    address = reverse("facts.assistant", args=[batch.pk])
    answer = desk.post(address, data | {"c_wait_s": "业务类型"}, headers={"HX-Request": "true"})
    assert answer.content.lstrip().startswith(b"<form")
    assert "3 would be rejected" in text_of(answer)
    assert re.search(r"2 业务类型 .*not_a_duration", text_of(answer))
    assert not SavedProfile.objects.exists()


def test_a_mapping_with_faults_is_not_saved(draft, desk, bank):
    batch = draft(CHINESE)
    data = sent(page(desk, "facts.assistant", batch)) | {"name": "With Blanks", "word": "save"}
    answer = desk.post(reverse("facts.assistant", args=[batch.pk]), data)
    assert "beginning with a letter or digit" in text_of(answer)
    assert not SavedProfile.objects.exists()


def test_ratings_can_be_chosen(draft, desk, bank):
    batch = draft("评价编号,网点号,评价时间,评价结果\nr1,O1,2026-03-02 09:00:00,非常满意\n", "r.csv")
    assert "1 can be read" in text_of(page(desk, "facts.assistant", batch, fact="rating"))
    assert page(desk, "facts.assistant", batch, fact="nothing").status_code == 200


def test_the_assistant_is_for_drafts_that_can_be_read(draft, desk):
    unreadable = draft(b" \n", "empty.csv")
    answer = desk.get(reverse("facts.assistant", args=[unreadable.pk]), follow=True)
    assert answer.redirect_chain[0][0] == reverse("facts.batch", args=[unreadable.pk])
    batch = draft()
    confirm(desk, batch)
    assert page(desk, "facts.assistant", batch).status_code == 302


def test_odd_settings_of_the_file_do_no_harm(draft, desk, bank):
    batch = draft(CHINESE)
    data = sent(page(desk, "facts.assistant", batch)) | {"name": "x"}
    for change in ({"header": "999999"}, {"header": "x"}, {"delimiter": "ab"}, {"encoding": "klingon"}):
        answer = desk.post(reverse("facts.assistant", args=[batch.pk]), data | change)
        assert answer.status_code in (200, 302), change


# --- saved profiles -----------------------------------------------------------------------------------------
def test_saving_again_makes_a_new_version(bank):
    text = PROFILE.replace("queue", "mine")
    assert actions.save_profile(US, name="mine", text=text).version == 1
    assert actions.save_profile(US, name="mine", text=text.replace("source: q", "source: z")).version == 2
    assert profiles.load("saved/mine").source == "z"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("mine", PROFILE, "Letters"),
        ("../x", PROFILE.replace("profile: queue", "profile: ../x"), "Letters"),
        ("mine", "profile: [", "line 1"),
        ("mine", PROFILE.replace("fact: ticket", "fact: nothing"), "nothing"),
    ],
)
def test_a_profile_that_is_wrong_is_not_saved(bank, name, text, reason, desk):
    with pytest.raises(ValueError if "Letters" != reason else Exception, match=reason):  # noqa: PT011
        actions.save_profile(US, name=name, text=text)
    assert not SavedProfile.objects.exists()


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
    text = (
        PROFILE
        + "checks:\n  - {code: long, warn: 'w > 5', title: 很长, title_en: rather long}\nreads: {w: {from: wait, kind: integer}}\n"
    )
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
