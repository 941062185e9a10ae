"""Profiles: what is wrong is named with file, line, place and remedy."""

import pytest

from kezun.facts import profiles
from kezun.facts.profiles import ProfileError, UnknownProfile
from kezun.facts.tests.importing import PROFILE, profile


def mistake(**changes) -> str:
    with pytest.raises(ProfileError) as caught:
        profile(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "line", "place"),
    [
        ({"fact": "fact: nothing"}, 2, "fact"),
        ({"zone": "zone: Mars/Base"}, 5, "zone"),
        ({"key": "key: []"}, 6, "key"),
        ({"unit": "unit: {}"}, 7, "unit"),
        ({"unit": "unit: {from: outlet, value: O1}"}, 7, "unit"),
        ({"unit": "unit: {from: outlet, unknown: register}"}, 7, "unit.unknown"),
        ({"unit": "unit: {from: outlet, post: teller}"}, 7, "unit.post"),
        ({"person": "person: {from: teller, unknown: empty, post: teller}"}, 8, "person.post"),
        ({"person": "person: {from: teller, unknown: invent}"}, 8, "person.unknown"),
        ({"format": "format: {kind: csv, header: 0}"}, 4, "format.header"),
        ({"format": "format: {kind: csv, delimiter: '::'}"}, 4, "format.delimiter"),
        ({"format": "format: {kind: word}"}, 4, "format.kind"),
        ({"format": "format: {kind: csv, header: one}"}, 4, "format.header"),
        ({"wait_s": "  wait: {from: wait}"}, 15, "columns.wait"),
        ({"wait_s": "  wait_s: {from: wait, value: 5}"}, 15, "columns.wait_s"),
        ({"wait_s": "  wait_s: {start: wait}"}, 15, "columns.wait_s"),
        ({"wait_s": "  wait_s: {frm: wait}"}, 15, "columns.wait_s"),
        ({"wait_s": "  wait_s: {first: [{from: wait}, {date: a, value: b}]}"}, 15, "columns.wait_s.first[1]"),
        ({"wait_s": "  wait_s: {from: wait, when: nope == 1}"}, 15, "columns.wait_s"),
        ({"outcome": "  counter: {from: x}"}, 9, "columns.outcome"),
        ({"checks": "checks: [{code: c, warn: a, reject: b}]"}, 16, "checks[0]"),
    ],
)
def test_mistakes_are_named_with_line_and_place(changes, line, place):
    text = mistake(**changes)
    first = text.splitlines()[0]
    assert first.startswith("test"), first
    assert f" {line}" in first, first
    assert place in first, first


def test_all_mistakes_are_told_together():
    assert len(mistake(zone="zone: X", unit="unit: {}").splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [", 1), ("a: 1\nb: 2\na: 3", 3), ("? [x]\n: 1", 1), ("a: 1\n\tb: 2", 2), ("- 1", 1)],
)
def test_what_is_no_yaml_has_a_line(text, line):
    with pytest.raises(ProfileError) as caught:
        profiles.parse(text, "test")
    assert f"{line}" in str(caught.value)


def test_words_that_yaml_takes_for_false_stay_words():
    known = profile(outcome="  outcome: {from: state, map: {yes: served, no: abandoned, 0101: void}}")
    assert known.key == ("no",)
    assert known.columns["outcome"].map == {"yes": "served", "no": "abandoned", "0101": "void"}


def test_a_profile_knows_the_columns_it_reads_once_each():
    known = profile(reads="reads: {biz: text, waited: {from: wait, kind: seconds}}")
    assert known.sources() == ["no", "taken", "state", "biz", "wait", "outlet", "teller"]
    assert known.kinds == {"biz": "text", "waited": "seconds"}


@pytest.fixture
def pack(db, settings, tmp_path):
    settings.KEZUN_PACKS = [tmp_path / "packs"]
    settings.KEZUN_HOME = tmp_path / "home"
    folder = tmp_path / "packs" / "p" / "profiles"
    folder.mkdir(parents=True)
    (folder / "queue.yaml").write_text(PROFILE)
    return folder


def test_profiles_are_found_by_pack_and_name(pack, settings):
    assert profiles.load("p/queue").source == "q"
    installed = settings.KEZUN_HOME / "packs" / "own" / "profiles"
    installed.mkdir(parents=True)
    (installed / "queue.yaml").write_text(PROFILE)
    (installed / "broken.yaml").write_text("a: [")
    assert profiles.addresses() == ["own/queue", "p/queue"]
    assert profiles.addresses("rating") == []
    with pytest.raises(UnknownProfile, match="p/queue"):
        profiles.load("p/other")


@pytest.mark.parametrize(
    "address", ["p", "../p/queue", "p/../queue", "P/queue", "p/queue.yaml", "/etc/passwd"]
)
def test_an_address_never_leaves_the_packs(pack, address):
    with pytest.raises(UnknownProfile):
        profiles.load(address)


def test_a_profile_is_called_like_its_file(pack):
    (pack / "other.yaml").write_text(PROFILE)
    with pytest.raises(ProfileError, match="other"):
        profiles.load("p/other")


@pytest.mark.parametrize("address", profiles.shipped())
def test_every_profile_of_our_packs_is_right(address):
    assert profiles.load(address).declared.name


def test_the_direct_profile_takes_our_own_names():
    known = profiles.direct("rating", "pad")
    assert known.source == "pad"
    assert {"ticket_id", "score", "occurred_at", "unit", "person", "source_id"} <= set(known.sources())
    assert list(profiles.problems(known)) == []
