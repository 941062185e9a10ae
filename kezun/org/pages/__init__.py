"""The pages of the organisation: the tree, people, rosters, working calendars, one's own account."""

from kezun.org.pages import calendar_tables, calendars, me, people, posts, rosters, units

__all__ = ["calendar_tables", "calendars", "me", "people", "posts", "rosters", "units"]
