"""Who stands how to a case: the relations that steps name, who is barred, who counts as a second person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import wording
from kezun.cases.doing import Doing
from kezun.cases.models import Case, Link, Party
from kezun.cases.reach import carrying, everywhere
from kezun.kernel.actor import Actor, Denied, OutOfScope, SystemActor
from kezun.kernel.prepared import prepared
from kezun.org.models import Assignment, Person, UnitPath, valid_on

CUSTOMER = SystemActor("customer")


class Ledger(SystemActor):
    """An old ledger that is taken over: it tells what people did, before there were rules to check it by.

    by: who takes it over. answers: who answered for a verb, as the ledger names them.
    """

    def __init__(self, by: Person, answers: Mapping[str, Person]) -> None:
        super().__init__(f"ledger:{by.pk}")
        self.answers = answers


# what somebody who is named in a case may still do: say something of their own
OPEN_TO_NAMED = frozenset(("note", "attach"))
TOP_CONCERN = 2
REVIEW = "review"
# what makes somebody the handler of a case, or its result theirs
HANDLING = frozenset(("take", "propose"))


def permission(verb: str) -> str:
    """The permission of a verb is its action's name."""
    return f"cases.{verb}"


@dataclass
class Ground:
    """How one person stands to one case: each thing is read at most once, however many verbs are asked."""

    actor: Person
    case: Case

    @cached_property
    def own(self) -> set[int]:
        """The actor, and everybody for whom they stand in."""
        return stood_for(self.actor)

    @cached_property
    def posts(self) -> set[int]:
        """Units where the actor holds a post today."""
        return set(posts_of(self.actor))

    @cached_property
    def paths(self) -> list[tuple[int, int, int]]:
        """(unit, ancestor, depth) of the units that have to do with the case."""
        units = {self.case.unit_id, self.case.owner_unit_id, self.case.pending_unit_id} - {None}
        rows = UnitPath.objects.filter(valid_on(timezone.localdate()), unit__in=units)
        return list(rows.values_list("unit", "ancestor", "depth"))

    @cached_property
    def barred(self) -> bool:
        """Whether the actor is named, stands in for one who is, or leads the unit of one named."""
        people = named(self.case)
        if not people:
            return False
        if people & self.own:
            return True
        led = {held.unit_id for held in self.actor.scope.held if held.role.reach == "subtree"}
        return bool(led & self._homes(people))

    def _homes(self, people: set[int]) -> set[int]:
        """Units of people today and on the day of receipt: a move does not free who led them then."""
        then = timezone.localdate(self.case.received_at)
        days = valid_on(timezone.localdate()) | valid_on(then)
        return set(Assignment.objects.filter(days, person__in=people).values_list("unit", flat=True))

    @cached_property
    def reviewed(self) -> bool:
        """Whether the actor, or one for whom they stand in, handled or verified what this case reviews."""
        if self.case.code != REVIEW:
            return False
        rows = Link.objects.filter(source=self.case, type=Link.Type.REVIEW_OF)
        pairs = rows.values_list("target__handler", "target__verifier")
        return bool(self.own & set(chain.from_iterable(pairs)))

    @cached_property
    def with_us(self) -> set[int]:
        """The actor, and whoever stood in for them or they for, on any day since the case was opened."""
        since = Q(to_date__gte=timezone.localdate(self.case.opened_at), deputy_for__isnull=False)
        pairs = Assignment.objects.filter(since, from_date__lte=timezone.localdate())
        both = pairs.filter(Q(person=self.actor) | Q(deputy_for__person=self.actor))
        return {self.actor.pk, *chain.from_iterable(both.values_list("person", "deputy_for__person"))}

    @cached_property
    def beneath(self) -> bool:
        """Posted at the unit with which the case lies, or at one below it."""
        rows = UnitPath.objects.filter(valid_on(timezone.localdate()), unit__in=self.posts)
        return rows.filter(ancestor=self.case.owner_unit_id).exists()

    @property
    def behalf(self) -> Person | None:
        """The handler, where the actor acts as the handler's deputy."""
        handler = self.case.handler_id
        return self.case.handler if handler not in (None, self.actor.pk) and handler in self.own else None

    @property
    def above(self) -> bool:
        """Posted at a unit above the one with which the case lies."""
        lies = {self.case.owner_unit_id, self.case.pending_unit_id}
        return any(u in lies and a in self.posts and depth > 0 for u, a, depth in self.paths)

    def reached(self, verb: str) -> bool:
        """Whether the case lies in the actor's scope for this permission: by unit, or by a part in it."""
        actor, case = self.actor, self.case
        if not actor.may(verb):
            return False
        held = carrying(actor.scope, verb, case.line_id)
        part = actor.pk in (case.handler_id, case.opener_id, case.verifier_id)
        if part or any(h.role.reach == "bank" for h in held):
            return True
        if {h.unit_id for h in held} & {case.unit_id, case.owner_unit_id, case.pending_unit_id}:
            return True
        down = {h.unit_id for h in held if h.role.reach == "subtree"}
        return bool(down) and any(ancestor in down for _unit, ancestor, _depth in self.paths)


