"""Forms of the organisation. Units and people are named by code and must lie in scope of who fills in."""

from kezun.org.forms.base import ActorForm, DayField, DayInput, LastDay, Nothing, Reason
from kezun.org.forms.calendars import (
    AddCalendar,
    CalendarDayForm,
    CalendarTable,
    ChangeCalendar,
    ProposeYear,
    UnitOfCalendar,
)
from kezun.org.forms.people import AddPerson, Assign, Deputise, IssueToken, Raise, RosterFile, UpdatePerson
from kezun.org.forms.posts import AddPost, OpenLine, Rename
from kezun.org.forms.units import (
    CloseUnit,
    FoundGroup,
    Member,
    MergeUnit,
    MoveUnit,
    OpenUnit,
    RenameUnit,
    Tags,
)

__all__ = [
    "ActorForm",
    "AddCalendar",
    "AddPerson",
    "AddPost",
    "Assign",
    "CalendarDayForm",
    "CalendarTable",
    "ChangeCalendar",
    "CloseUnit",
    "DayField",
    "DayInput",
    "Deputise",
    "FoundGroup",
    "IssueToken",
    "LastDay",
    "Member",
    "MergeUnit",
    "MoveUnit",
    "Nothing",
    "OpenLine",
    "OpenUnit",
    "ProposeYear",
    "Raise",
    "Reason",
    "Rename",
    "RenameUnit",
    "RosterFile",
    "Tags",
    "UnitOfCalendar",
    "UpdatePerson",
]
