"""Upkeep of the store, once a day: what nobody lists or waits for is swept, many small files become few."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from pathlib import Path

from kezun.facts import store, writing
from kezun.facts.actions import tidy
from kezun.facts.models import FactFile
from kezun.kernel.actor import SystemActor
from kezun.kernel.file import folder
from kezun.kernel.task import every

log = logging.getLogger("kezun.facts")
# Fewer small files than this cost less to read than to merge.
MANY = 8


def crowded(least: int = MANY, rows: int = writing.ROWS_PER_FILE) -> list[tuple[str, str]]:
    """(fact type, month) where one source has at least `least` current files under half of `rows`."""
    small = FactFile.objects.filter(removed__isnull=True, rows__lt=rows // 2)
    counts = Counter(small.values_list("fact", "month", "source"))
    return sorted({(fact, month) for (fact, month, _source), count in counts.items() if count >= least})


def sweep_arrivals(grace: dt.timedelta = store.GRACE) -> list[Path]:
    """Remove what a killed upload or publishing left half arrived, older than `grace`; returns the paths."""
    limit = time.time() - grace.total_seconds()
    left = [path for path in folder("files/incoming").glob("*.tmp") if path.stat().st_mtime < limit]
    for path in left:
        path.unlink(missing_ok=True)
    return left


@every(days=1, name="facts.tidy")
def tidy_daily() -> None:
    """Sweep, then compact month by month; a month that an import changes meanwhile waits for tomorrow."""
    worker = SystemActor("worker")
    swept = len(store.sweep()) + len(sweep_arrivals())
    merged = []
    for fact, month in crowded():
        try:
            number = writing.compact(fact, month)
        except store.Conflict:
            log.info("compaction waits", extra={"fact": fact, "month": month})
        else:
            merged += [f"{fact}/{month}@{number}"] if number else []
    if swept or merged:
        tidy(worker, swept=swept, merged=merged)
