"""An estimator fits what its indicator is made of, or the scheme is refused; what judged before judges on."""

from __future__ import annotations

import html
import re

import pytest
import yaml
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.utils import translation

from kezun.assessment.actions import schemes
from kezun.assessment.cli import scheme_group
from kezun.assessment.known import known, read_known
from kezun.assessment.messages import UNFIT, say_problem
from kezun.assessment.models import Scheme
from kezun.assessment.replaying import replay
from kezun.assessment.rules import checks
from kezun.assessment.rules.fitting import FITS, nature
from kezun.assessment.rules.form import ESTIMATORS
from kezun.assessment.rules.reading import NotAScheme, read
from kezun.assessment.running import run
from kezun.assessment.tests.desk import body
from kezun.assessment.tests.world import US, installed, rated, scheme_text, served, together

MEAN = {"kind": "linear", "from": [0, 600], "to": [100, 0]}


def text_with(indicator: str, estimator: dict[str, object], **changes: object) -> str:
    """The scheme of `scheme_text` whose first component takes that indicator by that estimator."""
    made = yaml.safe_load(scheme_text(**changes))
    made["components"][0] |= {"source": {"indicator": indicator}, "estimator": estimator}
    return scheme_text(**changes | {"components": made["components"]})


UNFIT_TEXT = text_with("floor.wait_mean", {"kind": "beta_binomial_eb"})


@pytest.fixture
def unchecked(monkeypatch):
    """As before anybody looked whether an estimator fits."""
    with monkeypatch.context() as patched:
        patched.setattr(checks, "_estimators", lambda *_told: None)
        yield patched


@pytest.mark.parametrize(
    ("told", "made"),
    [
        (("ratio",), "share"),
        (("ratio", 100), "share"),
        (("ratio", 10_000), "few"),
        (("coverage",), "few"),
        (("coverage", 10_000), "few"),
        (("rate",), "events"),
        (("mean",), "mean"),
        (("quantile",), "mean"),
        (("nps",), "mean"),
        (("count",), "plain"),
        (("distinct",), "plain"),
        (("distribution",), "plain"),
        (("formula",), "plain"),
    ],
)
def test_what_a_value_is_made_of(told, made):
    assert nature(*told) == made


def test_a_rate_of_points_or_seconds_is_no_rate_of_events():
    assert nature("rate", counted=False) == "plain"
    assert nature("mean", counted=False) == "mean"


def test_every_estimator_fits_something_and_the_plain_value_fits_all():
    assert {kind for fits in FITS.values() for kind in fits} == set(ESTIMATORS)
    assert all(fits[0] == "raw" for fits in FITS.values())


@pytest.mark.parametrize("of", FITS)
def test_the_refusal_names_each_estimator_that_fits_and_no_other(of):
    told = UNFIT[f"unfit_{of}"] % {"id": "an indicator", "kind": "this one"}
    assert {kind for kind in ESTIMATORS if re.search(rf"\b{kind}\b", told)} == set(FITS[of])