def check(doing: Doing) -> None:
    """Whether the actor may do this here.

    Raises OutOfScope where the case is none of theirs, Denied where the step is for others, where they are
    named in the case, or where a second person has to.
    """
    if not isinstance(doing.actor, Person):
        _check_platform(doing)
        return
    ground = ground_of(doing)
    if not ground.reached(permission(doing.verb)):
        raise OutOfScope(_("No such case in your scope."))
    doing.behalf = ground.behalf
    if doing.verb not in OPEN_TO_NAMED and ground.barred:
        raise Denied(_("You or someone of your unit is named in this case: others have to handle it."))
    wanted = doing.step.by if doing.step else ("any",)
    if ("second" in wanted or doing.verb in HANDLING) and ground.reviewed:
        raise Denied(_("Who handled or verified the complaint does not review it: others have to."))
    if "second" in wanted:
        _check_second(doing)
    others = tuple(name for name in wanted if name != "second")
    if others and not any(RELATIONS[name](doing) for name in others) and "second" not in wanted:
        raise Denied(_("This step is for: %(who)s.") % {"who": wording.several(say(name) for name in wanted)})


def ground_of(doing: Doing) -> Ground:
    """What is known of the person and the case of a verb; kept with it."""
    if doing.ground is None:
        assert isinstance(doing.actor, Person)
        doing.ground = Ground(doing.actor, doing.case)
    return doing.ground


def _check_platform(doing: Doing) -> None:
    """The platform does what needs no person; the customer what steps leave to customers."""
    wanted = doing.step.by if doing.step else ("any",)
    if isinstance(doing.actor, Ledger):
        return
    if doing.actor is CUSTOMER and not {"customer", "any"} & set(wanted):
        raise Denied(_("This step is not for customers."))
    if wanted == ("second",):
        raise Denied(_("A person has to answer for this; the system cannot."))


def posts_of(actor: Person) -> list[int]:
    """Units where the actor holds a post today."""
    return actor.scope.roots()


def stood_for(actor: Person) -> set[int]:
    """The actor, and everybody for whom they stand in today."""
    return {actor.pk, *(pk for (pk,) in _stood_for(actor.pk, timezone.localdate()))}


@prepared((int, dt.date))
def _stood_for(person: int, day: dt.date) -> QuerySet[Any, Any]:
    rows = Assignment.objects.filter(valid_on(day), person=person, deputy_for__isnull=False)
    return rows.values_list("deputy_for__person")


def named(case: Case) -> set[int]:
    """Members of staff who are named in the case."""
    return {pk for (pk,) in _named(case.pk) if pk is not None}


@prepared((int,))
def _named(case: int) -> QuerySet[Any, Any]:
    rows = Party.objects.filter(case=case, role=Party.Role.NAMED_STAFF, ended_at__isnull=True)
    return rows.values_list("person")


def _check_second(doing: Doing) -> None:
    """Another than the handler, without a deputyship between them; grave cases from outside the line."""
    case, ground = doing.case, ground_of(doing)
    if case.handler_id in ground.with_us:
        raise Denied(_("Who handled it does not verify it: a second person has to."))
    if doing.verb == "check" and case.verifier_id in ground.with_us:
        raise Denied(_("Who verified it does not check its effect: a third person has to."))
    if case.severity <= TOP_CONCERN and ground.beneath:
        raise Denied(_("A grave case is verified from outside the unit that handled it."))


def at_owner(doing: Doing) -> bool:
    """Posted at the unit with which it lies, or to which it was handed over."""
    if doing.person is None:
        return True
    wanted = doing.case.pending_unit_id or doing.case.owner_unit_id
    places = {wanted} if doing.verb in ("take", "return") else {wanted, doing.case.owner_unit_id}
    return bool(places & ground_of(doing).posts)


def handles(doing: Doing) -> bool:
    """The handler, or their deputy."""
    if doing.person is None:
        return True
    return doing.case.handler_id == doing.person.pk or doing.behalf is not None


def above(doing: Doing) -> bool:
    """Posted at a unit above the one with which it lies."""
    return doing.person is None or ground_of(doing).above


def of_office(doing: Doing) -> bool:
    """Whoever holds this permission for the whole bank."""
    return doing.person is None or everywhere(doing.person.scope, permission(doing.verb), doing.case.line_id)


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
