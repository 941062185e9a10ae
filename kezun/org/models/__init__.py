"""Tables of the organisation: units and their places, business lines, posts, people, assignments, groups."""

from kezun.org.models.access import RosterUpload, SignInSession, Token
from kezun.org.models.base import FOREVER, Named, valid_on
from kezun.org.models.calendars import Calendar, CalendarDay, CalendarYear, UnitCalendar
from kezun.org.models.people import Assignment, GroupMember, LeadingGroup, Person, PersonQuerySet, Post
from kezun.org.models.units import BusinessLine, Unit, UnitPath, UnitPlace, UnitQuerySet, UnitTag

__all__ = [
    "FOREVER",
    "Assignment",
    "BusinessLine",
    "Calendar",
    "CalendarDay",
    "CalendarYear",
    "GroupMember",
    "LeadingGroup",
    "Named",
    "Person",
    "PersonQuerySet",
    "Post",
    "RosterUpload",
    "SignInSession",
    "Token",
    "Unit",
    "UnitCalendar",
    "UnitPath",
    "UnitPlace",
    "UnitQuerySet",
    "UnitTag",
    "valid_on",
]
