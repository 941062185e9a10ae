"""What pages and other rooms ask of the organisation: one statement each (scope loads with one more)."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor, OutOfScope, SystemActor
from kezun.org.models import Person, Unit, UnitPath, valid_on
from kezun.org.scope import Scope


def units_for(actor: Actor, permission: str | None = None) -> QuerySet[Unit]:
    """Units in the actor's scope; all of them for the platform itself."""
    return Unit.objects.visible_to(actor, permission)


def unit_by_code(actor: Actor, code: str, permission: str | None = None) -> Unit:
    """The unit with this code; raises OutOfScope (404) where there is none in the actor's scope."""
    unit = units_for(actor, permission).filter(code=code).first()
    if unit is None:
        raise OutOfScope(_("No unit %(code)s in your scope.") % {"code": code})
    return unit


def home_units(actor: Actor, permission: str | None = None) -> list[Unit]:
    """The top units of the actor's scope today, where its pages begin; empty where the reach is `own`."""
    today = timezone.localdate()
    if isinstance(actor, SystemActor) or actor_scope(actor).whole_bank(permission):
        tops = Unit.objects.filter(valid_on(today, "places__"), places__parent=None, closed_date__gte=today)
        return list(tops.order_by("opened_date", "pk"))
    scope = actor_scope(actor)
    subtree = [h.unit_id for h in scope.carrying(permission) if h.role.reach == "subtree"]
    alone = [h.unit_id for h in scope.carrying(permission) if h.role.reach == "unit"]
    if not subtree and not alone:
        return []
    higher = UnitPath.objects.filter(
        valid_on(today), unit=OuterRef("pk"), ancestor_id__in=subtree, depth__gt=0
    )
    return list(Unit.objects.filter(~Exists(higher), pk__in={*subtree, *alone}).order_by("code"))


def children(actor: Actor, unit: Unit, day: dt.date, permission: str | None = None) -> list[Unit]:
    """Units that stood directly under `unit` on `day`, open then and in the actor's scope, by code."""
    return list(
        units_for(actor, permission)
        .filter(
            valid_on(day, "paths__"),
            paths__ancestor=unit,
            paths__depth=1,
            opened_date__lte=day,
            closed_date__gte=day,
        )
        .order_by("code")
    )


def ancestors(actor: Actor, unit: Unit, day: dt.date, permission: str | None = None) -> list[Unit]:
    """Units above `unit` on `day` that lie in the actor's scope, from the top down, without `unit` itself."""
    return list(
        units_for(actor, permission)
        .filter(valid_on(day, "paths_below__"), paths_below__unit=unit, paths_below__depth__gt=0)
        .order_by("-paths_below__depth")
    )


def actor_scope(actor: Actor) -> Scope:
    """The scope of a person who acts; raises TypeError for the platform, which has none and needs none."""
    if not isinstance(actor, Person):
        raise TypeError("only a person has a scope")
    return actor.scope
