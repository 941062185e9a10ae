"""The course of a case: who it lies with, who handles and who verifies it, how it ends."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import engine, standing
from kezun.cases.doing import Doing, effect
from kezun.cases.effects import grading
from kezun.cases.models import Case
from kezun.org.models import Assignment, BusinessLine, Unit, UnitPath, valid_on

CLIMB_AFTER = 2


@effect("open")
def opened(doing: Doing) -> None:
    """Severity by the kind's table, the unit that should take it, the line it belongs to."""
    said = doing.said
    doing.sets["severity"] = grading.graded(doing, doing.fields)
    if line := said.get("line"):
        row = BusinessLine.objects.filter(code=line).first()
        if row is None:
            raise ValidationError({"line": _("There is no business line «%(code)s».") % {"code": line}})
        doing.sets["line"] = row.pk
    owner = said.get("owner") or _first_owner(doing)
    if owner is not None and owner.pk != doing.sets["owner_unit"]:
        doing.sets |= {"pending_unit": owner.pk, "state": Case.State.ASSIGNED.value}


def _first_owner(doing: Doing) -> Unit | None:
    """Where a case of this kind goes first: the unit it is about, the one above it, the service office."""
    unit = doing.case.unit
    if doing.kind.owner == "superior":
        return parent_of(unit) or unit
    if doing.kind.owner == "office":
        return office()
    return unit if doing.kind.owner == "unit" and doing.person is None else None


def parent_of(unit: Unit) -> Unit | None:
    """The unit directly above, today."""
    today = timezone.localdate()
    row = UnitPath.objects.filter(valid_on(today), unit=unit, depth=1).select_related("ancestor").first()
    return row.ancestor if row else None


def office() -> Unit | None:
    """The unit where the service office sits: the first in which somebody holds that role today."""
    rows = Assignment.objects.filter(valid_on(timezone.localdate()), post__role="service_office")
    first = rows.select_related("unit").order_by("unit__code", "pk").first()
    return first.unit if first else None


def common_superior(one: int, other: int) -> int | None:
    """The lowest unit that stands above (or is) both units today."""
    today = timezone.localdate()
    of_one = dict(UnitPath.objects.filter(valid_on(today), unit=one).values_list("ancestor", "depth"))
    of_other = set(UnitPath.objects.filter(valid_on(today), unit=other).values_list("ancestor", flat=True))
    shared = [(depth, pk) for pk, depth in of_one.items() if pk in of_other]
    return min(shared)[1] if shared else None


@effect("assign")
@effect("transfer")
def handed_over(doing: Doing) -> None:
    """To another unit: the one that had it keeps the responsibility until the other takes it.

    A person named with it is the handler from now on, so that the case stands among their work.
    """
    unit: Unit = doing.said["unit"]
    person, post = doing.said.get("person"), doing.said.get("post")
    if (
        person is not None
        and not Assignment.objects.filter(valid_on(timezone.localdate()), person=person, unit=unit).exists()
    ):
        raise ValidationError({"person": _("This member of staff holds no post at that unit today.")})
    if person is not None and standing.Ground(person, doing.case).barred:
        raise ValidationError(
            {"person": _("This member of staff, or one they lead, is named in the case: choose another.")}
        )
    same = unit.pk == doing.case.owner_unit_id
    asked = doing.person is not None  # what a rule hands out may lie where it belongs already
    if asked and same and not doing.case.pending_unit_id and person is None and post is None:
        raise ValidationError(
            {"unit": _("It lies with this unit already: choose another, or name somebody.")}
        )
    if person is not None and standing.Ground(person, doing.case).reviewed:
        raise ValidationError(
            {"person": _("This member of staff handled or verified the complaint: choose another.")}
        )
    doing.told["to"] = {
        "unit": unit.pk,
        "post": post.pk if post else None,
        "person": person.pk if person else None,
    }
    doing.sets["pending_unit"] = None if same else unit.pk
    doing.sets["owner_post"] = post.pk if post else None
    doing.sets["handler"] = person.pk if person else None


