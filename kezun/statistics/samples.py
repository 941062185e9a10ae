"""How many observations a question needs, and what small samples do to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from . import checks
from .distributions import Array, Numbers, array, binomial_cdf, normal_quantile
from .intervals import Interval, clopper_pearson, critical, jeffreys, wilson

Method = Literal["wilson", "jeffreys", "exact"]
BOUNDS: dict[Method, Callable[[float, float, float], Interval]] = {
    "wilson": wilson,
    "jeffreys": jeffreys,
    "exact": clopper_pearson,
}
MOST = 10_000_000


def per_group(first: float, second: float, power: float = 0.8, confidence: float = 0.95) -> int:
    """How many observations in each of two groups tell two true shares apart (Cohen's h, arcsine).

    `per_group(0.99, 0.97)` is 719. ValueError for shares outside 0 … 1 or equal ones.
    """
    if first == second or not (0 <= first <= 1 and 0 <= second <= 1):
        raise ValueError(f"two different shares in 0 … 1 are needed, not {first} and {second}")
    distance = 2 * abs(math.asin(math.sqrt(first)) - math.asin(math.sqrt(second)))
    both = critical(confidence) + float(normal_quantile(checks.share(power, "power")))
    return math.ceil(2 * (both / distance) ** 2)


def to_prove(target: float, seen: float = 1.0, method: Method = "wilson", confidence: float = 0.95) -> int:
    """From how many observations a seen share proves at least `target`: its lower limit reaches it.

    `to_prove(0.95)` is 73: «all satisfied» below that proves less than 95 %. `seen` above `target`.
    ValueError where it is not, or where ten million would not do.
    """
    checks.share(target, "a target")
    if not target < seen <= 1:
        raise ValueError(f"only a share above {target} and at most 1 can prove it, not {seen}")

    def proves(n: int) -> bool:
        return bool(BOUNDS[method](seen * n, n, confidence).low >= target)

    high = 1
    while not proves(high):
        high *= 2
        if high > MOST:
            raise ValueError(f"{seen} is too near to {target} to be told apart")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if proves(middle) else (middle, high)
    return high


def chance_all(true: Numbers, n: Numbers) -> Array:
    """How often all of n are satisfied where the true share is `true`: .605 for 99 % and n = 50."""
    return array(array(true) ** array(n))[()]


def chance_under(true: float, target: float, n: Numbers) -> Array:
    """How often the seen share of n falls under `target` where the true share is `true`."""
    size = array(n)
    return binomial_cdf(np.ceil(size * target - 1e-9) - 1, size, true)
