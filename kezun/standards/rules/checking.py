"""Who may fill a sheet: what the methods of a standard and the roles that its criteria name say about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kezun.standards.rules.form import Criterion, Indicator, Standard
from kezun.standards.rules.lacking import asked


@dataclass(frozen=True)
class Bar:
    """Why somebody may not fill a sheet: a code, and the roles that may."""

    code: str
    roles: tuple[str, ...] = ()


def named_roles(standard: Standard, *, tags: Iterable[str] = (), method: str) -> tuple[str, ...]:
    """The roles that every criterion asked by this method names; empty where none names any.

    What is only measured needs nobody. Criteria without roles are for everyone. Where the criteria have no
    role in common, the roles of all are given: no single one of them is enough then.
    """
    lists = [c.checker.roles for c in _looked_at(standard, tags, method) if c.checker.roles]
    every = list(dict.fromkeys(role for roles in lists for role in roles))
    shared = [role for role in every if all(role in roles for roles in lists)]
    return tuple(shared or every)


def barred(
    standard: Standard, *, tags: Iterable[str] = (), method: str, names: frozenset[str], own: bool
) -> Bar | None:
    """Why somebody of these posts (`names`) may not fill a sheet by a method; None where nothing bars them.

    own: whether it is the unit in which they work. A unit checks itself only by a method that the standard
    lists under `own`, and nobody else does so; all else is looked at by people of another place.
    """
    if own and method not in standard.own:
        return Bar("own_unit", standard.own)
    if not own and method in standard.own:
        return Bar("others_unit")
    lists = (c.checker.roles for c in _looked_at(standard, tags, method))
    if any(roles and names.isdisjoint(roles) for roles in lists):
        return Bar("not_named", named_roles(standard, tags=tags, method=method))
    return None


def _looked_at(standard: Standard, tags: Iterable[str], method: str) -> list[Criterion]:
    return [c for c in asked(standard, tags=tags, method=method) if not isinstance(c.answer, Indicator)]
