"""What may stand in a pack: the shapes of pack.yaml, staff.yaml and their tables. `packcheck` reads them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2}|day-\d{1,4})$")]
Positive = Annotated[int, Meta(ge=1)]
UnitKind = Literal["head_office", "tier1", "tier2", "sub_branch", "outlet", "call_centre", "department"]


class _Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class UnitEntry(_Row, frozen=True):
    """A unit; `from` is the day it opened, `to` its last day."""

    code: Code
    kind: UnitKind
    name: Name
    name_en: str = ""
    parent: Code | None = None
    zone: str | None = None
    from_: Day | None = msgspec.field(name="from", default=None)
    to: Day | None = None
    tags: tuple[str, ...] = ()


class MoveEntry(_Row, frozen=True):
    """From that day on the unit stands under that parent."""

    unit: Code
    parent: Code
    from_: Day = msgspec.field(name="from")


class LineEntry(_Row, frozen=True):
    code: Code
    name: Name
    name_en: str = ""
    parent: Code | None = None


class PostEntry(_Row, frozen=True):
    code: Code
    name: Name
    role: str
    name_en: str = ""


class PersonEntry(_Row, frozen=True):
    """A person and the first assignment."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    unit: Code
    phone: Annotated[str, Meta(max_length=40)] = ""
    post: Code | None = None
    line: Code | None = None
    from_: Day | None = msgspec.field(name="from", default=None)
    to: Day | None = None


class AssignmentEntry(_Row, frozen=True):
    person: Code
    unit: Code
    post: Code
    line: Code | None = None
    from_: Day | None = msgspec.field(name="from", default=None)
    to: Day | None = None


class DeputyEntry(_Row, frozen=True):
    """`person` stands in for `for` in that person's first post."""

    person: Code
    for_: Code = msgspec.field(name="for")
    from_: Day | None = msgspec.field(name="from", default=None)
    to: Day | None = None


class Member(_Row, frozen=True):
    person: Code
    duty: Literal["head", "deputy", "member", "office"] = "member"


class GroupEntry(_Row, frozen=True):
    """A leading group of a unit."""

    unit: Code
    name: Name
    name_en: str = ""
    members: tuple[Member, ...] = ()


class SignIn(_Row, frozen=True):
    """A sign-in that only `kezun demo` makes."""

    person: Code
    username: Slug
    about: str = ""
    about_en: str = ""


class Demo(_Row, frozen=True):
    password: Annotated[str, Meta(min_length=15)]
    sign_ins: tuple[SignIn, ...]


class PackFile(_Row, frozen=True):
    """pack.yaml."""

    pack: Slug
    version: Positive
    title: Name
    units: tuple[UnitEntry, ...]
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    zone: str = "Asia/Shanghai"
    calendar: str | None = None
    moves: tuple[MoveEntry, ...] = ()
    lines: tuple[LineEntry, ...] = ()
    posts: tuple[PostEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    assignments: tuple[AssignmentEntry, ...] = ()
    deputies: tuple[DeputyEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    staff: str | None = None
    simulator: str | None = None
    demo: Demo | None = None


class Establishment(_Row, frozen=True):
    """How many people of each post a unit of this kind (or tag, or code) has; first match wins."""

    kind: UnitKind
    posts: dict[str, Annotated[int, Meta(ge=0, le=500)]]
    tag: str | None = None
    unit: Code | None = None


class StaffFile(_Row, frozen=True):
    """staff.yaml: invented people by rule. Staff numbers are the unit's code and a running number."""

    seed: int
    surnames: tuple[str, ...]
    given: tuple[str, ...]
    establishments: tuple[Establishment, ...]


class CalendarEntry(_Row, frozen=True):
    """One line of calendar.csv."""

    date: Day
    kind: Literal["holiday", "workday", "pension"]
    name: str = ""
    name_en: str = ""


LISTS: dict[str, type[_Row]] = {
    "units": UnitEntry,
    "moves": MoveEntry,
    "lines": LineEntry,
    "posts": PostEntry,
    "people": PersonEntry,
    "assignments": AssignmentEntry,
    "deputies": DeputyEntry,
    "groups": GroupEntry,
}
"""Keys of pack.yaml that may name a CSV file instead of standing in place."""
