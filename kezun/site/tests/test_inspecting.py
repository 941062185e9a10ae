"""The demo's inspections: the pack's own file, who goes where, and the stories that stand in its README."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from django.conf import settings

from kezun.site.inspecting import inspect, open_work, sheets_of, sites, wanted
from kezun.site.packs.pack import check, read
from kezun.standards.shipped import shipped
from kezun.standards.simulator import simulated

LAST = dt.date(2026, 6, 30)
DEMO = Path(settings.ROOT) / "packs" / "demo-bank"


@pytest.fixture(scope="module")
def sheets():
    """All invented sheets of the demo bank's 90 days, by inspector."""
    pack = read(DEMO)
    told = wanted(DEMO)
    days = [LAST - dt.timedelta(days=n) for n in range(89, -1, -1)]
    editions = defaultdict(list)
    for made, _text in shipped():
        editions[made.id].append(made)
    where = sites(pack.organisation(LAST))
    return list(simulated(told, where, editions, days, pack.file.zone))


@pytest.fixture(scope="module")
def older():
    """The sheets of the days before, at the outlets that have them."""
    pack, told = read(DEMO), wanted(DEMO)
    editions = defaultdict(list)
    for made, _text in shipped():
        editions[made.id].append(made)
    late = dt.date(2026, 11, 21)
    where = [site for site in sites(pack.organisation(late)) if site.code in told.earlier.units]
    return list(sheets_of(told, where, editions, late, pack.file.zone))


def test_outlets_with_a_past_were_inspected_all_along(older):
    days = defaultdict(list)
    for one in older:
        days[one.unit].append(one.visited)
    assert set(days) == {"CH1311", "CH2311", "CH3111"}
    for found in days.values():
        assert (max(found) - min(found)).days > 200
    assert len({one.key for one in older}) == len(older)


def test_the_past_changes_nothing_of_the_last_ninety_days(sheets):
    pack, told = read(DEMO), wanted(DEMO)
    editions = defaultdict(list)
    for made, _text in shipped():
        editions[made.id].append(made)
    whole = list(sheets_of(told, sites(pack.organisation(LAST)), editions, LAST, pack.file.zone))
    assert whole[: len(sheets)] == sheets
    assert all((LAST - one.visited).days >= 90 for one in whole[len(sheets) :])


def of(sheets, person):
    return [s for s in sheets if s.inspector == person]


def test_every_outlet_is_inspected_by_those_who_may(sheets):
    assert len({s.unit for s in sheets}) == 120
    assert 800 <= len(sheets) <= 1400
    methods = Counter(s.method for s in sheets)
    assert methods["明查"] > methods["自查"] > methods["暗访"] > 0
    for one in sheets:
        above = one.inspector.split("-")[0]
        assert one.unit.startswith(above), "an inspector stands in the outlet or above it"


def test_story_of_the_sign_that_fails_three_times(sheets):
    found = [s.answers["HJ1.1.01"]["value"] for s in sheets if s.unit == "CH1321" and "HJ1.1.01" in s.answers]
    assert len(found) >= 3
    assert set(found) == {"不符合"}


def test_story_of_the_supervisor_in_a_hurry(sheets):
    pace = {p: [_seconds(s) for s in of(sheets, p)] for p in ("CH31-03", "CH31-02")}
    assert max(pace["CH31-03"]) < 7
    assert min(pace["CH31-02"]) > 20


def _seconds(one) -> float:
    return (one.submitted_at - one.started_at).total_seconds() / len(one.answers)


def test_story_of_what_is_called_not_applicable(sheets):
    def share(person) -> float:
        entries = [e for s in of(sheets, person) for e in s.answers.values()]
        return sum("na" in e for e in entries) / len(entries)

    assert share("CH33-02") > 5 * share("CH33-03")


def test_story_of_full_marks(sheets):
    notes = {
        p: sum("note" in e for s in of(sheets, p) for e in s.answers.values()) for p in ("CH22-02", "CH22-03")
    }
    assert notes["CH22-02"] == 0
    assert notes["CH22-03"] > 5


def test_a_pack_with_a_slip_in_its_inspections_is_refused(tmp_path):
    folder = tmp_path / "demo-bank"
    shutil.copytree(DEMO, folder)
    path = folder / "inspections.yaml"
    path.write_text(path.read_text().replace("every: 75", "every: often"))
    (folder / "standards").mkdir()
    (folder / "standards" / "x.yaml").write_text("schema: kezun.standard/1\nid: urn:x\n")
    told = check(folder)
    assert {m.file for m in told} == {"inspections.yaml", "standards/x.yaml"}
    assert any("every" in m.path for m in told)


@pytest.mark.django_db
def test_a_pack_without_inspections_has_none(tmp_path, bank):
    folder = tmp_path / "demo-bank"
    shutil.copytree(DEMO, folder)
    (folder / "inspections.yaml").unlink()
    pack = read(folder)
    assert wanted(folder) is None
    assert inspect(None, pack, LAST) == 0
    open_work(pack)  # nobody has signed in yet, and no standard is published: nothing to open
