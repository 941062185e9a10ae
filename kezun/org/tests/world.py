"""Good and bad arguments for every action of the organisation, made at a unit of the small bank."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from kezun.kernel.actor import SystemActor
from kezun.org.actions import draft_roster, issue_token, submit_roster
from kezun.org.models import (
    FOREVER,
    Assignment,
    BusinessLine,
    GroupMember,
    LeadingGroup,
    Person,
    Post,
    SignInSession,
)
from kezun.org.planning import Organisation
from kezun.org.rules.roster import Roster
from kezun.org.rules.rows import LineRow, UnitRow
from kezun.org.scope import roles

SYSTEM = SystemActor("test")
DAY, LATER = dt.date(2026, 3, 1), dt.date(2026, 6, 30)
GOOD = "correct horse battery"


@dataclass
class World:
    """The bank, who acts, and the unit at which the target of the action lies."""

    bank: dict[str, Any]
    person_in: Callable[[str, str], Any]
    actor: Any
    at: str = "O1"

    @property
    def unit(self):
        return self.bank[self.at]

    @property
    def beside(self):
        """Another unit in the same scope."""
        return self.bank[{"O1": "O2", "O3": "S2"}[self.at]]

    def clerk(self, role="lobby_manager") -> Person:
        return self.person_in(role, self.at)

    def post(self, role="lobby_manager", closed_date=FOREVER) -> Post:
        known = roles()[role]
        named = {"name": known.name, "name_en": known.name_en, "role": role, "closed_date": closed_date}
        return Post.objects.get_or_create(code=role, defaults=named)[0]

    def line(self, closed_date=FOREVER) -> BusinessLine:
        named = {"name": "零售", "closed_date": closed_date}
        return BusinessLine.objects.get_or_create(code="retail", defaults=named)[0]

    def assignment(self) -> Assignment:
        return self.clerk().assignments.get()

    def group(self) -> LeadingGroup:
        return LeadingGroup.objects.get_or_create(unit=self.unit, name="领导小组")[0]

    def member(self) -> GroupMember:
        return GroupMember.objects.get_or_create(group=self.group(), person=self.clerk(), from_date=DAY)[0]

    def session(self) -> SignInSession:
        return SignInSession.objects.get_or_create(person=self.clerk(), session_key="k" * 32)[0]

    def token(self):
        held = self.clerk().tokens.first()
        return held or issue_token(SYSTEM, self.clerk(), name="n", permissions=["org.read"], days=9).token

    def draft(self, by=None):
        return draft_roster(by or self.actor, self.roster(), name="r.xlsx")

    def sent(self):
        other = self.person_in("service_office", "HO")
        return submit_roster(other, self.draft(other))

    def roster(self) -> Roster:
        return Roster(units=(UnitRow("N1", "新网点", "outlet", self.bank["S1"].code),))


Given = Callable[[World], tuple[tuple[Any, ...], dict[str, Any]]]
Bad = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One action: arguments that are good, and such as are bad with the field that must be named."""

    given: Given
    bad: tuple[tuple[Bad, str], ...] = ()
    secrets: tuple[str, ...] = ()
    own: bool = False
    platform: bool = False
    reached: bool = field(default=True)


def _bad(named: str | None = None, /, **values: Any) -> tuple[Bad, str]:
    return (lambda w: values), next(iter(values)) if named is None else named


