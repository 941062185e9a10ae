"""From measured values to estimates: raw, drawn towards peers, or adjusted for the mix of business.

All arrays have one length, the subjects in their order; nan says that nothing is known. Everything that
leaves here is rounded to nine decimals and each prior to six digits, so that the last bit of a machine's
arithmetic decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kezun.statistics import casemix, counts, intervals, normal, shrinkage
from kezun.statistics.distinct import distinct

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Z = 1.959963984540054
# A peer group with fewer subjects that have data learns from all.
FEWEST = 10
# So many facts of everybody's common spread are held beside a subject's own.
LENT = 4


@dataclass(frozen=True)
class Measured:
    """What was measured: value, numerator, denominator, n; `scale` by which a quotient was multiplied.

    share: the value is numerator ÷ denominator with the one within the other; rate: events by exposure.
    within: of a mean Σ (fact − mean)², in the value's unit squared, nan where it is not known. error: of a
    quantile its standard error. bounds: between which values the facts lie.
    """

    value: Array
    numerator: Whole
    denominator: Whole
    n: Whole
    scale: int = 1
    share: bool = False
    rate: bool = False
    within: Array | None = None
    error: Array | None = None
    bounds: tuple[float, float] = (-math.inf, math.inf)


@dataclass(frozen=True)
class Estimated:
    """Estimates with their standard deviation, 95 % interval and the weight of a subject's own data.

    priors: per peer group what was learned of it, to be published: (method, a, b, subjects with data).
    """

    estimate: Array
    sd: Array
    low: Array
    high: Array
    own: Array
    priors: Mapping[str, tuple[str, float, float, int]] = field(default_factory=dict)


def raw(measured: Measured) -> Estimated:
    """The value as it is, with the spread that chance alone gives it, as far as that is known.

    A mean shows the t interval of its own facts, as its indicator does elsewhere; what goes into a score is
    the error of `errors`. A quantile has an error and no interval; a count and a formula have neither.
    """
    value = measured.value
    known = ~np.isnan(value)
    none = np.full(len(value), np.nan)
    own = np.where(known, 1.0, np.nan)
    if measured.share:
        n = np.where(known, measured.denominator, 1).astype(np.float64)
        k = np.minimum(np.where(known, measured.numerator, 0), n).astype(np.float64)
        p = (k + 0.5) / (n + 1)
        span = intervals.wilson(k, n)
        sd = np.where(known, np.sqrt(p * (1 - p) / n), np.nan)
        low, high = np.where(known, span.low, np.nan), np.where(known, span.high, np.nan)
        return _settled(value, sd * measured.scale, low * measured.scale, high * measured.scale, own)
    if measured.rate:
        base = np.where(known, measured.denominator, 1).astype(np.float64)
        events = np.where(known, np.maximum(measured.numerator, 0), 0).astype(np.float64)
        sd = np.where(known, np.sqrt(events + 0.5) / base, np.nan) * measured.scale
        span = intervals.poisson_rate(events, base, per=measured.scale)
        return _settled(value, sd, np.where(known, span.low, np.nan), np.where(known, span.high, np.nan), own)
    if measured.within is None:
        return _settled(value, none if measured.error is None else measured.error, none, none, own)
    n = measured.denominator.astype(np.float64)
    alone = np.sqrt(measured.within / np.maximum(n - 1, 1.0) / np.maximum(n, 1.0))
    span = intervals.mean(value, alone, np.where(np.isnan(measured.within), 0.0, n))
    low, high = np.maximum(span.low, measured.bounds[0]), np.minimum(span.high, measured.bounds[1])
    return _settled(value, errors(measured), low, high, own)


def errors(measured: Measured) -> Array:
    """The standard error of each subject's value, from the spread of its own facts; nan where unknown.

    A subject's own variance is held together with that of all subjects' facts, which counts as LENT more
    facts: of three facts alike nobody knows that all others would be. Quantiles have theirs from their ranks.
    """
    if measured.within is None:
        return np.full(len(measured.value), np.nan) if measured.error is None else measured.error
    within, n = measured.within, measured.denominator.astype(np.float64)
    have = ~np.isnan(within) & (n > 0)
    freedom = float((n[have] - 1).sum())
    common = math.fsum(within[have].tolist()) / freedom if freedom else 0.0
    if common <= 0:
        return np.full(len(n), np.nan)
    size = np.where(have, n, 1.0)
    variance = (np.where(have, within, 0.0) + LENT * common) / (size - 1 + LENT)
    return np.where(have, np.sqrt(variance / size), np.nan)


def drawn(measured: Measured, groups: Sequence[str]) -> Estimated:
    """Each mean drawn towards those of its peers as far as it is unsure itself (normal-normal).

    Also quantiles, by their standard errors. What has no error keeps its value. groups: as `shrunk`.
    """
    plain, error = raw(measured), errors(measured)
    have = ~np.isnan(measured.value) & (np.nan_to_num(error) > 0)
    estimate, sd, own = plain.estimate.copy(), plain.sd.copy(), plain.own.copy()
    low, high = plain.low.copy(), plain.high.copy()
    priors: dict[str, tuple[str, float, float, int]] = {}
    of = np.array(groups, dtype=object)
    everyone = normal.fit(measured.value[have], error[have])
    for group in sorted(set(groups)):
        mine = have & (of == group)
        few = int(mine.sum()) < FEWEST
        prior = everyone if few else normal.fit(measured.value[mine], error[mine])
        found = prior.update(measured.value[mine], error[mine])
        span = found.interval()
        estimate[mine], sd[mine], own[mine] = found.mean, found.sd, found.own
        low[mine] = np.maximum(span.low, measured.bounds[0])
        high[mine] = np.minimum(span.high, measured.bounds[1])
        # Of too few peers nothing was learned; there is no number for a spread without bounds.
        spread_between = 0.0 if prior.method == "flat" else _digits(prior.sd)
        priors[group] = prior.method, _digits(prior.mean), spread_between, prior.units
    made = _settled(estimate, sd, low, high, own)
    return Estimated(made.estimate, made.sd, made.low, made.high, made.own, priors)


def shrunk(measured: Measured, groups: Sequence[str], kind: str, climb: bool = True) -> Estimated:
    """Each value drawn towards its peers as far as its own sample is small (empirical Bayes).

    kind: `beta_binomial_eb` for shares, `gamma_poisson` for rates of events, `normal_eb` for means (see
    `drawn`). groups: the peer group of each. climb: as `shrinkage.fit`.
    """
    if kind == "normal_eb":
        return drawn(measured, groups)
    top = np.maximum(measured.numerator, 0).astype(np.float64)
    bottom = measured.denominator.astype(np.float64)
    if kind == "beta_binomial_eb":
        top = np.minimum(top, bottom)
    have = (bottom > 0) & ~np.isnan(measured.value)
    parts = [np.full(len(top), np.nan) for _ in range(5)]
    priors: dict[str, tuple[str, float, float, int]] = {}
    of = np.array(groups, dtype=object)
    everyone = _learn(kind, top[have], bottom[have], climb)
    for group in sorted(set(groups)):
        mine = have & (of == group)
        few = int(mine.sum()) < FEWEST
        priors[group] = everyone if few else _learn(kind, top[mine], bottom[mine], climb)
        for part, found in zip(parts, _posterior(kind, priors[group], top[mine], bottom[mine]), strict=True):
            part[mine] = found
    estimate, sd, low, high, own = parts
    scale = measured.scale
    made = _settled(estimate * scale, sd * scale, low * scale, high * scale, own)
    return Estimated(made.estimate, made.sd, made.low, made.high, made.own, priors)


def _learn(kind: str, top: Array, bottom: Array, climb: bool) -> tuple[str, float, float, int]:
    """What peers are like: how it was found, the two parameters to six digits, how many had data."""
    if kind == "beta_binomial_eb":
        shares = shrinkage.fit(top, bottom, climb=climb)
        return shares.method, _digits(shares.a), _digits(shares.b), shares.units
    rates = counts.fit(top, bottom, climb=climb)
    return rates.method, _digits(rates.shape), _digits(rates.rate), rates.units


def _posterior(
    kind: str, prior: tuple[str, float, float, int], top: Array, bottom: Array
) -> tuple[Array, ...]:
    """Mean, sd, low, high and own weight; equal data, of which many people's is, is worked out once."""
    each = distinct(top, bottom)
    return tuple(part[each.back] for part in _posterior_of(kind, prior, each.first, each.second))


