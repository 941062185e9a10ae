"""Who may fill a sheet, as the rules say it: methods of self-check, roles of the criteria asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.standards.rules import read
from kezun.standards.rules.checking import Bar, barred, named_roles
from kezun.standards.rules.form import Checker
from kezun.standards.tests.world import text

MADE = read(text())
NAMES = ("服务督导", "网点负责人", "神秘客户", "大堂经理")


def with_roles(*lists):
    """The sample, its criteria of the open inspection checked by these roles one after another."""
    todo = list(lists)

    def criterion(c):
        return (
            replace(c, checker=Checker(todo.pop(0), ("明查",))) if todo and "明查" in c.checker.methods else c
        )

    modules = tuple(
        replace(m, items=tuple(replace(i, criteria=tuple(map(criterion, i.criteria))) for i in m.items))
        for m in MADE.modules
    )
    return replace(MADE, modules=modules)


@pytest.mark.parametrize(
    ("method", "names", "own", "code"),
    [
        ("明查", {"服务督导"}, False, None),
        ("明查", {"服务督导"}, True, "own_unit"),
        ("自查", {"网点负责人"}, True, None),
        ("自查", {"网点负责人"}, False, "others_unit"),
        ("自查", {"大堂经理"}, True, "not_named"),
        ("暗访", {"神秘客户"}, False, None),
        ("暗访", {"网点负责人"}, False, "not_named"),
        ("明查", set(), False, "not_named"),
    ],
)
def test_who_is_barred(method, names, own, code):
    found = barred(MADE, method=method, names=frozenset(names), own=own)
    assert (found and found.code) == code


def test_without_roles_everyone_of_another_place_may():
    free = with_roles((), (), (), (), ())
    assert barred(free, method="明查", names=frozenset(), own=False) is None
    assert barred(free, method="明查", names=frozenset(), own=True) == Bar("own_unit", ("自查",))
    assert named_roles(free, method="明查") == ()


def test_every_criterion_has_its_say():
    two = with_roles(("服务督导", "网点负责人"), ("服务督导",), (), (), ())
    assert named_roles(two, method="明查") == ("服务督导",)
    assert barred(two, method="明查", names=frozenset({"网点负责人"}), own=False) == Bar(
        "not_named", ("服务督导",)
    )
    apart = with_roles(("服务督导",), ("网点负责人",), (), (), ())
    assert named_roles(apart, method="明查") == ("服务督导", "网点负责人")
    both = frozenset({"服务督导", "网点负责人"})
    assert barred(apart, method="明查", names=both, own=False) is None
    assert barred(apart, method="明查", names=frozenset({"服务督导"}), own=False) is not None


def test_a_criterion_that_is_not_asked_there_says_nothing():
    roles = [("服务督导",), ("服务督导",), ("神秘客户",), ("服务督导",), ("服务督导",)]
    made = with_roles(*roles)
    who = frozenset({"服务督导"})
    assert barred(made, method="明查", names=who, own=False) is None, "A1.3 is for outlets on the street"
    assert barred(made, tags=["street-front"], method="明查", names=who, own=False) is not None


@given(
    st.lists(st.lists(st.sampled_from(NAMES), max_size=3, unique=True), max_size=4), st.sampled_from(NAMES)
)
def test_whoever_is_named_by_all_is_never_barred(lists, name):
    first, second, *others = [*map(tuple, lists), (), (), (), ()][:4]
    made = with_roles(first, second, ("大堂经理",), *others)
    alone = barred(made, method="明查", names=frozenset({name}), own=False)
    assert (alone is None) == all(name in roles for roles in lists if roles)
    assert barred(made, method="明查", names=frozenset(NAMES), own=False) is None
