"""Who may do what: every action refuses those whose roles do not carry it, before it looks at anything."""

from __future__ import annotations

import datetime as dt
import inspect

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.assessment import actions
from kezun.assessment.actions.ledger import enter_merit
from kezun.assessment.models import Merit
from kezun.kernel.action import ACTIONS
from kezun.kernel.actor import Denied, OutOfScope
from kezun.org.scope import roles

OWN = {"file_appeal", "escalate_appeal", "prove_appeal", "withdraw_appeal"}
ENTER = {"enter_merit", "prove_merit"}
JUDGE = {
    *("confirm_merit", "attribute_merit", "void_merit", "decide_appeal", "propose_award", "grant_award"),
    *("refuse_award", "revoke_award", "keep_award", "confirm_listing", "drop_listing", "decide_lead"),
}
OFFICE = {
    *("draft_scheme", "save_scheme", "propose_scheme", "approve_scheme", "refuse_scheme", "withdraw_scheme"),
    *("ask_scheme_withdrawal", "refuse_scheme_withdrawal"),
    *("run", "show_run", "replay_run", "open_round", "ask_step", "take_step", "refuse_step", "run_again"),
    *("restate", "find_leads", "propose_lists", "propose_stars", "publish_listing"),
}
PLATFORM = {"keep_run", "keep_replay", "fail_run", "publish_merits", "settle_round", "install_scheme"}
MAY = {
    "service_office": OWN | ENTER | JUDGE | OFFICE,
    "unit_head": OWN | ENTER | JUDGE,
    "supervisor": OWN | ENTER | JUDGE,
    "outlet_manager": OWN | ENTER,
    "outlet_director": OWN | ENTER,
    "operations_supervisor": OWN | ENTER,
    "lobby_manager": OWN,
    "lobby_assistant": OWN,
    "teller": OWN,
    "agent": OWN,
    "analyst": OWN | {"find_leads", "replay_run"},
    "auditor": OWN | {"replay_run"},
    "system_admin": set(),
    "security_admin": set(),
    "audit_admin": set(),
}
VERBS = sorted(name.partition(".")[2] for name in ACTIONS if name.startswith("assessment."))


def tried(verb: str, actor: object) -> None:
    """Call an action with nothing in its arguments: whoever may not is refused before they matter."""
    spec = ACTIONS[f"assessment.{verb}"]
    told = list(inspect.signature(spec.function).parameters.values())[1:]
    places = [None for p in told if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = {p.name: [] for p in told if p.kind is p.KEYWORD_ONLY and p.default is p.empty}
    found = next(f for f in _declared() if f.spec is spec)
    found(actor, *places, **named)


def _declared():
    for name in actions.__all__:
        yield from (f for f in vars(getattr(actions, name)).values() if hasattr(f, "spec"))


def test_every_action_is_somebodys():
    known = OWN | ENTER | JUDGE | OFFICE | PLATFORM
    assert known == set(VERBS)


@pytest.mark.parametrize("code", sorted(MAY))
def test_a_role_carries_what_it_should_and_no_more(code):
    held = {verb for verb in VERBS if roles()[code].may(f"assessment.{verb}")}
    assert held == MAY[code] - PLATFORM


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["teller", "lobby_manager", "auditor", "system_admin", "outlet_manager"])
def test_what_a_role_does_not_carry_is_denied(bank, person_in, code):
    person = person_in(code, "O1")
    for verb in sorted(set(VERBS) - MAY[code]):
        with pytest.raises(Denied):
            tried(verb, person)


@pytest.mark.django_db
def test_the_platforms_own_actions_are_nobodys(bank, person_in):
    office = person_in("service_office", "HO")
    for verb in sorted(PLATFORM):
        with pytest.raises(Denied):
            tried(verb, office)


@pytest.mark.django_db
def test_whoever_is_nobody_is_denied_too(bank):
    for verb in VERBS:
        with pytest.raises(Denied):
            tried(verb, None)


@pytest.mark.django_db
@pytest.mark.parametrize("unit", ["O3", "P2", "HO"])
def test_outside_of_the_reach_there_is_no_unit_to_enter_anything_for(bank, person_in, unit):
    manager = person_in("outlet_manager", "O1")
    told = {"kind": "complaint", "level": "重大", "occurred_date": None, "title": "投诉"}
    with pytest.raises(OutOfScope):
        enter_merit(manager, bank[unit], **told)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "weather"}, "kind"),
        ({"level": "天大"}, "level"),
        ({"title": "  "}, "title"),
        ({"occurred_date": "future"}, "occurred_date"),
        ({"occurred_date": "ancient"}, "occurred_date"),
        ({"person": "far"}, "person"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_by_field(bank, person_in, changed, field):
    today = timezone.localdate()
    days = {"future": today + dt.timedelta(days=1), "ancient": today - dt.timedelta(days=3 * 366 + 1)}
    told = {"kind": "complaint", "level": "重大", "occurred_date": today, "title": "投诉"} | changed
    told["occurred_date"] = days.get(told["occurred_date"], told["occurred_date"])
    if "person" in told:
        told["person"] = person_in("teller", "O3")
    with pytest.raises(ValidationError) as refused:
        enter_merit(person_in("outlet_manager", "O1"), bank["O1"], **told)
    assert list(refused.value.message_dict) == [field]
    assert not Merit.objects.exists()
