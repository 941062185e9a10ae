"""What the platform itself writes into a history: a key with its values, told in each reader's language.

People's words stay as they were written. What was written before there were keys is plain text and stays so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

SAYS: Mapping[str, str] = {
    "found_again": gettext_noop("The same was found again: %(case)s."),
    "came_back": gettext_noop("The same came back: %(case)s."),
    "sheet_void": gettext_noop("The inspection sheet was made void: %(reason)s"),
    "sheet_stands": gettext_noop("The inspection sheet was put right (%(reason)s); this finding stands."),
    "sheet_cleared": gettext_noop(
        "The inspection sheet was put right (%(reason)s); this finding is no longer one."
    ),
    "review_asked": gettext_noop("A review was asked for: %(no)s."),
    "customer_added": gettext_noop("The customer added something."),
    "customer_withdrew": gettext_noop("Taken back by the customer."),
    "reply_letter": gettext_noop("For the reply letter."),
    "taken_over": gettext_noop("Taken over from a ledger"),
}
KEY, WITH = "remark", "with"


class Remark(str):
    """A sentence of the platform, given where a text is expected; as a text it is in English (the trail)."""

    __slots__ = ("key", "values")
    key: str
    values: dict[str, str]

    def plain(self) -> dict[str, Any]:
        """As an event keeps it."""
        return {KEY: self.key, **({WITH: self.values} if self.values else {})}


def remark(key: str, **values: str) -> Remark:
    """The sentence of this key with these values. KeyError where there is no such sentence."""
    made = Remark(SAYS[key] % values)
    made.key, made.values = key, values
    return made


def text(kept: object) -> str:
    """What an event keeps, in the page's language: a sentence of the platform, else as it was written."""
    if not isinstance(kept, Mapping):
        return "" if kept is None else str(kept)
    said, values = SAYS.get(str(kept.get(KEY))), kept.get(WITH) or {}
    try:
        return _(said) % values if said else str(kept.get(KEY, ""))
    except (KeyError, TypeError, ValueError):  # a later edition of the sentence asks for more than was kept
        return str(said)


def packed(said: object) -> str:
    """A text for a column: a sentence of the platform as JSON, people's words as they are."""
    return json.dumps(said.plain(), ensure_ascii=False) if isinstance(said, Remark) else str(said or "")


def unpacked(held: str) -> str:
    """What a column holds that only the platform wrote, in the page's language."""
    try:
        kept = json.loads(held)
    except ValueError:
        return held
    return text(kept) if isinstance(kept, dict) and KEY in kept else held
