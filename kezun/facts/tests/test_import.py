"""Import: new, same, corrected and rejected rows, the ledger, scope, and what a mended file does."""

import csv
import datetime as dt

import pytest

from kezun.facts import importing, store, writing
from kezun.facts.importing import ImportFailed, run_import
from kezun.facts.models import Batch, FactFile, Snapshot
from kezun.facts.profiles import ProfileError
from kezun.facts.readers import Unreadable
from kezun.facts.tests.importing import HEADER, bring, counts, facts, kept, line, profile, put
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.models import Assignment, Person, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture(autouse=True)
def _bank(_home, bank):
    """The bank is made after the home it belongs to."""


@pytest.fixture
def csv_file(tmp_path):
    return lambda *lines, name="f.csv": put(tmp_path / name, HEADER + "".join(lines))


def test_rows_become_facts(csv_file, bank):
    person = Person.objects.create(code="7", username="7", name="x")
    done = bring(csv_file(line("a", teller="7"), line("b", state="A", wait="")))
    assert counts(done) == (2, 2, 0, 0, 0)
    names = "source, unit, person, occurred_at, day, hour, weekday, business, class, outcome, wait_s"
    assert facts("promise_s") == [(None,), (None,)]
    moment, day = dt.datetime(2026, 3, 2, 1, 0), dt.date(2026, 3, 2)
    unit = bank["O1"].pk
    assert facts(names) == [
        ("q", unit, person.pk, moment, day, 9, 1, "cash", None, "served", 60),
        ("q", unit, None, moment, day, 9, 1, "cash", None, "abandoned", None),
    ]


def test_the_same_file_twice_changes_nothing(csv_file):
    path = csv_file(line("a"), line("b"))
    bring(path)
    before = store.files("ticket")
    done = bring(path)
    assert counts(done) == (2, 0, 2, 0, 0)
    assert store.files("ticket") == before
    assert Snapshot.objects.count() == 1


def test_a_corrected_row_supersedes_and_the_past_stays_known(csv_file):
    bring(csv_file(line("a", wait="60"), line("b", wait="70")))
    first = Snapshot.objects.get()
    done = bring(csv_file(line("a", wait="61"), line("b", wait="70")))
    assert counts(done) == (2, 0, 1, 1, 0)
    assert facts() == [("a", 61), ("b", 70)]
    assert facts(snapshot=store.snapshot_at("ticket", first.created_at)) == [("a", 60), ("b", 70)]
    [[a], [b]] = facts("recorded_at")
    assert a > b


def test_a_correction_may_move_to_another_month_and_unit(csv_file, bank):
    bring(csv_file(line("a"), line("b")))
    done = bring(csv_file(line("a", taken="2026-05-09 23:59:59", outlet="O3")))
    assert counts(done) == (1, 0, 0, 1, 0)
    assert facts("source_id, unit, day") == [
        ("a", bank["O3"].pk, dt.date(2026, 5, 9)),
        ("b", bank["O1"].pk, dt.date(2026, 3, 2)),
    ]
    assert sorted(FactFile.objects.filter(removed=None).values_list("month", flat=True)) == [
        "2026-03",
        "2026-05",
    ]


def test_a_correction_of_all_rows_leaves_no_empty_file(csv_file):
    bring(csv_file(line("a")))
    bring(csv_file(line("a", taken="2026-05-09 10:00:00")))
    assert FactFile.objects.filter(removed=None).count() == 1


def test_two_profiles_feed_one_type_without_meeting(csv_file):
    bring(csv_file(line("a")))
    done = bring(csv_file(line("a", wait="9")), profile(source="source: other"))
    assert counts(done) == (1, 1, 0, 0, 0)
    assert facts("source, wait_s") in ([("q", 60), ("other", 9)], [("other", 9), ("q", 60)])


def test_a_dry_run_tells_and_writes_nothing(csv_file, settings):
    bring(csv_file(line("a"), name="first.csv"))
    before = sorted(p for p in settings.KEZUN_HOME.rglob("*") if p.is_file())
    entries, batches = TrailEntry.objects.count(), Batch.objects.count()
    done = bring(csv_file(line("a"), line("b"), line("c", wait="x")), dry_run=True)
    assert counts(done) == (3, 1, 1, 0, 1)
    assert done.rejects_file is None
    assert done.errors[0].line == 4
    assert sorted(p for p in settings.KEZUN_HOME.rglob("*") if p.is_file()) == before
    assert (TrailEntry.objects.count(), Batch.objects.count()) == (entries, batches)


