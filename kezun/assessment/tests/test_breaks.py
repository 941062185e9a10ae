"""Trend lines break where a standard's edition measures other things, and run on where only words changed."""

from __future__ import annotations

import pytest
from django.utils import translation

from kezun.assessment import breaks, pictures
from kezun.assessment.breaks import remeasured, versions_of
from kezun.assessment.models import Score
from kezun.assessment.queries import history
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, forged, inspection, installed, rated, scheme_text, together
from kezun.standards.models import Standard
from kezun.standards.tests import world as standards

pytestmark = pytest.mark.django_db
INSPECT = {
    **{
        "id": "inspect",
        "title": "服务检查",
        "title_en": "Inspections",
        "weight": 60,
        "missing": "redistribute",
    },
    "source": {"standard": standards.URN},
}
CSAT = {
    **{"id": "csat", "title": "满意率", "weight": 40, "source": {"indicator": "floor.satisfied_rate"}},
    "transform": {"kind": "linear", "from": [0, 1], "to": [0, 100]},
}
MONTHS = ("2026-01", "2026-02", "2026-03")


@pytest.fixture
def judged(own_home, bank):
    """`judged("1", "1", "2")` → the history of O1, inspected in the three months by these editions."""

    def make(*versions):
        with together():
            for month in MONTHS:
                rated("O1", f"{month}-05", good=9, bad=1)
        for month, version in zip(MONTHS, versions, strict=True):
            for one in version.split("+"):
                inspection(f"{month}-{one}", "O1", f"{month}-10", 80, 100, one, standard=standards.URN)
        scheme = installed(scheme_text(components=[INSPECT, CSAT], grades=None, ranking=None))
        for month in MONTHS:
            run(US, scheme, month, opens=True)
        return history(US, scheme.urn, f"unit:{bank['O1'].pk}")

    return make


def editions(**changed):
    """Two published editions of the sample standard; changed: of the second."""
    standards.published()
    return standards.published(version="2", start="2026-03-01", supersedes="1", **changed)


def test_the_same_edition_runs_on(judged):
    editions()
    assert [(p.period, p.breaks, p.remeasured) for p in judged("1", "1", "1")] == [
        (m, False, ()) for m in MONTHS
    ]


def test_an_edition_with_other_points_breaks_it(judged):
    editions(sign=20)
    points = judged("1", "1", "2")
    assert [p.breaks for p in points] == [False, False, True]
    assert [c.id for c in points[-1].remeasured] == ["inspect"]
    assert len({p.version for p in points}) == 1


def test_an_edition_that_changed_nothing_that_is_scored_runs_on(judged):
    editions(title="网点样本（新版）")
    assert [p.breaks for p in judged("1", "1", "2")] == [False] * 3


def test_a_period_by_both_breaks_on_both_sides(judged):
    editions(sign=20)
    assert [p.breaks for p in judged("1", "1+2", "2")] == [False, True, True]


def test_an_edition_that_is_not_here_is_taken_for_another(judged):
    standards.published()
    assert [p.breaks for p in judged("1", "1", "elsewhere")] == [False, False, True]


def test_an_edition_whose_text_was_changed_behind_the_back_is_taken_for_another(judged):
    changed = editions()
    text = changed.text.replace("门楣标牌清洁完整", "门楣")
    forged(lambda: Standard.objects.filter(pk=changed.pk).update(text=text))
    assert [p.breaks for p in judged("1", "1", "2")] == [False, False, True]


def test_without_inspections_in_a_period_nothing_breaks_by_them(own_home, bank):
    editions(sign=20)
    with together():
        for month in MONTHS:
            rated("O1", f"{month}-05", good=9, bad=1)
    inspection("i1", "O1", "2026-01-10", 80, 100, "1", standard=standards.URN)
    scheme = installed(scheme_text(components=[INSPECT, CSAT], grades=None, ranking=None))
    for month in MONTHS[:2]:
        run(US, scheme, month, opens=True)
    assert [p.breaks for p in history(US, scheme.urn, f"unit:{bank['O1'].pk}")] == [False, False]


def test_a_result_that_cannot_be_read_breaks_no_page(judged):
    editions(sign=20)
    judged("1", "1", "2")
    first, *_more, last = Score.objects.filter(unit__code="O1").order_by("pk")
    assert versions_of(last) == {"inspect": frozenset({"2"})}
    last.lines = b"no result"
    assert versions_of(last) == {}
    assert remeasured(first, last) == ()


def test_the_picture_says_what_is_new(judged):
    editions(sign=20)
    points = judged("1", "1", "2")
    with translation.override("en"):
        chart = pictures.trend(points)
    assert chart.data["labels"] == ["2026-01", "2026-02", "new standard: Inspections", "2026-03"]
    assert chart.data["values"][2] is None
    assert chart.about == "The line breaks where another edition of the scheme, or of a standard, began."
    with translation.override("zh-hans"):
        assert pictures.trend(points).data["labels"][2] == "新标准：服务检查"


def test_editions_are_looked_up_only_where_they_differ(judged, monkeypatch):
    editions()
    asked = []
    monkeypatch.setattr(breaks, "_alike", lambda *told: asked.append(told) or True)
    judged("1", "1", "2")
    assert asked == [(standards.URN, frozenset({"1", "2"}))]
