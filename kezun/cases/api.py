"""API operations of cases: lists, one case with its history, register, and any step by its verb.

Every write carries an idempotency key; the token must hold the verb's own permission besides reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import unquote_plus

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import ConfigDict
from pydantic import ValidationError as BadBody

from kezun.cases import actions, intake, kinds, monthly_files, payload, queries, standing
from kezun.cases.listing import Wanted, listed
from kezun.cases.models import READ, Case
from kezun.cases.monthly import report
from kezun.cases.rows import Row
from kezun.cases.rules.monthly import month_of, shifted
from kezun.cases.rules.verbs import VERBS
from kezun.kernel.action import once
from kezun.kernel.endpoint import endpoint
from kezun.org.models import Person
from kezun.org.queries import unit_by_code
from kezun.org.reader import reader_of

KEY = re.compile(r"[\x21-\x7e]{1,120}")
OPEN = "cases.open"
KEYED = {
    "parameters": [
        {
            **{"in": "header", "name": "Idempotency-Key", "required": True},
            **{"description": "A repeat with the same key and body changes nothing."},
            "schema": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[!-~]+$"},
        }
    ]
}


class CaseLine(Schema):
    """A case in a list. Moments are ISO 8601; severity 1 is the gravest."""

    no: str
    kind: str
    title: str
    state: str
    severity: int
    received_at: str
    act_by_at: str | None
    due_at: str | None
    provisional: bool
    repeat: int
    level: int


class CaseOut(CaseLine):
    """A case: codes of units and people, the fields of its kind without what is sealed, the steps open."""

    unit: str
    owner_unit: str
    pending_unit: str | None
    handler: str | None
    verifier: str | None
    opened_at: str
    contacted_at: str | None
    answered_at: str | None
    closed_at: str | None
    satisfaction: int | None
    verdict: str
    data: dict[str, Any]
    steps: list[str]


class CasePage(Schema):
    """A part of the list; `after` asks for the next part, null at the end. count: null beyond 1,000."""

    cases: list[CaseLine]
    count: int | None
    after: str | None


class EventOut(Schema):
    """Something that happened to a case: its number, when, who (staff number, or the system), which verb."""

    seq: int
    at: str
    who: str
    verb: str
    sets: dict[str, Any]
    digest: str


class History(Schema):
    """All events of a case, in order."""

    no: str
    events: list[EventOut]


class Body(Schema):
    """What a write carries. It is read once the permission is sure, so nobody learns of a body's faults."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def described(cls) -> dict[str, Any]:
        """What OpenAPI tells of it, besides the key."""
        content = {"application/json": {"schema": cls.model_json_schema()}}
        return KEYED | {"requestBody": {"required": True, "content": content}}

    @classmethod
    def read(cls, request: HttpRequest) -> Self:
        """The body of a request; ValidationError by field."""
        raw = request.body or b"{}"
        if not raw.lstrip().startswith(b"{"):
            raise ValidationError({"body": _("An object is expected here, in JSON.")})
        try:
            return cls.model_validate_json(raw)
        except BadBody as error:
            told = {".".join(map(str, one["loc"])) or "body": one["msg"] for one in error.errors()}
            raise ValidationError(told) from error


class NewCase(Body):
    """A case to be registered: the kind, the unit it is about, and the values of the kind's `open`."""

    kind: str
    unit: str
    given: dict[str, Any] = {}


class Step(Body):
    """What a verb is given; see `kezun cases kinds` or the kind's page for the names."""

    given: dict[str, Any] = {}


@endpoint("GET", "cases", name="cases.api_cases", needs=READ, response=CasePage)
def cases(
    request: HttpRequest,
    q: str = "",
    kind: str = "",
    state: str = "",
    unit: str = "",
    severity: str = "",
    due: str = "",
    who: str = "",
    since: str = "",
    until: str = "",
    sort: str = "",
    after: str = "",
) -> dict[str, Any]:
    """Cases in scope, fifty at a time.

    state: open, ended or one state; due: late, soon, none, provisional; who: mine, take, opened, unit,
    returned, escalated, repeated; since, until: days of receipt; sort: time, newest, oldest, moved; after:
    from the part before. A value that is not known does not narrow.
    """
    said = {
        **{"q": q, "kind": kind, "state": state, "unit": unit, "severity": severity, "due": due, "who": who},
        **{"since": since, "until": until, "sort": sort, "after": after},
    }
    page = listed(reader_of(request), Wanted.of(_plain(said)), timezone.now())
    following = re.search(r"(?:^|&)after=([^&]+)", page.following)
    return {
        "cases": [_line(row) for row in page.rows],
        "count": page.count,
        "after": _unquoted(following[1]) if following else None,
    }


class MonthOut(Schema):
    """A month of complaints about a unit. lines: those to which the reader is limited; null: none."""

    unit: str
    month: str
    lines: list[str] | None
    at: str
    figures: dict[str, Any]
    before: dict[str, Any]
    year_ago: dict[str, Any]
    channel: list[dict[str, Any]]
    business: list[dict[str, Any]]
    reason: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    trend: list[dict[str, Any]]
    units: list[dict[str, Any]]
    listed: list[str]
    text: list[str]


@endpoint("GET", "complaints/report", name="cases.api_report", needs=READ, response=MonthOut)
def monthly(request: HttpRequest, unit: str, month: str = "") -> dict[str, Any]:
    """The monthly report on complaints about a unit and all below it; without a month of the last whole one.

    Whose roles there are limited to business lines is told of these and of complaints of no line.
    """
    actor, said = reader_of(request), _plain({"unit": unit, "month": month})
    try:
        last = shifted(timezone.localdate().replace(day=1), -1)
        first = month_of(said["month"]) if said["month"] else last
    except ValueError as error:
        raise ValidationError({"month": _("Write the month as 2026-03.")}) from error
    return monthly_files.plain(report(actor, unit_by_code(actor, said["unit"], READ), first))


