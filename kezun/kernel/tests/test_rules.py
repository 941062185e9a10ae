"""Pure rules: canonical text, seals, masks, what must not be written down."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel import rules

KEY = b"k" * 32
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(plain_json)
def test_canonical_text_reads_back_to_the_same_value_and_is_stable(value):
    text = rules.canonical(value)
    assert json.loads(text) == value
    assert rules.canonical(json.loads(text)) == text


@given(st.dictionaries(st.text(max_size=8), st.integers(), max_size=6))
def test_order_of_keys_does_not_matter(value):
    turned = dict(reversed(list(value.items())))
    assert rules.canonical(turned) == rules.canonical(value)


@given(st.text(alphabet=st.characters(codec=None, categories=["Cs", "L", "Cc"])))
def test_any_text_can_be_hashed_and_stored(text):
    written = rules.canonical(text)
    assert json.loads(written) == text
    assert len(rules.chain_digest(KEY, rules.GENESIS, written)) == 64


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            dt.datetime(2026, 1, 2, 8, tzinfo=dt.timezone(dt.timedelta(hours=8))),
            '"2026-01-02T00:00:00+00:00"',
        ),
        (dt.date(2026, 1, 2), '"2026-01-02"'),
        (dt.time(8, 30), '"08:30:00"'),
        (dt.timedelta(minutes=1.5), "90.0"),
        (Decimal("1.10"), '"1.10"'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (PurePosixPath("a/b"), '"a/b"'),
        ({"b", "a"}, '["a","b"]'),
        (frozenset({2, 10, 1}), "[1,10,2]"),
        ((1, 2), "[1,2]"),
        (__import__("types").MappingProxyType({"a": 1}), '{"a":1}'),
        ("客", '"客"'),
    ],
)
def test_canonical_forms(value, text):
    assert rules.canonical(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), dt.datetime(2026, 1, 2), b"x"])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(TypeError):
        rules.canonical({"v": value})


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(rules.available()))
def test_digests_depend_on_key_text_and_the_entry_before(one, other, via):
    def seal(key, previous, body):
        return rules.chain_digest(key, previous, rules.canonical(body), via)

    assert seal(KEY, "p", one) == seal(KEY, "p", one)
    assert seal(KEY, "p", one) != seal(b"other" * 8, "p", one)
    assert seal(KEY, "p", one) != seal(KEY, "q", one)
    assert (seal(KEY, "p", one) == seal(KEY, "p", other)) is (one == other)


def test_the_two_algorithms_differ():
    assert rules.keyed_digest(KEY, "a", "sha256") != rules.keyed_digest(KEY, "a", "sm3")


def test_sm3_is_the_standards_own():
    """GB/T 32905-2016, annex A.1: the digest of «abc»."""
    import hashlib

    assert hashlib.new("sm3", b"abc").hexdigest() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )


def test_a_head_is_sealed_under_any_known_algorithm_and_no_other_numbers():
    for via in rules.available():
        seal = rules.head_digest(KEY, 3, 7, "h", via)
        assert rules.sealed(KEY, 3, 7, "h", seal)
        assert not rules.sealed(KEY, 3, 8, "h", seal)
        assert not rules.sealed(KEY, 4, 7, "h", seal)
        assert not rules.sealed(KEY, 3, 7, "g", seal)
    assert not rules.sealed(KEY, 3, 7, "h", "\udcff")


def test_an_anchors_seal_covers_every_field_but_itself():
    anchor = {"sequence": 1, "heads": {"0": [1, "x"]}, "via": "sha256", "previous": "p"}
    seal = rules.anchor_digest(KEY, anchor)
    assert rules.anchor_digest(KEY, anchor | {"seal": "whatever"}) == seal
    for name, other in (("sequence", 2), ("heads", {}), ("previous", "q"), ("via", "sm3"), ("via", "none")):
        assert rules.anchor_digest(KEY, anchor | {name: other}) != seal


@given(st.text(), st.integers(1, 64))
def test_a_stream_has_one_shard(stream, shards):
    stream = stream.encode("utf-8", "replace").decode()
    assert 0 <= rules.shard_of(stream, shards) < shards
    assert rules.shard_of(stream, shards) == rules.shard_of(stream, shards)


def test_shards_are_evenly_used():
    used = [rules.shard_of(f"person:{n}", 16) for n in range(1600)]
    assert min(used.count(n) for n in range(16)) > 60


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_a_moment_has_one_spelling(at):
    sqlite = str(at.replace(tzinfo=None))
    postgres = sqlite.rstrip("0").removesuffix(".") + "+00" if "." in sqlite else sqlite + "+00"
    iso = at.isoformat()
    assert rules.moment_text(sqlite) == rules.moment_text(postgres) == rules.moment_text(iso)


@given(st.datetimes(timezones=st.just(dt.UTC)), st.integers(1, 10**9))
def test_other_moments_have_other_spellings(at, micros):
    try:
        later = at + dt.timedelta(microseconds=micros)
    except OverflowError:
        return
    assert rules.moment_text(at.isoformat()) != rules.moment_text(later.isoformat())


def test_backoff_doubles_to_an_hour():
    seconds = [rules.backoff(n).total_seconds() for n in (1, 2, 3, 11, 12, 10**6)]
    assert seconds == [2, 4, 8, 2048, 3600, 3600]


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("name", "王小明", "王**"),
        ("name", "", ""),
        ("phone", "13812345678", "138****5678"),
        ("phone", "6512345", "***2345"),
        ("id", "11010519491231002X", "**************002X"),
        ("account", "1234", "****"),
        ("email", "anna@bank.example", "a***@bank.example"),
        ("email", "a@bank.example", "***@bank.example"),
        ("email", "no address", "***"),
        ("text", "anything at all", "***"),
        ("text", "", ""),
    ],
)
def test_masks(kind, value, masked):
    assert rules.MASKS[kind](value) == masked


@given(st.sampled_from(sorted(rules.MASKS)), st.text(min_size=5, max_size=40))
def test_a_mask_never_shows_the_whole_value(kind, value):
    assert rules.MASKS[kind](value) != value or set(value[1:]) <= {"*"} or set(value[:-4]) <= {"*"}


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("phone", "phone"),
        ("contact_mobile", "phone"),
        ("email", "email"),
        ("id_number", "id"),
        ("card_no", "account"),
        ("customer_name", "name"),
        ("remark", "text"),
    ],
)
def test_a_fields_name_tells_its_mask(field, kind):
    assert rules.kind_of_field(field) == kind


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("call 13812345678 now", "call *******5678 now"),
        ("id 11010519491231002X", "id **************002X"),
        ("card 6222 0212 3456 7894", "card ***************7894"),
        ("mail a.b@bank.example please", "mail ***@*** please"),
        ("unit O1 took 123456 ms", "unit O1 took 123456 ms"),
        ("digest ab1234567890cd", "digest ab1234567890cd"),
    ],
)
def test_scrubbed_text_keeps_no_numbers_of_people(text, clean):
    assert rules.scrub(text) == clean


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text(alphabet="客人 电话:，。", max_size=10))
def test_no_phone_number_survives_a_scrub(phone, around):
    assert phone not in rules.scrub(f"{around}{phone}{around}")


def _card(body: str) -> str:
    return next(body + str(n) for n in range(10) if rules.luhn(body + str(n)))


def test_luhn_known_values():
    assert rules.luhn("79927398713")
    assert not rules.luhn("79927398710")


WORDS = {"code_words": ("CVN", "安全码"), "secret_words": ("密码", "password", "验证码")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%B6222021234567894^WANG^2512", "track"),
        (";6222021234567894=2512101", "track"),
        (f"card {_card('622202123456789')} CVN 123", "card"),
        (f"卡号{_card('622202123456789')}安全码：123", "card"),
        ("密码:abc123", "secret"),
        ("我的密码是12345678", "secret"),
        ("Password = hunter2", "secret"),
        ("password is hunter2", "secret"),
        ("验证码：９８７６５４", "secret"),
        ("密码忘记了，柜员很耐心", None),
        ("the password desk was friendly", None),
        (f"card {_card('622202123456789')}", None),
        ("order 1234567890123456 CVN 123", None),
        ("CVN 123 alone", None),
        ("", None),
    ],
)
def test_authentication_data_is_seen(text, found):
    assert rules.find_c3(text, **WORDS) == found


@given(st.text(max_size=300))
def test_any_text_can_be_searched(text):
    assert rules.find_c3(text, **WORDS) in {None, "track", "card", "secret"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\工单.xlsx", "工单.xlsx"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie x"),
        ("exe.\u202excod.csv", "exe.xcod.csv"),
        ("...hidden", "hidden"),
        ("CON.csv", "file-CON.csv"),
        ("lpt9", "file-lpt9"),
        ("", "file"),
        ("..", "file"),
        ("\x00\x00", "file"),
        ("a" * 300 + ".csv", "a" * 116 + ".csv"),
        ("a" * 300, "a" * 120),
        ("a." + "b" * 300, "a." + "b" * 118),
    ],
)
def test_safe_names(name, safe):
    assert rules.safe_name(name) == safe


@given(st.text(max_size=400))
def test_a_safe_name_is_always_safe(name):
    safe = rules.safe_name(name)
    assert 0 < len(safe) <= 125
    assert safe.isprintable() or " " in safe or not any(ord(c) < 32 for c in safe)
    assert not set(safe) & set('/\\<>:"|?*\x00')
    assert not safe.startswith(".")
