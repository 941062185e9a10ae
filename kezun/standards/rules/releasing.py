"""When what a covert visit found may be read by all who read such facts."""

from __future__ import annotations

import datetime as dt

QUARTER = 3


def release_day(visited: dt.date, days: int = 0) -> dt.date:
    """The first day on which the results of a covert visit may be read.

    days: so many days after the visit, as the standard says; 0: as soon as the quarter of the visit is over,
    so that nobody learns from one visit when the next one comes.
    """
    if days > 0:
        return visited + dt.timedelta(days=days)
    months = visited.year * 12 + (visited.month - 1) // QUARTER * QUARTER + QUARTER
    return dt.date(months // 12, months % 12 + 1, 1)
