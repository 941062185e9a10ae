"""An independent computation of the floor's indicators: plain Python over plain rows, none of our code.

A row is a dict with the columns of its fact type; `unit` and `person` are primary keys. Conditions are
written here again by hand, so that a mistake in a definition shows as a difference.
"""

from __future__ import annotations

import math
from fractions import Fraction


def _served(row):
    return row["outcome"] == "served"


def _abandoned(row):
    return row["outcome"] == "abandoned"


def _kept(row):
    known = row["wait_s"] is not None and row["promise_s"] is not None
    return _served(row) and known and row["wait_s"] <= row["promise_s"]


def rank(values, p):
    """The value at position ceil(p·n) of the ordered values, counted from 1."""
    ordered = sorted(values)
    return ordered[math.ceil(Fraction(p) * len(ordered)) - 1] if ordered else None


def quantile(rows, column, p):
    values = [r[column] for r in rows if _served(r) and r[column] is not None]
    value = rank(values, p)
    upto = sum(v <= value for v in values) if values else 0
    return (None if value is None else float(value)), upto, len(values), len(values)


def share(top, rows, scale=1):
    a, b = len(top), len(rows)
    return (a * scale / b if b else None), a, b, b


def mean(values):
    total, n = sum(values), len(values)
    return (total / n if n else None), total, n, n


def count(rows):
    return float(len(rows)), len(rows), None, len(rows)


def of(indicator, tickets, ratings):
    """(value, numerator, denominator, n) of an indicator over these rows."""
    tickets = [t for t in tickets if t["outcome"] != "void"]
    served = [t for t in tickets if _served(t)]

    def waits(column):
        return [t[column] for t in served if t[column] is not None]

    if indicator == "floor.rating_coverage":
        n = len(served)
        return (len(ratings) / n if n else None), len(ratings), n, n
    if indicator == "floor.tickets_per_counter_hour":
        top = [t for t in served if t["counter"] is not None]
        hours = {(t["unit"], t["day"], t["hour"], t["counter"]) for t in top}
        return (len(top) / len(hours) if hours else None), len(top), len(hours), len(top)
    if indicator == "floor.hourly_load":
        hours = {(t["unit"], t["day"], t["hour"]) for t in tickets}
        return (len(tickets) / len(hours) if hours else None), len(tickets), len(hours), len(tickets)
    return {
        "floor.tickets": lambda: count(tickets),
        "floor.served": lambda: count(served),
        "floor.abandoned": lambda: count([t for t in tickets if _abandoned(t)]),
        "floor.answer_rate": lambda: share(served, tickets),
        "floor.abandon_rate": lambda: share([t for t in tickets if _abandoned(t)], tickets),
        "floor.wait_mean": lambda: mean(waits("wait_s")),
        "floor.wait_p50": lambda: quantile(tickets, "wait_s", "0.5"),
        "floor.wait_p90": lambda: quantile(tickets, "wait_s", "0.9"),
        "floor.wait_p95": lambda: quantile(tickets, "wait_s", "0.95"),
        "floor.within_promise": lambda: share([t for t in tickets if _kept(t)], tickets),
        "floor.service_mean": lambda: mean(waits("service_s")),
        "floor.service_p50": lambda: quantile(tickets, "service_s", "0.5"),
        "floor.service_p90": lambda: quantile(tickets, "service_s", "0.9"),
        "floor.satisfied_rate": lambda: share([r for r in ratings if r["score"] >= 4], ratings),
        "floor.satisfaction_mean": lambda: mean([r["score"] for r in ratings]),
        "floor.dissatisfied_per_10k": lambda: share([r for r in ratings if r["score"] <= 2], ratings, 10000),
    }[indicator]()


OF_TICKETS = (
    *("floor.tickets", "floor.served", "floor.abandoned", "floor.answer_rate", "floor.abandon_rate"),
    *("floor.wait_mean", "floor.wait_p50", "floor.wait_p90", "floor.wait_p95", "floor.within_promise"),
    *("floor.service_mean", "floor.service_p50", "floor.service_p90"),
    *("floor.tickets_per_counter_hour", "floor.hourly_load"),
)
OF_RATINGS = ("floor.satisfied_rate", "floor.satisfaction_mean", "floor.dissatisfied_per_10k")
ALL = (*OF_TICKETS, "floor.rating_coverage", *OF_RATINGS)

LABELS = {
    "person": lambda r, people: people.get(r["person"], ""),
    "business": lambda r, _: r["business"] or "",
    "class": lambda r, _: r["class"] or "",
    "hour": lambda r, _: f"{r['hour']:02d}",
    "weekday": lambda r, _: str(r["day"].isoweekday()),
    "day": lambda r, _: r["day"].isoformat(),
    "week": lambda r, _: "{:04d}-W{:02d}".format(*r["day"].isocalendar()[:2]),
    "month": lambda r, _: r["day"].isoformat()[:7],
    "weekday_hour": lambda r, _: f"{r['day'].isoweekday()}-{r['hour']:02d}",
}
