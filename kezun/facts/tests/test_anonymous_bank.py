"""The real call log: imported twice, counted by plain Python on the raw file."""

import csv
import datetime as dt
import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from kezun.facts.cli import import_command
from kezun.facts.profiles import load
from kezun.facts.tests.importing import facts
from kezun.org.models import Person, Post, Unit

LOG = Path(__file__).parents[4] / "shared/data/anonymous-bank/calls-1999-02-01_21.tsv"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.real,
    pytest.mark.skipif(not LOG.exists(), reason="../shared/data/anonymous-bank is not here"),
]


@pytest.fixture(autouse=True)
def _bank(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    Unit.objects.create(code="ANON-CC", name="x", kind="call_centre", zone="Asia/Jerusalem")
    Post.objects.create(code="anon-agent", name="x", role="agent")


@pytest.fixture(scope="module")
def raw():
    with LOG.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def run(*options):
    result = CliRunner().invoke(
        import_command, ["ticket", str(LOG), "--profile", "anonymous-bank/calls", "--json", *options]
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def expected(row):
    """One line of the log as a fact, computed without our code."""
    local = row["q_start"] if row["q_start"] != "0:00:00" else row["vru_exit"]
    # Israel kept standard time, UTC+2, through February 1999.
    moment = dt.datetime.strptime(f"{row['date']} {local}", "%y%m%d %H:%M:%S")
    served = row["outcome"] == "AGENT"
    return (
        f"{row['vru+line']}|{row['call_id']}",
        moment - dt.timedelta(hours=2),
        moment.date(),
        moment.hour,
        {"AGENT": "served", "HANG": "abandoned", "PHANTOM": "void"}[row["outcome"]],
        row["type"],
        row["priority"],
        int(row["q_time"]),
        int(row["ser_time"]) if served else None,
        None if row["server"] == "NO_SERVER" else row["server"],
    )


def test_the_log_twice_is_what_an_independent_reading_says(raw):
    first = run()
    assert first["warnings"] == {
        "queue_time_differs": 2,
        "served_without_server": 384,
        "served_zero_service": 72,
        "service_time_differs": 13,
    }
    del first["warnings"]
    assert first == {
        "fact": "ticket",
        "rows": 25890,
        "new": 25890,
        "same": 0,
        "corrected": 0,
        "rejected": 0,
        "rejects_file": None,
    }
    names = dict(Person.objects.values_list("pk", "code"))
    columns = "source_id, occurred_at, day, hour, outcome, business, class, wait_s, service_s, person"
    found = [(*row[:-1], names.get(row[-1])) for row in facts(columns)]
    assert found == sorted(expected(row) for row in raw)
    assert Counter(row[4] for row in found) == {"served": 20899, "abandoned": 4770, "void": 221}
    again = run()
    assert (again["new"], again["same"], again["rejected"]) == (0, 25890, 0)
    assert facts("source_id") == [(row[0],) for row in found]


def test_a_dry_run_first_says_the_same(raw):
    told = run("--dry-run")
    assert (told["rows"], told["new"], told["rejected"]) == (len(raw), len(raw), 0)
    assert facts() == []


def test_the_profile_reads_what_the_readme_says():
    profile = load("anonymous-bank/calls")
    assert profile.key == ("vru+line", "call_id")
    assert profile.zone == "Asia/Jerusalem"
    assert profile.person.empty == ("NO_SERVER",)
