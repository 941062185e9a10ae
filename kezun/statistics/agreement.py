"""How far people who judge the same thing say the same, beyond chance.

With 99 % «conforming» Cohen's kappa is near 0 whatever inspectors do; use AC1 and the positive and negative
agreement there. Tables are (categories, categories) of two raters' counts; ratings are (subjects, raters) of
numbers with nan for what nobody judged; tallies are (subjects, categories), how many raters chose each.
All coefficients are 1 for full agreement and about 0 for chance; nan where nothing can be said.
Sources: Gwet 2008 (AC1, with missing ratings); Byrt, Bishop, Carlin 1993 (PABAK); Cicchetti, Feinstein 1990;
Krippendorff, Computing Krippendorff's alpha-reliability, 2011.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array
from .intervals import critical

Level = Literal["nominal", "ordinal", "interval", "ratio"]


class Kappa(NamedTuple):
    value: float
    low: float
    high: float


def table_of(first: Numbers, second: Numbers) -> Array:
    """Two raters' judgements, shapes (subjects,), as a table over all values either used, in ascending order;
    subjects that one of them did not judge (nan) are left out."""
    one, two = np.broadcast_arrays(np.atleast_1d(array(first)), array(second))
    both = ~(np.isnan(one) | np.isnan(two))
    values = np.unique(np.concatenate([one[both], two[both]]))
    found = np.zeros((len(values), len(values)))
    np.add.at(found, (np.searchsorted(values, one[both]), np.searchsorted(values, two[both])), 1)
    return found


def cohen_kappa(table: Numbers, confidence: float = 0.95) -> Kappa:
    """Cohen's kappa with its interval; nan where both raters used one category only."""
    from statsmodels.stats.inter_rater import cohens_kappa

    z, counts = critical(confidence), _table(table)
    if np.count_nonzero(counts.sum(axis=0) + counts.sum(axis=1)) < 2:
        return Kappa(np.nan, np.nan, np.nan)
    with np.errstate(invalid="ignore"):  # at full agreement its variance may be a hair below 0
        done: Any = cohens_kappa(counts, return_results=True)
    value, half = float(done.kappa), z * float(np.sqrt(max(0.0, done.var_kappa)))
    return Kappa(value, max(-1.0, value - half), min(1.0, value + half))


def observed(table: Numbers) -> float:
    """The share of subjects on which two raters agree."""
    counts = _table(table)
    return float(np.trace(counts) / counts.sum()) if counts.sum() else np.nan


def pabak(table: Numbers) -> float:
    """Prevalence- and bias-adjusted kappa: (q Po − 1) / (q − 1), for two categories 2 Po − 1."""
    q = len(_table(table))
    return (q * observed(table) - 1) / (q - 1) if q > 1 else np.nan


def ac1_of_table(table: Numbers) -> float:
    """Gwet's AC1 of two raters: chance is Σ π (1 − π) / (q − 1), π the mean of both raters' shares."""
    counts = _table(table)
    if not counts.sum() or len(counts) < 2:
        return np.nan
    share = (counts.sum(axis=0) + counts.sum(axis=1)) / (2 * counts.sum())
    return _beyond(observed(table), float((share * (1 - share)).sum()) / (len(counts) - 1))


def positive_negative(table: Numbers) -> tuple[float, float]:
    """For [[both yes, yes-no], [no-yes, both no]]: agreement on yes 2a / (2a + b + c), and likewise on no."""
    counts = _table(table)
    if counts.shape != (2, 2):
        raise ValueError("positive and negative agreement need a table of 2 by 2")
    (a, b), (c, d) = counts
    apart = float(b + c)
    yes, no = (2 * float(x) / (2 * float(x) + apart) if x + apart else np.nan for x in (a, d))
    return yes, no


def tallies(ratings: Numbers) -> Array:
    """Ratings (subjects, raters) as (subjects, categories), the categories ascending; nan counts nowhere."""
    given = np.atleast_2d(array(ratings))
    values = np.unique(given[~np.isnan(given)])
    return array(
        np.stack([(given == v).sum(axis=1) for v in values], axis=1) if len(values) else given[:, :0]
    )


def fleiss_kappa(tally: Numbers) -> float:
    """Fleiss' kappa of tallies; raters may differ in number and subjects be judged by some of them only."""
    agreed, share = _of_tally(tally)
    return _beyond(agreed, float((share**2).sum()))


def ac1(tally: Numbers) -> float:
    """Gwet's AC1 of tallies, any number of raters, missing judgements allowed."""
    agreed, share = _of_tally(tally)
    if len(share) < 2:
        return np.nan
    return _beyond(agreed, float((share * (1 - share)).sum()) / (len(share) - 1))


def krippendorff(ratings: Numbers, level: Level = "nominal") -> float:
    """Krippendorff's alpha of (subjects, raters), nan for missing; 1 − observed over expected disagreement.

    `level` says what a difference means. A ratio scale needs values of 0 or more. nan where fewer than two
    values could be paired or all are the same.
    """
    tally, given = tallies(ratings), np.atleast_2d(array(ratings))
    values = np.unique(given[~np.isnan(given)])
    size = tally.sum(axis=1)
    tally, size = tally[size > 1], size[size > 1]
    used = tally.sum(axis=0) > 0
    tally, values = tally[:, used], values[used]
    if len(values) < 2:
        return np.nan
    weighted = tally / (size - 1)[:, None]
    coincidence = tally.T @ weighted - np.diag(weighted.sum(axis=0))
    total = coincidence.sum(axis=0)
    distance = _distance(values, total, level)
    chance = float((np.outer(total, total) * distance).sum()) / float(total.sum() - 1)
    return 1 - float((coincidence * distance).sum()) / chance


def _distance(values: Array, total: Array, level: Level) -> Array:
    """How far each value is from each other, squared, at that level of measurement."""
    down, across = values[:, None], values[None, :]
    if level == "nominal":
        return array(down != across)
    if level == "interval":
        return array((down - across) ** 2)
    if level == "ratio":
        if values.min() < 0:
            raise ValueError("a ratio scale has no values below 0")
        return array(((down - across) / np.maximum(down + across, 1e-300)) ** 2)
    if level == "ordinal":
        middle = np.cumsum(total) - total / 2
        return array((middle[:, None] - middle[None, :]) ** 2)
    raise ValueError(f"unknown level {level!r}: nominal, ordinal, interval or ratio")


def _of_tally(tally: Numbers) -> tuple[float, Array]:
    """The mean agreement of pairs of raters on a subject, and the share of each category."""
    counts = np.atleast_2d(array(tally))
    checks.refuse(~(counts >= 0).all(axis=1), "a tally cannot be negative")
    size = counts.sum(axis=1)
    shares = counts[size > 0] / size[size > 0][:, None]
    several = counts[size > 1]
    if not len(several):
        return np.nan, np.zeros(0)
    pairs = (several * (several - 1)).sum(axis=1) / (size[size > 1] * (size[size > 1] - 1))
    return float(pairs.mean()), array(shares.mean(axis=0))


def _beyond(agreed: float, chance: float) -> float:
    return (agreed - chance) / (1 - chance) if chance < 1 else np.nan


def _table(table: Numbers) -> Array:
    counts = array(table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not np.all(counts >= 0):
        raise ValueError("a table of two raters is square and has no negative counts")
    return counts
