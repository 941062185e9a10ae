"""Who stands how to a case: the relations that steps name, who is barred, who counts as a second person."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases.doing import Doing
from kezun.cases.models import Case, Party
from kezun.kernel.actor import Actor, Denied, OutOfScope, SystemActor
from kezun.org.models import Assignment, Person, Unit, UnitPath, valid_on

CUSTOMER = SystemActor("customer")
# what somebody who is named in a case may still do: say something of their own
OPEN_TO_NAMED = frozenset(("note", "attach"))
TOP_CONCERN = 2


def permission(verb: str) -> str:
    """The permission of a verb is its action's name."""
    return f"cases.{verb}"


def check(doing: Doing) -> None:
    """Whether the actor may do this here.

    Raises OutOfScope where the case is none of theirs, Denied where the step is for others, where they are
    named in the case, or where a second person has to.
    """
    if not isinstance(doing.actor, Person):
        _check_platform(doing)
        return
    if not reached(doing.actor, doing.case, permission(doing.verb)):
        raise OutOfScope(_("No such case in your scope."))
    doing.behalf = _behalf(doing.actor, doing.case)
    if doing.verb not in OPEN_TO_NAMED and barred(doing.actor, doing.case):
        raise Denied(_("You or someone of your unit is named in this case: others have to handle it."))
    wanted = doing.step.by if doing.step else ("any",)
    if "second" in wanted:
        _check_second(doing)
    others = tuple(name for name in wanted if name != "second")
    if others and not any(RELATIONS[name](doing) for name in others) and "second" not in wanted:
        raise Denied(_("This step is for: %(who)s.") % {"who": ", ".join(say(name) for name in wanted)})


def _check_platform(doing: Doing) -> None:
    """The platform does what needs no person; the customer what steps leave to customers."""
    wanted = doing.step.by if doing.step else ("any",)
    if doing.actor is CUSTOMER and not {"customer", "any"} & set(wanted):
        raise Denied(_("This step is not for customers."))
    if wanted == ("second",):
        raise Denied(_("A person has to answer for this; the system cannot."))


def reached(actor: Person, case: Case, verb: str) -> bool:
    """Whether the case lies in the actor's scope for this permission: by unit, or by a part in it."""
    if not actor.may(verb):
        return False
    if actor.pk in (case.handler_id, case.opener_id, case.verifier_id) or actor.scope.whole_bank(verb):
        return True
    units = {pk for pk in (case.unit_id, case.owner_unit_id, case.pending_unit_id) if pk is not None}
    if units & set(posts_of(actor)):
        return True
    return Unit.objects.visible_to(actor, verb).filter(pk__in=units).exists()


def posts_of(actor: Person) -> list[int]:
    """Units where the actor holds a post today."""
    return actor.scope.roots()


def stood_for(actor: Person) -> set[int]:
    """The actor, and everybody for whom they stand in today."""
    today = timezone.localdate()
    rows = Assignment.objects.filter(valid_on(today), person=actor, deputy_for__isnull=False)
    return {actor.pk, *rows.values_list("deputy_for__person", flat=True)}


def _behalf(actor: Person, case: Case) -> Person | None:
    """The handler, where the actor acts as the handler's deputy."""
    if case.handler_id is None or case.handler_id == actor.pk:
        return None
    return case.handler if case.handler_id in stood_for(actor) else None


def named(case: Case) -> set[int]:
    """Members of staff who are named in the case."""
    rows = Party.objects.filter(case=case, role=Party.Role.NAMED_STAFF, ended_at__isnull=True)
    return {pk for pk in rows.values_list("person", flat=True) if pk is not None}


def barred(actor: Person, case: Case) -> bool:
    """Whether the actor is named in the case, stands in for one who is, or leads the unit of one named."""
    people = named(case)
    if not people:
        return False
    if people & stood_for(actor):
        return True
    led = {held.unit_id for held in actor.scope.held if held.role.reach == "subtree"}
    homes = Assignment.objects.filter(valid_on(timezone.localdate()), person__in=people)
    return bool(led & set(homes.values_list("unit", flat=True)))


def _check_second(doing: Doing) -> None:
    """Another than the handler and whoever stands in for them; for grave cases from another unit."""
    actor, case = doing.actor, doing.case
    assert isinstance(actor, Person)
    own = stood_for(actor)
    if case.handler_id in own:
        raise Denied(_("Who handled it does not verify it: a second person has to."))
    if doing.verb == "check" and case.verifier_id in own:
        raise Denied(_("Who verified it does not check its effect: a third person has to."))
    if case.severity <= TOP_CONCERN and case.owner_unit_id in posts_of(actor):
        raise Denied(_("A grave case is verified from outside the unit that handled it."))


def at_owner(doing: Doing) -> bool:
    """Posted at the unit with which it lies, or to which it was handed over."""
    person = doing.person
    if person is None:
        return True
    wanted = doing.case.pending_unit_id or doing.case.owner_unit_id
    places = {wanted} if doing.verb in ("take", "return") else {wanted, doing.case.owner_unit_id}
    return bool(places & set(posts_of(person)))


def handles(doing: Doing) -> bool:
    """The handler, or their deputy."""
    person = doing.person
    if person is None:
        return True
    return doing.case.handler_id == person.pk or doing.behalf is not None


def above(doing: Doing) -> bool:
    """Posted at a unit above the one with which it lies."""
    person = doing.person
    if person is None:
        return True
    rows = UnitPath.objects.filter(
        valid_on(timezone.localdate()),
        unit__in=[pk for pk in (doing.case.owner_unit_id, doing.case.pending_unit_id) if pk],
        ancestor__in=posts_of(person),
        depth__gt=0,
    )
    return rows.exists()


def of_office(doing: Doing) -> bool:
    """Whoever holds this permission for the whole bank."""
    return doing.person is None or doing.person.scope.whole_bank(permission(doing.verb))


def opened(doing: Doing) -> bool:
    """Whoever registered the case."""
    return doing.person is None or doing.case.opener_id == doing.person.pk


def nobody(_doing: Doing) -> bool:
    """The system and customers: never a person."""
    return False


RELATIONS: dict[str, Callable[[Doing], bool]] = {
    "any": lambda doing: True,
    "opener": opened,
    "owner": at_owner,
    "handler": handles,
    "superior": above,
    "office": of_office,
    "customer": nobody,
    "system": nobody,
}


def say(relation: str) -> str:
    """The relation in words."""
    return {
        "any": _("everybody"),
        "opener": _("who registered it"),
        "owner": _("the unit with which it lies"),
        "handler": _("the handler"),
        "superior": _("a unit above"),
        "office": _("the service office"),
        "second": _("a second person"),
        "customer": _("the customer"),
        "system": _("the system"),
    }[relation]


def may(actor: Actor, doing: Doing) -> bool:
    """Whether `check` would let it pass."""
    try:
        check(doing)
    except (Denied, OutOfScope):
        return False
    return True
