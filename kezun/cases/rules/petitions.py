"""Exceptions: how much more time may be granted and by whom. Pure."""

from __future__ import annotations

from kezun.cases.rules.clocks import Extension, Policy


class NotGrantable(ValueError):
    """More time that cannot be had. code: extendable (no such thing), units (none asked), cap (too much)."""

    def __init__(self, code: str, most: int = 0) -> None:
        super().__init__(code)
        self.code, self.most = code, most


def left_over(policy: Policy, extended: int) -> int:
    """By how many units more a deadline may be extended at most; 0 where it cannot be, or not any more."""
    if policy.cap is None:
        return 0
    most = min(policy.cap - int(policy.budget), sum(e.units for e in policy.extensions))
    return max(most - extended, 0)


def band(policy: Policy, extended: int, units: int) -> Extension:
    """The extension of the policy in which `units` more would end, of which `extended` are granted already.

    A policy lists its extensions one after another: the first 15 days by one level, the 30 after them by the
    next. Who asks for 45 at once needs the higher one. Raises NotGrantable; `most` are the units still left.
    """
    if policy.cap is None or not policy.extensions:
        raise NotGrantable("extendable")
    left = left_over(policy, extended)
    if units <= 0:
        raise NotGrantable("units", left)
    if units > left:
        raise NotGrantable("cap", left)
    reached = 0
    for extension in policy.extensions:
        reached += extension.units
        if extended + units <= reached:
            break
    return extension
