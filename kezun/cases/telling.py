"""A case as plain values, for the command line: its row, its clocks, its history, what is possible next."""

from __future__ import annotations

import json
from typing import Any

from kezun.cases import kinds, standing
from kezun.cases.doing import Doing
from kezun.cases.models import Case, Clock, Event
from kezun.kernel.actor import Actor

BRIEF = ("state", "severity", "level", "returns", "reopened", "extended", "repeat", "provisional", "verdict")
MOMENTS = ("received_at", "opened_at", "contacted_at", "answered_at", "closed_at", "act_by_at", "due_at")


def brief(case: Case) -> dict[str, Any]:
    """A case in one line: codes of units and people, moments in ISO; nothing of customers."""
    return {
        **{"case": case.no, "kind": case.code, "title": case.title, "open": case.open},
        **{name: getattr(case, name) for name in BRIEF},
        **{"unit": case.unit.code, "owner": case.owner_unit.code},
        "pending": case.pending_unit.code if case.pending_unit else None,
        "handler": case.handler.code if case.handler else None,
        "verifier": case.verifier.code if case.verifier else None,
        **{name: at.isoformat() if (at := getattr(case, name)) else None for name in MOMENTS},
    }


def whole(actor: Actor, case: Case) -> dict[str, Any]:
    """Everything of a case that is no personal data of customers."""
    return brief(case) | {
        "version": case.kind.version,
        "fields": case.data,
        "clocks": [clock(row) for row in case.clocks.order_by("pk")],
        "events": [event(row) for row in case.events.select_related("actor", "behalf").order_by("seq")],
        "possible": possible(actor, case),
    }


def clock(row: Clock) -> dict[str, Any]:
    """A clock with its dates, and when its ladder's next step comes."""
    told = {"policy": row.policy, "state": row.state, "outcome": row.outcome, "cycle": row.cycle}
    moments = ("start_at", "due_at", "act_by_at", "stopped_at", "next_at")
    dates = {name: at.isoformat() if (at := getattr(row, name)) else None for name in moments}
    return told | dates | {"provisional": row.provisional, "extended": row.extended, "step": row.step}


def event(row: Event) -> dict[str, Any]:
    """One event: when, who, which verb, what it said and changed."""
    body = json.loads(row.body)
    return {
        **{"seq": row.seq, "at": row.at.isoformat(), "verb": row.verb},
        "actor": row.actor.code if row.actor else str(body.get("actor", "")),
        "behalf": row.behalf.code if row.behalf else None,
        **{name: body[name] for name in ("said", "sets", "told", "clocks") if body.get(name)},
    }


def possible(actor: Actor, case: Case) -> list[str]:
    """The verbs that the actor could do now."""
    form = kinds.form_of(case.kind)
    steps = ((verb, form.step(verb, case.state)) for verb in form.verbs(case.state))
    return [
        verb
        for verb, step in steps
        if standing.may(actor, Doing(actor, case, form, verb, case.last_at, step=step))
    ]
