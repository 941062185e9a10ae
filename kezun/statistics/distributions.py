"""The distributions that everything here rests on, vectorised, with types, and loaded at the first call.

Each function broadcasts its arguments like numpy and returns float64 of that shape (a plain float for plain
numbers). They are scipy.special functions: `scipy.stats` has the same but costs a second to import. Arguments
outside a distribution's domain give nan, as scipy does; callers check what people typed.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

LARGE = 40.0
Numbers = npt.ArrayLike
Array = npt.NDArray[np.float64]


@cache
def special() -> Any:
    """The module scipy.special, which has no types: only this file touches it."""
    import scipy.special

    return scipy.special


def array(values: Numbers) -> Array:
    return np.asarray(values, dtype=np.float64)


def normal_cdf(z: Numbers) -> Array:
    """P(Z <= z) of a standard normal."""
    return array(special().ndtr(z))[()]


def normal_quantile(p: Numbers) -> Array:
    """The z with P(Z <= z) = p."""
    return array(special().ndtri(p))[()]


def t_quantile(p: Numbers, df: Numbers) -> Array:
    """The x with P(X <= x) = p of a Student t with `df` degrees of freedom, above 0."""
    return array(special().stdtrit(df, p))[()]


def beta_cdf(x: Numbers, a: Numbers, b: Numbers) -> Array:
    """P(X <= x) of a Beta(a, b); a and b above 0."""
    return array(special().betainc(a, b, np.clip(array(x), 0.0, 1.0)))[()]


def beta_quantile(p: Numbers, a: Numbers, b: Numbers) -> Array:
    """The x with P(X <= x) = p of a Beta(a, b)."""
    return array(special().betaincinv(a, b, p))[()]


def gamma_cdf(x: Numbers, shape: Numbers, rate: Numbers) -> Array:
    """P(X <= x) of a Gamma with that shape and rate (mean = shape / rate)."""
    return array(special().gammainc(shape, np.maximum(array(x), 0.0) * array(rate)))[()]


def gamma_quantile(p: Numbers, shape: Numbers, rate: Numbers) -> Array:
    """The x with P(X <= x) = p of a Gamma with that shape and rate."""
    return array(special().gammaincinv(shape, p) / array(rate))[()]


def chi2_quantile(p: Numbers, df: Numbers) -> Array:
    """The x with P(X <= x) = p of a chi-square; 0 for no degrees of freedom."""
    degrees = array(df)
    found = 2 * special().gammaincinv(np.where(degrees > 0, degrees, 1.0) / 2, p)
    return array(np.where(degrees > 0, found, 0.0))[()]


def chi2_tail(x: Numbers, df: Numbers) -> Array:
    """P(X >= x) of a chi-square."""
    return array(special().chdtrc(df, x))[()]


def f_quantile(p: Numbers, over: Numbers, under: Numbers) -> Array:
    """The x with P(X <= x) = p of an F with `over` and `under` degrees of freedom."""
    return array(special().fdtri(over, under, p))[()]


def poisson_tail(count: Numbers, mean: Numbers) -> Array:
    """P(X >= count) of a Poisson; 1 for a count of 0."""
    k = array(count)
    found = special().gammainc(np.maximum(k, 1.0), mean)
    return array(np.where(k <= 0, 1.0, found))[()]


def poisson_cdf(count: Numbers, mean: Numbers) -> Array:
    """P(X <= count) of a Poisson."""
    return array(special().gammaincc(array(count) + 1, mean))[()]


def binomial_tail(count: Numbers, n: Numbers, p: Numbers) -> Array:
    """P(X >= count) of a binomial; 1 for a count of 0, 0 for one above n."""
    k, n = np.broadcast_arrays(array(count), array(n))
    inside = (k > 0) & (k <= n)
    found = special().betainc(np.where(inside, k, 1.0), np.where(inside, n - k + 1, 1.0), p)
    return array(np.where(k <= 0, 1.0, np.where(k > n, 0.0, found)))[()]


def binomial_cdf(count: Numbers, n: Numbers, p: Numbers) -> Array:
    """P(X <= count) of a binomial."""
    k, n = np.broadcast_arrays(array(count), array(n))
    inside = (k >= 0) & (k < n)
    found = special().betaincc(np.where(inside, k + 1, 1.0), np.where(inside, n - k, 1.0), p)
    return array(np.where(k < 0, 0.0, np.where(k >= n, 1.0, found)))[()]


def log_gamma(x: Numbers) -> Array:
    return array(special().gammaln(x))[()]


def log_beta(a: Numbers, b: Numbers) -> Array:
    return array(special().betaln(a, b))[()]


def digamma(x: Numbers) -> Array:
    return array(special().digamma(x))[()]


def trigamma(x: Numbers) -> Array:
    return array(special().zeta(2.0, x))[()]


def digamma_between(x: Numbers, more: Numbers) -> Array:
    """digamma(x + more) − digamma(x), to the last digits: for a large x the difference of the two has few
    left. By the asymptotic series from LARGE on (Abramowitz and Stegun 6.3.18), whose next term is 1e-17."""
    low, step = np.broadcast_arrays(array(x), array(more))
    high = low + step
    a, b = (np.maximum(part, LARGE) for part in (low, high))
    series = np.log1p((b - a) / a) + (b - a) / (2 * a * b)
    for power, factor in ((2, 12), (4, -120), (6, 252), (8, -240)):
        series += (a**-power - b**-power) / factor
    return array(np.where(low >= LARGE, series, special().digamma(high) - special().digamma(low)))[()]
