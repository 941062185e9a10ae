"""The columns of a ledger in words: what each is called, what to write in it, and an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import catalogs

Text = str | Promise
# column -> (title, what to write, an example)
COLUMNS: Mapping[str, tuple[Text, Text, Text]] = {
    "received": (
        lazy("Received"),
        lazy("Must be filled: when the bank first learned of it, as 2026-09-21 or 2026-09-21 10:30."),
        "2026-03-02 09:30",
    ),
    "unit": (
        lazy("Unit"),
        lazy("Must be filled: code or full name of the unit complained of."),
        "",
    ),
    "source_no": (
        lazy("Number in the ledger"),
        lazy("Each number once: neither a second row with it is taken nor one that was changed later."),
        lazy("Example 1"),
    ),
    "title": (
        lazy("Title"),
        lazy("One line without names and numbers of customers. Left empty, one is made."),
        lazy("Waited too long"),
    ),
    "channel": (lazy("Channel"), lazy("A code or its name; what is unknown becomes «other»."), ""),
    "business": (lazy("Business"), lazy("A code or its name; what is unknown becomes «other»."), ""),
    "reason": (
        lazy("Reason for complaining"),
        lazy("A code or its name; what is unknown becomes «other»."),
        "",
    ),
    "name": (
        lazy("Full name"),
        lazy("Of the complainant. It lies under the key of the case and is shown masked."),
        lazy("Somebody"),
    ),
    "phone": (
        lazy("Telephone"),
        lazy("Of the complainant. By it the customer is known again; it is shown masked."),
        "13800000000",
    ),
    "story": (
        lazy("What the complaint is about"),
        lazy("In the customer's own words. Passwords and card numbers are refused."),
        lazy("Waited for more than an hour although three counters were free."),
    ),
    "claim": (lazy("What the customer asks for"), lazy("In a line."), lazy("An apology.")),
    "amount": (lazy("Amount (yuan)"), lazy("A number, at most two places behind the point."), "0"),
    "contacted": (
        lazy("First contact"),
        lazy("When somebody first spoke with the customer; not before the receipt."),
        "2026-03-02 15:00",
    ),
    "handler": (
        lazy("Handled by (staff number)"),
        lazy("Without it the case is taken over as open: nobody is made up."),
        "",
    ),
    "verifier": (
        lazy("Verified by (staff number)"),
        lazy("Somebody else than the handler. Without it the case is taken over as open."),
        "",
    ),
    "result": (
        lazy("Result"),
        lazy("What was found and done."),
        lazy("The counters were opened, the customer was told why."),
    ),
    "finding": (lazy("Finding"), lazy("Whether it was upheld; one of the words offered."), ""),
    "decision": (lazy("Decision"), lazy("What the customer was told."), lazy("Apologised.")),
    "answered": (
        lazy("Answered on"),
        lazy("Not before the receipt; left empty, the day of closing counts."),
        "2026-03-09",
    ),
    "closed": (
        lazy("Closed on"),
        lazy("Not before the answer; left empty, the case is still open."),
        "2026-03-12",
    ),
    "satisfaction": (lazy("Satisfaction"), lazy("1 to 5, or one of the words offered."), ""),
}


@dataclass(frozen=True)
class Column:
    """A column in the page's language."""

    name: str
    title: str
    about: str
    example: str


def columns() -> list[Column]:
    """All columns of a ledger, in their order."""
    return [Column(name, *map(str, texts)) for name, texts in COLUMNS.items()]


def titles() -> dict[str, str]:
    """What the columns of a ledger are called."""
    return {name: str(title) for name, (title, _about, _example) in COLUMNS.items()}


def heads() -> dict[str, list[str]]:
    """The words by which a column is known: those a bank uses, and its own title in every language."""
    found = {name: list(words) for name, words in catalogs.numbers("ledger")["heads"].items()}
    for named in _in_each_language():
        for name, (title, _example) in named.items():
            found.setdefault(name, []).append(title)
    return found


def examples() -> frozenset[str]:
    """The numbers by which the template's example row is known, in every language."""
    return frozenset(named["source_no"][1] for named in _in_each_language())


def _in_each_language() -> list[dict[str, tuple[str, str]]]:
    """Title and example of each column, language by language."""
    found = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found.append({one.name: (one.title, one.example) for one in columns()})
    return found
