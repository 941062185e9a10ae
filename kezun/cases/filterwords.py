"""What lists of cases may be asked for, in the page's words: on the filter, and on the Excel file."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import wording
from kezun.cases.kinds import kind_names
from kezun.cases.listing import Wanted
from kezun.cases.models import Case
from kezun.org.models import Unit

DUE: dict[str, Promise] = {
    "late": gettext_lazy("late"),
    "soon": gettext_lazy("within 3 days"),
    "none": gettext_lazy("without a deadline"),
    "provisional": gettext_lazy("provisional deadline"),
}
WHO: dict[str, Promise] = {
    "mine": gettext_lazy("handled by me"),
    "take": gettext_lazy("to be taken at my unit"),
    "opened": gettext_lazy("registered by me"),
    "unit": gettext_lazy("lying with my unit"),
    "returned": gettext_lazy("sent to and fro"),
    "escalated": gettext_lazy("escalated"),
    "repeated": gettext_lazy("happened before"),
}
SORTS: dict[str, Promise] = {
    "time": gettext_lazy("by time to act"),
    "newest": gettext_lazy("newest first"),
    "oldest": gettext_lazy("oldest first"),
    "moved": gettext_lazy("last moved first"),
}


def states() -> list[tuple[str, str]]:
    """The choices of states: open, ended, all, then each."""
    several = [("open", _("still open")), ("ended", _("ended")), ("", _("all"))]
    return [*several, *((value, str(label)) for value, label in Case.State.choices)]


def told(wanted: Wanted) -> str:
    """The filter in force in words, the states always: what is not in a list has to be known too."""
    return wording.series(wording.said(name, text) for name, text in _parts(wanted))


def _parts(wanted: Wanted) -> Iterator[tuple[str, str]]:
    yield _("State"), dict(states())[wanted.state]
    named = (
        (_("Words, number"), wanted.q),
        (_("Kind of case"), dict(kind_names()).get(wanted.kind, wanted.kind)),
        (_("Unit and all below"), _unit(wanted.unit)),
        (_("Lies with"), _unit(wanted.owner)),
        (_("Severity"), wanted.severity),
        (_("Time"), str(DUE.get(wanted.due, ""))),
        (_("Whose"), str(WHO.get(wanted.who, ""))),
        (_("Received from"), wanted.since),
        (_("Received until"), wanted.until),
        (_("Order"), str(SORTS[wanted.sort])),
    )
    yield from ((name, value) for name, value in named if value)


def _unit(code: str) -> str:
    unit = Unit.objects.filter(code=code).first() if code else None
    return f"{unit.title} ({code})" if unit else code
