"""One chain, pure: every kind of change is found and named. No database."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.kernel.chain import Chain, Row
from kezun.kernel.rules import chain_digest
from kezun.kernel.tests.forge import chain, row

KEY = b"k" * 32
LENGTH = 24
ROWS = chain(KEY, LENGTH, shard=3)
TEXTS = ("at", "actor", "verb", "target", "body", "digest")


def walk(rows, marks=None, key=KEY):
    checked = Chain(key, 3, marks or {})
    return [problem for r in rows for problem in checked.step(r)]


def named(rows, **more):
    return {(p.position, p.code) for p in walk(rows, **more)}


def changed(number, **fields):
    return [r._replace(**fields) if r.position == number else r for r in ROWS]


def test_a_chain_as_written_has_no_problem():
    assert walk(ROWS) == []


def test_another_key_fits_nothing():
    assert {p.code for p in walk(ROWS, key=b"x" * 32)} == {"edited"}


@given(st.integers(0, LENGTH - 1), st.sampled_from(TEXTS), st.data())
@settings(max_examples=400, deadline=None)
def test_any_single_bit_flipped_anywhere_is_found_and_named(index, field, data):
    raw = bytearray(getattr(ROWS[index], field).encode())
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    forged = bytes(raw).decode("utf-8", "surrogateescape")
    problems = walk(changed(index + 1, **{field: forged}))
    assert problems
    assert {p.position for p in problems} == {index + 1}


@pytest.mark.parametrize("column", ["at", "actor", "verb", "target"])
def test_a_column_beside_the_body_is_named(column):
    problems = walk(changed(5, **{column: "2026-05-05 05:05:05"}))
    assert [(p.position, p.code, p.about) for p in problems] == [(5, "column", column)]


def test_an_edited_body_is_one_entry_even_though_the_next_hangs_on_it():
    body = json.loads(ROWS[4].body)
    body["detail"] = {"n": 0}
    forged = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert named(changed(5, body=forged)) == {(5, "edited")}


def test_an_edited_digest_is_one_entry():
    assert named(changed(5, digest="0" * 64)) == {(5, "edited")}


@given(st.integers(0, LENGTH - 2), st.integers(1, LENGTH))
def test_a_removal_is_named_with_its_first_entry(first, many):
    last = min(first + many, LENGTH - 1)
    problems = walk(ROWS[:first] + ROWS[last:])
    assert (problems[0].position, problems[0].code) == (first + 1, "missing")
    assert problems[0].about == (f"{first + 1}–{last}" if last > first + 1 else "")
    assert len(problems) == 1


def test_a_removal_closed_up_is_found():
    closed = [r if r.position < 5 else r._replace(position=r.position - 1) for r in ROWS if r.position != 5]
    assert (5, "column") in named(closed)
    assert (5, "edited") in named(closed)


@given(st.lists(st.integers(0, LENGTH - 1), min_size=2, max_size=2, unique=True))
def test_a_swap_names_both(pair):
    one, other = pair
    swapped = list(ROWS)
    swapped[one] = ROWS[other]._replace(position=ROWS[one].position)
    swapped[other] = ROWS[one]._replace(position=ROWS[other].position)
    positions = {p.position for p in walk(swapped)}
    assert {one + 1, other + 1} <= positions


def test_an_insertion_is_named():
    fake = row(b"guess" * 8, 3, 6, ROWS[4].digest)
    rest = [r._replace(position=r.position + 1) for r in ROWS[5:]]
    assert (6, "edited") in named([*ROWS[:5], fake, *rest])


def test_an_entry_of_another_shard_is_named():
    foreign = chain(KEY, 1, shard=2)[0]
    assert named([foreign._replace(shard=3)]) == {(1, "column")}


def test_a_chain_moved_to_another_shard_is_named():
    moved = [r._replace(shard=2) for r in ROWS]
    assert {p.about for p in walk(moved)} == {"shard"}


@pytest.mark.parametrize("body", ["", "not json", "[1]", '"text"', "[" * 100_000, None, 5])
def test_a_body_that_cannot_be_read_is_a_problem_not_a_crash(body):
    assert {(5, "unreadable"), (5, "edited")} == named(changed(5, body=body))


@pytest.mark.parametrize("position", ["abc", None, 0, -3, 2.5])
def test_a_position_that_is_none_is_a_problem_not_a_crash(position):
    problems = walk([ROWS[0]._replace(position=position)])
    assert [(p.position, p.code) for p in problems] == [(None, "unreadable")]


def test_a_body_that_names_an_unknown_algorithm_is_an_edit():
    body = ROWS[4].body.replace('"via":"sha256"', '"via":"md5"')
    assert named(changed(5, body=body)) == {(5, "edited")}


def test_an_entry_sealed_by_the_other_algorithm_fits():
    body = ROWS[0].body.replace('"via":"sha256"', '"via":"sm3"')
    other = ROWS[0]._replace(body=body, digest=chain_digest(KEY, "0" * 64, body, "sm3"))
    assert walk([other]) == []


def test_a_forger_with_the_key_is_found_by_an_anchor():
    forged = [*chain(KEY, 4, 3), row(KEY, 3, 5, ROWS[3].digest, {"n": "rewritten"})]
    assert walk(forged) == []
    assert named(forged, marks={5: frozenset({ROWS[4].digest})}) == {(5, "anchor_differs")}
    assert walk(ROWS, marks={5: frozenset({ROWS[4].digest})}) == []


def test_true_is_not_the_number_one():
    assert isinstance(ROWS[0], Row)
    assert (1, "column") in named(changed(1, shard=True))
