"""Writes to the tree of units, to business lines, posts and leading groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, require
from kezun.org.actions.checks import in_order, tags_short, zone_known
from kezun.org.models import (
    FOREVER,
    Assignment,
    BusinessLine,
    GroupMember,
    LeadingGroup,
    Person,
    Post,
    Unit,
    UnitPath,
    UnitPlace,
    UnitTag,
    valid_on,
)
from kezun.org.rules import DAY
from kezun.org.scope import roles
from kezun.org.tree import lock_tree, mark_changed, rebuild_paths


@action("org.open_unit", target="parent")
def open_unit(
    actor: Actor,
    parent: Unit | None,
    *,
    code: str,
    name: str,
    kind: str,
    name_en: str = "",
    zone: str = "Asia/Shanghai",
    from_date: dt.date = dt.date(1900, 1, 1),
) -> Unit:
    """Open a unit under `parent` (None: a root of the tree) from a day on."""
    zone_known(zone)
    unit = Unit(code=code, name=name, name_en=name_en, kind=kind, zone=zone, opened_date=from_date)
    unit.full_clean()
    unit.save()
    UnitPlace.objects.create(unit=unit, parent=parent, from_date=from_date)
    rebuild_paths([unit.pk])
    return unit


@action("org.rename_unit", target="unit")
def rename_unit(actor: Actor, unit: Unit, *, name: str, name_en: str = "", kind: str = "") -> Unit:
    """Give a unit another name (or kind); its code, and with it its history, stays."""
    unit.name, unit.name_en, unit.kind = name, name_en, kind or unit.kind
    unit.full_clean()
    unit.save(update_fields=["name", "name_en", "kind"])
    mark_changed([unit.pk])
    return unit


@action("org.move_unit", target="unit")
def move_unit(actor: Actor, unit: Unit, *, parent: Unit, from_date: dt.date) -> UnitPlace:
    """Put a unit under another parent from a day on; what happened before that day stays where it was."""
    require(actor, "org.move_unit", parent)
    if parent.pk == unit.pk:
        raise ValidationError({"parent": _("A unit cannot stand under itself or under a unit below it.")})
    lock_tree()
    moved = _move(unit, parent, from_date)
    rebuild_paths([unit.pk])
    return moved


def _move(unit: Unit, parent: Unit, from_date: dt.date) -> UnitPlace:
    place = UnitPlace.objects.select_for_update().get(unit=unit, to_date=FOREVER)
    if from_date <= place.from_date:
        raise ValidationError({"from_date": _("The move must start after the unit's present place began.")})
    if parent.closed_date < from_date:
        raise ValidationError({"parent": _("The new parent is closed by then; choose an open unit.")})
    place.to_date = from_date - DAY
    place.save(update_fields=["to_date"])
    return UnitPlace.objects.create(unit=unit, parent=parent, from_date=from_date)


@action("org.close_unit", target="unit")
def close_unit(actor: Actor, unit: Unit, *, last_day: dt.date) -> Unit:
    """Close a unit after its last day; it keeps its place, so that its past stays where it was.

    Refused while units below it are open. Assignments end with the last day.
    """
    lock_tree()
    if last_day < unit.opened_date:
        raise ValidationError({"last_day": _("The last day lies before the day the unit opened.")})
    below = UnitPath.objects.filter(valid_on(last_day + DAY), ancestor=unit, depth=1)
    names = list(below.filter(unit__closed_date__gt=last_day).values_list("unit__code", flat=True)[:5])
    if names:
        text = _("Units below are still open: %(codes)s. Move or close them first.")
        raise ValidationError(text % {"codes": ", ".join(names)})
    _close(unit, last_day)
    return unit


def _close(unit: Unit, last_day: dt.date) -> None:
    unit.closed_date = last_day
    unit.save(update_fields=["closed_date"])
    mark_changed([unit.pk])
    Assignment.objects.filter(unit=unit, from_date__gt=last_day).delete()
    Assignment.objects.filter(unit=unit, to_date__gt=last_day).update(to_date=last_day)


@action("org.merge_unit", target="unit")
def merge_unit(actor: Actor, unit: Unit, *, into: Unit, from_date: dt.date) -> Unit:
    """Merge a unit into another from a day on: what is below moves over, the unit closes the day before.

    Facts of the days before stay with the closed unit.
    """
    require(actor, "org.merge_unit", into)
    lock_tree()
    if into.pk == unit.pk:
        raise ValidationError({"into": _("A unit cannot be merged into itself.")})
    if from_date <= unit.opened_date:
        raise ValidationError({"from_date": _("The merger must start after the day the unit opened.")})
    if UnitPath.objects.filter(valid_on(from_date), unit=into, ancestor=unit).exists():
        raise ValidationError(
            {"into": _("A unit cannot be merged into a unit below it; move that one first.")}
        )
    places = UnitPlace.objects.filter(parent=unit, to_date=FOREVER, unit__closed_date__gte=from_date)
    moved = [child.unit for child in places.select_related("unit")]
    for child in moved:
        _move(child, into, from_date)
    _take_over(unit, into, from_date)
    _close(unit, from_date - DAY)
    Person.objects.get_queryset().filter(home_unit=unit).update(home_unit=into)
    rebuild_paths([child.pk for child in moved])
    return into


def _take_over(unit: Unit, into: Unit, day: dt.date) -> None:
    """Whoever stands in a post of the unit on that day, or is to later, stands in it at the other unit."""
    rows = Assignment.objects.filter(unit=unit, to_date__gte=day)
    for person, post, line, start, end in list(
        rows.values_list("person", "post", "line", "from_date", "to_date")
    ):
        Assignment.objects.get_or_create(
            person_id=person,
            unit=into,
            post_id=post,
            from_date=max(start, day),
            defaults={"line_id": line, "to_date": end},
        )


@action("org.set_tags", target="unit")
def set_tags(actor: Actor, unit: Unit, *, tags: Iterable[str], from_date: dt.date | None = None) -> list[str]:
    """Give a unit exactly these tags from a day on (default today); what it bore before stays in its past."""
    wanted = {tag.strip() for tag in tags if tag.strip()}
    tags_short(wanted)
    change_tags(unit.pk, wanted, from_date or timezone.localdate())
    return sorted(wanted)


def change_tags(unit_id: int, wanted: set[str], day: dt.date) -> None:
    """End the unit's tags that are not wanted the day before `day`, and open the missing ones on it."""
    held = UnitTag.objects.filter(unit_id=unit_id, to_date__gte=day)
    held.filter(Q(from_date__gt=day) | Q(~Q(tag__in=wanted), from_date=day)).delete()
    held.exclude(tag__in=wanted).update(to_date=day - DAY)
    kept = held.filter(tag__in=wanted)
    kept.update(to_date=FOREVER)
    missing = wanted - set(kept.values_list("tag", flat=True))
    UnitTag.objects.bulk_create([UnitTag(unit_id=unit_id, tag=t, from_date=day) for t in sorted(missing)])


