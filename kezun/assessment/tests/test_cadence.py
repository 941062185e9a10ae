"""A scheme says how long its periods are; no other can be opened, and nothing opens by accident."""

from __future__ import annotations

import datetime as dt

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import shipped, telling
from kezun.assessment.actions import honours, rounds, runs
from kezun.assessment.cli import assess_group
from kezun.assessment.models import Round, Run
from kezun.assessment.rules.form import CADENCES
from kezun.assessment.rules.reading import NotAScheme, read
from kezun.assessment.rules.steps import judged_by
from kezun.assessment.running import run
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import address, body
from kezun.facts.rules import Period

KINDS = ("day", "week", "month", "quarter", "year")
days = st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31))


def text(cadence, **more):
    return world.scheme_text(period={"cadence": cadence}, **more)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@given(days, st.sampled_from(KINDS), st.sets(st.sampled_from(CADENCES), min_size=1))
def test_only_periods_of_a_named_length_are_judged(day, kind, cadences):
    period = Period.of(day, kind)
    assert judged_by(cadences, period.kind, period.start, period.end) == bool({"any", kind} & cadences)


@given(days)
def test_every_day_lies_in_one_half_year_and_that_is_judged(day):
    half = Period.parse(telling.half_of(day))
    assert half.start <= day <= half.end
    assert 181 <= half.days <= 184
    assert judged_by(["half"], half.kind, half.start, half.end)
    assert not judged_by(["month", "quarter", "year"], half.kind, half.start, half.end)
    longer = half.start - dt.timedelta(days=1)
    assert not judged_by(["half"], half.kind, longer, half.end)


@given(days, st.sets(st.sampled_from(CADENCES), min_size=1))
def test_the_examples_in_a_refusal_can_be_opened(day, cadences):
    made = read(text(sorted(cadences - {"any"}) or ["any"]))
    for label in telling.examples(made, day):
        period = Period.parse(label)
        assert judged_by(made.cadences, period.kind, period.start, period.end)
        assert period.start <= day <= period.end


def test_several_cadences_stand_in_their_own_order():
    made = read(text(["quarter", "month"]))
    assert (made.cadence, made.cadences) == ("month+quarter", ("month", "quarter"))
    assert telling.cadence_words(made) == "month by month or quarter by quarter"
    assert read(world.scheme_text()).cadences == ("any",)


@pytest.mark.parametrize(
    ("cadence", "code"), [("weekly", "unknown_value"), (["month", "any"], "any_cadence"), ([""], "not_text")]
)
def test_a_cadence_that_is_none_is_refused_at_its_place(cadence, code):
    with pytest.raises(NotAScheme) as refused:
        read(text(cadence))
    assert code in [problem.code for problem in refused.value.problems]


@pytest.fixture
def quarterly(own_home, bank):
    with world.together():
        world.served("O1", "2026-03-10", 60)
        world.rated("O1", "2026-03-10", 57, 3)
    return world.installed(text("quarter"))


@pytest.mark.django_db
@pytest.mark.parametrize("period", ["2026-03", "2026", "2026-W10", "2026-03-05", "2026-01-01..2026-03-31"])
def test_a_period_of_another_length_is_not_opened(quarterly, period):
    with pytest.raises(ValidationError) as refused:
        rounds.open_round(world.US, quarterly, period=period)
    told = refused.value.message_dict["period"][0]
    assert "quarter by quarter" in told
    assert period in told
    assert "2026-Q" in told
    assert not Round.objects.exists()


@pytest.mark.django_db
def test_the_desk_says_what_can_be_opened(quarterly, visit, person_in):
    client = visit(person_in("service_office", "HO"))
    page = body(client.get(address("rounds")))
    assert "quarter by quarter" in page
    assert '<optgroup label="Half-years">' in page
    sent = {"scheme": quarterly.pk, "period": "2026-03"}
    assert "cannot be opened: choose 2026-Q1" in body(client.post(address("open_round"), sent, follow=True))
    client.post(address("open_round"), sent | {"period": "2026-Q1"})
    assert Round.objects.get().period == "2026-Q1"


