"""When a mail may go: not in somebody's quiet hours, or once a day at their time. Pure; times of the bank."""

from __future__ import annotations

import datetime as dt

AT_ONCE, DIGEST, NEVER = "at_once", "digest", "never"
DAY = dt.timedelta(days=1)


def quiet(at: dt.time, start: dt.time, end: dt.time) -> bool:
    """Whether a time of day lies in [start, end), which may go over midnight; the same twice: never."""
    if start <= end:
        return start <= at < end
    return at >= start or at < end


def next_time(now: dt.datetime, at: dt.time) -> dt.datetime:
    """The next moment after `now` at which the clock on the wall shows `at`."""
    today = dt.datetime.combine(now.date(), at, now.tzinfo)
    return today if today > now else dt.datetime.combine(now.date() + DAY, at, now.tzinfo)


def send_at(
    now: dt.datetime, mail: str, quiet_from: dt.time, quiet_until: dt.time, digest_at: dt.time
) -> dt.datetime | None:
    """When a mail about something that happened `now` (in the bank's zone) should go; None: never."""
    if mail == NEVER:
        return None
    if mail == DIGEST:
        return next_time(now, digest_at)
    return next_time(now, quiet_until) if quiet(now.time(), quiet_from, quiet_until) else now


def retry_at(now: dt.datetime, tries: int) -> dt.datetime:
    """When to try again after `tries` failures: 2, 4, 8 … minutes, at most six hours later."""
    return now + min(dt.timedelta(minutes=2 ** min(tries, 12)), dt.timedelta(hours=6))