def test_rejected_rows_are_kept_with_reasons_and_can_be_mended(csv_file, tmp_path):
    done = bring(csv_file(line("a"), line("b", wait="soon"), line("c", outlet="O9", wait="-5"), line("d")))
    assert counts(done) == (4, 2, 0, 0, 2)
    with open(done.rejects_file, encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [r["_line"] for r in rows] == ["3", "4"]
    assert rows[0]["no"] == "b"
    assert rows[0]["wait"] == "soon"
    assert "[not_a_duration]" in rows[0]["_reason"]
    assert "[unknown_unit]" in rows[1]["_reason"]
    assert "[negative]" in rows[1]["_reason"]
    again = bring(tmp_path / done.rejects_file)
    assert counts(again) == (2, 0, 0, 0, 2)
    text = kept(again.rejects_file)
    assert text.count("_line") == 1
    text = text.replace("soon", "5").replace("O9", "O2").replace(",-5,", ",5,")
    mended = put(tmp_path / "mended.csv", text)
    assert counts(bring(mended)) == (2, 2, 0, 0, 0)
    assert facts() == [("a", 60), ("b", 5), ("c", 5), ("d", 60)]


def test_identical_lines_count_as_same_and_are_told(csv_file):
    done = bring(csv_file(line("a"), line("a"), line("b"), line("a")))
    assert counts(done) == (4, 2, 2, 0, 0)
    assert done.warnings == {"duplicate_row": 2}
    assert counts(bring(csv_file(line("a"), line("a"), line("b")))) == (3, 0, 3, 0, 0)


def test_a_key_twice_with_other_content_is_rejected_both_times(csv_file):
    done = bring(csv_file(line("a"), line("b"), line("a", wait="61"), line("a")))
    assert counts(done) == (4, 1, 0, 0, 3)
    assert {e.code for e in done.errors} == {"key_conflict"}
    assert [e.line for e in done.errors] == [2, 4, 5]
    assert "5" in done.errors[0].message
    assert facts() == [("b", 60)]


def test_unknown_people_are_left_empty_rejected_or_registered(csv_file, bank):
    path = csv_file(line("a", teller="77"), line("b", teller="77"), line("c"))
    done = bring(path)
    assert counts(done) == (3, 3, 0, 0, 0)
    assert done.warnings == {"unknown_person": 2}
    strict = profile(person="person: {from: teller, empty: ['-']}", source="source: strict")
    done = bring(path, strict)
    assert [(e.line, e.column, e.code) for e in done.errors] == [
        (2, "teller", "unknown_person"),
        (3, "teller", "unknown_person"),
    ]
    register = profile(person="person: {from: teller, empty: ['-'], unknown: register}", source="source: r")
    assert counts(bring(path, register)) == (3, 3, 0, 0, 0)
    person = Person.objects.get(code="77")
    assert (person.name, person.home_unit, person.username) == ("77", bank["O1"], None)
    assert not person.has_usable_password()
    assert counts(bring(path, register)) == (3, 0, 3, 0, 0)
    assert TrailEntry.objects.filter(verb="facts.register_people").count() == 1


def registering(post: str, source: str = "p"):
    return profile(
        person=f"person: {{from: teller, empty: ['-'], unknown: register, post: {post}}}",
        source=f"source: {source}",
    )


def test_registered_people_take_the_post_that_the_profile_names(csv_file, bank):
    post = Post.objects.create(code="voice", name="voice", role="agent")
    known = Person.objects.create(code="76", name="76", home_unit=bank["O1"])
    path = csv_file(line("a", teller="76"), line("b", teller="77"), line("c", teller="77"))
    assert counts(bring(path, registering("voice"))) == (3, 3, 0, 0, 0)
    made = Assignment.objects.get()
    assert (made.person.code, made.unit, made.post) == ("77", bank["O1"], post)
    assert not known.assignments.exists(), "who was known keeps the posts they have"
    assert counts(bring(path, registering("voice"))) == (3, 0, 3, 0, 0)
    assert Assignment.objects.count() == 1


@pytest.mark.parametrize(
    "role", ["supervisor", "service_office", "lobby_manager", "security_admin", "nobody"]
)
def test_a_file_gives_nobody_rights_over_others(csv_file, role):
    Post.objects.create(code="high", name="high", role=role)
    with pytest.raises(ImportFailed, match="high"):
        bring(csv_file(line("a", teller="77")), registering("high"))
    assert not Person.objects.filter(code="77").exists()
    assert facts() == []


def test_a_post_that_nobody_knows_is_named(csv_file):
    with pytest.raises(ImportFailed, match="nowhere"):
        bring(csv_file(line("a", teller="77")), registering("nowhere"))
    assert not Person.objects.filter(code="77").exists()


def test_the_person_becoming_known_is_a_correction(csv_file):
    path = csv_file(line("a", teller="77"))
    bring(path)
    Person.objects.create(code="77", name="x")
    assert counts(bring(path)) == (1, 0, 0, 1, 0)


def test_rows_outside_the_importers_scope_are_rejected(csv_file, person_in):
    office = person_in("service_office", "HO")
    done = bring(csv_file(line("a"), line("b", outlet="O3")), actor=office)
    assert counts(done) == (2, 2, 0, 0, 0)
    head = person_in("unit_head", "S1")
    with pytest.raises(Denied):
        bring(csv_file(line("c")), actor=head)


def test_an_importer_of_one_branch_cannot_write_into_another(csv_file, person_in, monkeypatch):
    from kezun.org import scope

    known = scope.roles()
    role = known["unit_head"]
    wider = scope.Role(
        role.code, role.name, role.name_en, role.reach, role.permissions | known["analyst"].permissions
    )
    monkeypatch.setattr(scope, "roles", lambda: known | {"unit_head": wider})
    done = bring(csv_file(line("a"), line("b", outlet="O3")), actor=person_in("unit_head", "S1"))
    assert counts(done) == (2, 1, 0, 0, 1)
    assert [(e.line, e.column, e.code) for e in done.errors] == [(3, "outlet", "out_of_scope")]


def test_a_unit_must_have_been_open(csv_file, bank):
    bank["O1"].opened_date = dt.date(2026, 3, 3)
    bank["O1"].save()
    done = bring(csv_file(line("a"), line("b", taken="2026-03-03 08:00:00")))
    assert [(e.line, e.code) for e in done.errors] == [(2, "unit_not_open")]
    assert done.new == 1


def test_the_ledger_and_the_trail_tell_the_whole_story(csv_file):
    shares = []
    done = bring(csv_file(line("a"), line("b", wait="x")), name="monday.csv", progress=shares.append)
    batch = Batch.objects.get(pk=done.batch)
    assert (batch.state, batch.name, batch.profile, batch.progress) == ("done", "monday.csv", "q/queue", 1.0)
    assert (batch.rows, batch.new, batch.rejected) == (2, 1, 1)
    assert batch.rejects_path == done.rejects_file
    assert len(batch.sha256) == 64
    assert Snapshot.objects.get().batch == batch
    entry = TrailEntry.objects.get(verb="facts.import_file")
    assert entry.target == f"facts.batch:{batch.pk}" or f"facts.batch:{batch.pk}" in str(entry.detail)
    assert shares == sorted(shares)
    assert shares[-1] <= 1


def test_a_batch_whose_process_died_shows_as_interrupted():
    batch = Batch.objects.create(fact="ticket", profile="p/q", name="f", by="system:test")
    assert not batch.interrupted
    Batch.objects.update(seen_at=batch.seen_at - dt.timedelta(minutes=3))
    batch.refresh_from_db()
    assert batch.interrupted
    assert batch.state_title != Batch.State.RUNNING.label
    batch.state = Batch.State.DONE
    assert not batch.interrupted


def test_a_file_that_is_not_there_or_another_type_is_refused(csv_file, tmp_path):
    with pytest.raises(Unreadable):
        bring(tmp_path / "none.csv")
    with pytest.raises(ProfileError, match="rating"):
        run_import(SystemActor("test"), csv_file(), fact="rating", profile=profile())
    assert not Batch.objects.exists()


def test_a_commit_in_between_is_noticed_and_compared_again(csv_file, monkeypatch):
    path, other = csv_file(line("a"), line("b")), csv_file(line("b", wait="1"), name="other.csv")
    true_write, calls = writing.write, []

    def write(connection, fact, relation, **more):
        made = true_write(connection, fact, relation, **more)
        calls.append(1)
        if len(calls) == 1:
            bring(other)
        return made

    monkeypatch.setattr(importing.writing, "write", write)
    done = bring(path)
    assert counts(done) == (2, 1, 0, 1, 0)
    assert facts() == [("a", 60), ("b", 60)]
    on_disk = set(store.root().rglob("*.parquet*"))
    assert on_disk == {store.root() / f.path for f in FactFile.objects.all()}


def test_endless_conflicts_give_up_and_leave_nothing(csv_file, monkeypatch):
    def conflict(*args, **more):
        raise store.Conflict("moved")

    monkeypatch.setattr(store, "commit", conflict)
    with pytest.raises(ImportFailed):
        bring(csv_file(line("a")))
    batch = Batch.objects.get()
    assert (batch.state, bool(batch.message)) == ("failed", True)
    assert not list(store.root().rglob("*.parquet*"))
