"""Intraclass correlation: how much of the differences between scores is the subjects', not the raters'.

Shrout and Fleiss, Psychological Bulletin 86 (1979) 420-428; the intervals as there. Which one: (1, ·) every
subject has its own raters; (2, ·) raters are a sample and their leniency counts; (3, ·) these raters only,
leniency does not count. (·, 1) one rater's score, (·, k) the mean of all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array, f_quantile


class Correlation(NamedTuple):
    value: float
    low: float
    high: float


class Correlations(NamedTuple):
    """The six, in the order of Shrout and Fleiss."""

    icc11: Correlation
    icc21: Correlation
    icc31: Correlation
    icc1k: Correlation
    icc2k: Correlation
    icc3k: Correlation


class Squares(NamedTuple):
    """Mean squares of subjects, within subjects, of raters, of the rest; number of subjects and raters."""

    subjects: float
    within: float
    raters: float
    rest: float
    n: int
    k: int


def squares(scores: Numbers) -> Squares:
    """The two-way analysis of variance of (subjects, raters), complete, at least 2 by 2; ValueError else."""
    table = array(scores)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError("an ICC needs at least two subjects and two raters")
    checks.refuse(~np.isfinite(table).all(axis=1), "every rater must have scored every subject")
    n, k = table.shape
    mean = table.mean()
    of_subjects = k * float(((table.mean(axis=1) - mean) ** 2).sum())
    of_raters = n * float(((table.mean(axis=0) - mean) ** 2).sum())
    all_ = float(((table - mean) ** 2).sum())
    within, rest = all_ - of_subjects, max(0.0, all_ - of_subjects - of_raters)
    free = (n - 1) * (k - 1)
    return Squares(of_subjects / (n - 1), within / (n * (k - 1)), of_raters / (k - 1), rest / free, n, k)


def correlations(scores: Numbers, confidence: float = 0.95) -> Correlations:
    """All six with their intervals; nan where all scores are the same."""
    tail = (1 - checks.share(confidence, "confidence")) / 2
    s = squares(scores)
    one = _oneway(s.subjects, s.within, s.n - 1, s.n * (s.k - 1), s.k, tail)
    three = _oneway(s.subjects, s.rest, s.n - 1, (s.n - 1) * (s.k - 1), s.k, tail)
    two = _two_way(s, tail)
    return Correlations(one, two, three, _of_mean(one, s.k), _of_mean(two, s.k), _of_mean(three, s.k))


def _oneway(between: float, within: float, over: int, under: int, k: int, tail: float) -> Correlation:
    """(F − 1) / (F + k − 1), and the same of the F at either end of its interval."""
    if between == 0 == within:
        return Correlation(np.nan, np.nan, np.nan)
    if within == 0:
        return Correlation(1.0, 1.0, 1.0)
    ratio = between / within
    low = ratio / float(f_quantile(1 - tail, over, under))
    high = ratio * float(f_quantile(1 - tail, under, over))
    return Correlation(*((f - 1) / (f + k - 1) for f in (ratio, low, high)))


def _two_way(s: Squares, tail: float) -> Correlation:
    """ICC(2, 1), its interval by Satterthwaite's degrees of freedom."""
    whole = s.subjects + (s.k - 1) * s.rest + s.k * (s.raters - s.rest) / s.n
    if whole <= 0:
        return Correlation(np.nan, np.nan, np.nan)
    value = (s.subjects - s.rest) / whole
    if s.rest == 0:
        return Correlation(value, np.nan, np.nan)
    n, k = s.n, s.k
    lean = k * max(value, 0.0) / (n * (1 - value))
    a, b = lean * s.raters, (1 + lean * (n - 1)) * s.rest
    df = (a + b) ** 2 / (a**2 / (k - 1) + b**2 / ((n - 1) * (k - 1)))
    others = k * s.raters + (k * n - k - n) * s.rest
    below, above = float(f_quantile(1 - tail, n - 1, df)), float(f_quantile(1 - tail, df, n - 1))
    low = _over(n * (s.subjects - below * s.rest), below * others + n * s.subjects)
    high = _over(n * (above * s.subjects - s.rest), others + n * above * s.subjects)
    return Correlation(value, min(value, low), max(value, high))


def _of_mean(single: Correlation, k: int) -> Correlation:
    """Spearman and Brown: what one rater's coefficient means for the mean of k; minus infinity where raters
    contradict one another so much that it means nothing."""
    return Correlation(*(k * r / (1 + (k - 1) * r) if not r <= -1 / (k - 1) else -np.inf for r in single))


def _over(above: float, below: float) -> float:
    return above / below if below else np.nan


def complete(scores: Numbers) -> Array:
    """The rows of subjects that every rater scored, of (subjects, raters) with nan for missing."""
    table = np.atleast_2d(array(scores))
    return table[~np.isnan(table).any(axis=1)]
