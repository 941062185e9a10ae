"""What a run publishes: what is expected of each kind of case, and what was learned of peers near and far."""

from __future__ import annotations

import pytest

from kezun.assessment.actions.runs import show_run
from kezun.assessment.learned import Coefficient, coefficients, priors
from kezun.assessment.models import Run
from kezun.assessment.queries import scorecard
from kezun.assessment.replaying import replay
from kezun.assessment.running import run
from kezun.assessment.tests.desk import body
from kezun.assessment.tests.world import US, forged, installed, rated, scheme_text, together

pytestmark = pytest.mark.django_db
CSAT = {
    **{"id": "csat", "title": "满意率", "title_en": "Satisfied", "weight": 100},
    "source": {"indicator": "floor.satisfied_rate"},
    "transform": {"kind": "linear", "from": [0, 1], "to": [0, 100]},
}
PLAIN = {"grades": None, "ranking": None}


def scheme(estimator, **changes):
    return installed(scheme_text(components=[CSAT | {"estimator": estimator}], **PLAIN | changes))


@pytest.fixture
def mixed(own_home, bank):
    """Private business is easy, that of companies is hard; O2 has more of the hard one, and does it well."""
    with together():
        rated("O1", "2026-03-02", good=90, bad=10, business="对私")
        rated("O1", "2026-03-03", good=5, bad=5, business="对公", **{"class": "V"})
        rated("O2", "2026-03-02", good=10, business="对私")
        rated("O2", "2026-03-03", good=65, bad=35, business="对公")
        rated("O2", "2026-03-20", good=9, bad=1)
    return run(US, scheme({"kind": "casemix", "casemix": ["business"]}), "2026-03", opens=True)


def card_line(made, code="O1", version="2026.1"):
    card = scorecard(US, made, code)
    [line] = [x for x in card.lines if x.kind == "component" and x.version == version]
    return card, line


def test_what_each_kind_of_case_was_taken_for_is_kept_with_the_run(mixed):
    card, line = card_line(mixed)
    assert coefficients(card, line.rule, "2026.1") == [
        Coefficient("对公", pytest.approx(70 / 110), 110),
        Coefficient("对私", pytest.approx(100 / 110), 110),
        Coefficient("—", pytest.approx(0.9), 10),
    ]


def test_the_estimate_can_be_worked_out_from_what_is_published(mixed):
    """Observed ÷ expected × the share of all: by hand, from nothing but the published coefficients."""
    card, line = card_line(mixed)
    by = {one.name: one.value for one in coefficients(card, line.rule, "2026.1")}
    expected = 100 * by["对私"] + 10 * by["对公"]
    overall = sum(one.value * one.n for one in coefficients(card, line.rule, "2026.1")) / 230
    assert line.figure.estimate == pytest.approx(95 / expected * overall)
    assert line.figure.estimate < line.figure.value


def test_two_columns_make_strata_of_both(own_home, bank, mixed):
    both = scheme({"kind": "beta_binomial_eb", "casemix": ["business", "class"]}, id="urn:kezun:scheme:both")
    card, line = card_line(run(US, both, "2026-03", opens=True))
    told = {one.name: one.n for one in coefficients(card, line.rule, "2026.1")}
    assert told["对公 · V"] == 10
    assert told["对公 · —"] == 100
    assert sum(told.values()) == 230


def test_each_edition_publishes_its_own(own_home, bank, mixed):
    mix = {"kind": "casemix", "casemix": ["business"]}
    common = {"id": "urn:kezun:scheme:two"}
    scheme(mix, version="1", valid={"from": "2025-01-01", "to": "2026-03-16"}, **common)
    later = scheme(mix, version="2", valid={"from": "2026-03-16"}, **common)
    made = run(US, later, "2026-03", opens=True)
    names = {}
    for version in ("1", "2"):
        card, line = card_line(made, "O2", version)
        names[version] = {one.name for one in coefficients(card, line.rule, version)}
    assert names == {"1": {"对私", "对公"}, "2": {"—"}}


def test_runs_without_an_adjustment_or_from_before_publish_none(own_home, bank, mixed):
    plain = run(US, scheme({"kind": "raw"}, id="urn:kezun:scheme:raw"), "2026-03", opens=True)
    assert "mixes" not in plain.peers
    card, line = card_line(plain)
    assert coefficients(card, line.rule, "2026.1") == []
    forged(
        lambda: Run.objects.filter(pk=mixed.pk).update(
            peers={k: mixed.peers[k] for k in ("groups", "learned")}
        )
    )
    card, line = card_line(Run.objects.get(pk=mixed.pk))
    assert coefficients(card, line.rule, "2026.1") == []


def test_a_run_that_published_none_is_repeated_to_the_same_bytes(mixed):
    forged(
        lambda: Run.objects.filter(pk=mixed.pk).update(
            peers={k: mixed.peers[k] for k in ("groups", "learned")}
        )
    )
    assert replay(Run.objects.get(pk=mixed.pk)).equal


def test_the_page_of_the_line_shows_them_to_everybody_judged(mixed, visit, person_in, bank):
    show_run(US, mixed)
    address = f"/scorecards/{mixed.pk}/unit:{bank['O1'].pk}/lines/csat/"
    page = body(visit(person_in("outlet_manager", "O1")).get(address))
    assert "Expected of each kind of case" in page
    assert "对公" in page
    assert "63.6" in page
    assert "all others" not in page
    assert "各类业务的应有水平" in body(visit(person_in("outlet_manager", "O1"), "zh-hans").get(address))


@pytest.mark.parametrize(("scope", "groups"), [("peer_group", 2), ("all", 1)])
def test_peers_may_be_those_of_the_group_or_all(own_home, bank, scope, groups):
    """What was learned of the whole bank is told on the card of a group's member too."""
    with together():
        for code in ("O1", "O2", "O3"):
            rated(code, "2026-03-02", good=90, bad=10)
    grouped = {"kind": "outlet", "peer_group": ["tier1"]}
    made = run(
        US, scheme({"kind": "beta_binomial_eb", "scope": scope}, subject=grouped), "2026-03", opens=True
    )
    assert len(made.peers["learned"][0]["csat"]) == groups
    for code in ("O1", "O3"):
        card, line = card_line(made, code)
        assert card.row.group != ""
        method, _a, _b, units = priors(card, line.rule, "2026.1")
        assert (method, units) == ("flat", 3)  # of fewer than ten peers one learns from all
