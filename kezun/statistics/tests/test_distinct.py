"""Different pairs: whole numbers by way of one, others as pairs; both give the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kezun.statistics.distinct import distinct

pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), min_size=1, max_size=60)


@given(pairs, st.sampled_from([1.0, 0.5, 2.0**40]))
def test_each_pair_is_there_once_in_order_and_found_again(given_, scale):
    first, second = (np.array(column, dtype=np.float64) * scale for column in zip(*given_, strict=True))
    each = distinct(first, second)
    told = list(zip(each.first.tolist(), each.second.tolist(), strict=True))
    assert told == sorted({(a * scale, b * scale) for a, b in given_})
    assert (each.first[each.back] == first).all()
    assert (each.second[each.back] == second).all()
    assert each.weight.sum() == len(given_)
    assert each.weight.tolist() == [given_.count((a / scale, b / scale)) for a, b in told]


def test_of_nothing_there_is_nothing():
    each = distinct(np.zeros(0), np.zeros(0))
    assert [len(part) for part in each] == [0, 0, 0, 0]
