"""The sheets of a roster and their columns: what they are called, what must be filled, how a cell is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kezun.org.rules.rows import AssignmentRow, PersonRow, PostRow, UnitRow


@dataclass(frozen=True)
class Column:
    """A column of a sheet: code, English title (a msgid), whether a cell must be filled, how it is read."""

    code: str
    title: str
    needed: bool = False
    kind: str = "text"


SHEETS: dict[str, tuple[str, Callable[..., Any], tuple[Column, ...]]] = {
    "units": (
        gettext_noop("Units"),
        UnitRow,
        (
            Column("code", gettext_noop("Unit code"), True),
            Column("name", gettext_noop("Unit name"), True),
            Column("name_en", gettext_noop("English name")),
            Column("kind", gettext_noop("Unit kind"), True, "kind"),
            Column("parent", gettext_noop("Code of the unit above")),
            Column("zone", gettext_noop("Time zone")),
            Column("tags", gettext_noop("Tags"), kind="tags"),
            Column("from_date", gettext_noop("From day"), kind="date"),
        ),
    ),
    "posts": (
        gettext_noop("Posts"),
        PostRow,
        (
            Column("code", gettext_noop("Post code"), True),
            Column("name", gettext_noop("Post name"), True),
            Column("name_en", gettext_noop("English name")),
            Column("role", gettext_noop("Role"), True, "role"),
        ),
    ),
    "people": (
        gettext_noop("People"),
        PersonRow,
        (
            Column("code", gettext_noop("Staff number"), True),
            Column("name", gettext_noop("Person name"), True),
            Column("unit", gettext_noop("Code of the home unit"), True),
            Column("username", gettext_noop("Sign-in name")),
            Column("email", gettext_noop("E-mail")),
            Column("phone", gettext_noop("Phone")),
            Column("joined_date", gettext_noop("Joined on"), kind="date"),
        ),
    ),
    "assignments": (
        gettext_noop("Assignments"),
        AssignmentRow,
        (
            Column("person", gettext_noop("Staff number"), True),
            Column("unit", gettext_noop("Unit code"), True),
            Column("post", gettext_noop("Post code"), True),
            Column("line", gettext_noop("Business line code")),
            Column("from_date", gettext_noop("From day"), kind="date"),
            Column("to_date", gettext_noop("To day"), kind="date"),
        ),
    ),
}


def both(msgid: str) -> set[str]:
    """A title in every language of the product, folded for comparison."""
    found = {msgid.casefold()}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            found.add(_(msgid).casefold())
    return found