@action("org.open_line")
def open_line(
    actor: Actor, *, code: str, name: str, name_en: str = "", parent: BusinessLine | None = None
) -> BusinessLine:
    """Add a business line, below another where one is given."""
    line = BusinessLine(code=code, name=name, name_en=name_en, parent=parent)
    line.full_clean()
    line.save()
    return line


@action("org.add_post")
def add_post(actor: Actor, *, code: str, name: str, role: str, name_en: str = "") -> Post:
    """Add a post that carries a role of the catalog; nothing outside the catalog can be granted."""
    if role not in roles():
        text = _("There is no role %(role)s; choose one of %(roles)s.")
        raise ValidationError({"role": text % {"role": role, "roles": ", ".join(roles())}})
    post = Post(code=code, name=name, name_en=name_en, role=role)
    post.full_clean()
    post.save()
    return post


@action("org.found_group", target="unit")
def found_group(actor: Actor, unit: Unit, *, name: str, name_en: str = "") -> LeadingGroup:
    """Found a leading group at a unit."""
    group = LeadingGroup(unit=unit, name=name, name_en=name_en)
    group.full_clean()
    group.save()
    return group


@action("org.add_member", target="group")
def add_member(
    actor: Actor,
    group: LeadingGroup,
    *,
    person: Person,
    duty: str,
    from_date: dt.date,
    to_date: dt.date = FOREVER,
) -> GroupMember:
    """Take a person into a leading group with a duty, from a day to a day."""
    in_order(from_date, to_date, "to_date")
    member = GroupMember(group=group, person=person, duty=duty, from_date=from_date, to_date=to_date)
    member.full_clean()
    member.save()
    return member


@action("org.end_member")
def end_member(actor: Actor, member: GroupMember, *, last_day: dt.date) -> GroupMember:
    """End a membership after its last day."""
    require(actor, "org.end_member", member.group)
    in_order(member.from_date, last_day, "last_day")
    member.to_date = last_day
    member.full_clean()
    member.save(update_fields=["to_date"])
    return member
