"""Asked wrongly: on the command line, in addresses, by people who may not; each answer says what to do."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from django.urls import reverse
from django.utils import timezone, translation

from kezun.cases import actions, kinds
from kezun.cases.cli import cases_group
from kezun.cases.cli_deadline import deadline
from kezun.cases.models import Case, Notice
from kezun.cases.tests.timing import at, now_is
from kezun.kernel.models import StoredFile, TrailEntry
from tests.complaining import install, taken_in

SIGNED = "kezun.org.signin.Backend"


def kezun(*words, code=0, piped="") -> str:
    with translation.override("en"):
        done = CliRunner().invoke(cases_group, [str(word) for word in words], input=piped)
    assert done.exit_code == code, done.output
    return done.output


def reckoned(*options) -> dict:
    done = CliRunner().invoke(deadline, [*options, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


# --- deadlines over the turn of a year, leap days, midnight ---


@pytest.mark.parametrize(
    ("basis", "units", "start", "due"),
    [
        ("natural", "1", "2026-12-31T23:59", "2027-01-01T23:59:59"),
        ("natural", "1", "2028-02-28", "2028-02-29T23:59:59"),
        ("natural", "2", "2028-02-28", "2028-03-01T23:59:59"),
        ("natural", "1", "2026-02-28", "2026-03-01T23:59:59"),
        ("natural", "366", "2028-01-01", "2029-01-01T23:59:59"),
        ("hour24", "24", "2026-12-31T10:00", "2027-01-01T10:00:00"),
        ("hour24", "0.25", "2026-12-31T23:50", "2027-01-01T00:05:00"),
        ("hour24", "1", "1991-04-14T01:30", None),
        ("natural", "1", "2026-09-21T16:30:00Z", "2026-09-23T23:59:59"),
        ("workday", "1", "2026-09-30", "2026-10-08T17:30:00"),
    ],
)
def test_a_deadline_is_of_the_banks_days(db, basis, units, start, due):
    options = ("--basis", basis, "--units", units, "--from", start)
    if due is None:
        with translation.override("en"):
            done = CliRunner().invoke(deadline, options)
        assert done.exit_code == 2
        assert "--from: No calendar reaches that far." in done.output
        return
    assert reckoned(*options)["due_at"] == f"{due}+08:00"


@pytest.mark.parametrize("units", ["1", "5", "22", "60"])
def test_one_acts_no_later_than_it_is_due_and_every_skipped_day_is_named_once(db, units):
    found = reckoned("--basis", "workday", "--units", units, "--from", "2026-09-21T10:00")
    days = [day["date"] for day in found["skipped"]]
    assert found["act_by"] <= found["due_at"]
    assert days == sorted(set(days))
    assert all("2026-09-21" < day < found["due_at"][:10] for day in days)
    assert all(day["why"] for day in found["skipped"])


# --- the command line of cases ---


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (("--set", "title=x=y"), None),
        (("--set", "=x"), "NAME=VALUE"),
        (("--given", "-"), "title"),
    ],
)
def test_values_are_split_at_the_first_sign(world, said, word):
    code = 0 if word is None else 2 if "=x" in said else 1
    output = kezun("open", "trial", "--unit", "O1", *said, code=code, piped="{}")
    assert (word or "x=y") in output
    assert Case.objects.filter(title="x=y").count() == (word is None)


def test_what_is_set_stands_over_what_the_file_says(world):
    piped = json.dumps({"title": "aus der Datei", "urgency": "urgent"})
    kezun("open", "trial", "--unit", "O1", "--given", "-", "--set", "title=gesetzt", piped=piped)
    case = Case.objects.get()
    assert (case.title, case.data["urgency"], case.severity) == ("gesetzt", "urgent", 1)


def test_a_file_is_not_kept_by_who_may_not_attach(world, opened, tmp_path):
    paper = tmp_path / "a.txt"
    paper.write_text("x", encoding="utf-8")
    words = ("do", opened().no, "attach", "--file", paper, "--set", "stage=given", "--as", "auditor.HO")
    assert "cases.attach" in kezun(*words, code=1)
    assert not StoredFile.objects.exists()


def test_a_key_for_other_words_is_refused(world):
    words = ("open", "trial", "--unit", "O1", "--key", "k", "--as", "lobby_manager.O1")
    kezun(*words, "--set", "title=eins")
    assert "used before" in kezun(*words, "--set", "title=zwei", code=1)
    assert Case.objects.count() == 1


def test_the_list_puts_the_most_urgent_first_and_what_has_no_deadline_is_told_so(world, opened):
    made = [opened(title=f"事项{n}") for n in range(3)]
    for case, day in zip(made, ("2026-03-03", "2026-03-01", None), strict=True):
        Case.objects.filter(pk=case.pk).update(act_by_at=at(f"{day}T17:30") if day else None)
    lines = [line for line in kezun("list").splitlines() if line.startswith("C")]
    dated = [line.split()[0] for line in lines if "2026-03" in line]
    assert dated == [made[1].no, made[0].no]
    assert [line.split()[0] for line in lines if "no deadline" in line] == [made[2].no]
    assert [line.split()[0] for line in kezun("list", "--late").splitlines()] == dated


def test_whoever_shows_a_case_sees_its_history_and_what_they_can_do(world, timed):
    case = timed()
    output = kezun("show", case.no, "--as", "outlet_manager.O1")
    assert "complaint_contact" in output
    assert "  1  2026-09-21T01:00  open" in output
    assert "accept" in output.splitlines()[-1]
    assert kezun("show", case.no, "--as", "auditor.HO").splitlines()[-1] == "Possible now: —"


def test_a_sweep_takes_each_step_once_and_only_for_who_may(world, timed):
    timed()
    with now_is("2026-12-01T10:00"):
        first = json.loads(kezun("sweep", "--json").splitlines()[-1])
        again = json.loads(kezun("sweep", "--json").splitlines()[-1])
    assert first["fired"] > 0
    assert (again["fired"], again["failed"], again["lost"]) == (0, 0, 0)
    fired = Case.objects.get().events.filter(verb="escalate").count()
    assert fired == first["fired"]
    assert "cases.escalate" in kezun("sweep", "--as", "outlet_manager.O1", code=1)


# --- addresses ---


@pytest.fixture
def page(client, world):
    """`page("lobby", path)`: the answer that somebody gets."""
    install()

    def get(who: str, path: str, **more):
        client.force_login(world[who], backend=SIGNED)
        return client.get(path, more)

    return get


NUMBERS = ("C99-000001", "x", "0", "C26-", "C26-" + "9" * 30, "c26-1")


@pytest.mark.parametrize("no", NUMBERS)
@pytest.mark.parametrize("path", ["/cases/{}/", "/papers/{}/", "/roll-outs/{}/", "/complaints/{}/sheet.pdf"])
def test_a_number_that_is_none_is_found_nowhere(page, opened, path, no):
    opened()
    assert page("office", path.format(no)).status_code == 404


@pytest.mark.parametrize("verb", ["open", "join", "part", "escalate", "recompute", "rate", "nonsense"])
def test_what_no_person_does_has_no_page_however_it_is_asked(page, client, world, opened, verb):
    case = opened()
    assert page("office", f"/cases/{case.no}/{verb}/").status_code == 404
    assert client.post(f"/cases/{case.no}/{verb}/", {"reason": "x"}).status_code == 404
    assert case.events.count() == 1


@pytest.mark.parametrize(
    ("address", "goes"),
    [
        ("/work/", "/work/"),
        ("/cases/?state=open&who=mine", "/cases/?state=open&who=mine"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("javascript:alert(1)", None),
        ("/\\evil.example", None),
        ("", None),
    ],
)
def test_after_a_step_nobody_is_led_out_of_the_house(client, world, opened, address, goes):
    case = opened()
    client.force_login(world["lobby"], backend=SIGNED)
    answer = client.post(f"/cases/{case.no}/note/", {"note": "已致电", "next": address})
    assert answer.status_code == 302
    assert answer["Location"] == (goes or f"/cases/{case.no}/")


@pytest.mark.parametrize(("text", "there"), [("测", False), ("outlet", True), ("机构", False), ("o", False)])
def test_names_are_proposed_from_two_signs_on_and_only_of_the_scope(page, text, there):
    told = page("manager", "/cases/names/person/", q=text).content.decode()
    assert ("outlet_manager.O1" in told) is there
    assert "outlet_manager.O3" not in told
    assert page("manager", "/cases/names/street/", q=text).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["from=x&until=y", "page=999", "page=-1", "unit=%00", "state=zz&from=2026-12-31&until=2026-01-01"],
)
def test_a_ledger_bears_any_query(page, world, query):
    assert page("office", f"/ledgers/?kind=complaint&{query}").status_code in (200, 400)
    assert page("office", "/ledgers/?kind=%27").status_code == 404


def test_a_notice_of_another_is_not_there_and_marking_twice_is_harmless(client, world, waiting):
    where = reverse("cases.mark_notice", args=[waiting.pk])
    client.force_login(world["lobby"], backend=SIGNED)
    assert client.post(where).status_code == 404
    client.force_login(world["manager"], backend=SIGNED)
    assert client.get(where).status_code == 405
    assert client.post(where)["Location"] == f"/cases/{waiting.case.no}/"
    first = Notice.objects.get().read_at
    assert client.post(where).status_code == 302
    assert Notice.objects.get().read_at == first


@pytest.mark.parametrize("hour", ["", "25:00", "8", "noon"])
def test_a_time_that_is_none_is_named_and_nothing_is_kept(client, world, hour):
    client.force_login(world["manager"], backend=SIGNED)
    said = {"mail": "digest", "quiet_from": "20:00", "quiet_until": "07:30", "digest_at": hour}
    answer = client.post("/notices/preferences/", said)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["digest_at"]
    assert not hasattr(world["manager"], "notice_preference")


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2026-03-31", "2026-03-01", ("2026-03-01", "2026-03-31")),
        ("1999-12-31", "2101-01-01", ("2027-01-01", "2027-01-01")),
        ("2026-13-01", "x", ("2027-01-01", "2027-01-01")),
    ],
)
def test_a_span_of_statistics_is_one_that_can_be(page, world, since, until, told):
    with now_is("2027-01-01T00:30"):
        span = page("office", "/complaints/statistics/", since=since, until=until).context["span"]
    assert (str(span.since), str(span.until)) == told


def test_statistics_of_a_unit_leave_with_its_name_and_are_on_record(client, world):
    install()
    taken_in(world["lobby"], world["bank"]["O1"])
    taken_in(world["far"], world["bank"]["O3"])
    client.force_login(world["office"], backend=SIGNED)
    today = str(timezone.localdate())
    said = {"since": today, "until": today, "unit": "O3"}
    for word in ("statistics", "pack", "paper"):
        assert client.post(reverse("cases.complaint_export", args=[word]), said).status_code == 200
    entries = [json.loads(e.detail)["detail"] for e in TrailEntry.objects.filter(verb="cases.export")]
    assert [entry["rows"] for entry in entries] == [1, 1, 1]
    assert all(entry["query"].endswith(f"?{today}..{today}&unit=O3") for entry in entries)


@pytest.mark.parametrize("who", ["teller", "lobby", "auditor"])
def test_a_step_that_others_take_is_refused_without_a_trace(client, world, opened, who):
    case = opened(actor="other", unit="O2", owner="O2")
    client.force_login(world[who], backend=SIGNED)
    answer = client.post(f"/cases/{case.no}/accept/", {})
    assert answer.status_code in (403, 404)
    assert Case.objects.get().seq == case.seq
    assert kinds.form_of(case.kind).step("accept", case.state) is not None
    assert actions.do(world["other"], case, "accept").state == "accepted"
