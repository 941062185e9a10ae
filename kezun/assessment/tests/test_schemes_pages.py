"""Pages of schemes: library, reading, comparing, drafts with their check and example, the bridge."""

import datetime as dt
import re

import pytest
import yaml

from kezun.assessment import editing, example, running, telling
from kezun.assessment.actions import schemes
from kezun.assessment.models import Run, Scheme
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.reading import read
from kezun.assessment.schemes import scheme_of
from kezun.assessment.shipped import shipped
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import address, body
from kezun.facts.rules import Period

pytestmark = pytest.mark.django_db


def drafted(office, **changes):
    changes = {"version": "2027.1", "valid": {"from": "2027-01-01"}, "supersedes": "2026.1"} | changes
    return schemes.draft_scheme(office, text=world.scheme_text(**changes))


def test_the_library_says_what_to_do_first(visit, office, person_in):
    page = body(visit(office).get(address("schemes")))
    assert "No scheme has been published yet" in page
    assert address("begin_scheme") in page
    page = body(visit(person_in("teller", "O1")).get(address("schemes")))
    assert address("begin_scheme") not in page
    assert "by what you are judged" in page


def test_the_library_shows_editions_drafts_and_what_waits(visit, office, second, judged, person_in):
    draft = drafted(office)
    page = body(visit(office).get(address("schemes")))
    assert "Being worked on" in page
    assert "2027.1" in page
    schemes.propose_scheme(office, draft)
    assert "1 proposal waits for your decision." in body(visit(second).get(address("schemes")))
    assert "waits for your decision" not in body(visit(office).get(address("schemes")))
    teller = body(visit(person_in("teller", "O1")).get(address("schemes")))
    assert "Trial scheme" in teller
    assert "2027.1" not in teller
    assert visit(person_in("teller", "O1")).get(address("scheme", draft.pk)).status_code == 404


def test_an_edition_is_read_in_words_and_curves(visit, judged, person_in):
    page = body(visit(person_in("teller", "O1")).get(address("scheme", judged.pk)))
    for text in (
        "drawn towards its peers where it rests on few observations (beta-binomial)",
        "observations: at least 5",
        "without data its weight goes to the other components",
        "<polyline points=",
        "10 days",
    ):
        assert text in page
    assert "Edit" not in page.replace("Edition", "")


@pytest.mark.parametrize(
    "form", [made for made, _text in shipped()], ids=lambda form: f"{form.id}@{form.version}"
)
def test_everything_that_comes_with_the_product_can_be_said(form, bank):
    """Each part of each shipped scheme has words, and every curve stays within its box."""
    for one in form.components:
        drawn = telling.curve(one.transform, telling.unit_of(one))
        heights = [float(point.split(",")[1]) for point in drawn.line.split()]
        assert len(heights) == telling.SAMPLES
        assert all(1.9 <= height <= 50 for height in heights)
        assert telling.estimator_words(one)
    for rule in form.adjustments:
        told = telling.adjustment_words(rule)
        assert told["points"]
        assert told["cap"] in {str(rule.cap.normalize()), f"{rule.cap.normalize():f}"}
    assert all(telling.veto_words(veto, {}, form)["does"] for veto in form.vetoes)
    assert telling.grade_words(form.grades[-1], form)["floors"] == ""
    assert telling.subject_words(form.of)
    for rule in (form.red, form.black):
        assert bool(telling.listing_words(rule, form)) == (rule is not None)


def test_a_curve_falls_where_less_is_better():
    text = world.scheme_text()
    made = yaml.safe_load(text)
    made["components"][1]["transform"] = {"kind": "ratio_to_target", "target": 300, "direction": "down"}
    made["components"][0]["transform"] = {
        "kind": "bands",
        "op": ">=",
        "bands": [[0.9, 100], [0.5, 60], [None, 0]],
    }
    form = read(yaml.safe_dump(made, allow_unicode=True))
    drawn = [telling.curve(c.transform, "s") for c in form.components]
    falls, steps = ([float(p.split(",")[1]) for p in one.line.split()] for one in reversed(drawn))
    assert falls == sorted(falls)
    assert falls[0] < falls[-1]
    assert len(set(steps)) == 3


def test_the_text_is_given_out_as_it_was_written(visit, office, judged):
    answer = visit(office).get(address("scheme_text", judged.pk))
    assert answer.content.decode() == judged.text
    assert "test-2026.1.yaml" in answer["Content-Disposition"]


