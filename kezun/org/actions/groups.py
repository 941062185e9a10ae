"""Writes to leading groups and their members."""

from __future__ import annotations

import datetime as dt

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, require
from kezun.org.actions.checks import in_order
from kezun.org.models import FOREVER, GroupMember, LeadingGroup, Person, Unit


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
