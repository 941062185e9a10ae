"""Pairs of numbers, each different one once: 200,000 people have few different results."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .distributions import Array

# Two whole numbers fit into one below this, and single numbers are sorted many times as fast as pairs.
ROOM = 2.0**62


class Distinct(NamedTuple):
    """The different pairs in order (`first`, `second`), which of them each one was, and how often each is."""

    first: Array
    second: Array
    back: npt.NDArray[np.intp]
    weight: Array


def distinct(first: Array, second: Array) -> Distinct:
    """`first`, `second`: shape (n,), numbers from 0."""
    size = float(second.max(initial=0.0)) + 1
    whole = bool(np.all(first == np.floor(first)) and np.all(second == np.floor(second)))
    if whole and (float(first.max(initial=0.0)) + 1) * size < ROOM:
        keys = first.astype(np.int64) * int(size) + second.astype(np.int64)
        found, back, weight = np.unique(keys, return_inverse=True, return_counts=True)
        above, below = np.divmod(found, int(size))
        return Distinct(above.astype(np.float64), below.astype(np.float64), back, weight.astype(np.float64))
    pairs, back, weight = np.unique(
        np.stack([first, second], axis=1), axis=0, return_inverse=True, return_counts=True
    )
    return Distinct(pairs[:, 0], pairs[:, 1], back.ravel(), weight.astype(np.float64))
