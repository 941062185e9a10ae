"""Cases as facts: every case as it stands, and the moments of its course, once they changed.

The key of a case is its number, that of a moment the number and the event's; so what is published again
corrects what was there, and moments, which never change, stay one row each.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from kezun.cases import catalogs, kinds
from kezun.cases.facts import CASE, CASE_EVENT
from kezun.cases.models import Case, Clock, Event, Kind, Link, Petition
from kezun.cases.rules import measuring
from kezun.cases.rules.measuring import ANSWER, CONTACT, MILESTONES, Running
from kezun.facts.publishing import publish
from kezun.kernel.actor import Actor
from kezun.org.models import Person, Unit

SOURCE = "cases.case"
Row = dict[str, object]


@dataclass
class History:
    """What is read besides a case to say how it went.

    missed: policies of clocks that were too late before they began anew: opened again in time heals nothing.
    events: (number, verb, moment, gave more time).
    """

    clocks: list[tuple[str, Running]] = field(default_factory=list)
    missed: set[str] = field(default_factory=set)
    events: list[tuple[int, str, dt.datetime, bool]] = field(default_factory=list)

    def moments(self, verb: str) -> list[dt.datetime]:
        """When a verb was done."""
        return [at for _seq, name, at, _more in self.events if name == verb]


def publish_cases(actor: Actor, cases: Iterable[Case], now: dt.datetime | None = None) -> int:
    """Publish cases and their moments, all of the call or none; returns how many cases. May be repeated."""
    taken, at = list(cases), now or timezone.now()
    histories, names = histories_of(taken), _codes(taken)
    rows: list[Row] = []
    moments: list[Row] = []
    for case in taken:
        row = row_of(case, histories[case.pk], names, at)
        rows.append(row)
        moments += moments_of(case, row, histories[case.pk], at)
    publish(actor, CASE.name, rows, source=SOURCE)
    publish(actor, CASE_EVENT.name, moments, source=SOURCE)
    by_seq: dict[int, list[int]] = defaultdict(list)
    for case in taken:
        by_seq[case.seq].append(case.pk)
    with transaction.atomic():
        for seq, keys in by_seq.items():  # only where nothing happened to it meanwhile
            Case.objects.filter(pk__in=keys, seq=seq).update(facts_at=at)
    return len(taken)


def due(now: dt.datetime, limit: int, besides: Iterable[int] = ()) -> list[Case]:
    """Cases whose facts are not as they should be, the oldest first; none `besides` (primary keys).

    Those that changed; those of which a deadline passed since; those whose close has now held for 30 days.
    """
    passed = Clock.objects.filter(state=Clock.State.RUNNING, due_at__lt=now, due_at__gte=F("case__facts_at"))
    settled = Q(closed_at__lte=now - measuring.HOLD, facts_at__lt=F("closed_at") + measuring.HOLD)
    base = Case.objects.select_related("kind", "line").exclude(pk__in=list(besides))
    found: dict[int, Case] = {}
    for wanted in (Q(facts_at__isnull=True), Q(pk__in=passed.values("case")), settled):
        rows = base.filter(wanted).order_by("last_at", "pk")[: limit - len(found)]
        found |= {case.pk: case for case in rows}
        if len(found) >= limit:
            break
    return list(found.values())


def histories_of(cases: Sequence[Case]) -> dict[int, History]:
    """The clocks and the telling events of cases, by primary key; two statements whatever their number."""
    found = {case.pk: History() for case in cases}
    forms = {case.pk: case.kind for case in cases}
    for clock in Clock.objects.filter(case__in=found).order_by("pk"):
        role = roles_of(forms[clock.case_id]).get(clock.policy, measuring.INNER)
        running = Running(role, clock.state, clock.due_at, clock.outcome)
        found[clock.case_id].clocks.append((clock.policy, running))
    rows = Event.objects.filter(case__in=found, verb__in=MILESTONES).order_by("case", "seq")
    for pk, policy in missed_before(cases):
        found[pk].missed.add(policy)
    for pk, seq, verb, at, body in rows.values_list("case", "seq", "verb", "at", "body"):
        more = verb == "grant" and "extended" in json.loads(body).get("sets", {})
        found[pk].events.append((seq, verb, at, more))
    return found


def missed_before(cases: Iterable[Case]) -> Iterator[tuple[int, str]]:
    """(case, policy) of clocks that were missed before a case was opened again."""
    again = [case.pk for case in cases if case.reopened]
    rows = Event.objects.filter(case__in=again, clocked=True, body__contains='"outcome":"missed"')
    for pk, body in rows.values_list("case", "body"):
        for policy, moved in (json.loads(body).get("clocks") or {}).items():
            if moved.get("outcome") == "missed":
                yield pk, policy


def roles_of(kind: Kind) -> dict[str, str]:
    """What each clock of a kind is for, by policy."""
    return measuring.roles(kinds.form_of(kind))


@dataclass(frozen=True)
class Codes:
    """Codes by primary key, of the units and people that some cases name.

    answerable: by case, who answers for the fault as it was decided; the first where there are several.
    parts: cases that are a part of another.
    """

    units: dict[int, str]
    people: dict[int, str]
    answerable: dict[int, str]
    parts: frozenset[int] = frozenset()


def _codes(cases: Sequence[Case]) -> Codes:
    units = {pk for case in cases for pk in (case.unit_id, case.owner_unit_id)}
    people = {case.handler_id for case in cases if case.handler_id}
    return Codes(
        dict(Unit.objects.filter(pk__in=units).values_list("pk", "code")),
        dict(Person.objects.filter(pk__in=people).values_list("pk", "code")),
        _answerable(cases),
        frozenset(_parts(cases)),
    )


def _parts(cases: Sequence[Case]) -> Iterator[int]:
    links = Link.objects.filter(type=Link.Type.PART_OF, ended_at__isnull=True, source__in=cases)
    yield from links.values_list("source", flat=True)


def _answerable(cases: Sequence[Case]) -> dict[int, str]:
    granted = Petition.objects.filter(type=Petition.Type.ACCOUNT, decision=Petition.Decision.GRANTED)
    rows = granted.filter(case__in=cases).order_by("-decided_at", "-pk").values_list("case", "data")
    return {case: str(data["person"]) for case, data in rows}


def row_of(case: Case, history: History, codes: Codes, now: dt.datetime) -> Row:
    """A case as a row for `publish`."""
    clocks = [
        replace(running, outcome="missed") if policy in history.missed else running
        for policy, running in history.clocks
    ]
    received, data = case.received_at, case.data
    return {
        "source_id": case.no,
        "unit": codes.units[case.unit_id],
        "person": codes.answerable.get(case.pk),
        "occurred_at": received,
        "business": named("complaint_business", measuring.coded(data, "business")),
        **_of(case),
        "state": case.state,
        "open": case.open,
        "part": case.pk in codes.parts or None,
        "owner": codes.units[case.owner_unit_id],
        "line": case.line.code if case.line else None,
        "handler": codes.people.get(case.handler_id) if case.handler_id else None,
        "finding": measuring.coded(data, "finding"),
        "contact_s": measuring.seconds(received, case.contacted_at),
        "answer_s": measuring.seconds(received, case.answered_at),
        "close_s": measuring.seconds(
            received, case.closed_at if case.state in ("closed", "checked") else None
        ),
        "contact_on_time": measuring.on_time(clocks, CONTACT, now),
        "answer_on_time": measuring.on_time(clocks, ANSWER, now),
        "extended": case.extended,
        "returns": case.returns,
        "reopened": case.reopened,
        "repeat": case.repeat,
        "held_30d": measuring.held(history.moments("close"), history.moments("reopen"), now),
        "satisfaction": case.satisfaction,
        "effect": case.verdict or None,
        "stopped_yuan": _stopped(case),
    }


def _of(case: Case) -> Row:
    """The columns that a case shares with its moments."""
    return {
        "kind": case.code,
        "severity": case.severity,
        "channel": measuring.coded(case.data, "channel"),
        "reason": measuring.coded(case.data, "reason_code"),
    }


def _stopped(case: Case) -> int | None:
    """Money that an interception saved, in whole yuan; only once a second person verified it."""
    fen = case.data.get("saved")
    return fen // 100 if isinstance(fen, int) and case.state in ("verified", "closed", "checked") else None


def named(table: str, code: str | None) -> str | None:
    """A code's own name, as reports break figures down by it; the code where the table lacks it."""
    if code is None:
        return None
    known = catalogs.tables().get(table)
    return known.codes[code].name if known and code in known.codes else code


def moments_of(case: Case, row: Row, history: History, now: dt.datetime) -> list[Row]:
    """The moments of a case as rows for `publish`."""
    shared = {"unit": row["unit"], "person": row["person"], "business": row["business"], **_of(case)}
    shared |= {"case_id": case.no}
    found = measuring.marks(history.events)
    late = [(policy, running) for policy, running in history.clocks if running.late(now)]
    found += [(f"{policy}/late", measuring.OVERDUE, running.due_at) for policy, running in late]
    return [
        shared
        | {
            **{"source_id": f"{case.no}#{key}", "what": what, "occurred_at": at},
            "after_s": measuring.seconds(case.received_at, at),
        }
        for key, what, at in found
    ]
