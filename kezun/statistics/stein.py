"""James-Stein: the means of several units of equal precision, each drawn towards the common mean.

Efron and Morris, JASA 70 (1975) 311-319 and Scientific American 236 (1977) 119-127. For shares of unequal
samples use `shrinkage`; this is for scores of equal precision, and because its published example is the
clearest proof that shrinking helps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array


class Stein(NamedTuple):
    """`estimates` (units,), the common `centre`, the `factor` kept of each distance to it, the sum of
    squares."""

    estimates: Array
    centre: float
    factor: float
    spread: float


def james_stein(values: Numbers, variance: float) -> Stein:
    """`centre + factor (value − centre)` with factor = 1 − (k − 3) variance / Σ (value − centre)².

    `values`: shape (k,), each with the same known sampling `variance`. The factor is never below 0 (the
    positive-part estimator). Fewer than four values, or all alike: nothing is drawn (factor 1). ValueError
    for a negative variance or no value.
    """
    given = np.atleast_1d(array(values))
    if variance < 0 or not len(given):
        raise ValueError("James-Stein needs at least one value and a variance of 0 or more")
    centre = float(given.mean())
    spread = float(((given - centre) ** 2).sum())
    factor = 1.0 if len(given) < 4 or spread == 0 else max(0.0, 1 - (len(given) - 3) * variance / spread)
    return Stein(centre + factor * (given - centre), centre, factor, spread)


def shares(k: Numbers, n: float) -> Stein:
    """James-Stein on shares of equal samples: the variance of each is that of the common mean, p (1 − p)
    / n."""
    part, whole = checks.counts(k, n)
    checks.refuse(whole <= 0, "every unit needs a sample")
    mean = float((part / whole).mean())
    return james_stein(part / whole, mean * (1 - mean) / n)


def arcsine_shares(k: Numbers, n: float) -> Stein:
    """The same on √n arcsin(2p − 1), whose variance is 1 whatever p; estimates are turned back into shares.

    `centre` and `spread` are on the arcsine scale.
    """
    part, whole = checks.counts(k, n)
    checks.refuse(whole <= 0, "every unit needs a sample")
    found = james_stein(np.sqrt(n) * np.arcsin(2 * part / whole - 1), 1.0)
    return found._replace(estimates=(np.sin(found.estimates / np.sqrt(n)) + 1) / 2)