@endpoint(
    "POST", "cases", name="cases.api_open", needs=OPEN, response=CaseOut, openapi_extra=NewCase.described()
)
def register(request: HttpRequest) -> dict[str, Any]:
    """Register a case of any kind about any unit; people in `given.parties` are kept under the case's key.

    `given.severity` may be graver than the table of the kind (urgency and complexity) says, never milder.
    """
    actor, said = reader_of(request), _plain(NewCase.read(request).dict())
    unit = payload.unit(actor, said["unit"], 40)
    given = said["given"]
    if said["kind"] == intake.KIND:
        given = {"title": intake.title_for(unit, given), **given}
    with once(_key(request)):
        made = actions.open_case(actor, said["kind"], unit, given)
    return _out(actor, made if isinstance(made, Case) else _again(str(made)))


@endpoint("GET", "cases/{no}", name="cases.api_case", needs=READ, response=CaseOut)
def case(request: HttpRequest, no: str) -> dict[str, Any]:
    """One case; personal data is never part of it."""
    actor = reader_of(request)
    return _out(actor, queries.case_by_no(actor, _plain(no)))


@endpoint("GET", "cases/{no}/events", name="cases.api_case_events", needs=READ, response=History)
def events(request: HttpRequest, no: str) -> dict[str, Any]:
    """The history of a case with the digests that chain it."""
    row = queries.case_by_no(reader_of(request), _plain(no))
    found = row.events.order_by("seq").select_related("actor")
    told = []
    for event in found:
        body = json.loads(event.body)
        who = event.actor.code if event.actor else str(body.get("actor", ""))
        told.append(
            {
                **{"seq": event.seq, "at": event.at.isoformat(), "who": who, "verb": event.verb},
                **{"sets": body.get("sets", {}), "digest": event.digest},
            }
        )
    return {"no": row.no, "events": told}


@endpoint(
    "POST",
    "cases/{no}/{verb}",
    name="cases.api_do",
    needs=READ,
    response=CaseOut,
    openapi_extra=Step.described(),
)
def do(request: HttpRequest, no: str, verb: str) -> dict[str, Any]:
    """Take a step: `verb` with what it is given; needs the permission `cases.<verb>` besides.

    `grade` takes a severity as the kind's table has it or a graver one; for a milder one, or for a
    classification that is milder or gives more time, `ask` with `{"type": "grade", "severity": …,
    "reason": …}` and the fields as they should be (`"complexity": "complex"`): another person grants it.
    """
    actor = reader_of(request)
    row, said = queries.case_by_no(actor, _plain(no)), _plain(Step.read(request).dict())
    if verb not in VERBS or verb == "open":
        known = ", ".join(kinds.form_of(row.kind).verbs(row.state))
        raise ValidationError(
            {"verb": _("There is no such step here; possible now: %(known)s.") % {"known": known}}
        )
    with once(_key(request)):
        actions.do(actor, row, verb, said["given"])
    return _out(actor, Case.objects.get(pk=row.pk))


def _key(request: HttpRequest) -> str:
    text = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(text):
        told = _("Send a header Idempotency-Key of 1 to 120 signs: a repeat with it changes nothing.")
        raise ValidationError({"Idempotency-Key": told})
    return text


def _again(label: str) -> Case:
    """The case that was registered under the key before."""
    return Case.objects.get(pk=int(label.rpartition(":")[2]))


def _plain(value: Any) -> Any:
    """Texts as a database takes them: halves of signs and zero bytes are replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "?")
    if isinstance(value, Mapping):
        return {_plain(str(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def _unquoted(text: str) -> str:
    return unquote_plus(text)


def _line(row: Row) -> dict[str, Any]:
    return {
        **{"no": row.no, "kind": row.code, "title": row.title, "state": row.state, "severity": row.severity},
        **{
            "received_at": _iso(row.received_at),
            "act_by_at": _iso(row.act_by_at),
            "due_at": _iso(row.due_at),
        },
        **{"provisional": row.provisional, "repeat": row.repeat, "level": row.level},
    }


def _out(actor: Person, case: Case) -> dict[str, Any]:
    """A case as the API tells it to this actor, with the steps that are open to them."""
    form = kinds.form_of(case.kind)
    ground = standing.Ground(actor, case)
    closed = {field.id for field in form.fields if field.sealed}
    whole = {
        **{"no": case.no, "kind": case.code, "title": case.title, "state": case.state},
        **{"severity": case.severity, "provisional": case.provisional, "repeat": case.repeat},
        **{"level": case.level, "unit": case.unit.code, "owner_unit": case.owner_unit.code},
        **{"satisfaction": case.satisfaction, "verdict": case.verdict},
        "pending_unit": case.pending_unit.code if case.pending_unit else None,
        "handler": case.handler.code if case.handler else None,
        "verifier": case.verifier.code if case.verifier else None,
        "data": {name: value for name, value in case.data.items() if name not in closed},
        "steps": [offer.verb for offer in queries.allowed_steps(actor, case, form, ground)],
    }
    moments = ("received_at", "opened_at", "contacted_at", "answered_at", "closed_at", "act_by_at", "due_at")
    return whole | {name: _iso(getattr(case, name)) for name in moments}


def _iso(at: Any) -> str | None:
    return None if at is None else timezone.localtime(at).isoformat()
