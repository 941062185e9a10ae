"""Numbers for monitoring that come from above the kernel: rows imported, by fact type and outcome."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Sum
from prometheus_client.core import CounterMetricFamily, Metric

from kezun.facts.models import Batch
from kezun.kernel.metrics import collect

OUTCOMES = ("new", "same", "corrected", "rejected")


@collect
def import_rows() -> Iterable[Metric]:
    """Rows of all finished imports, dry runs left out."""
    family = CounterMetricFamily("kezun_import_rows", "Rows imported", labels=["fact", "outcome"])
    done = Batch.objects.filter(state=Batch.State.DONE, dry_run=False)
    sums = [Sum(name) for name in OUTCOMES]
    for fact, *rows in done.values_list("fact").annotate(*sums):
        for outcome, count in zip(OUTCOMES, rows, strict=True):
            family.add_metric([fact, outcome], count or 0)
    yield family
