"""Who plays which part in a case of the demo: the posts of the invented bank, by unit."""

from __future__ import annotations

from dataclasses import dataclass, field

from kezun.org.models import Assignment, Person, Unit, UnitPath


@dataclass
class Roster:
    """Who holds which post where, and what lies above: read once."""

    held: dict[tuple[int, str], list[Person]] = field(default_factory=dict)
    above: dict[int, list[Unit]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Roster:
        made = cls()
        rows = Assignment.objects.filter(deputy_for=None).select_related("person", "post").order_by("pk")
        for row in rows:
            made.held.setdefault((row.unit_id, row.post.role), []).append(row.person)
        for path in UnitPath.objects.select_related("ancestor").order_by("depth"):
            made.above.setdefault(path.unit_id, []).append(path.ancestor)
        return made

    def at(self, unit: Unit, *roles: str) -> Person | None:
        """The first with one of the posts at the unit itself."""
        return next((p for role in roles for p in self.held.get((unit.pk, role), ())), None)

    def over(self, unit: Unit, role: str, kinds_: tuple[str, ...]) -> Person | None:
        """The nearest with that post at a unit of these kinds above."""
        rows = (above for above in self.above[unit.pk][1:] if above.kind in kinds_)
        return next((p for above in rows if (p := self.at(above, role))), None)

    def cast(self, unit: Unit, sibling: Unit) -> dict[str, Person]:
        """Who plays which part in a case about the unit."""
        office = next(iter(p for (_u, role), p in self.held.items() if role == "service_office"))
        boss = self.at(unit, "outlet_manager", "unit_head")
        found = {
            "manager": boss,
            "handler": self.at(unit, "lobby_manager", "lobby_manager_full", "agent"),
            "teller": self.at(unit, "teller", "agent"),
            "agent": self.at(unit, "agent"),
            "sub": self.over(unit, "unit_head", ("sub_branch",)),
            "second": self.over(unit, "supervisor", ("tier2", "tier1")),
            "head": self.over(unit, "unit_head", ("tier2", "tier1")),
            "office": office[-1],
            "sibling": self.at(sibling, "outlet_manager", "lobby_manager"),
        }
        return {part: person for part, person in found.items() if person is not None}
