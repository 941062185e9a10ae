"""Writes to people and their assignments."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied
from kezun.org.actions.checks import in_order, reason_given
from kezun.org.models import FOREVER, Assignment, BusinessLine, Person, Post, Unit
from kezun.org.scope import roles, separate
from kezun.org.sessions import end_sessions


@action("org.add_person", target="unit", hidden=("email", "phone"))
def add_person(
    actor: Actor,
    unit: Unit,
    *,
    code: str,
    name: str,
    username: str = "",
    email: str = "",
    phone: str = "",
    joined_date: dt.date = dt.date(1900, 1, 1),
) -> Person:
    """Register a person who belongs to a unit; signing in takes a sign-in name and a password."""
    person = Person(
        code=code,
        name=name,
        username=username or None,
        email=email,
        phone=phone,
        joined_date=joined_date,
        home_unit=unit,
    )
    person.set_unusable_password()
    _save(person)
    return person


@action("org.update_person", target="person", hidden=("email", "phone"))
def update_person(
    actor: Actor,
    person: Person,
    *,
    name: str | None = None,
    username: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    left_date: dt.date | None = None,
) -> Person:
    """Change what is given about a person; None leaves as it is."""
    given = {"name": name, "username": username, "email": email, "phone": phone, "left_date": left_date}
    changed = [key for key, value in given.items() if value is not None]
    for key in changed:
        setattr(person, key, given[key])
    person.username = person.username or None
    _save(person, changed)
    return person


def _save(person: Person, fields: list[str] | None = None) -> None:
    clash = Person.objects.get_queryset().filter(username__iexact=person.username or "").exclude(pk=person.pk)
    if person.username and clash.exists():
        raise ValidationError({"username": _("This sign-in name is taken; choose another.")})
    if person.left_date < person.joined_date:
        raise ValidationError({"left_date": _("The day of leaving lies before the day of joining.")})
    person.full_clean(exclude=["password", "phone"])
    person.save(update_fields=fields)


@action("org.disable_person", target="person", sudo=True)
def disable_person(actor: Actor, person: Person, *, reason: str) -> Person:
    """Shut a person out at once: no sign-in, no token, open sessions end. The record and its past stay."""
    reason_given(reason)
    if isinstance(actor, Person) and actor.pk == person.pk:
        raise ValidationError(_("You cannot disable yourself; ask another administrator."))
    person.is_active = False
    person.save(update_fields=["is_active"])
    person.tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
    end_sessions(person)
    return person


@action("org.enable_person", target="person", sudo=True)
def enable_person(actor: Actor, person: Person, *, reason: str) -> Person:
    """Let a disabled person sign in again; tokens stay revoked."""
    reason_given(reason)
    person.is_active = True
    person.save(update_fields=["is_active"])
    return person


@action("org.assign", target="unit", sudo=True)
def assign(
    actor: Actor,
    unit: Unit,
    *,
    person: Person,
    post: Post,
    line: BusinessLine | None = None,
    from_date: dt.date | None = None,
    to_date: dt.date = FOREVER,
) -> Assignment:
    """Put a person into a post at a unit (limited to a business line, where given) from a day to a day."""
    row = Assignment(
        person=person,
        unit=unit,
        post=post,
        line=line,
        from_date=from_date or timezone.localdate(),
        to_date=to_date,
    )
    _grant(actor, row)
    return row


@action("org.deputise", target="assignment", sudo=True)
def deputise(
    actor: Actor, assignment: Assignment, *, person: Person, from_date: dt.date, to_date: dt.date
) -> Assignment:
    """Let `person` stand in for an absent one: the same post at the same unit, from a day to a day."""
    if person.pk == assignment.person_id:
        raise ValidationError({"person": _("Nobody stands in for themselves; choose someone else.")})
    if from_date < assignment.from_date or to_date > assignment.to_date:
        raise ValidationError(_("The days must lie within the assignment that is stood in for."))
    row = Assignment(
        person=person,
        unit_id=assignment.unit_id,
        post=assignment.post,
        line=assignment.line,
        from_date=from_date,
        to_date=to_date,
        deputy_for=assignment,
    )
    _grant(actor, row)
    return row


def _grant(actor: Actor, row: Assignment) -> None:
    if isinstance(actor, Person) and actor.pk == row.person_id:
        raise Denied(_("Nobody gives themselves a post; ask another administrator."))
    in_order(row.from_date, row.to_date, "to_date")
    role = row.post.role
    if role not in roles():
        raise ValidationError({"post": _("The post's role %(role)s is not in the catalog.") % {"role": role}})
    if row.unit.closed_date < row.from_date:
        raise ValidationError({"unit": _("The unit is closed by then; choose an open one.")})
    for name, held in (("post", row.post), ("line", row.line)):
        if held is not None and held.closed_date < row.to_date:
            text = _("«%(name)s» closes after %(day)s: choose an open one, or a last day until then.")
            raise ValidationError({name: text % {"name": held, "day": held.closed_date}})
    overlap = Assignment.objects.filter(
        person_id=row.person_id, from_date__lte=row.to_date, to_date__gte=row.from_date
    )
    if role in separate() and overlap.filter(post__role__in=separate() - {role}).exists():
        text = _("System, security and audit administrator must be three people: this person is another one.")
        raise ValidationError({"post": text})
    row.full_clean()
    row.save()


@action("org.end_assignment", target="assignment", sudo=True)
def end_assignment(actor: Actor, assignment: Assignment, *, last_day: dt.date) -> Assignment:
    """End an assignment after its last day; deputies for it end with it."""
    in_order(assignment.from_date, last_day, "last_day")
    later = models.Q(to_date__gt=last_day)
    assignment.to_date = last_day
    assignment.save(update_fields=["to_date"])
    assignment.deputies.filter(from_date__gt=last_day).delete()
    assignment.deputies.filter(later).update(to_date=last_day)
    return assignment


@dataclass(frozen=True)
class Clear:
    """Personal data in the clear, for the eyes of whoever gave a reason; never stored, never in a log."""

    name: str = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(repr=False)


@action("org.unmask", target="person")
def unmask(actor: Actor, person: Person, *, reason: str) -> Clear:
    """Show a person's masked data in the clear; the reason goes into the trail."""
    reason_given(reason)
    return Clear(person.name, person.phone, person.email)
