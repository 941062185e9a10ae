"""Pure rules of control: the access matrix from registries and roles. No framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Door:
    """One thing that can be opened or done: kind (page, action, operation), name, permission it needs.

    needs None: any signed-in person; public: without sign-in.
    """

    kind: str
    name: str
    needs: str | None
    public: bool = False


@dataclass(frozen=True)
class MatrixRow:
    """A door and, in the order of the roles, whether each role opens it."""

    door: Door
    open_to: tuple[bool, ...]

    @property
    def count(self) -> int:
        return sum(self.open_to)


def matrix(doors: Iterable[Door], roles: Sequence[Callable[[str], bool]]) -> list[MatrixRow]:
    """Rows by kind and name. roles: for each, whether it carries a permission."""
    rows = []
    for door in sorted(doors, key=lambda d: (d.kind, d.name)):
        free = door.public or door.needs is None
        needs = door.needs or ""
        rows.append(MatrixRow(door, tuple(free or may(needs) for may in roles)))
    return rows


def orphans(rows: Iterable[MatrixRow]) -> list[Door]:
    """Doors that no role opens: a permission that somebody forgot to grant, or that only the platform has."""
    return [row.door for row in rows if not row.count]


def share(done: float, total: float) -> int:
    """Progress in whole percent, 0 to 100; nothing to do counts as not begun."""
    if total <= 0 or done <= 0:
        return 0
    return 100 if done >= total else int(done / total * 100)
