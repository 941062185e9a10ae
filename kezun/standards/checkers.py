"""Whether a person is one of those who may fill a sheet: their posts, and the unit in which they work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.org.models import Assignment, Person, Post, Unit
from kezun.org.scope import roles
from kezun.standards import rules
from kezun.standards.rules.checking import Bar, barred
from kezun.standards.wording import joined, term


def names_of(person: Person, *days: dt.date) -> frozenset[str]:
    """What a person is called in the roles of criteria: the posts held on any of the days (none: today)."""
    return Checkers([person]).names(person, days)


def works_at(person: Person, unit: Unit, *days: dt.date) -> bool:
    """Whether a unit is the person's own on any of the days: by a post there, or as home unit."""
    return Checkers([person]).own(person, unit, days)


class Checkers:
    """Whether some people may fill sheets: their posts and where they work, read once for all of them."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._held: dict[int, list[Assignment]] = {}
        self._taken: set[str] | None = None
        for row in Assignment.objects.filter(person__in=[p.pk for p in people]).select_related("post"):
            self._held.setdefault(row.person_id, []).append(row)

    def refusal(
        self,
        person: Person,
        standard: rules.Standard,
        unit: Unit,
        *,
        tags: Iterable[str],
        method: str,
        days: Sequence[dt.date],
    ) -> str:
        """Why the standard lets others than this person fill the sheet, in words; the empty text if it does
        not. days: those whose posts count."""
        own, names = self.own(person, unit, days), self.names(person, days)
        found = barred(standard, tags=tags, method=method, names=names, own=own)
        return _said(found, unit, method) if found is not None else ""

    def names(self, person: Person, days: Sequence[dt.date]) -> frozenset[str]:
        """The posts held on any of the days, as roles of criteria name them.

        A post counts by its code and names. Where the bank has no post of that name, the name of the role
        behind a post counts: so an example standard fits a bank that calls its posts otherwise.
        """
        held = self._on(person, days)
        found = {name for a in held for name in (a.post.code, a.post.name, a.post.name_en) if name}
        if self._taken is None:
            self._taken = {n for post in Post.objects.all() for n in (post.code, post.name, post.name_en)}
        known = roles()
        for role in (known[a.post.role] for a in held if a.post.role in known):
            found |= {name for name in (role.name, role.name_en) if name not in self._taken}
        return frozenset(found)

    def own(self, person: Person, unit: Unit, days: Sequence[dt.date]) -> bool:
        """Whether a unit is the person's own on any of the days: by a post there, or as home unit."""
        return person.home_unit_id == unit.pk or any(a.unit_id == unit.pk for a in self._on(person, days))

    def _on(self, person: Person, days: Sequence[dt.date]) -> list[Assignment]:
        wanted = days or (timezone.localdate(),)
        rows = self._held.get(person.pk, ())
        return [a for a in rows if any(a.from_date <= day <= a.to_date for day in wanted)]


def check_checker(
    actor: Actor, standard: rules.Standard, unit: Unit, *, tags: Iterable[str], method: str, visited: dt.date
) -> None:
    """ValidationError where the standard lets others than this person fill the sheet.

    Posts held on the day of the visit count, and those of today. The platform itself is not asked: where it
    takes over sheets, those who filled them are (`bring_sheets`).
    """
    if not isinstance(actor, Person):
        return
    days = (visited, timezone.localdate())
    told = Checkers([actor]).refusal(actor, standard, unit, tags=tags, method=method, days=days)
    if told:
        raise ValidationError({"method": told})


def _said(found: Bar, unit: Unit, method: str) -> str:
    told = {"unit": unit.title, "method": term(method), "roles": joined(found.roles)}
    if found.code == "own_unit" and found.roles:
        return _("You work at %(unit)s: your own unit is checked only by %(roles)s.") % told
    if found.code == "own_unit":
        return _("You work at %(unit)s: by this standard it is inspected by others only.") % told
    if found.code == "others_unit":
        return _("%(method)s is what a unit does itself; you do not work at %(unit)s.") % told
    return _("By %(method)s this standard is filled by: %(roles)s.") % told
