"""The demo's remedies: one that worked, one that did not, one of which nobody can tell, from figures."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.utils import timezone

from kezun.cases import kinds
from kezun.cases.models import Case, EffectCheck
from kezun.facts import queries
from kezun.facts.questions import Question, period_named
from kezun.kernel.actor import SystemActor
from kezun.org import shipped as calendars
from kezun.site import casework, demo
from kezun.site.inspecting import sheets_of, sites, wanted
from kezun.site.packs.pack import read
from kezun.standards import shipped, upkeep
from kezun.standards.actions.bringing import bring_sheets

DEMO = Path(settings.ROOT) / "packs" / "demo-bank"
SYSTEM = SystemActor("demo")
VERDICTS = {"CH1311": "effective", "CH3111": "not", "CH2311": "unknown"}


def remedies_only(folder: Path) -> Path:
    """The demo bank with no other cases than those whose effect is settled."""
    copy = folder / "demo-bank"
    shutil.copytree(DEMO, copy)
    told = yaml.safe_load((copy / "cases.yaml").read_text(encoding="utf-8"))
    told["stories"] = [story for story in told["stories"] if story.get("settled")]
    for sort in told["sorts"]:
        sort["count"] = 0
    (copy / "cases.yaml").write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    return copy


@pytest.fixture
def walked(settings, tmp_path, db):
    """The organisation, the inspections of the three outlets and their corrections, as in the demo."""
    settings.KEZUN_HOME = tmp_path / "home"
    pack, last = read(remedies_only(tmp_path)), timezone.localdate() - dt.timedelta(days=1)
    demo.load_pack(SYSTEM, pack, last)
    calendars.install_all(SYSTEM)
    shipped.install_all(SYSTEM)
    kinds.install_all(SYSTEM)
    editions = defaultdict(list)
    for made, _text in shipped.shipped():
        editions[made.id].append(made)
    places = [site for site in sites(pack.organisation(last)) if site.code in VERDICTS]
    filled = list(sheets_of(wanted(pack.folder), places, editions, last, pack.file.zone))
    bring_sheets(SYSTEM, filled=filled)
    upkeep.publish_due()
    casework.work(SYSTEM, pack, last)
    return {case.unit.code: case for case in Case.objects.select_related("unit", "checker")}


def share(code: str, since: dt.date, until: dt.date) -> float:
    [answer] = queries.measure(
        SYSTEM, Question(("standards.failing_share",), code, period_named(f"{since}..{until}"))
    )
    return answer.value


def test_each_verdict_is_there_and_follows_from_the_figures(walked):
    assert {code: case.verdict for code, case in walked.items()} == VERDICTS
    for code, case in walked.items():
        row = EffectCheck.objects.get(case=case)
        found = row.result
        assert case.state == "checked"
        assert case.checker.home_unit.code == "CHFW"
        assert case.checker not in (case.handler, case.verifier)
        assert found["verdict"] == row.verdict == VERDICTS[code]
        assert found["before"]["exposure"] > 50
        assert found["after"]["exposure"] > 50
        before = share(code, row.before_from_date, row.before_until_date)
        after = share(code, row.after_from_date, row.after_until_date)
        assert found["before"]["events"] / found["before"]["exposure"] == pytest.approx(before)
        assert found["after"]["events"] / found["after"]["exposure"] == pytest.approx(after)
    reasons = {code: EffectCheck.objects.get(case=case).result["why"] for code, case in walked.items()}
    assert reasons == {"CH1311": "better", "CH3111": "worse", "CH2311": "chance"}


def test_they_are_settled_on_the_day_their_figures_are_complete(walked):
    for case in walked.values():
        row = EffectCheck.objects.get(case=case)
        assert timezone.localdate(case.events.get(verb="check").at) == row.due_date