CASES = {
    "org.open_unit": Case(
        lambda w: ((w.unit,), {"code": "N9", "name": "新", "kind": "outlet", "from_date": DAY}),
        (
            *(_bad(code=""), _bad(code="O2"), _bad(code="x" * 41), _bad(name=""), _bad(name="x" * 121)),
            *(_bad(kind="castle"), _bad(zone="Mars/Olympus")),
        ),
    ),
    "org.rename_unit": Case(
        lambda w: ((w.unit,), {"name": "改名", "name_en": "Renamed", "kind": "department"}),
        (_bad(name=""), _bad(kind="castle"), _bad(name_en="x" * 121)),
    ),
    "org.move_unit": Case(
        lambda w: ((w.unit,), {"parent": w.beside, "from_date": DAY}),
        (
            _bad(from_date=dt.date(1900, 1, 1)),
            ((lambda w: {"parent": closed(w)}), "parent"),
            ((lambda w: {"parent": w.unit}), ""),
        ),
    ),
    "org.close_unit": Case(lambda w: ((w.unit,), {"last_day": DAY}), (_bad(last_day=dt.date(1899, 1, 1)),)),
    "org.merge_unit": Case(
        lambda w: ((w.unit,), {"into": w.beside, "from_date": DAY}),
        (((lambda w: {"into": w.unit}), "into"), _bad(from_date=dt.date(1900, 1, 1))),
    ),
    "org.set_tags": Case(
        lambda w: ((w.unit,), {"tags": ["临街", "county"], "from_date": DAY}), (_bad(tags=["x" * 61]),)
    ),
    "org.open_line": Case(
        lambda w: ((), {"code": "retail", "name": "零售"}),
        (_bad(code=""), _bad(name=""), _bad(code="x" * 41)),
        reached=False,
    ),
    "org.add_post": Case(
        lambda w: ((), {"code": "p9", "name": "岗", "role": "teller"}),
        (_bad(code=""), _bad(name=""), _bad(role="emperor")),
        reached=False,
    ),
    "org.rename_post": Case(
        lambda w: ((w.post(),), {"name": "新岗", "name_en": "New post"}),
        (_bad(name=""), _bad(name="x" * 121), _bad(name_en="x" * 121)),
        reached=False,
    ),
    "org.close_post": Case(
        lambda w: ((w.post("teller"),), {"last_day": DAY}),
        (((lambda w: held(w)), "last_day"),),
        reached=False,
    ),
    "org.reopen_post": Case(lambda w: ((w.post("teller", DAY),), {}), reached=False),
    "org.rename_line": Case(
        lambda w: ((w.line(),), {"name": "新线", "name_en": "New line"}),
        (_bad(name=""), _bad(name="x" * 121)),
        reached=False,
    ),
    "org.close_line": Case(lambda w: ((w.line(),), {"last_day": DAY}), reached=False),
    "org.reopen_line": Case(lambda w: ((w.line(DAY),), {}), reached=False),
    "org.found_group": Case(lambda w: ((w.unit,), {"name": "小组"}), (_bad(name=""), _bad(name="x" * 121))),
    "org.add_member": Case(
        lambda w: ((w.group(),), {"person": w.clerk(), "duty": "head", "from_date": DAY}),
        (_bad(duty="king"), _bad(to_date=DAY - dt.timedelta(days=1))),
    ),
    "org.end_member": Case(
        lambda w: ((w.member(),), {"last_day": LATER}), (_bad(last_day=DAY - dt.timedelta(days=1)),)
    ),
    "org.add_person": Case(
        lambda w: ((w.unit,), {"code": "E1", "name": "王", "username": "wang", "phone": "13812345678"}),
        (
            *(_bad(code=""), _bad(name=""), _bad(email="nowhere"), _bad(code="x" * 41), _bad(name="x" * 81)),
            ((lambda w: {"code": w.clerk().code}), "code"),
            ((lambda w: {"username": w.clerk().username.upper()}), "username"),
        ),
        secrets=("13812345678",),
    ),
    "org.update_person": Case(
        lambda w: ((w.clerk(),), {"name": "李", "email": "li@bank.example", "phone": "13912345678"}),
        (
            *(_bad(name=""), _bad(email="nowhere"), _bad(left_date=dt.date(1899, 1, 1))),
            ((lambda w: {"username": w.person_in("teller", "O2").username}), "username"),
        ),
        secrets=("13912345678", "li@bank.example"),
    ),
    "org.disable_person": Case(
        lambda w: ((w.clerk(),), {"reason": "left the bank"}), (_bad(reason=""), _bad(reason="  x   "))
    ),
    "org.enable_person": Case(
        lambda w: ((disabled(w),), {"reason": "came back"}), (_bad(reason=""), _bad(reason="abc"))
    ),
    "org.assign": Case(
        lambda w: (
            (w.unit,),
            {"person": w.clerk(), "post": w.post("teller"), "from_date": DAY, "to_date": LATER},
        ),
        (
            _bad(to_date=DAY - dt.timedelta(days=1)),
            ((lambda w: {"post": Post.objects.create(code="e", name="e", role="emperor")}), "post"),
        ),
    ),
    "org.deputise": Case(
        lambda w: (
            (w.assignment(),),
            {"person": w.person_in("teller", "O2"), "from_date": DAY, "to_date": LATER},
        ),
        (((lambda w: {"person": w.clerk()}), "person"), _bad("to_date", from_date=LATER, to_date=DAY)),
    ),
    "org.end_assignment": Case(
        lambda w: ((w.assignment(),), {"last_day": DAY}), (_bad(last_day=dt.date(1899, 1, 1)),)
    ),
    "org.unmask": Case(lambda w: ((w.clerk(),), {"reason": "call back"}), (_bad(reason="x"),)),
    "org.draft_roster": Case(lambda w: ((w.roster(),), {"name": "r.xlsx"}), reached=False),
    "org.submit_roster": Case(lambda w: ((w.draft(w.actor),), {})),
    "org.approve_roster": Case(lambda w: ((w.sent(),), {})),
    "org.refuse_roster": Case(lambda w: ((w.sent(),), {"reason": "two heads"}), (_bad(reason=" "),)),
    "org.change_password": Case(
        lambda w: ((), {"password": GOOD}), (_bad("", password="short"),), secrets=(GOOD,), own=True
    ),
    "org.set_password": Case(
        lambda w: ((w.clerk(),), {"password": GOOD}), secrets=(GOOD,), platform=True, reached=False
    ),
    "org.issue_password": Case(lambda w: ((w.clerk(),), {})),
    "org.reset_factors": Case(
        lambda w: ((w.clerk(),), {"reason": "lost the phone"}), (_bad(reason=""), _bad(reason="abc"))
    ),
    "org.raise_rights": Case(
        lambda w: ((), {"reason": "new colleague"}), (_bad(reason=""), _bad(reason=" a ")), own=True
    ),
    "org.lower_rights": Case(lambda w: ((), {}), own=True),
    "org.end_session": Case(lambda w: ((w.session(),), {})),
    "org.edit_own": Case(
        lambda w: ((), {"language": "en", "phone": "13712345678"}),
        (_bad(email="nowhere"), _bad(language="x" * 11)),
        secrets=("13712345678",),
        own=True,
    ),
    "org.issue_token": Case(
        lambda w: ((w.clerk(),), {"name": "nightly", "permissions": ["org.read"], "days": 9}),
        (
            *(_bad(days=0), _bad(days=367), _bad(permissions=[]), _bad(permissions=["org.assign"])),
            *(_bad(name=""), _bad(name="x" * 81)),
        ),
    ),
    "org.revoke_token": Case(lambda w: ((w.token(),), {})),
    "org.load": Case(
        lambda w: (
            (Organisation(lines=(LineRow("retail", "零售"),)),),
            {"pack": "demo", "version": 1},
        ),
        reached=False,
    ),
    "org.load_sign_ins": Case(
        lambda w: (({w.clerk().code: "sign.in"},), {"password": GOOD}),
        secrets=(GOOD,),
        platform=True,
        reached=False,
    ),
}


def closed(world: World):
    """A unit that closed before the day of the action."""
    unit = world.bank["O2"]
    unit.closed_date = DAY - dt.timedelta(days=1)
    unit.save(update_fields=["closed_date"])
    return unit


def held(world: World) -> dict[str, Any]:
    """No other arguments, but somebody stands in the teller's post until further notice."""
    world.clerk("teller")
    return {}


def disabled(world: World) -> Person:
    """A person who cannot sign in."""
    person = world.clerk()
    person.is_active = False
    person.save(update_fields=["is_active"])
    return person


def raised(person: Person) -> Person:
    """The same person afresh, with raised rights."""
    fresh = Person.objects.get(pk=person.pk)
    fresh.raise_until(timezone.now() + dt.timedelta(minutes=9))
    return fresh
