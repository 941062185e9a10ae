"""With whom an appeal lies: the level decides the unit, from near the subject up to the service office.

The first level is the unit above a unit that appeals, or a person's own unit; each further level is the next
unit up; the last is the service office, which decides for the whole bank. A unit where nobody may decide, or
only people who filed it, are its subject or decided before, is passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.models import Appeal
from kezun.assessment.schemes import scheme_of
from kezun.kernel.actor import Actor
from kezun.org.models import Assignment, Person, Unit, UnitPath, valid_on
from kezun.org.scope import roles

DECIDE = "assessment.decide_appeal"


@dataclass(frozen=True)
class Seat:
    """Where an appeal is heard. unit None: at the service office. barred: who decided before, filed it or is
    its subject."""

    unit: Unit | None
    barred: frozenset[int] = field(default_factory=frozenset)

    @property
    def title(self) -> str:
        return self.unit.title if self.unit is not None else _("Service office")

    def takes(self, actor: Actor) -> bool:
        """Whether an actor sits there; the platform itself decides anywhere."""
        if not isinstance(actor, Person):
            return True
        if actor.pk in self.barred:
            return False
        if self.unit is None:
            return actor.scope.whole_bank(DECIDE)
        near = [h.unit_id for h in actor.scope.carrying(DECIDE) if h.role.reach != "bank"]
        return self.unit.pk in near


def levels_of(appeal: Appeal) -> tuple[str, ...]:
    """The names of the levels; one without a name where the scheme names none."""
    return scheme_of(appeal.score.run.scheme).appeal.levels or ("",)


def level_name(appeal: Appeal) -> str:
    """Who hears it, as the scheme calls them; the number where the scheme names nobody."""
    levels = scheme_of(appeal.score.run.scheme).appeal.levels
    return levels[appeal.level] if appeal.level < len(levels) else str(appeal.level + 1)


def seats(appeals: Sequence[Appeal]) -> dict[int, Seat]:
    """Where each appeal is heard, or was, if it were open now; four statements for all of them."""
    above = _above({appeal.unit_id for appeal in appeals})
    judges = _judges({pk for chain in above.values() for pk in chain})
    barred = {appeal.pk: frozenset(_barred(appeal)) for appeal in appeals}
    places = {a.pk: _place(a, above.get(a.unit_id, []), judges, barred[a.pk]) for a in appeals}
    units = Unit.objects.in_bulk({pk for pk in places.values() if pk is not None})
    return {key: Seat(units[pk] if pk is not None else None, barred[key]) for key, pk in places.items()}


def seat_of(appeal: Appeal) -> Seat:
    return seats([appeal])[appeal.pk]


def check_seat(actor: Actor, appeal: Appeal) -> None:
    """ValidationError for whoever decided it at an earlier level, or does not sit where it is heard."""
    if isinstance(actor, Person) and actor.pk in _before(appeal):
        raise ValidationError(_("Nobody decides the same appeal at two levels: you decided the one before."))
    seat = seat_of(appeal)
    if not seat.takes(actor):
        raise ValidationError(
            _("This appeal lies with: %(place)s. Only somebody who decides there may decide it.")
            % {"place": seat.title}
        )


def _place(
    appeal: Appeal, chain: Sequence[int], judges: Mapping[int, set[int]], barred: frozenset[int]
) -> int | None:
    """The unit where an appeal is heard; None: the service office. chain: the units from the subject's up."""
    if appeal.level + 1 >= len(levels_of(appeal)):
        return None
    # A unit is not heard by itself, and the top of the bank is heard by the service office.
    near = chain[:-1] if appeal.person_id is not None else chain[1:-1]
    parties = {appeal.filed_by_id, appeal.person_id}
    sitting = [pk for pk in near if judges.get(pk, set()) - parties]
    return next((pk for pk in sitting[appeal.level :] if judges[pk] - barred), None)


def _above(units: Iterable[int]) -> dict[int, list[int]]:
    """The units above each one today, itself first."""
    rows = UnitPath.objects.filter(valid_on(timezone.localdate()), unit__in=units).order_by("depth")
    found: dict[int, list[int]] = defaultdict(list)
    for unit, ancestor in rows.values_list("unit_id", "ancestor_id"):
        found[unit].append(ancestor)
    return found


def _judges(units: Iterable[int]) -> dict[int, set[int]]:
    """Who may decide for these units and what lies below them, without those who decide for the bank."""
    known = [code for code, role in roles().items() if role.may(DECIDE) and role.reach != "bank"]
    rows = Assignment.objects.filter(
        valid_on(timezone.localdate()), unit__in=units, post__role__in=known, person__is_active=True
    )
    found: dict[int, set[int]] = defaultdict(set)
    for unit, person in rows.values_list("unit_id", "person_id"):
        found[unit].add(person)
    return found


def _before(appeal: Appeal) -> set[int]:
    """Who decided it at the levels before."""
    found, at = set(), appeal.before
    while at is not None:
        if at.decided_by_id is not None:
            found.add(at.decided_by_id)
        at = at.before
    return found


def _barred(appeal: Appeal) -> set[int]:
    return {pk for pk in (appeal.filed_by_id, appeal.person_id) if pk is not None} | _before(appeal)