def _posterior_of(
    kind: str, prior: tuple[str, float, float, int], top: Array, bottom: Array
) -> tuple[Array, ...]:
    _method, a, b, units = prior
    if kind == "beta_binomial_eb":
        shares = shrinkage.BetaPrior(a, b, units).update(top, bottom)
        span = shares.interval()
        return shares.mean, shares.sd, span.low, span.high, shares.own
    rates = counts.GammaPrior(a, b, units).update(top, bottom)
    span = rates.interval()
    return rates.mean, rates.sd, span.low, span.high, rates.own


def mixed(measured: Measured, top: Array, bottom: Array) -> tuple[Measured, Array]:
    """Shares as they would be with everybody's mix of business: observed ÷ expected × the overall share.

    top, bottom: shape (subjects, strata). Returns what then stands for the measured, with whole numbers of
    ten-thousandths of a case kept out of it, and the expected share of each stratum (published).
    """
    expected = _expected(top, bottom)
    found = casemix.standardise(np.minimum(top, bottom), bottom, expected)
    value = np.where(np.isnan(measured.value), np.nan, found.share * measured.scale)
    numerator = np.rint(np.nan_to_num(found.share) * measured.denominator).astype(np.int64)
    adjusted = Measured(
        nine(value),
        *(numerator, measured.denominator, measured.n, measured.scale),
        share=True,
    )
    return adjusted, expected


def _expected(top: Array, bottom: Array) -> Array:
    """The share of each stratum over all subjects, by whole numbers."""
    above, below = (np.array([int(x) for x in part.sum(axis=0)], dtype=np.float64) for part in (top, bottom))
    return nine(np.where(below > 0, above / np.where(below > 0, below, 1.0), 0.0))


def between(values: Array, owner: Whole, size: int) -> Array:
    """The standard error of each subject's mean of repeated values (inspections), shape (size,).

    values: one for each repetition; owner: whose it is. One spread within subjects is taken for all, from
    those with two repetitions or more; nan where no subject has, or a subject has none.
    """
    n = np.bincount(owner, minlength=size).astype(np.float64)
    total = np.bincount(owner, values, minlength=size)
    mean = total / np.where(n > 0, n, 1.0)
    squares = np.bincount(owner, (values - mean[owner]) ** 2, minlength=size)
    freedom = float(np.maximum(n - 1, 0).sum())
    if freedom <= 0:
        return np.full(size, np.nan)
    within = math.fsum(squares.tolist()) / freedom
    return nine(np.where(n > 0, np.sqrt(within / np.where(n > 0, n, 1.0)), np.nan))


def _settled(estimate: Array, sd: Array, low: Array, high: Array, own: Array) -> Estimated:
    return Estimated(nine(estimate), nine(sd), nine(low), nine(high), nine(own))


def nine(values: Array) -> Array:
    """Rounded to nine decimals."""
    return np.asarray(np.round(values, 9), dtype=np.float64)


def _digits(value: float) -> float:
    return float(f"{value:.6g}")
