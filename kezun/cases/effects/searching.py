"""What a case says can be found from the moment it is said."""

from __future__ import annotations

from kezun.cases import searching
from kezun.cases.doing import Doing, after


@after
def findable(doing: Doing) -> None:
    """Keep the words of a case where they changed."""
    if doing.verb == "open" or {"title", "data"} & set(doing.sets):
        searching.keep([(doing.case.pk, doing.case.words)])
