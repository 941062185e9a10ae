"""Signals that something is unusual: leads for a person who looks, never a penalty.

Each test gives the chance p of seeing so much if nothing were wrong; `discoveries` then says which of many
may be named without drowning in false ones. Times are seconds, rates per hour, shares 0 … 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array, binomial_tail, chi2_tail, poisson_tail, special


class Discoveries(NamedTuple):
    """Which tests hold, and each p adjusted (the false discovery rate at which it would just be named)."""

    named: np.typing.NDArray[np.bool_]
    adjusted: Array


class Signal(NamedTuple):
    """How many were seen, how many were to be expected, and the chance of so many or more."""

    seen: float
    expected: float
    p: float


def discoveries(p: Numbers, false_share: float = 0.05) -> Discoveries:
    """Of many tests those that hold so that at most `false_share` of the named are expected to be false.

    `p`: shape (tests,), 0 … 1. Benjamini and Hochberg 1995: p(i) m / i, made monotone from the largest down.
    """
    given = np.atleast_1d(array(p))
    checks.refuse(~((given >= 0) & (given <= 1)), "a chance must lie in 0 … 1")
    checks.share(false_share, "the share of false ones")
    order, m = np.argsort(given), len(given)
    stepped = given[order] * m / np.arange(1, m + 1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return Discoveries(adjusted <= false_share, adjusted)


def busiest(times: Numbers, window: float) -> tuple[int, float]:
    """The most events in any `window` seconds, both ends included, and when that begins (nan for none)."""
    at = np.sort(np.atleast_1d(array(times)))
    if not len(at):
        return 0, np.nan
    within = np.searchsorted(at, at + window, side="right") - np.arange(len(at))
    first = int(np.argmax(within))
    return int(within[first]), float(at[first])


def burst(count: float, window: float, per_hour: float, windows: float = 1) -> Signal:
    """`count` events or more within `window` seconds where `per_hour` are usual (Poisson).

    `windows`: in how many windows one looked; p is multiplied by it (at most 1), since who looks long enough
    finds something.
    """
    if min(window, per_hour, windows) < 0:
        raise ValueError("window, rate and number of windows must be 0 or more")
    usual = per_hour * window / 3600
    return Signal(count, usual, min(1.0, float(poisson_tail(count, usual)) * windows))


def pile_up(values: Numbers, cut: float, width: float) -> Signal:
    """More values just above a cut than just below it, as where somebody pushed them over a target.

    Counts [cut, cut + width) against [cut − width, cut). Without pushing each near value falls on either side
    about alike; a target within the usual spread needs a width small against that spread.
    """
    if width <= 0:
        raise ValueError("the width around a cut must be above 0")
    given = array(values)
    above = int(((given >= cut) & (given < cut + width)).sum())
    near = above + int(((given < cut) & (given >= cut - width)).sum())
    return Signal(above, near / 2, float(binomial_tail(above, near, 0.5)))


def heaping(values: Numbers, base: int = 10) -> Signal:
    """Whole numbers whose last digit (to `base`) is not evenly spread, as of estimates: chi-square.

    `seen` is the statistic, `expected` its degrees of freedom. Wants about five values for each digit; p is 1
    for no value.
    """
    given = np.atleast_1d(array(values))
    checks.refuse(given != np.rint(given), "last digits need whole numbers")
    if base < 2:
        raise ValueError("the base of digits must be 2 or more")
    if not len(given):
        return Signal(0, base - 1, 1.0)
    tally = np.bincount(np.abs(given).astype(np.int64) % base, minlength=base)
    usual = len(given) / base
    statistic = float(((tally - usual) ** 2).sum() / usual)
    return Signal(statistic, base - 1, float(chi2_tail(statistic, base - 1)))


def short_gaps(times: Numbers, least: float, usual_share: float) -> Signal:
    """Gaps below `least` seconds between events on one device, against the share that is usual (binomial)."""
    if not 0 <= usual_share <= 1:
        raise ValueError("the usual share of short gaps must lie in 0 … 1")
    gaps = np.diff(np.sort(np.atleast_1d(array(times))))
    short = int((gaps < least).sum())
    return Signal(short, len(gaps) * usual_share, float(binomial_tail(short, len(gaps), usual_share)))


def other_shape(sample: Numbers, history: Numbers) -> Signal:
    """Two samples of gaps or durations that do not look alike: Kolmogorov and Smirnov.

    `seen` is the largest distance of the two distributions (0 … 1); p from the limiting distribution, which
    in small samples errs to the cautious side; 1 where either is empty.
    """
    one, two = (np.sort(np.atleast_1d(array(x))) for x in (sample, history))
    if not len(one) or not len(two):
        return Signal(0.0, 0.0, 1.0)
    both = np.concatenate([one, two])
    of_one, of_two = (np.searchsorted(x, both, side="right") / len(x) for x in (one, two))
    distance = float(np.abs(of_one - of_two).max())
    root = float(np.sqrt(len(one) * len(two) / (len(one) + len(two))))
    known: Any = special().kolmogorov(root * distance)
    return Signal(distance, 0.0, float(known))
