"""Bar 8: bytes a row, and the way from a number down to the records behind it."""

from __future__ import annotations

from benchmarks.cost import Cost, apart, median_of
from benchmarks.report import say
from benchmarks.synthetic import prepare


def evidence(rows: int, home: str, span: str) -> Cost:
    """The first hundred of the facts behind one outlet's number over `span`, and how many there are."""
    prepare(rows, home)
    from kezun.facts.queries import rows as facts_behind
    from kezun.facts.questions import Question
    from kezun.facts.rules import Period
    from kezun.kernel.actor import SystemActor

    question = Question(("floor.served",), "outlet7", Period.parse(span))
    return median_of(lambda: facts_behind(SystemActor("bench"), question, "numerator").total, times=5)


def stored(rows: int, home: str) -> Cost:
    """Bytes on disk a row, over both fact types."""
    prepare(rows, home)
    from django.db.models import Sum

    from kezun.facts.models import FactFile

    total = FactFile.objects.filter(removed__isnull=True).aggregate(bytes=Sum("bytes"), rows=Sum("rows"))
    return Cost(value=total["bytes"] / total["rows"])


def run(rows: int, home: str) -> dict[str, float]:
    """Print the sizes and times."""
    day, whole = (apart(evidence, rows, home, span) for span in ("2026-02-10", "2026-Q1"))
    say("bytes a row", apart(stored, rows, home).value, "bytes", 25)
    say("records behind one outlet-day", day.cpu * 1000, "CPU ms", 50, note=f"{day.value} records")
    say("records behind one outlet-quarter", whole.cpu, "CPU s", 0.3, note=f"{whole.value} records")
    return {}
