"""What kinds inside the bank ask for before a step: causes, a team of two, conditions, a second look."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from kezun.cases import catalogs
from kezun.cases.doing import Doing, gate
from kezun.cases.models import Link, Party, Petition, Proof
from kezun.cases.rules import causes
from kezun.cases.rules.kinds import Field
from kezun.cases.wording import named, several

LAYERS, TEAM, GRAVEST = 2, 2, 1
# the steps at which conditions are asked for, in their order: what an earlier one asked still has to hold
ASKING = ("open", "accept", "propose")
NEAR = ("on_site", "video")


def names_of(fields: Iterable[Field]) -> str:
    """Fields as a page calls them."""
    return several(named(f.name, f.name_en) for f in fields)


@gate("causes_own")
def causes_own(doing: Doing) -> str:
    """A cause that explains: asked twice why, and no person blamed before the system was judged."""
    held = doing.data()
    layers = [line for line in str(held.get("whys") or "").splitlines() if line.strip()]
    if len(layers) < LAYERS:
        return _("Ask why at least %(n)d times, one line each.") % {"n": LAYERS}
    told = catalogs.numbers("complaints")
    if causes.lacking(held | {"fault": "whole"}, told["blame"], told["blame_rest"]):
        return _(
            "Blaming a person is no cause. Say whether a rule, a procedure or a system let it happen, and "
            "why you think so."
        )
    return ""


@gate("conditions")
def conditions(doing: Doing) -> str:
    """Every condition that was asked for so far holds: required flags that are true."""
    held = doing.data()
    until = ASKING.index(doing.verb) if doing.verb in ASKING else len(ASKING)
    due = [
        f for f in doing.kind.fields if f.type == "flag" and f.required and set(f.at) & {*ASKING[: until + 1]}
    ]
    lacking = [f for f in due if held.get(f.id) is not True]
    return _("Not met: %(conditions)s.") % {"conditions": names_of(lacking)} if lacking else ""


@gate("team")
def team(doing: Doing) -> str:
    """Two different members of staff went."""
    went = set(
        Party.objects.filter(case=doing.case, role=Party.Role.TEAM, ended_at__isnull=True).values_list(
            "person", flat=True
        )
    )
    if len(went - {None}) < TEAM:
        return _("Name the %(n)d members of staff who took part.") % {"n": TEAM}
    return ""


@gate("not_own")
def not_own(doing: Doing) -> str:
    """Nobody verifies what they did themselves: neither those of the team nor whom a field names."""
    person = doing.person
    if person is None:
        return ""
    held = doing.data()
    codes = {held.get(f.id) for f in doing.kind.fields if f.type == "person"}
    took_part = Party.objects.filter(case=doing.case, person=person, ended_at__isnull=True).exists()
    return (
        _("You took part in it yourself: somebody else has to verify.")
        if took_part or person.code in codes
        else ""
    )


@gate("witnessed")
def witnessed(doing: Doing) -> str:
    """What needs a second look is looked at, not read about."""
    held = doing.data()
    if held.get("recheck") and held.get("looked") not in NEAR:
        return _("This needs a second look on site or by video; photos and papers are not enough.")
    return ""


@gate("on_site")
def on_site(doing: Doing) -> str:
    """The hard ones are solved by the linked leader at the outlet, on a day that is named."""
    held = doing.data()
    if held.get("urgency") not in ("hard", "dispute"):
        return ""
    if held.get("manner") == "on_site" and held.get("leader") and held.get("on_site_date"):
        return ""
    return _("Hard ones are solved on site: name the linked leader and the day they came to the outlet.")


@gate("followed")
def followed(doing: Doing) -> str:
    """Where the customer has a problem, a case was opened for it, or there is a reason why not."""
    held = doing.data()
    if not held.get("trouble") or held.get("no_case"):
        return ""
    tied = Link.objects.filter(target=doing.case, type=Link.Type.FOLLOW_UP_OF, ended_at__isnull=True)
    if tied.exists():
        return ""
    return _("The customer has a problem: open a case for it from here, or say why not.")


@gate("same_shown")
def same_shown(doing: Doing) -> str:
    """Who found the same shows it."""
    if doing.data().get("found") != "same" or Proof.objects.filter(case=doing.case).exists():
        return ""
    return _("Attach a photo or document of what was found.")


@gate("accountable")
def accountable(doing: Doing) -> str:
    """A grave finding ends with a decision on who answers for it, or with the reason why nobody does."""
    if doing.value("severity") > GRAVEST or doing.data().get("no_account"):
        return ""
    asked = Petition.objects.filter(case=doing.case, type=Petition.Type.ACCOUNT)
    if asked.filter(decision="").exists():
        return _("The proposal on accountability waits for its decision.")
    if not asked.exists():
        return _("A grave finding: propose who is held accountable, or say why nobody is.")
    return ""