@effect("take")
def taken(doing: Doing) -> None:
    """The unit that takes it owns it from now on; whoever takes it handles it."""
    if doing.answerable is None:
        raise ValidationError(_("A person has to take it."))
    doing.sets["handler"] = doing.answerable.pk
    if doing.case.pending_unit_id:
        doing.sets |= {"owner_unit": doing.case.pending_unit_id, "pending_unit": None}
    _not_verifier(doing)


def _not_verifier(doing: Doing) -> None:
    if doing.case.verifier_id is not None:
        doing.sets.setdefault("verifier", None)


@effect("return")
def returned(doing: Doing) -> None:
    """Sent back with a reason; the second time it goes to the unit above both, clocks running."""
    case = doing.case
    doing.sets |= {"pending_unit": None, "owner_post": None, "handler": None, "returns": case.returns + 1}
    if case.returns + 1 >= CLIMB_AFTER and case.pending_unit_id:
        above = common_superior(case.owner_unit_id, case.pending_unit_id)
        if above and above != case.owner_unit_id:
            doing.sets |= {"pending_unit": above, "state": Case.State.ASSIGNED.value}
            doing.told["climbed_to"] = above
            doing.by_rule = True


@effect("contact")
def contacted(doing: Doing) -> None:
    """The first contact counts; later ones stand in the history."""
    at = doing.said.get("at") or doing.at
    if at < doing.case.received_at and "at" in doing.said:
        raise ValidationError({"at": _("This lies before the receipt of the case.")})
    if doing.case.contacted_at is None:
        doing.sets["contacted_at"] = engine.plain(at)


@effect("propose")
def proposed(doing: Doing) -> None:
    """Whoever proposes handles it, where nobody does yet."""
    if doing.case.handler_id is None:
        if doing.answerable is None:
            raise ValidationError(_("A person has to answer for the result."))
        doing.sets["handler"] = doing.answerable.pk
    _not_verifier(doing)


@effect("verify")
def verified(doing: Doing) -> None:
    """The second person."""
    if doing.answerable is None:
        raise ValidationError(_("A person has to answer for this; the system cannot."))
    doing.sets["verifier"] = doing.answerable.pk


@effect("answer")
def answered(doing: Doing) -> None:
    doing.sets["answered_at"] = engine.plain(doing.at)


@effect("close")
def closed(doing: Doing) -> None:
    doing.sets["closed_at"] = engine.plain(doing.at)


@effect("reopen")
def reopened(doing: Doing) -> None:
    """Counted; who verified the first remedy has to verify anew, and the customer is asked anew."""
    doing.sets |= {
        "reopened": doing.case.reopened + 1,
        "verifier": None,
        "checker": None,
        "closed_at": None,
        "answered_at": None,
        "verdict": "",
        "satisfaction": None,
    }


@effect("check")
def checked(doing: Doing) -> None:
    """The verdict on the remedy; one that did not work is told, and the case can be reopened."""
    if doing.person is not None:
        doing.sets["checker"] = doing.person.pk
    doing.sets["verdict"] = doing.said.get("verdict") or "unknown"


@effect("amend")
def amended(doing: Doing) -> None:
    """A title or field put right, with the reason; what stood there before stays in the history."""
    if title := doing.said.get("title"):
        doing.sets["title"] = title
    if not title and not doing.fields:
        raise ValidationError(_("Nothing was changed: give a new title or a field."))
    doing.told["before"] = {key: doing.case.data.get(key) for key in doing.fields}


@effect("rate")
def rated(doing: Doing) -> None:
    """What the customer says of how it was handled: 1 to 5. Never by a member of staff."""
    if not 1 <= doing.said["satisfaction"] <= 5:
        raise ValidationError({"satisfaction": _("Choose 1 to 5.")})
    doing.sets["satisfaction"] = doing.said["satisfaction"]
