"""What is given with a verb: every kind of value, well and badly formed; whatever comes, nothing breaks."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezun.cases import actions, payload
from kezun.cases.models import Case
from kezun.cases.rules.kinds import TYPES, Choice, Field, Kind
from kezun.cases.rules.verbs import KINDS, VERBS
from kezun.kernel.actor import SystemActor
from kezun.org.models import Post

WHO = SystemActor("test")
NOW = timezone.now()
LONE, HUGE = "\ud800", 10**5000
REFUSED = object()


def read(reader, value, most=200):
    try:
        return reader(WHO, value, most)
    except ValidationError:
        return REFUSED


def taken(actor, kind, verb, told) -> tuple[dict, set[str]]:
    """What is taken of the values, or the names of those that are refused."""
    try:
        said, held = payload.cleaned(actor, kind, verb, told)
    except ValidationError as error:
        return {}, set(error.message_dict)
    return said | held, set()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("排队太久", "排队太久"),
        ("  两端空格  ", "两端空格"),
        ("a\r\nb", "a\nb"),
        ("a\x00b", "ab"),
        ("字" * 200, "字" * 200),
        ("字" * 201, REFUSED),
        (f"坏{LONE}字", REFUSED),
        (None, REFUSED),
        (12, REFUSED),
        (["a"], REFUSED),
        ({"a": 1}, REFUSED),
        (b"bytes", REFUSED),
        ("密码是123456", REFUSED),
        ("卡号6222020200112230，安全码123", REFUSED),
    ],
)
def test_texts(value, expected):
    assert read(payload.text, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", 12),
        (" -3 ", -3),
        ("+7", 7),
        (0, 0),
        ("００７", 7),
        (2**31 - 1, 2**31 - 1),
        (2**31, REFUSED),
        ("1" + "0" * 30, REFUSED),
        ("0" * 19 + "5", 5),
        ("0" * 25 + "123456", REFUSED),
        ("1_000", REFUSED),
        ("1.0", REFUSED),
        (1.5, REFUSED),
        (True, REFUSED),
        ("", REFUSED),
        ("1 2", REFUSED),
        ([], REFUSED),
        (float("nan"), REFUSED),
    ],
)
def test_whole_numbers(value, expected):
    assert read(payload.whole, value) == expected


@pytest.mark.parametrize(
    ("value", "fen"),
    [
        ("12", 1200),
        ("12.5", 1250),
        ("1,234.56", 123456),
        (0, 0),
        ("0.01", 1),
        (3.5, 350),
        ("12.345", REFUSED),
        ("-1", REFUSED),
        ("1e3", REFUSED),
        ("9" * 13, REFUSED),
        ("", REFUSED),
        ("￥5", REFUSED),
        (None, REFUSED),
    ],
)
def test_amounts_of_money(value, fen):
    assert read(payload.money, value) == fen


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, True) for value in (True, "true", "on", "YES", "1", 1)),
        *((value, False) for value in (False, "false", "off", "No", "0", 0)),
        *((value, REFUSED) for value in ("maybe", "2", 2, None, [], {}, "是否")),
    ],
)
def test_yes_and_no(value, expected):
    assert read(payload.flag, value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-09-21 10:30", dt.datetime(2026, 9, 21, 2, 30, tzinfo=dt.UTC)),
        ("2026-09-21T10:30", dt.datetime(2026, 9, 21, 2, 30, tzinfo=dt.UTC)),
        ("2026-09-21T10:30:00Z", dt.datetime(2026, 9, 21, 10, 30, tzinfo=dt.UTC)),
        ("2026-09-21T10:30:00+09:00", dt.datetime(2026, 9, 21, 1, 30, tzinfo=dt.UTC)),
        (dt.datetime(2026, 9, 21, 10, 30), dt.datetime(2026, 9, 21, 2, 30, tzinfo=dt.UTC)),
        (NOW + dt.timedelta(hours=1), REFUSED),
        ("9999-12-31 23:59", REFUSED),
        ("0001-01-01 00:00", REFUSED),
        ("1989-12-31 00:00", REFUSED),
        ("2026-13-01 00:00", REFUSED),
        ("2026-02-30 00:00", REFUSED),
        ("2026-09-21T10:30+99:99", REFUSED),
        ("gestern", REFUSED),
        (True, REFUSED),
        ([2026, 9, 21], REFUSED),
        (None, REFUSED),
    ],
)
def test_moments(value, expected):
    assert read(payload.moment, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-09-21", dt.date(2026, 9, 21)),
        (" 2026-02-28 ", dt.date(2026, 2, 28)),
        (dt.date(2026, 9, 21), dt.date(2026, 9, 21)),
        (dt.datetime(2026, 9, 21, 10), REFUSED),
        ("2026-02-29", REFUSED),
        ("21.9.2026", REFUSED),
        ("", REFUSED),
        (None, REFUSED),
        (1.5, REFUSED),
    ],
)
def test_days(value, expected):
    assert read(payload.day, value) == expected


UNKNOWN = ("", "XX", "O1\x00", LONE, None, 5, 5.5, [], {}, ["O1"], {"code": "O1"}, "'; DROP TABLE x; --")


@pytest.mark.parametrize(
    "reader", [payload.unit, payload.person, payload.post, payload.case, payload.petition]
)
def test_what_is_not_there_is_refused_in_words(world, reader):
    for value in UNKNOWN:
        with pytest.raises(ValidationError) as refused:
            reader(world["office"], value, 0)
        assert refused.value.messages[0]


def test_codes_are_found_and_what_is_closed_is_not(world):
    bank = world["bank"]
    assert payload.unit(WHO, " O1 ", 0) == bank["O1"]
    assert payload.unit(WHO, bank["O2"], 0) == bank["O2"]
    assert payload.person(WHO, "teller.O1", 0) == world["teller"]
    assert payload.post(WHO, "teller", 0).role == "teller"
    bank["O1"].closed_date = timezone.localdate() - dt.timedelta(days=1)
    bank["O1"].save()
    type(world["teller"]).objects.filter(code="teller.O1").update(is_active=False)
    Post.objects.filter(code="teller").update(closed_date=timezone.localdate() - dt.timedelta(days=1))
    for reader, code in ((payload.unit, "O1"), (payload.person, "teller.O1"), (payload.post, "teller")):
        assert read(reader, code) is REFUSED


def test_another_case_is_found_by_its_number_only_in_scope(world, opened):
    case = opened()
    for written in (case.no, case.no.lower(), str(case.pk), f" {case.no} ", case):
        assert payload.case(world["office"], written, 0) == case
    with pytest.raises(ValidationError):
        payload.case(world["far"], case.no, 0)
    with pytest.raises(ValidationError):
        payload.case(world["office"], "C26-" + "9" * 18, 0)


@pytest.mark.parametrize(
    "rows",
    [
        "王女士",
        {"role": "complainant", "name": "王女士"},
        [None],
        ["王女士"],
        [{}],
        [{"role": "judge", "name": "某"}],
        [{"role": ["complainant"], "name": "某"}],
        [{"role": "complainant"}],
        [{"role": "complainant", "name": 5}],
        [{"role": "complainant", "name": "某", "salary": "9"}],
        [{"role": "complainant", "name": "字" * 201}],
        [{"role": "named_staff", "name": "没有工号的人"}],
        [{"role": "named_staff", "person": "nobody"}],
        [{"role": "complainant", "name": "某", "address": "密码是123456"}],
        [{"role": "representative", "name": f"代表{n}"} for n in range(6)],
        [{"role": "complainant", "name": f"某{n}"} for n in range(61)],
    ],
)
def test_people_of_a_case_who_cannot_be(world, rows):
    assert read(payload.parties, rows) is REFUSED


def test_files_come_by_upload_alone():
    for value in ("x.pdf", ["x.pdf"], {"name": "x"}, 5, [None]):
        assert read(payload.files, value) is REFUSED


# --- fields of the kind ---

FIELDS = {
    type_: Field(f"f_{type_}", type_, type=type_, choices=(Choice("a", "甲"),), table="cause")
    for type_ in TYPES
}
WRONG = ("\x00", LONE, HUGE, -HUGE, [], {}, [[[]]], {"a": {"b": []}}, float("inf"), True, -1, "x" * 30_000)


@pytest.mark.parametrize("type_", TYPES)
def test_a_field_takes_its_type_or_names_itself(world, type_):
    kind = Kind("k", "1", "t", dt.date(2026, 1, 1), fields=(FIELDS[type_],))
    for value in WRONG:
        held, wrong = taken(WHO, kind, "open", {"title": "题", FIELDS[type_].id: value})
        assert wrong <= {FIELDS[type_].id}
        assert isinstance(held.get(FIELDS[type_].id, ""), (str, int, bool))


def test_least_and_most_of_a_number():
    kind = Kind("k", "1", "t", dt.date(2026, 1, 1), fields=(Field("n", "n", type="whole", least=1, most=9),))
    for value, ok in ((0, False), (1, True), (9, True), (10, False), ("5", True)):
        if ok:
            assert payload.cleaned(WHO, kind, "open", {"title": "题", "n": value})[1] == {"n": int(value)}
        else:
            with pytest.raises(ValidationError):
                payload.cleaned(WHO, kind, "open", {"title": "题", "n": value})


def test_all_mistakes_are_told_at_once_each_by_its_field(world, trial):
    given_ = {
        "title": " ",
        "received_at": "morgen",
        "urgency": "sehr",
        "nowhere": 1,
        "severity": "x",
        "owner": "XX",
    }
    with pytest.raises(ValidationError) as refused:
        actions.open_case(world["lobby"], "trial", world["bank"]["O1"], given_)
    assert set(refused.value.message_dict) == set(given_)
    assert not Case.objects.exists()


def test_what_verbs_take_can_be_read():
    assert {take.kind for verb in VERBS.values() for take in verb.takes} <= set(payload.READERS) & set(KINDS)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=30)
    | st.just(LONE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
TAKEN = {
    name: [take.name for take in verb.takes] for name, verb in VERBS.items() if name not in ("open", "attach")
}


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), verb=st.sampled_from(sorted(TAKEN)))
def test_no_json_breaks_the_reading_of_any_verb(world, data, verb):
    """By its fields or through: nothing but a ValidationError that names fields, on either database."""
    names = st.sampled_from([*TAKEN[verb], "where", "account", "urgency", "nowhere"])
    told = data.draw(st.dictionaries(names, JSON, max_size=4))
    kind = WHOLE
    held, wrong = taken(world["office"], kind, verb, told)
    assert wrong <= {*told, *TAKEN[verb], *(f.id for f in kind.fields)}
    assert set(held) <= {*TAKEN[verb], *(f.id for f in kind.fields)}


WHOLE = Kind(
    "k",
    "1",
    "t",
    dt.date(2026, 1, 1),
    fields=(
        Field("where", "地点"),
        Field("account", "账户", sealed=True),
        Field("urgency", "紧急", type="choice", choices=(Choice("urgent", "紧急"),)),
    ),
)
