"""Checks of what comes in: counts, wholes and shares; each refusal says what is wrong and where."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .distributions import Array, Numbers, array


def counts(k: Numbers, n: Numbers) -> tuple[Array, Array]:
    """`k` and `n` as float64 of one shape, with 0 <= k <= n; ValueError names the first place that is not.

    Numbers need not be whole: weighted counts are allowed.
    """
    part, whole = np.broadcast_arrays(array(k), array(n))
    refuse((part < 0) | (part > whole) | ~np.isfinite(whole) | np.isnan(part), "a count must lie in 0 … n")
    return part, whole


def exposed(events: Numbers, exposure: Numbers) -> tuple[Array, Array]:
    """Events and exposure as float64 of one shape, both at least 0, no event without exposure."""
    count, base = np.broadcast_arrays(array(events), array(exposure))
    wrong = ~(count >= 0) | ~(base >= 0) | ~np.isfinite(count + base)
    refuse(wrong, "events and exposure must be 0 or more")
    refuse((base == 0) & (count > 0), "there are events without any exposure")
    return count, base


def share(value: float, name: str) -> float:
    """A number strictly between 0 and 1, such as a confidence."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value}")
    return float(value)


def refuse(wrong: npt.ArrayLike, why: str) -> None:
    """ValueError where anything is wrong, with the position of the first (from 0)."""
    if np.any(wrong):
        raise ValueError(f"{why} (at position {int(np.argmax(np.atleast_1d(wrong)))})")
