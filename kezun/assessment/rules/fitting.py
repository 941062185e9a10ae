"""Which estimators fit which indicators: a law of shares says nothing of means, nor the other way round."""

from __future__ import annotations

from collections.abc import Mapping

# What a value is made of, and what can be learned of its peers: shares are beta-binomial and alone have a mix
# to adjust for, counts of events by exposure are gamma-Poisson, what has a standard error is normal-normal.
FITS: Mapping[str, tuple[str, ...]] = {
    "share": ("raw", "beta_binomial_eb", "casemix"),
    "few": ("raw", "beta_binomial_eb", "gamma_poisson", "casemix"),
    "events": ("raw", "gamma_poisson"),
    "mean": ("raw", "normal_eb"),
    "plain": ("raw",),
}
# A share told per so many is one of rare things, where binomial and Poisson are the same.
RARE = 1_000


def nature(kind: str, scale: int = 1, *, counted: bool = True) -> str:
    """What the value of an indicator is made of: a key of FITS.

    kind, scale: as the indicator declares them; counted: whether the numerator counts rows, each once, and
    adds up no points or seconds. A coverage is of two kinds of facts, so its part may exceed its whole.
    """
    if kind == "coverage" or (kind == "ratio" and scale >= RARE):
        return "few"
    if kind == "ratio":
        return "share"
    if kind == "rate" and counted:
        return "events"
    return "mean" if kind in ("mean", "quantile", "nps") else "plain"