def test_two_editions_stand_side_by_side(visit, office, judged):
    made = yaml.safe_load(judged.text)
    made["components"][0]["weight"], made["components"][1]["weight"] = 70, 30
    draft = drafted(office, components=made["components"])
    page = body(visit(office).get(address("compare_schemes", judged.pk), {"with": draft.pk}))
    assert "weight 60" in page
    assert "weight 70" in page
    assert page.index(">2026.1 ·") < page.index(">2027.1 ·")
    assert page.count('class="a-differs"') == 2
    only = visit(office).get(address("compare_schemes", judged.pk), {"with": judged.pk})
    assert 'class="a-differs"' not in only.content.decode()


def test_comparing_without_another_edition_leads_to_the_text(visit, office, judged):
    assert visit(office).get(address("compare_schemes", judged.pk))["Location"] == address(
        "scheme", judged.pk
    )


@pytest.mark.parametrize("how", ["example", "text"])
def test_a_draft_is_begun(visit, office, how):
    made, _text = next(one for one in shipped() if one[0].id.endswith("wangdian-jidu"))
    said = {
        "example": {"how": "example", "urn": made.id, "version": made.version},
        "text": {"how": "text", "pasted": world.scheme_text()},
    }[how]
    answer = visit(office).post(address("begin_scheme"), said)
    draft = Scheme.objects.get()
    assert answer["Location"] == address("edit_scheme", draft.pk)
    assert (draft.state, draft.drafted_by) == ("draft", office)


def test_what_cannot_be_begun_is_said(visit, office):
    client = visit(office)
    for said in (
        {"how": "blank"},
        {"how": "example", "urn": "x"},
        {"how": "text", "pasted": "id: ["},
        {"how": "text"},
    ):
        answer = client.post(address("begin_scheme"), said)
        assert answer.status_code == 422
        assert not Scheme.objects.exists()


def test_a_new_edition_from_one_that_is_there(visit, office, judged):
    client = visit(office)
    assert client.get(address("begin_scheme")).status_code == 200
    client.post(address("copy_scheme", judged.pk))
    draft = Scheme.objects.get(state="draft")
    assert (draft.version, draft.supersedes) == ("2026.2", "2026.1")
    assert draft.from_date > dt.date.today()
    assert client.get(address("edit_scheme", draft.pk)).status_code == 200


def fields(client, draft):
    """The form as a browser would send it."""
    page = client.get(address("edit_scheme", draft.pk)).content.decode()
    inputs = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]*? value="([^"]*)"', page))
    chosen = re.findall(r'<select[^>]* name="([^"]+)".*?</select>', page, re.S)
    for name in chosen:
        block = re.search(rf'<select[^>]* name="{re.escape(name)}".*?</select>', page, re.S)[0]
        found = re.search(r'<option value="([^"]*)" selected', block)
        inputs[name] = found[1] if found else ""
    inputs["head.about"] = ""
    return {key: value.replace("&amp;", "&") for key, value in inputs.items()} | {"do": "save"}


def test_saving_the_form_unchanged_changes_nothing(visit, office, judged):
    draft = drafted(office)
    before = scheme_of(draft)
    client = visit(office)
    answer = client.post(address("edit_scheme", draft.pk) + "?tab=form", fields(client, draft))
    assert answer.status_code == 302
    draft.refresh_from_db()
    after = scheme_of(draft)
    assert telling_apart(after) == telling_apart(before)


def telling_apart(form):
    """A scheme without the lines on which its parts stand."""
    return re.sub(r"line=\d+", "", repr(form))


def test_every_shipped_scheme_survives_its_form():
    """A form applied unchanged leaves the tree of each shipped scheme as it is."""
    for made, text in shipped():
        tree = editing.tree_of(text)
        said = {f"head.{key}": value for key, value in editing.head_fields(tree).items()}
        for part in editing.PARTS:
            for row in editing.rows(tree, part):
                said |= {f"{row.place}.{key}": value for key, value in row.fields.items()}
        again = read(editing.text_of(editing.applied(editing.tree_of(text), said)))
        assert telling_apart(again) == telling_apart(made), made.id


