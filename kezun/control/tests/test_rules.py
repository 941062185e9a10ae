"""The access matrix, pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.control.rules import Door, matrix, orphans, share

DOORS = [
    Door("page", "a.list", "a.read"),
    Door("page", "a.home", None),
    Door("page", "a.live", None, public=True),
    Door("action", "a.edit", "a.edit"),
]
READER, WRITER = {"a.read"}.__contains__, {"a.read", "a.edit"}.__contains__


def test_each_door_says_to_whom_it_opens():
    rows = {row.door.name: row.open_to for row in matrix(DOORS, [READER, WRITER])}
    assert rows == {
        **{"a.list": (True, True), "a.home": (True, True), "a.live": (True, True), "a.edit": (False, True)}
    }


def test_rows_come_by_kind_and_name():
    assert [row.door.name for row in matrix(DOORS, [])] == ["a.edit", "a.home", "a.list", "a.live"]


def test_what_no_role_opens_is_named():
    assert [door.name for door in orphans(matrix(DOORS, [READER]))] == ["a.edit"]
    assert orphans(matrix(DOORS, [READER, WRITER])) == []


@pytest.mark.parametrize(
    ("done", "total", "percent"), [(0, 0, 0), (1, 3, 33), (5, 5, 100), (9, 5, 100), (-1, 5, 0)]
)
def test_share(done, total, percent):
    assert share(done, total) == percent


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_a_share_is_a_percentage(done, total):
    assert 0 <= share(done, total) <= 100
