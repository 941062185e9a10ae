"""`kezun import`: its JSON, its words, its exit codes."""

import json

import pytest
from click.testing import CliRunner

from kezun.facts.cli import import_command
from kezun.facts.models import Batch
from kezun.facts.tests.importing import HEADER, PROFILE, line, put
from kezun.kernel.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_PACKS = [tmp_path / "packs"]
    folder = tmp_path / "packs" / "p" / "profiles"
    folder.mkdir(parents=True)
    (folder / "queue.yaml").write_text(PROFILE)


@pytest.fixture(autouse=True)
def _bank(_home, bank):
    """The bank is made after the home it belongs to."""


def kezun(*arguments):
    return CliRunner().invoke(import_command, [*map(str, arguments)])


def test_json_is_the_last_line_and_has_exactly_these_keys(tmp_path):
    path = put(tmp_path / "f", HEADER + line("a") + line("b", wait="x"))
    result = kezun("ticket", path, "--profile", "p/queue", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout.splitlines()[-1])
    assert list(told) == ["fact", "rows", "new", "same", "corrected", "rejected", "warnings", "rejects_file"]
    assert told["rejected"] == 1
    assert told["rejects_file"].endswith(".csv")
    assert "3" in result.stderr


def test_several_files_add_up_and_the_readable_ones_count(tmp_path):
    good, more = put(tmp_path / "f", HEADER + line("a")), put(tmp_path / "g", HEADER + line("a") + line("b"))
    result = kezun("ticket", good, more, "--profile", "p/queue", "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    assert (result.exit_code, told["rows"], told["new"], told["same"]) == (0, 3, 2, 1)
    result = kezun("ticket", good, tmp_path / "none", "--profile", "p/queue", "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    assert (result.exit_code, told["same"]) == (3, 1)
    assert "none" in result.stderr


def test_the_summary_in_words(tmp_path):
    path = put(tmp_path / "f.csv", HEADER + line("a") + line("a") + line("b", wait="x"))
    result = kezun("ticket", path, "--profile", "p/queue", "--dry-run")
    assert result.exit_code == 0
    assert "f.csv" in result.stdout
    assert "wait" in result.stdout
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("fact", "profile"),
    [("ticket", "p/none"), ("ticket", "x"), ("nothing", "p/queue"), ("rating", "p/queue")],
)
def test_unusable_arguments_are_exit_2(tmp_path, fact, profile):
    path = put(tmp_path / "f", HEADER + line("a"))
    assert kezun(fact, path, "--profile", profile).exit_code == 2


def test_nothing_readable_is_exit_3(tmp_path):
    result = kezun("ticket", put(tmp_path / "f", ""), "--profile", "p/queue", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout.splitlines()[-1])["rows"] == 0


def test_whoever_acts_needs_the_right_and_is_recorded(tmp_path, person_in):
    path = put(tmp_path / "f", HEADER + line("a"))
    teller, office = person_in("teller", "O1"), person_in("service_office", "HO")
    assert kezun("ticket", path, "--profile", "p/queue", "--as", teller.code).exit_code == 1
    assert kezun("ticket", path, "--profile", "p/queue", "--as", office.code).exit_code == 0
    assert TrailEntry.objects.get(verb="facts.import_file").actor == office.trail_name
    assert Batch.objects.get().by == office.trail_name
