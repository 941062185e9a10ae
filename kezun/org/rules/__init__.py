"""Pure rules of the organisation: the tree through time, rosters, passwords. No framework."""

from kezun.org.rules.tree import DAY, Cycle, Path, Place, in_order, lines_below, paths

__all__ = ["DAY", "Cycle", "Path", "Place", "in_order", "lines_below", "paths"]
