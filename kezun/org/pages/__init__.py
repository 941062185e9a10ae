"""The pages of the organisation: the tree, people, rosters, one's own account."""

from kezun.org.pages import me, people, posts, rosters, units

__all__ = ["me", "people", "posts", "rosters", "units"]
