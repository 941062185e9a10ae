"""Numbers in words of the page's language: values, changes, targets, counts."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from kezun.ui import rules

OPERATORS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
NONE = "—"


def figure(value: float | None, unit: str) -> str:
    """A value with its unit as people read it: «42 s», «3 min 20 s», «98.7 %», «12.3 ‱»; «—» for None."""
    if value is None:
        return NONE
    made = rules.shown(value, unit)
    return _pattern(made.pattern) % made.numbers


# Wordings by pattern; those that read the same in every language are not marked for translation.
PATTERNS = {
    "percent": "%s %%",
    "per_10k": "%s ‱",
    "seconds": gettext_noop("%s s"),
    "minutes": gettext_noop("%s min %s s"),
    "hours": gettext_noop("%s h %s min"),
    "days": gettext_noop("%s d %s h"),
    "days_even": gettext_noop("%s d"),
    "minutes_even": gettext_noop("%s min"),
    "hours_even": gettext_noop("%s h"),
    "per_hour": gettext_noop("%s / h"),
}
SAME = ("percent", "per_10k")


def _pattern(name: str) -> str:
    found = PATTERNS.get(name, "%s")
    return found if name in SAME or found == "%s" else _(found)


def counted(n: int) -> str:
    """How many facts stand behind a number."""
    return ngettext("n = %(n)s", "n = %(n)s", n) % {"n": rules.grouped(n)}


def target_text(op: str, value: float | None, unit: str) -> str:
    """A target with its explicit operator: «≥ 85.0 %»; empty where there is none."""
    return "" if value is None else f"{OPERATORS.get(op, op)} {figure(value, unit)}"


def interval_text(low: float | None, high: float | None, unit: str) -> str:
    """An interval: «97.9–98.6 %»; empty where there is none. Ends of scores are told apart."""
    if low is None or high is None:
        return ""
    if unit == "%":
        return f"{rules.percent(low)}–{rules.percent(high)} %"
    ends = figure(low, unit), figure(high, unit)
    if ends[0] == ends[1] and low != high and unit == "score":
        ends = rules.decimals(low, 3), rules.decimals(high, 3)
    return " – ".join(ends)


@dataclass(frozen=True)
class Change:
    """A change against the period before: its text with a sign, and what it means.

    verdict: as rules.verdict, or `chance` where chance explains it.
    """

    text: str
    verdict: str

    @property
    def meaning(self) -> str:
        """The verdict as a word, so that colour is never the only sign."""
        words = {"better": _("better"), "worse": _("worse"), "level": _("unchanged")}
        return {**words, "chance": _("within chance")}.get(self.verdict, "")


def change(now: float | None, before: float | None, unit: str, direction: str) -> Change | None:
    """The change from `before` to `now`; shares differ in percentage points, counts also in per cent."""
    if now is None or before is None:
        return None
    delta = now - before
    meaning = rules.verdict(delta, direction)
    if meaning == "level":
        return Change("±0", meaning)
    sign = "+" if delta > 0 else "−"
    size = abs(delta)
    if unit == "%":
        places = 1 if size >= 0.0005 else 2
        text = _("%s pp") % rules.decimals(size * 100, places)
    elif unit == "count" and before:
        text = f"{rules.decimals(size / before * 100, 1)} %"
    else:
        text = figure(size, unit)
    if not any(digit in text for digit in "123456789"):
        sign = "±"
    return Change(sign + text, meaning)
