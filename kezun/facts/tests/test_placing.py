"""Where facts belong, as tables: without days and by days, and without what nobody needs."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pyarrow as pa

from kezun.facts import placing
from kezun.facts.compile import Branch
from kezun.org.models import FOREVER

ALWAYS = (dt.date.min, FOREVER)
MARCH = dt.date(2026, 3, 1)
BEFORE = dt.date(2026, 2, 28)

# What asks first in a process, in as few words as may be: its tables, then whether pandas came with them.
ASKED = """
import datetime as dt, sys
import django
from django.conf import settings
settings.configure()
django.setup()
from kezun.facts import placing
from kezun.facts.compile import Branch
for by_day in (False, True):
    placing.tables([Branch(1, 2, dt.date.min, dt.date(9999, 12, 31))], by_day=by_day)
sys.exit("pandas" in sys.modules)
"""


def test_without_days_a_unit_is_its_own_place():
    made = placing.tables([Branch(4, 9, *ALWAYS), Branch(5, 9, *ALWAYS)], by_day=False)
    assert {name: table.to_pylist() for name, table in made.items()} == {
        "branches": [{"place": 4, "target": 9}, {"place": 5, "target": 9}]
    }
    assert made["branches"].schema.types == [pa.int64(), pa.int64()]


def test_by_days_a_place_lasts_as_long_as_its_targets():
    made = placing.tables([Branch(4, 8, dt.date.min, BEFORE), Branch(4, 9, MARCH, FOREVER)], by_day=True)
    assert made["places"].to_pylist() == [
        {"unit": 4, "since": dt.date.min, "until": BEFORE, "place": 0},
        {"unit": 4, "since": MARCH, "until": FOREVER, "place": 1},
    ]
    assert made["places"].schema.types == [pa.int64(), pa.date32(), pa.date32(), pa.int64()]
    assert made["branches"].to_pylist() == [{"place": 0, "target": 8}, {"place": 1, "target": 9}]


def test_of_no_branches_the_tables_are_there_and_empty():
    for by_day, names in ((False, {"branches"}), (True, {"branches", "places"})):
        made = placing.tables([], by_day=by_day)
        assert {name: len(table) for name, table in made.items()} == dict.fromkeys(names, 0)


def test_placing_facts_does_not_load_pandas():
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