def test_the_form_changes_weights_points_caps_and_targets(visit, office, judged):
    rule = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"一般": 1}, "cap": 5}
    draft = drafted(office, deductions=[rule])
    client = visit(office)
    said = fields(client, draft) | {
        **{
            "components.0.weight": "55",
            "components.1.weight": "45.0",
            "components.1.line": "target=0.8、cap=1",
        },
        **{"components.0.curve": "bands", "components.0.line": "0.95=100、0.9=60、=0"},
        **{"deductions.0.points": "一般=2、重大=3.5", "deductions.0.cap": "8", "grades.0.min": "92"},
        **{"grades.0.floors": "csat=85", "head.appeal.window_days": "15", "head.base": "1"},
        **{"components.0.min_n": "40", "components.0.estimator": "raw", "components.0.missing": "exclude"},
    }
    client.post(address("edit_scheme", draft.pk) + "?tab=form", said)
    draft.refresh_from_db()
    form = scheme_of(draft)
    csat, answered = form.components
    assert [str(c.weight) for c in form.components] == ["55", "45"]
    assert (str(answered.transform.target), csat.min_n, csat.missing) == ("0.8", 40, "exclude")
    assert csat.transform.bands[-1][0] is None
    assert csat.estimator.kind == "raw"
    assert [(n, str(p)) for n, p in form.deductions[0].points] == [("一般", "2"), ("重大", "3.5")]
    assert (form.grades[0].least, form.appeal.window_days, form.base) == (92, 15, 1)
    assert str(dict(form.grades[0].floors)["csat"]) == "85"


@pytest.mark.parametrize(
    ("do", "part", "ids"),
    [
        ("add:components", "components", ["csat", "answered", ""]),
        ("drop:components.0", "components", ["answered"]),
        ("up:components.1", "components", ["answered", "csat"]),
        ("up:components.0", "components", ["csat", "answered"]),
        ("drop:components.9", "components", ["csat", "answered"]),
        ("drop:modules.0", "components", ["csat", "answered"]),
        ("add:deductions", "deductions", [""]),
    ],
)
def test_rows_come_and_go(do, part, ids):
    tree = editing.tree_of(world.scheme_text())
    editing.moved(tree, do)
    assert [row.get("id") for row in tree[part]] == ids
    if do == "add:components":
        tree["components"][-1]["source"]["indicator"] = "x"
        assert editing.FRESH["components"]["source"]["indicator"] == ""


def test_mistakes_are_named_while_one_types(visit, office, judged):
    draft = drafted(office)
    client = visit(office)
    said = fields(client, draft)
    page = body(client.post(address("check_scheme", draft.pk), said))
    assert "100 / 100" in page
    assert "No mistakes" in page
    page = body(client.post(address("check_scheme", draft.pk), said | {"components.0.weight": "50"}))
    assert "90 / 100" in page
    assert "the weights add up to 90" in page
    page = body(
        client.post(address("check_scheme", draft.pk), said | {"components.0.source": "floor.nothing"})
    )
    assert "there is no indicator «floor.nothing»" in page
    assert 'data-line="' in page
    page = body(client.post(address("check_scheme", draft.pk), {"text": "id: ["}))
    assert "mistake" in page
    draft.refresh_from_db()
    assert "50" not in [str(c.weight) for c in scheme_of(draft).components]


def test_a_text_without_shape_is_mended_as_text(visit, office, judged):
    draft = drafted(office)
    broken = draft.text.replace("components:", "components: x\nrest:")
    Scheme.objects.filter(pk=draft.pk).update(text=broken)
    client = visit(office)
    assert 'id="text"' in client.get(address("edit_scheme", draft.pk)).content.decode()
    assert client.post(address("edit_scheme", draft.pk), {"do": "save"})["Location"].endswith("?tab=text")
    page = body(client.get(address("scheme", draft.pk)))
    assert "This draft has mistakes" in page
    assert client.post(address("copy_scheme", draft.pk))["Location"] == address("scheme", draft.pk)


def test_a_colleague_who_saved_meanwhile_is_not_written_over(visit, office, second, judged):
    draft = drafted(office)
    client = visit(office)
    said = fields(client, draft)
    schemes.save_scheme(second, draft, text=draft.text.replace("Trial scheme", "Other title"))
    page = body(client.post(address("edit_scheme", draft.pk) + "?tab=form", said))
    assert "Somebody saved this draft while you were writing" in page
    draft.refresh_from_db()
    assert draft.title_en == "Other title"


def test_the_example_is_computed_at_once_and_kept_nowhere(visit, office, judged):
    run = running.run(world.US, judged, "2026-03")
    draft = drafted(office)
    client = visit(office)
    said = fields(client, draft) | {"example.subject": "O3", "example.period": "2026-03"}
    page = body(client.post(address("scheme_example", draft.pk), said))
    stored = run.scores.get(unit__code="O3")
    assert "Stored run:" in page
    assert f"{stored.score:.2f}" in page
    assert "Estimated among 2 peers." in page
    other = said | {"components.0.weight": "20", "components.1.weight": "80"}
    moved = body(client.post(address("scheme_example", draft.pk), other))
    assert 'class="a-up">+' in moved
    assert Run.objects.count() == 1


