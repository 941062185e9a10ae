"""docs/schemes.md: the example is read, run and explained; every key of the format is told of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from kezun.assessment.known import read_known
from kezun.assessment.models import Score
from kezun.assessment.queries import result_of
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.form import ESTIMATORS, MISSING, PEERS, STRADDLES, SUBJECTS, TRANSFORMS
from kezun.assessment.rules.reading import KEYS
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, installed, merit, rated, served, together

TEXT = (Path(settings.ROOT) / "docs" / "schemes.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]


@pytest.mark.django_db
def test_the_example_is_run(own_home, bank):
    with together():
        rated("O1", "2026-03-02", good=97, bad=3)
        served("O1", "2026-03-02", 100, promise_s=300)
    merit("m1", "O1", "2026-03-05", "complaint", "重大")
    score = Score.objects.get(run=run(US, installed(EXAMPLE), "2026-Q1"), unit=bank["O1"])
    lines = {line.id: line for line in result_of(score).lines}
    assert lines["csat"].state == "scored"
    assert lines["D1"].points == -3
    assert sum(line.points for line in lines.values()) == score.score
    assert score.vetoes == 1


@pytest.mark.django_db
def test_the_changes_it_names_can_be_made():
    told = dict(re.findall(r"`((?:components|deductions|additions|grades|base)[^`:]*): (\d+)`", TEXT))
    assert len(told) == 5
    assert changed(read_known(EXAMPLE), told).base == 5


@pytest.mark.parametrize("word", [*SUBJECTS, *STRADDLES, *ESTIMATORS, *MISSING, *PEERS, *TRANSFORMS])
def test_every_value_of_the_format_is_told(word):
    assert re.search(rf"\b{word}\b", TEXT)


def test_nearly_every_key_stands_in_the_example():
    there = {line.split(":")[0] for line in EXAMPLE.splitlines() if re.match(r"[a-z_]+:", line)}
    assert set(KEYS) - there <= {"about", "about_en", "supersedes", "example", "stars"}
