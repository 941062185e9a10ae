"""What pages and other rooms ask of the organisation: one statement each (scope loads with one more)."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor, OutOfScope, SystemActor
from kezun.org import calendars
from kezun.org.models import (
    Assignment,
    BusinessLine,
    LeadingGroup,
    Person,
    Post,
    RosterUpload,
    Unit,
    UnitPath,
    valid_on,
)
from kezun.org.rules import in_order
from kezun.org.rules.worktime import Worktime
from kezun.org.scope import Scope

# So many units are named where a name fits more than one.
SEVERAL = 4


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


def person_by_code(actor: Actor, code: str, permission: str | None = None) -> Person:
    """The person with this staff number; raises OutOfScope (404) where there is none in the actor's scope."""
    found = Person.objects.visible_to(actor, permission).select_related("home_unit").filter(code=code).first()
    if found is None:
        raise OutOfScope(_("No person %(code)s in your scope.") % {"code": code})
    return found


def found_units(actor: Actor, text: str, permission: str | None = None) -> QuerySet[Unit]:
    """Units in scope whose code begins with the text or whose name holds it, by code; all for no text."""
    units = units_for(actor, permission).order_by("code")
    if not text:
        return units
    match = Q(code__istartswith=text) | Q(name__icontains=text) | Q(name_en__icontains=text)
    return units.filter(match)


def unit_called(actor: Actor, text: str, permission: str | None = None) -> Unit:
    """The unit in scope with this code, else of this name, else the only one whose name holds the text.

    Raises OutOfScope where there is none, and where several would do: it then names the first of them.
    """
    units = units_for(actor, permission).order_by("code")
    exact = units.filter(code=text).first()
    if exact is not None or not text:
        return exact or unit_by_code(actor, text, permission)
    of_name = list(units.filter(Q(name=text) | Q(name_en__iexact=text))[: SEVERAL + 1])
    holding = units.filter(Q(name__icontains=text) | Q(name_en__icontains=text))
    found = of_name or list(holding[: SEVERAL + 1])
    if len(found) > 1:
        named = ", ".join(f"{unit.title} ({unit.code})" for unit in found[:SEVERAL])
        raise OutOfScope(
            _("«%(text)s» fits several units: %(units)s. Enter the code of one.")
            % {"text": text, "units": named}
        )
    return found[0] if found else unit_by_code(actor, text, permission)


def found_people(actor: Actor, text: str, permission: str | None = None) -> QuerySet[Person]:
    """People in scope by staff number; all of them for an empty text. Personal data is never searched."""
    people = Person.objects.visible_to(actor, permission).select_related("home_unit").order_by("code")
    if not text:
        return people
    return people.filter(Q(code__istartswith=text) | Q(name__icontains=text))


def posted_at(actor: Actor, unit: Unit, day: dt.date, permission: str | None = None) -> QuerySet[Assignment]:
    """Who stood in which post at the unit on `day`, of the people in the actor's scope, by post."""
    people = Person.objects.visible_to(actor, permission).values("pk")
    rows = Assignment.objects.filter(valid_on(day), unit=unit, person__in=people)
    return rows.select_related("person", "post", "line", "deputy_for__person").order_by("post__code", "pk")


def _held(actor: Actor, by: str, permission: str | None) -> dict[int, int]:
    people = Person.objects.visible_to(actor, permission).values("pk")
    rows = Assignment.objects.filter(valid_on(timezone.localdate()), person__in=people)
    counts = rows.exclude(**{by: None}).order_by().values_list(by).annotate(Count("person", distinct=True))
    return dict(counts)


def posts_held(actor: Actor, permission: str | None = None) -> list[tuple[Post, int]]:
    """All posts of the bank by code, and how many people in the actor's scope stand in each today."""
    held = _held(actor, "post_id", permission)
    return [(post, held.get(post.pk, 0)) for post in Post.objects.order_by("code")]


def lines_held(actor: Actor, permission: str | None = None) -> list[tuple[BusinessLine, int, int]]:
    """All business lines, each after the one above, with its depth and the people in scope in it today."""
    held = _held(actor, "line_id", permission)
    lines = {line.pk: line for line in BusinessLine.objects.order_by("code")}
    ordered = in_order({pk: line.parent_id for pk, line in lines.items()})
    return [(lines[pk], depth, held.get(pk, 0)) for pk, depth in ordered]


def post_by_pk(actor: Actor, pk: int, permission: str) -> Post:
    """A post, which belongs to the whole bank; raises OutOfScope (404) where the permission reaches less."""
    found = Post.objects.filter(pk=pk).first()
    if found is None or not actor.covers(permission, found):
        raise OutOfScope(_("No such post in your scope."))
    return found


def line_by_pk(actor: Actor, pk: int, permission: str) -> BusinessLine:
    """A business line, likewise."""
    found = BusinessLine.objects.select_related("parent").filter(pk=pk).first()
    if found is None or not actor.covers(permission, found):
        raise OutOfScope(_("No such business line in your scope."))
    return found


def rosters_for(actor: Actor) -> QuerySet[RosterUpload]:
    """Rosters the actor may decide on or has sent in, newest first, without their rows; drafts only own."""
    own = Q(submitted_by_id=getattr(actor, "pk", None))
    others = ~Q(state=RosterUpload.State.DRAFT) if actor.may("org.approve_roster") else Q(pk=None)
    rows = RosterUpload.objects.filter(own | others).defer("rows")
    return rows.select_related("submitted_by", "decided_by").order_by("-submitted_at")


def group_by_pk(actor: Actor, pk: int, permission: str | None = None) -> LeadingGroup:
    """A leading group of a unit in the actor's scope; raises OutOfScope (404)."""
    units = units_for(actor, permission).values("pk")
    found = LeadingGroup.objects.select_related("unit").filter(pk=pk, unit__in=units).first()
    if found is None:
        raise OutOfScope(_("No such leading group in your scope."))
    return found


def assignment_by_pk(actor: Actor, pk: int, permission: str | None = None) -> Assignment:
    """An assignment at a unit in the actor's scope; raises OutOfScope (404)."""
    units = units_for(actor, permission).values("pk")
    rows = Assignment.objects.select_related("person", "post", "unit", "line")
    found = rows.filter(pk=pk, unit__in=units).first()
    if found is None:
        raise OutOfScope(_("No such assignment in your scope."))
    return found


def worktime_for(unit: Unit | None = None, calendar: str = "") -> Worktime:
    """The calendar to reckon with: the one named, else that of the unit or the nearest above, else the usual.

    Kept by the process until its version changes: one small statement, two where a unit decides.
    Raises ValidationError where there is no calendar of that name.
    """
    if not calendar:
        calendar = calendars.code_for(unit) if unit is not None else calendars.default_code()
    return calendars.worktime_of(calendar)