REFUSED = [
    ("floor.wait_mean", {"kind": "beta_binomial_eb"}, "unfit_mean"),
    ("floor.wait_p90", {"kind": "gamma_poisson"}, "unfit_mean"),
    ("floor.wait_mean", {"kind": "casemix", "casemix": ["business"]}, "unfit_mean"),
    ("floor.wait_mean", {"kind": "normal_eb", "casemix": ["business"]}, "casemix_unfit"),
    ("floor.satisfied_rate", {"kind": "normal_eb"}, "unfit_share"),
    ("floor.satisfied_rate", {"kind": "gamma_poisson"}, "unfit_share"),
    ("floor.dissatisfied_per_10k", {"kind": "normal_eb"}, "unfit_few"),
    ("cases.complaints_per_outlet", {"kind": "normal_eb"}, "unfit_events"),
    ("cases.complaints_per_outlet", {"kind": "beta_binomial_eb"}, "unfit_events"),
    ("cases.complaints_per_outlet", {"kind": "raw", "casemix": ["business"]}, "casemix_unfit"),
    ("floor.tickets", {"kind": "gamma_poisson"}, "unfit_plain"),
    ("standards.score_mean", {"kind": "normal_eb"}, "unfit_plain"),
    ("standards.points_share", {"kind": "gamma_poisson"}, "unfit_plain"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("indicator", "estimator", "code"), REFUSED)
def test_what_does_not_fit_is_refused_at_its_component(bank, indicator, estimator, code):
    text = text_with(indicator, estimator)
    with pytest.raises(NotAScheme) as refused:
        read_known(text)
    [problem] = refused.value.problems
    assert (problem.path, problem.code) == ("components.csat.estimator", code)
    assert text.splitlines()[problem.line - 1].strip() == "estimator:"
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert indicator in say_problem(problem)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("indicator", "estimator"),
    [
        ("floor.wait_mean", {"kind": "normal_eb"}),
        ("floor.wait_p90", {"kind": "normal_eb"}),
        ("floor.satisfied_rate", {"kind": "casemix", "casemix": ["business", "class"]}),
        ("floor.satisfied_rate", {"kind": "beta_binomial_eb", "casemix": ["business"]}),
        ("floor.rating_coverage", {"kind": "beta_binomial_eb"}),
        ("floor.dissatisfied_per_10k", {"kind": "gamma_poisson"}),
        ("cases.complaints_per_10k", {"kind": "gamma_poisson"}),
        ("cases.complaints_per_outlet", {"kind": "gamma_poisson"}),
        ("standards.points_share", {"kind": "raw"}),
        ("floor.tickets", {"kind": "raw"}),
    ],
)
def test_what_fits_is_taken(bank, indicator, estimator):
    assert read_known(text_with(indicator, estimator)).components[0].estimator.kind == estimator["kind"]


@pytest.mark.django_db
def test_every_indicator_there_is_has_a_nature(bank):
    beside = known(editions=False)
    assert set(beside.natures) == beside.indicators
    assert set(beside.natures.values()) == set(FITS)


def test_without_knowing_the_indicators_nothing_is_said_of_them():
    assert read(UNFIT_TEXT).components[0].estimator.kind == "beta_binomial_eb"


@pytest.mark.django_db
def test_a_draft_keeps_it_but_is_not_sent_and_says_why_in_the_readers_language(office):
    made = schemes.draft_scheme(
        office, text=text_with("floor.wait_mean", {"kind": "casemix", "casemix": ["class"]})
    )
    for language, words in (("en", "normal_eb (normal-normal)"), ("zh-hans", "均值")):
        with translation.override(language), pytest.raises(ValidationError) as refused:
            schemes.propose_scheme(office, made)
        [said] = refused.value.messages
        assert "components.csat.estimator" in said
        assert "floor.wait_mean" in said
        assert words in said
    made.refresh_from_db()
    assert made.state == Scheme.State.DRAFT


@pytest.mark.django_db
def test_what_was_sent_before_is_not_published(office, second, unchecked):
    made = schemes.propose_scheme(
        office,
        schemes.draft_scheme(
            office,
            text=text_with("floor.wait_mean", {"kind": "beta_binomial_eb"}, valid={"from": "2099-01-01"}),
        ),
    )
    unchecked.undo()
    with pytest.raises(ValidationError, match=r"floor\.wait_mean"):
        schemes.approve_scheme(second, made)
    made.refresh_from_db()
    assert (made.state, made.published_at) == (Scheme.State.PROPOSED, None)


