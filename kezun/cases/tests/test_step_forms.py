"""Forms of steps, kinds and complaints: what they ask, what they pass on, and what a refusal does to them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, catalogs, forms_intake, forms_kind, kinds, payload, queries
from kezun.cases.forms_intake import ComplaintForm, PublicForm
from kezun.cases.forms_step import ASKED, StepForm, take_field
from kezun.cases.models import Case
from kezun.cases.rules.kinds import Choice, Field
from kezun.cases.rules.verbs import VERBS, Take
from kezun.cases.tests.courses import COURSES, fitted
from kezun.kernel.actor import SystemActor

LINES = st.dictionaries(
    st.sampled_from([f"{name}-{n}" for n in range(25) for name in ("role", "name", "phone", "x")]),
    st.text(max_size=12),
    max_size=60,
)


@given(LINES, st.integers(0, 4))
def test_rows_of_people_are_read_until_the_first_that_is_not_there(said, least):
    rows = forms_intake.party_rows(said, least)
    held = next((n for n in range(25) if f"role-{n}" not in said), 25)
    assert len(rows) == max(min(held, forms_intake.MOST_ROWS), least)
    assert all(set(row) == {"role", *forms_intake.PERSONAL} for row in rows)
    named = forms_intake.people(rows)
    assert len(named) <= len(rows)
    assert all(all(row.values()) and set(row) & set(forms_intake.PERSONAL) for row in named)


@pytest.mark.parametrize("form", [ComplaintForm, PublicForm])
def test_every_code_that_a_form_offers_is_one_of_its_table(form):
    tables = {"channel": "complaint_channel", "business": "complaint_business"}
    tables |= {"reason_code": "complaint_reason", "urgency": "urgency", "complexity": "complexity"}
    for name in set(tables) & set(form().fields):
        flat = [one for choice in form().fields[name].choices for one in leaves(*choice)]
        known = set(catalogs.tables()[tables[name]].codes)
        assert set(flat) - {""} <= known
        assert len(flat) == len(set(flat)), name
        assert form is PublicForm or set(flat) - {""} == known, name
        assert flat


def leaves(value, label):
    return [one for one, _said in label] if isinstance(label, list) else [value]


# --- one field ---


@pytest.mark.parametrize(
    ("told", "attrs"),
    [
        (Field(id="a", name="x", type="whole"), {"inputmode": "numeric"}),
        (Field(id="a", name="x", type="money"), {"inputmode": "decimal"}),
        (Field(id="a", name="x", type="day"), {"type": "date"}),
        (Field(id="a", name="x", type="moment"), {"type": "datetime-local"}),
        (Field(id="a", name="x", type="unit"), {"list": "units"}),
        (Field(id="a", name="x", type="person"), {"list": "staff"}),
        (Field(id="a", name="x", type="long"), {"rows": 3}),
        (Field(id="a", name="x", type="text", required=True), {"aria-required": "true"}),
    ],
    ids=lambda x: getattr(x, "type", ""),
)
def test_a_field_is_typed_where_a_phone_can_help(told, attrs):
    made = forms_kind.field_of(told)
    drawn = {"type": getattr(made.widget, "input_type", "")} | made.widget.attrs
    assert attrs.items() <= drawn.items()
    assert not made.required, "the engine checks it, so that nothing typed is lost"
    assert made.label == ("x *" if told.required else "x")


def test_a_field_speaks_the_language_of_the_page():
    choices = (Choice(id="a", name="甲", name_en="First"), Choice(id="b", name="乙", name_en=""))
    told = Field(
        id="f", name="名", name_en="Name", type="choice", choices=choices, about="说明", about_en="Hint"
    )
    with translation.override("en"):
        made = forms_kind.field_of(told)
        assert (made.label, made.help_text) == ("Name", "Hint")
        assert made.choices == [("", "—"), ("a", "First"), ("b", "乙")]
    with translation.override("zh-hans"):
        assert forms_kind.field_of(told).label == "名"


@pytest.mark.parametrize("take", [t for verb in VERBS.values() for t in verb.takes], ids=lambda t: t.name)
def test_what_a_verb_needs_is_marked_and_never_shorter_than_it_takes(take: Take):
    made = take_field(take)
    assert (made.widget.attrs.get("aria-required") == "true") is take.required
    assert str(made.label).endswith(" *") is take.required
    assert getattr(made, "max_length", None) is None or made.max_length >= take.most
    if take.kind == "choice":
        assert [value for value, _label in made.choices] == ["", *take.among]
        assert all(label for _value, label in made.choices)


# --- a step ---


@pytest.fixture
def form_of(opened):
    """`form_of(verb, data)`: the form of a step of a case of the trial kind."""
    case = opened(title="旧标题", where="大堂", account="尾号 5566778899")

    def make(verb: str, data=None, **more) -> StepForm:
        fresh = Case.objects.get(pk=case.pk)
        return StepForm(fresh, queries.form_of(fresh), verb, data, **more)

    return make


@pytest.mark.parametrize("type_", ASKED)
def test_an_exception_that_was_chosen_asks_for_no_more_than_it_needs(form_of, type_):
    for form in (form_of("ask", {"type": type_}), form_of("ask", initial={"type": type_})):
        assert [take.name for take in form.takes] == [
            take.name for take in VERBS["ask"].takes if take.name in ("type", *ASKED[type_])
        ]
    assert len(form_of("ask").takes) == len(VERBS["ask"].takes)


def test_running_deadlines_are_chosen_by_name_in_the_readers_language(world, timed):
    case = timed()
    clocks = list(case.clocks.order_by("policy"))
    for language, part in (("en", "contact"), ("zh-hans", "")):
        with translation.override(language):
            form = StepForm(case, queries.form_of(case), "ask", clocks=clocks)
            offered = dict(form.fields["policy"].choices)
        assert list(offered) == [clock.policy for clock in clocks]
        assert all(name and name != policy for policy, name in offered.items())
        assert any(part in name.lower() for name in offered.values())
    clocks[0].snapshot = {}
    assert StepForm(case, queries.form_of(case), "ask", clocks=clocks).fields["policy"].choices[0] == (
        *(clocks[0].policy, clocks[0].policy),
    )


def test_what_is_sealed_is_neither_shown_nor_put_right_on_a_form(form_of):
    form = form_of("amend")
    assert "account" not in form.fields
    assert "5566778899" not in form.as_p()
    assert form.initial["where"] == "大堂"


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ({"reason": "错字"}, {"reason": "错字"}),
        ({"reason": "错字", "where": "大堂"}, {"reason": "错字"}),
        ({"reason": "错字", "where": "柜台"}, {"reason": "错字", "where": "柜台"}),
        ({"reason": "", "title": "新", "where": " 大堂 "}, {"title": "新"}),
        ({"reason": "错字", "urgency": "usual"}, {"reason": "错字", "urgency": "usual"}),
    ],
)
def test_putting_right_passes_on_what_was_changed(form_of, said, passed):
    form = form_of("amend", said)
    assert form.is_valid(), form.errors
    assert form.given() == passed


def test_one_more_person_is_passed_on_as_one_row(form_of):
    form = form_of("party", {"party_role": "agent", "party_name": "李四", "party_phone": "", "key": ""})
    assert form.is_valid(), form.errors
    assert form.given() == {"parties": [{"role": "agent", "name": "李四"}]}
    assert not form_of("party", {"party_role": "team"}).is_valid(), "no role of this kind"


REFUSALS = [
    (ValidationError("Nein."), None, "Nein."),
    (ValidationError({"reason": "Zu kurz."}), "reason", "Zu kurz."),
    (ValidationError({"parties": "Wer?"}), "party_role", "Wer?"),
    (ValidationError({"files": "Zu groß."}), None, "Zu groß."),
    (ValidationError({"into": "Keiner."}), None, "Into case: Keiner."),
    (ValidationError({"elsewhere": "Hm."}), None, "elsewhere: Hm."),
]


@pytest.mark.parametrize(("error", "at", "text"), REFUSALS, ids=lambda x: str(x)[:30])
def test_a_refusal_stands_where_it_belongs(form_of, error, at, text):
    verb = "party" if at == "party_role" else "withdraw"
    form = form_of(verb, {"party_role": "agent", "reason": "x"})
    assert form.is_valid()
    with translation.override("en"):
        form.show(error)
    assert list(form.errors.get(at or "__all__", [])) == [text]


# --- a kind ---


@pytest.fixture
def correction(world):
    kinds.install_all(SystemActor("test"))
    return world


def test_no_more_people_than_a_form_has_rows_and_none_without_a_word(trial):
    kind = kinds.form_of(trial)
    said = {f"name-{n}": f"人{n}" for n in range(9)} | {f"role-{n}": "agent" for n in range(9)}
    said["name-1"] = "   "
    rows = forms_kind.people_of(kind, said)
    assert [row["name"] for row in rows] == ["人0", "人2", "人3", "人4"]
    staff = {"named_staff": [" teller.O1 ", "", *(f"p{n}" for n in range(30))], "team": ["x"]}
    told = forms_kind.parties_of(kind, said, staff)
    assert [row.get("person") for row in told if row["role"] == "named_staff"][:2] == ["teller.O1", "p0"]
    assert len(told) == 4 + forms_kind.MOST_STAFF
    assert "team" not in {row["role"] for row in told}, "the kind has no team"


def test_the_form_of_every_kind_passes_the_engine_what_it_asks(correction):
    """What a form offers is what `open` knows: no field of a form is unknown to the engine."""
    for code, kind in kinds.forms_now().items():
        form = forms_kind.OpeningForm(kind)
        said = dict.fromkeys(form.fields, "") | {"title": "x", "unit": "O1", "key": form.initial["key"]}
        sent = forms_kind.OpeningForm(kind, said)
        assert sent.is_valid(), (code, sent.errors)
        known = {take.name for take in VERBS["open"].takes} | {field.id for field in kind.asked("open")}
        assert set(sent.given()) <= known
        assert {name for name, _wide in named(form)} == {field.id for field in form.asked()}
        with pytest.raises(ValidationError) as refused:
            payload.cleaned(correction["office"], kind, "open", {"nothing": "x"})
        assert "nothing" in refused.value.message_dict


def named(form):
    return [(bound.name, wide) for bound, wide in form.own]


def test_a_flag_that_is_not_set_is_said_to_be_off(correction):
    kind = kinds.form_of(kinds.kind_now("correction"))
    form = forms_kind.OpeningForm(kind)
    said = {"title": "x", "unit": "O1", "key": form.initial["key"], "recheck": "on"}
    sent = forms_kind.OpeningForm(kind, said)
    assert sent.is_valid()
    assert (sent.given()["recheck"], sent.given()["hard"]) == (True, False)


def test_a_step_keeps_the_values_of_the_case_before_the_eyes(correction):
    who, unit, given_, steps = COURSES["correction"]
    case = actions.open_case(correction[who], "correction", correction["bank"][unit], fitted(given_))
    for actor, verb, values in steps[:2]:
        case = actions.do(correction[actor], case, verb, fitted(values))
    case = actions.do(correction["supervisor"], case, "send_back", {"reason": "写得太少"})
    form = StepForm(case, queries.form_of(case), "propose")
    assert form.initial["cause"] == case.data["cause"]
    assert form.initial["controllable"] is True
