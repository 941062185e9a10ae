"""Exceptions: asked for by one, decided by another, at the level that the policy wants, and the notice given.

An extension needs its clock to run still, and the words in which the customer was told. Nobody decides what
they asked for, nor whoever stands in for them, nor the handler of the case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import clocking, clockwords, engine, standing
from kezun.cases.doing import Doing, after, effect
from kezun.cases.effects import grading
from kezun.cases.models import Case, Clock, Petition
from kezun.cases.reach import everywhere
from kezun.cases.rules.petitions import NotGrantable, band
from kezun.cases.wording import several
from kezun.kernel.actor import Denied
from kezun.org.models import Person

HEADS = frozenset(("unit_head",))
SUPERIOR = "superior"
AFTER_END = (Petition.Type.WAIVE, Petition.Type.ACCOUNT)
WAIVED = "waived"


@effect("ask")
def asked(doing: Doing) -> None:
    """One open petition of a type (and clock, or person) at a time; what it needs is checked now."""
    if doing.person is None:
        raise ValidationError(_("A person has to ask for this."))
    type_ = Petition.Type(doing.said["type"])
    if not doing.case.open and type_ not in AFTER_END:
        raise ValidationError(_("The case has ended: there is nothing to extend or to grade any more."))
    made = Petition(
        case=doing.case,
        type=type_,
        reason=doing.said["reason"],
        notice=doing.said.get("notice", ""),
        asked_by=doing.person,
        asked_at=doing.at,
    )
    doing.sets.pop("data", None)  # what is asked for is not so yet
    if doing.fields and type_ != Petition.Type.GRADE:
        told = _("This belongs to a request for another grade.")
        raise ValidationError(dict.fromkeys(doing.fields, told))
    PREPARE[type_](doing, made)
    same = Petition.objects.filter(case=doing.case, type=type_, policy=made.policy, decision="")
    if same.exists():
        raise ValidationError(_("This was asked already and waits for a decision."))
    made.save(force_insert=True)
    doing.told["petition"] = brief(made)


def brief(petition: Petition) -> dict[str, Any]:
    """A petition as events tell of it."""
    told = {"id": petition.pk, "type": str(petition.type), "policy": petition.policy}
    return told | {"units": petition.units, "level": petition.level, "data": petition.data}


def _extension(doing: Doing, made: Petition) -> None:
    clock = _clock(doing, doing.said.get("policy", ""))
    units = doing.said.get("units") or 0
    try:
        found = band(clocking.rule_of(clock), clock.extended, units)
    except NotGrantable as error:
        raise ValidationError({"units": _refusal(clock, error)}) from error
    if clock.state == Clock.State.RUNNING and doing.at > clock.due_at:
        raise ValidationError(_("The deadline has passed; an extension must be asked for before."))
    if found.notice and not made.notice:
        raise ValidationError({"notice": _("Enter how and with which words the customer was told.")})
    made.policy, made.units, made.level = clock.policy, units, found.level


def _clock(doing: Doing, policy: str) -> Clock:
    """The running clock that is meant; where only one runs it need not be named."""
    open_ = list(Clock.objects.filter(case=doing.case).exclude(state=Clock.State.STOPPED).order_by("pk"))
    chosen = [clock for clock in open_ if policy in ("", clock.policy)]
    if len(chosen) != 1:
        known = several(clockwords.title_of(clock) for clock in open_) or "—"
        raise ValidationError({"policy": _("Name the deadline; running are: %(known)s.") % {"known": known}})
    return chosen[0]


def _refusal(clock: Clock, error: NotGrantable) -> str:
    most = {"most": clockwords.amount(clock, error.most)}
    return {
        "extendable": _("This deadline cannot be extended."),
        "units": _("Say by how much; at most %(most)s are left.") % most,
        "cap": _("This is more than the policy allows in all; %(most)s are left.") % most,
    }[error.code]


def _grade(doing: Doing, made: Petition) -> None:
    made.data, made.level = grading.asked(doing), "office"


def _waiving(doing: Doing, made: Petition) -> None:
    if doing.case.handler_id is None:
        raise ValidationError(
            _("Somebody has to take the case first: a case without a handler is not closed.")
        )
    made.level = SUPERIOR


def _accountability(doing: Doing, made: Petition) -> None:
    person, measure = doing.said.get("person"), doing.said.get("measure", "")
    if person is None:
        raise ValidationError({"person": _("Name who is to answer for it, by staff number.")})
    if not measure:
        raise ValidationError({"measure": _("Say what is proposed.")})
    made.policy, made.level = person.code, SUPERIOR
    made.data = {"person": person.code, "measure": measure}


PREPARE: dict[str, Callable[[Doing, Petition], None]] = {
    Petition.Type.EXTEND: _extension,
    Petition.Type.GRADE: _grade,
    Petition.Type.WAIVE: _waiving,
    Petition.Type.ACCOUNT: _accountability,
}


# --- deciding ---


@effect("grant")
def granted(doing: Doing) -> None:
    """What was asked happens, in the same event."""
    petition = _decided(doing, Petition.Decision.GRANTED)
    GRANT[petition.type](doing, petition)


@effect("refuse")
def refused(doing: Doing) -> None:
    """Nothing happens but that it was refused, with the reason."""
    _decided(doing, Petition.Decision.REFUSED)


def _decided(doing: Doing, decision: Petition.Decision) -> Petition:
    given: Petition = doing.said["petition"]
    petition = Petition.objects.select_for_update().filter(pk=given.pk, case=doing.case).first()
    if petition is None:
        raise ValidationError({"petition": _("There is no such request.")})
    if petition.decision:
        raise ValidationError(
            {"petition": _("This was decided already: %(how)s.") % {"how": petition.get_decision_display()}}
        )
    if doing.person is None:
        raise Denied(_("A person has to answer for this; the system cannot."))
    check_decider(doing.person, petition, doing)
    petition.decision, petition.decided_by, petition.decided_at = decision, doing.person, doing.at
    petition.answer = doing.reason
    petition.save(update_fields=["decision", "decided_by", "decided_at", "answer"])
    doing.told["petition"] = brief(petition) | {"decision": str(decision)}
    return petition


def check_decider(actor: Person, petition: Petition, doing: Doing) -> None:
    """Another than who asked, who handles, whom it concerns, and whoever stands in for one of them.

    Raises Denied; also where the level that the policy wants is a higher one.
    """
    own = standing.stood_for(actor)
    asker = petition.asked_by
    if asker is not None and (asker.pk in own or actor.pk in standing.stood_for(asker)):
        raise Denied(_("Who asked for it does not decide it, nor whoever stands in for them."))
    if doing.case.handler_id in own:
        raise Denied(_("Who handles the case does not decide on its exceptions."))
    codes = set(Person.objects.filter(pk__in=own).values_list("code", flat=True))
    if petition.type == Petition.Type.ACCOUNT and petition.data["person"] in codes:
        raise Denied(_("Nobody decides on what they themselves have to answer for."))
    if petition.level == SUPERIOR and not heads_above(actor, doing):
        raise Denied(_("This is decided by the head of a unit above, or by head office."))


def heads_above(actor: Person, doing: Doing) -> bool:
    """Whether the actor heads a unit above the one with the case, or decides for the whole bank."""
    if everywhere(actor.scope, standing.permission(doing.verb), doing.case.line_id):
        return True
    led = {held.unit_id for held in actor.scope.held if held.role.code in HEADS}
    lies = {doing.case.owner_unit_id, doing.case.pending_unit_id}
    return any(
        unit in lies and ancestor in led and depth > 0
        for unit, ancestor, depth in standing.ground_of(doing).paths
    )


def _extend(doing: Doing, petition: Petition) -> None:
    doing.move_clock(petition.policy, "extend", petition.units)
    doing.sets["extended"] = doing.case.extended + 1


def _waive(doing: Doing, petition: Petition) -> None:
    """The case ends although the remedy was not proved: whoever grants it answers for that as verifier."""
    doing.sets["verdict"] = WAIVED
    if doing.case.open:
        assert doing.person is not None
        doing.sets |= {
            "state": Case.State.CLOSED.value,
            "verifier": doing.person.pk,
            "closed_at": engine.plain(doing.at),
        }
        doing.by_rule = True


def _account(doing: Doing, petition: Petition) -> None:
    doing.told["accountable"] = petition.data


GRANT: dict[str, Callable[[Doing, Petition], None]] = {
    Petition.Type.EXTEND: _extend,
    Petition.Type.GRADE: grading.granted,
    Petition.Type.WAIVE: _waive,
    Petition.Type.ACCOUNT: _account,
}


@after
def dropped(doing: Doing) -> None:
    """A case that ends leaves nothing to decide: what still waits is put away, undecided.

    Who answers for a fault is still to be settled where the case was closed, not where it was taken back.
    """
    if doing.sets.get("open") is not False:
        return
    waiting = Petition.objects.filter(case=doing.case, decision="")
    if doing.case.state == Case.State.CLOSED:
        waiting = waiting.exclude(type=Petition.Type.ACCOUNT)
    waiting.update(decision=Petition.Decision.DROPPED, decided_at=doing.at)