@pytest.mark.django_db
def test_what_was_published_before_judges_on_and_is_repeated_to_the_same_bytes(own_home, bank, unchecked):
    with together():
        for code, good in (("O1", 40), ("O2", 30)):
            rated(code, "2026-03-02", good=good, bad=10)
            served(code, "2026-03-02", 30, 10)
    text = text_with("floor.satisfied_rate", {"kind": "gamma_poisson"})
    scheme = installed(text)
    made = run(US, scheme, "2026-03", opens=True)
    unchecked.undo()
    with pytest.raises(NotAScheme):
        read_known(text)
    again = replay(made)
    assert (again.equal, again.differences, again.notes) == (True, [], [])
    assert run(US, scheme, "2026-03").result_hash == made.result_hash
    assert schemes.install_scheme(US, text=text, origin="test") == scheme


@pytest.mark.django_db
def test_a_pack_that_brings_it_is_refused_and_brings_nothing(bank):
    with pytest.raises(NotAScheme):
        schemes.install_scheme(US, text=UNFIT_TEXT, origin="pack:test")
    assert not Scheme.objects.exists()


@pytest.mark.django_db
def test_the_command_says_file_line_place_and_what_fits(bank, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(UNFIT_TEXT, encoding="utf-8")
    with translation.override("en"):
        done = CliRunner().invoke(scheme_group, ["check", str(path)])
    assert done.exit_code == 3
    assert re.search(
        r"mine\.yaml, line \d+, components\.csat\.estimator: «floor\.wait_mean» is a mean", done.stderr
    )
    assert "raw (as measured) or normal_eb" in done.stderr


def offered(page: str, place: str) -> tuple[list[str], str]:
    """The estimators that a component's list offers, and the one that is chosen."""
    select = re.search(rf'<select[^>]*id="{re.escape(place)}-estimator".*?</select>', page, re.DOTALL)
    options = re.findall(r'<option value="(\w+)"([^>]*)>', select[0])
    chosen = [value for value, more in options if "selected" in more]
    return [value for value, more in options if "hidden disabled" not in more], *chosen


@pytest.mark.django_db
def test_the_editor_offers_only_what_fits(office, visit):
    parts = yaml.safe_load(scheme_text())["components"]
    parts += [
        {
            "id": "wait",
            "title": "等候",
            "weight": 0,
            "source": {"indicator": "floor.wait_mean"},
            "transform": MEAN,
        },
        {"id": "lobby", "title": "检查", "weight": 0, "source": {"standard": "urn:test:std"}},
        {"id": "none", "title": "未定", "weight": 0, "source": {"indicator": ""}, "transform": MEAN},
        {
            "id": "odd",
            "title": "不配",
            "weight": 0,
            "source": {"indicator": "floor.wait_mean"},
            "transform": MEAN,
        }
        | {"estimator": {"kind": "gamma_poisson"}},
    ]
    installed(scheme_text(id="urn:kezun:scheme:other"))  # brings the standard
    made = schemes.draft_scheme(office, text=scheme_text(components=parts))
    page = html.unescape(body(visit(office).get(f"/schemes/{made.pk}/edit/")))
    assert offered(page, "components.0") == (["raw", "beta_binomial_eb", "casemix"], "beta_binomial_eb")
    assert offered(page, "components.2") == (["raw", "normal_eb"], "raw")
    assert offered(page, "components.3") == (["raw"], "raw")
    assert offered(page, "components.4") == (list(ESTIMATORS), "raw")
    # What a text has stays in sight until it is changed, and the side of the page says that it does not fit.
    assert offered(page, "components.5") == (["raw", "gamma_poisson", "normal_eb"], "gamma_poisson")
    assert "components.odd.estimator" in page
    assert '<option value="floor.wait_mean" data-fits="raw normal_eb">' in page
    assert '<option value="urn:test:std" data-fits="raw">' in page


@pytest.mark.django_db
def test_the_side_of_the_editor_names_it_while_one_types(office, visit):
    made = schemes.draft_scheme(office, text=scheme_text())
    address = f"/schemes/{made.pk}/check/"
    assert "components.csat.estimator" not in body(visit(office).post(address, {}))
    found = body(visit(office).post(address, {"components.0.source": "floor.wait_mean"}))
    assert "components.csat.estimator" in found
    assert "normal_eb" in found
