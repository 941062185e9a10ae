"""The organisation as plain rows, the same for rosters, packs and pages that write many at once.

Rows refer to one another by code; an empty text says that there is none. `row` is the line of a file a row
came from (from 1), and no part of what it says.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(9999, 12, 31)


@dataclass(frozen=True)
class UnitRow:
    """A unit under `parent` (empty: a root) with the tags of its profile, open from a day to a day."""

    code: str
    name: str
    kind: str
    parent: str = ""
    name_en: str = ""
    zone: str = "Asia/Shanghai"
    tags: frozenset[str] = frozenset()
    from_date: dt.date = FIRST_DAY
    to_date: dt.date = LAST_DAY
    row: int = field(default=0, compare=False)


@dataclass(frozen=True)
class MoveRow:
    """From that day on the unit stands under that parent."""

    unit: str
    parent: str
    from_date: dt.date


@dataclass(frozen=True)
class LineRow:
    """A business line, below `parent` where one is named."""

    code: str
    name: str
    name_en: str = ""
    parent: str = ""


@dataclass(frozen=True)
class PostRow:
    """A post that carries a role of the catalog."""

    code: str
    name: str
    role: str
    name_en: str = ""
    row: int = field(default=0, compare=False)


@dataclass(frozen=True)
class PersonRow:
    """A person who belongs to a unit; with a sign-in name the person can sign in."""

    code: str
    name: str
    unit: str
    username: str = ""
    email: str = ""
    phone: str = field(default="", repr=False)
    joined_date: dt.date = FIRST_DAY
    row: int = field(default=0, compare=False)


@dataclass(frozen=True)
class AssignmentRow:
    """A person in a post at a unit (within a business line, where one is given), from a day to a day.

    `deputy_for` is the staff number of the person stood in for.
    """

    person: str
    unit: str
    post: str
    line: str = ""
    from_date: dt.date = FIRST_DAY
    to_date: dt.date = LAST_DAY
    deputy_for: str = ""
    row: int = field(default=0, compare=False)

    @property
    def code(self) -> str:
        """What identifies an assignment: person, unit, post and first day."""
        return f"{self.person} {self.unit} {self.post} {self.from_date.isoformat()}"


@dataclass(frozen=True)
class GroupRow:
    """A leading group of a unit and its members as (person code, duty)."""

    unit: str
    name: str
    name_en: str = ""
    members: tuple[tuple[str, str], ...] = ()


AnyRow = UnitRow | PostRow | PersonRow | AssignmentRow