@pytest.mark.django_db
def test_what_was_opened_under_an_earlier_edition_stays_open(quarterly):
    """An edition that judges otherwise begins inside an open period: that one is finished as it was begun."""
    held = rounds.open_round(world.US, quarterly, period="2026-Q1")
    world.installed(text("month", version="2026.2", valid={"from": "2026-03-01"}, supersedes="2026.1"))
    assert rounds.open_round(world.US, quarterly, period="2026-Q1") == held
    with pytest.raises(ValidationError, match="month by month"):
        rounds.open_round(world.US, quarterly, period="2026-Q2")


@pytest.mark.django_db
@pytest.mark.parametrize("period", ["2026-03", "2026-Q1"])
def test_a_trial_opens_no_round_and_is_shown_to_nobody(quarterly, person_in, period):
    office = person_in("service_office", "HO")
    made = run(office, quarterly, period)
    assert (made.kind, made.round, made.supersedes, made.shown_at) == ("provisional", None, None, None)
    assert not Round.objects.exists()
    again = run(office, quarterly, period)
    assert again.supersedes is None
    with pytest.raises(ValidationError, match="ask for the next step"):
        runs.show_run(office, again)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["final", "restated"])
def test_what_is_to_be_published_needs_an_open_period(quarterly, kind):
    ordered = {"decision": "1号", "reason": "补录"}
    with pytest.raises(ValidationError, match="open it at the period desk first"):
        run(world.US, quarterly, "2026-Q1", kind=kind, **ordered)
    assert not Run.objects.exists()
    held = rounds.open_round(world.US, quarterly, period="2026-Q1")
    assert run(world.US, quarterly, "2026-Q1", kind=kind, **ordered).round == held


@pytest.mark.django_db
def test_a_run_asked_to_open_its_period_is_refused_another_length(quarterly):
    with pytest.raises(ValidationError, match="cannot be opened"):
        run(world.US, quarterly, "2026-03", opens=True)
    assert not Run.objects.exists()
    assert run(world.US, quarterly, "2026-Q1", opens=True).round == Round.objects.get()


def assess(*words, code=0):
    done = CliRunner().invoke(assess_group, ["--scheme", "test", *words])
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.django_db
def test_the_command_opens_a_period_only_when_asked(quarterly):
    assess("--period", "2026-03")
    assess("--period", "2026-Q1")
    assert not Round.objects.exists()
    assert "cannot be opened: choose 2026-Q1" in assess("--period", "2026-03", "--open", code=1)
    assess("--period", "2026-Q1", "--open")
    assert Round.objects.get().period == "2026-Q1"
    assess("--period", "2026-Q1")
    assert Run.objects.latest("pk").round == Round.objects.get()


@pytest.mark.django_db
def test_the_page_of_runs_opens_nothing(quarterly, visit, person_in):
    client = visit(person_in("service_office", "HO"))
    sent = {"scheme": quarterly.urn, "period": "2026-Q1"}
    told = body(client.post(address("new_run"), sent | {"kind": "final"}, follow=True))
    assert "open it at the period desk first" in told
    client.post(address("new_run"), sent | {"kind": "provisional"})
    assert (Run.objects.get().round, Round.objects.count()) == (None, 0)


@pytest.mark.django_db
def test_a_trial_proposes_nobody_for_a_list(quarterly):
    made = run(world.US, quarterly, "2026-Q1")
    with pytest.raises(ValidationError, match="no open period"):
        honours.propose_lists(world.US, made, entries=[], hear_days=5)


@pytest.mark.django_db
def test_the_first_runs_of_a_new_bank_keep_to_the_cadence(own_home, bank, tmp_path):
    for name, cadence in (("quarterly", "quarter"), ("monthly", ["month", "quarter"])):
        more = {"id": f"urn:kezun:scheme:{name}"}
        (tmp_path / f"{name}.yaml").write_text(text(cadence, **more), encoding="utf-8")
    with world.together():
        for day in ("2026-01-20", "2026-02-10", "2026-03-31"):
            world.served("O1", day, 50)
    made = shipped.run_all(world.US, shipped.install_all(world.US, tmp_path, "pack:x"))
    assert {(r.scheme.urn, r.period) for r in made} == {
        ("urn:kezun:scheme:monthly", "2026-02"),
        ("urn:kezun:scheme:monthly", "2026-03"),
    }
