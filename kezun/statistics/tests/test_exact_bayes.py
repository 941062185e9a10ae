"""How near empirical Bayes comes to the full posterior of BUGS' *Surgical*, computed here by quadrature.

The model of the example: logit p = m + s z, z normal, m ~ N(0, 10⁶), 1 / s² ~ Gamma(.001, .001).
"""

from __future__ import annotations

import numpy as np
import pytest

from kezun.statistics.shrinkage import shrink

from .published import DEATHS, OPERATIONS, A, H


@pytest.fixture(scope="module")
def exact():
    """Posterior means of the hospitals' shares and of the population's: grid over m and log s, Gauss-Hermite
    over z."""
    z, weight = np.polynomial.hermite_e.hermegauss(48)
    m, log_s = np.linspace(-3.6, -1.6, 81)[:, None], np.linspace(-4, 0.6, 93)[None, :]
    share = 1 / (1 + np.exp(-(m[..., None] + np.exp(log_s)[..., None] * z)))
    tau = np.exp(-2 * log_s)
    log_joint = 0.001 * np.log(tau) - 0.001 * tau - m**2 / 2e6
    inside = []
    for k, n in zip(DEATHS, OPERATIONS, strict=True):
        top = k * np.log(max(k, 1) / n) + (n - k) * np.log(1 - k / n)
        like = weight * np.exp(k * np.log(share) + (n - k) * np.log1p(-share) - top)
        whole = like.sum(axis=-1)
        inside.append((like * share).sum(axis=-1) / whole)
        log_joint = log_joint + np.log(whole)
    joint = np.exp(log_joint - log_joint.max())
    joint /= joint.sum()
    population = (joint * (1 / (1 + np.exp(-m)))).sum()
    return np.array([(joint * mean).sum() for mean in inside]), population


def test_the_quadrature_gives_what_bugs_gives(exact):
    shares, population = exact
    assert population == pytest.approx(0.0728, abs=2e-4)
    assert shares[A] == pytest.approx(0.0532, abs=2e-4)
    assert shares[H] == pytest.approx(0.1231, abs=2e-4)


def test_empirical_bayes_differs_by_less_than_a_fifth_of_a_point(exact):
    shares, _population = exact
    _prior, posterior = shrink(DEATHS, OPERATIONS)
    assert np.abs(posterior.mean - shares).max() < 0.002
