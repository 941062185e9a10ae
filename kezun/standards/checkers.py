"""Whether a person is one of those who may fill a sheet: their posts, and the unit in which they work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.org.models import Assignment, Person, Post, Unit, valid_on
from kezun.org.scope import roles
from kezun.standards import rules
from kezun.standards.rules.checking import Bar, barred
from kezun.standards.wording import joined, term


def names_of(person: Person, *days: dt.date) -> frozenset[str]:
    """What a person is called in the roles of criteria: the posts held on any of the days (none: today).

    A post counts by its code and names. Where the bank has no post of that name, the name of the role behind
    a post counts: so an example standard fits a bank that calls its posts otherwise.
    """
    held = list(_assignments(person, days).select_related("post"))
    taken = {name for post in Post.objects.all() for name in (post.code, post.name, post.name_en)}
    found = {name for a in held for name in (a.post.code, a.post.name, a.post.name_en) if name}
    known = roles()
    for role in (known[a.post.role] for a in held if a.post.role in known):
        found |= {name for name in (role.name, role.name_en) if name not in taken}
    return frozenset(found)


def works_at(person: Person, unit: Unit, *days: dt.date) -> bool:
    """Whether a unit is the person's own on any of the days: by a post there, or as home unit."""
    return person.home_unit_id == unit.pk or _assignments(person, days).filter(unit=unit).exists()


def _assignments(person: Person, days: tuple[dt.date, ...]) -> QuerySet[Assignment]:
    held = Q()
    for day in days or (timezone.localdate(),):
        held |= valid_on(day)
    return Assignment.objects.filter(held, person=person)


def check_checker(
    actor: Actor, standard: rules.Standard, unit: Unit, *, tags: Iterable[str], method: str, visited: dt.date
) -> None:
    """ValidationError where the standard lets others than this person fill the sheet.

    Posts held on the day of the visit count, and those of today. The platform itself (taking over sheets that
    were filled elsewhere) is not asked.
    """
    if not isinstance(actor, Person):
        return
    days = (visited, timezone.localdate())
    own, names = works_at(actor, unit, *days), names_of(actor, *days)
    found = barred(standard, tags=tags, method=method, names=names, own=own)
    if found is not None:
        raise ValidationError({"method": _said(found, unit, method)})


def _said(found: Bar, unit: Unit, method: str) -> str:
    told = {"unit": unit.title, "method": term(method), "roles": joined(found.roles)}
    if found.code == "own_unit" and found.roles:
        return _("You work at %(unit)s: your own unit is checked only by %(roles)s.") % told
    if found.code == "own_unit":
        return _("You work at %(unit)s: by this standard it is inspected by others only.") % told
    if found.code == "others_unit":
        return _("%(method)s is what a unit does itself; you do not work at %(unit)s.") % told
    return _("By %(method)s this standard is filled by: %(roles)s.") % told
