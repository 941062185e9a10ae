"""Where a line over periods breaks under one edition of the scheme: inspections measured other things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import msgspec

from kezun.assessment.lookups import result_of
from kezun.assessment.models import Score
from kezun.assessment.rules.form import Component
from kezun.assessment.schemes import form_of
from kezun.standards.models import Standard
from kezun.standards.queries import NotGenuine, standard_of
from kezun.standards.rules import NotAStandard
from kezun.standards.rules.comparing import comparable

Versions = Mapping[str, frozenset[str]]


def versions_of(score: Score) -> Versions:
    """The editions of a standard by which each component was inspected; nothing of a result that cannot be
    read."""
    try:
        lines = result_of(score).lines
    except (OSError, msgspec.DecodeError, ValueError):
        return {}
    found: dict[str, set[str]] = {}
    for line in lines:
        if line.figure is not None and line.figure.shares:
            found.setdefault(line.id, set()).update(share.version for share in line.figure.shares)
    return {id: frozenset(versions) for id, versions in found.items()}


def remeasured(before: Score, after: Score) -> tuple[Component, ...]:
    """The components that inspections measured otherwise in the later of two periods of one scheme's edition.

    Another edition of a standard measures the same where only words were edited and it is said, or nothing
    that is scored changed (`comparing.comparable`); one that is not here is taken for another.
    """
    was, now = versions_of(before), versions_of(after)
    differ = {id: was[id] | now[id] for id in was.keys() & now.keys() if was[id] != now[id]}
    if not differ:
        return ()
    form = form_of(after.run.scheme.text)
    parts = [one for one in form.components if one.id in differ]
    return tuple(one for one in parts if not _alike(one.source.standard, differ[one.id]))


def _alike(urn: str, versions: Iterable[str]) -> bool:
    """Whether all these editions of a standard measure the same."""
    wanted = set(versions)
    rows = Standard.objects.published().filter(urn=urn, version__in=wanted).order_by("from_date", "revision")
    latest = {row.version: row for row in rows}
    if set(latest) != wanted:
        return False
    try:
        read = [standard_of(row) for row in latest.values()]
    except (NotAStandard, NotGenuine):
        return False
    return all(comparable(old, new) for old, new in pairwise(read))