def test_the_example_equals_a_run_by_the_same_rules(office, judged):
    """One subject among its peers gives what a whole run gives, line by line."""
    text = world.scheme_text(version="2026.9", base=1)
    found = example.tried(office, text, "O2", Period.parse("2026-03"))
    draft = schemes.draft_scheme(office, text=text)
    whole = running.run(office, draft, "2026-03", kind=Run.Kind.WHAT_IF)
    assert found.score == whole.scores.get(unit__code="O2").score
    assert found.stored is None
    assert changed(scheme_of(draft), {}).base == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"example.subject": "nobody"}, "«nobody» is not judged by this scheme"),
        ({"example.subject": "O1", "example.period": "neulich"}, "is not a period"),
        ({"example.subject": "O1", "components.0.weight": "x"}, "mend them first"),
        ({"example.subject": ""}, ""),
    ],
)
def test_an_example_that_cannot_be_computed_says_why(visit, office, judged, said, told):
    draft = drafted(office)
    client = visit(office)
    form = fields(client, draft) | {"example.period": "2026-03"} | said
    answer = client.post(address("scheme_example", draft.pk), form)
    assert answer.status_code == 200
    assert told in body(answer)
    assert "Lines of the example" not in body(answer)


def test_two_persons_publish_and_runs_of_the_past_are_named(visit, office, second, judged):
    running.run(world.US, judged, "2026-03")
    draft = drafted(office, valid={"from": "2026-01-01"})
    client, other = visit(office), visit(second)
    client.post(address("decide_scheme", draft.pk, "propose"))
    assert "It waits for a second person" in body(client.get(address("scheme", draft.pk)))
    page = body(other.get(address("scheme", draft.pk)))
    assert "1 run judged days that this edition would hold" in page
    other.post(address("decide_scheme", draft.pk, "approve"), {"doc_no": ""})
    draft.refresh_from_db()
    assert draft.state == "proposed"
    other.post(address("decide_scheme", draft.pk, "approve"), {"doc_no": "考核办〔2026〕9号"})
    draft.refresh_from_db()
    assert (draft.state, draft.approved_by) == ("published", second)
    assert client.get(address("edit_scheme", draft.pk))["Location"] == address("scheme", draft.pk)


def test_sent_back_and_withdrawn_with_a_reason(visit, office, second, judged):
    draft = drafted(office)
    schemes.propose_scheme(office, draft)
    client = visit(second)
    client.post(address("decide_scheme", draft.pk, "refuse"), {"reason": "权重依据未写"})
    page = body(visit(office).get(address("scheme", draft.pk)))
    assert "权重依据未写" in page
    client.post(address("decide_scheme", judged.pk, "withdraw"), {"reason": "改由总行统一"})
    client.post(address("decide_scheme", judged.pk, "ask"), {"reason": "改由总行统一"})
    judged.refresh_from_db()
    assert judged.state == "published"
    assert "You asked for it" in body(client.get(address("scheme", judged.pk)))
    other = visit(office)
    assert "Carry out the withdrawal" in body(other.get(address("scheme", judged.pk)))
    other.post(address("decide_scheme", judged.pk, "keep"), {"reason": "本季仍用"})
    client.post(address("decide_scheme", judged.pk, "ask"), {"reason": "改由总行统一"})
    other.post(address("decide_scheme", judged.pk, "withdraw"))
    judged.refresh_from_db()
    assert (judged.state, judged.withdrawn_by) == ("withdrawn", office)
    assert "改由总行统一" in body(client.get(address("scheme", judged.pk)))
    assert client.post(address("decide_scheme", draft.pk, "burn")).status_code == 404


def test_pages_cost_few_statements(visit, office, judged, django_assert_max_num_queries):
    draft = drafted(office)
    client = visit(office)
    for name, args, most in (
        ("schemes", (), 12),
        ("scheme", (judged.pk,), 14),
        ("edit_scheme", (draft.pk,), 16),
        ("bridge", (), 10),
    ):
        client.get(address(name, *args))
        with django_assert_max_num_queries(most):
            assert client.get(address(name, *args)).status_code == 200
