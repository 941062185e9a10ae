"""API operations of sheets: begin, save answers, attach evidence, submit, read.

Writes take an `Idempotency-Key`: a repeat with the same content changes nothing and gives the sheet as it is.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, TypeVar

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, File, Schema
from ninja.errors import HttpError
from ninja.files import UploadedFile
from pydantic import StringConstraints

from kezun.kernel.action import once
from kezun.kernel.endpoint import endpoint
from kezun.kernel.file import keep
from kezun.org.queries import person_by_code, unit_by_code
from kezun.org.reader import reader_of
from kezun.standards import actions, queries
from kezun.standards.api_out import LacksOut, SheetOut, SheetPage, SheetWhole, brief, said_lacks, whole
from kezun.standards.models import READ_SHEETS, Sheet
from kezun.standards.pages.filling import KINDS

BEGIN, SAVE = "standards.begin_sheet", "standards.save_sheet"
ATTACH, SUBMIT = "standards.attach_evidence", "standards.submit_sheet"
MOST = 200
KEY = {
    "parameters": [
        {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "maxLength": 120}}
    ]
}
S = TypeVar("S", bound=Schema)
Word = Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class BeginIn(Schema):
    """What a new sheet is about. key: a UUID made on the device; the same key again gives the same sheet."""

    standard: Word
    method: Word
    unit: Word
    visited: dt.date
    key: uuid.UUID | None = None
    person: Word | None = None
    started_at: dt.datetime | None = None


class EntryIn(Schema):
    """One answer: a value (an option, a number), or «not applicable» with its reason; perhaps a note."""

    value: Text | int | float | None = None
    na: Text | None = None
    note: Text | None = None


class AnswersIn(Schema):
    """Answers by criterion; null takes one back, what is not named stays."""

    answers: dict[Word, EntryIn | None]


class SubmitIn(Schema):
    """When it was finished, where it was sent later (UTC where it has no offset)."""

    submitted_at: dt.datetime | None = None


@endpoint("GET", "sheets", name="standards.api_sheets", needs=READ_SHEETS, response=SheetPage)
def sheets(
    request: HttpRequest, unit: Word = "", state: Word = "", offset: int = 0, limit: int = 50
) -> dict[str, Any]:
    """Sheets in scope, the latest visit first; `unit` by code; `state` draft, submitted, corrected, void."""
    if state and state not in Sheet.State.values:
        raise HttpError(422, _("state: one of %(known)s.") % {"known": ", ".join(Sheet.State.values)})
    found = queries.sheets_for(reader_of(request)).defer("answers")
    found = found.filter(unit__code=unit) if unit else found
    found = found.filter(state=state) if state else found
    first = min(max(offset, 0), 10_000_000)
    part = found[first : first + min(max(limit, 1), MOST)]
    return {"count": found.count(), "offset": first, "sheets": [brief(row) for row in part]}


@endpoint("GET", "sheets/{number}", name="standards.api_sheet", needs=READ_SHEETS, response=SheetWhole)
def sheet(request: HttpRequest, number: int) -> dict[str, Any]:
    """One sheet: what it asks, what was answered, and once it is submitted every line with its reason."""
    actor = reader_of(request)
    return whole(actor, queries.sheet_by_id(actor, _small(number)))


@endpoint("POST", "sheets", name="standards.api_begin", needs=BEGIN, response=SheetOut, openapi_extra=KEY)
def begin(request: HttpRequest, said: Body[BeginIn | None] = None) -> dict[str, Any]:
    """Begin a sheet at a unit, by a standard in force and one of its methods."""
    actor, told = reader_of(request), _there(said)
    unit = unit_by_code(actor, told.unit, BEGIN)
    person = person_by_code(actor, told.person) if told.person else None
    with once(_key(request)):
        made: object = actions.begin_sheet(
            actor,
            unit,
            urn=told.standard,
            method=told.method,
            visited=told.visited,
            key=told.key,
            person=person,
            started_at=_moment(told.started_at),
        )
    return brief(made if isinstance(made, Sheet) else _again(actor, made))


@endpoint(
    "PATCH",
    "sheets/{number}/answers",
    name="standards.api_answers",
    needs=SAVE,
    response=SheetWhole,
    openapi_extra=KEY,
)
def answers(
    request: HttpRequest,
    number: int,
    said: Body[AnswersIn | None] = None,
) -> dict[str, Any]:
    """Keep answers of one's own sheet while it is being filled; all of them or none."""
    actor = reader_of(request)
    row = queries.sheet_by_id(actor, _small(number))
    told = _there(said).answers
    entries = {id: entry.dict(exclude_none=True) if entry else None for id, entry in told.items()}
    with once(_key(request)):
        actions.save_sheet(actor, row, entries=entries)
    return whole(actor, queries.sheet_by_id(actor, row.pk))


@endpoint(
    "POST",
    "sheets/{number}/evidence",
    name="standards.api_evidence",
    needs=ATTACH,
    response=SheetWhole,
    openapi_extra=KEY,
)
def evidence(
    request: HttpRequest,
    number: int,
    criterion: Word = "",
    file: File[UploadedFile | None] = None,
) -> dict[str, Any]:
    """Put a photo or a PDF beside an answer of one's own sheet: multipart, the field `file`."""
    actor = reader_of(request)
    row = queries.sheet_by_id(actor, _small(number))
    if file is None:
        raise HttpError(422, _("Send the photo or document as the field «file» of multipart/form-data."))
    kept = keep(actor, file, file.name or "photo", allow=KINDS)
    with once(_key(request)):
        actions.attach_evidence(actor, row, kept, criterion=criterion)
    return whole(actor, queries.sheet_by_id(actor, row.pk))


@endpoint(
    "POST",
    "sheets/{number}/submit",
    name="standards.api_submit",
    needs=SUBMIT,
    response={200: SheetWhole, 422: LacksOut},
    openapi_extra=KEY,
)
def submit(
    request: HttpRequest,
    number: int,
    said: Body[SubmitIn | None] = None,
) -> Any:
    """Submit one's own sheet: it is scored, and never changed again. 422 names all that is missing."""
    actor = reader_of(request)
    row = queries.sheet_by_id(actor, _small(number))
    try:
        with once(_key(request)):
            actions.submit_sheet(actor, row, submitted_at=_moment(said.submitted_at) if said else None)
    except actions.NotSubmittable as error:
        return 422, said_lacks(error.lacks)
    return whole(actor, queries.sheet_by_id(actor, row.pk))


def _key(request: HttpRequest) -> str | None:
    return request.headers.get("Idempotency-Key") or None


def _there(said: S | None) -> S:
    if said is None:
        raise HttpError(422, _("Send a body in JSON."))
    return said


def _moment(told: dt.datetime | None) -> dt.datetime | None:
    """A moment with its offset; UTC where it has none."""
    return told.replace(tzinfo=dt.UTC) if told is not None and told.tzinfo is None else told


def _again(actor: Any, made: object) -> Sheet:
    """The sheet that a repeat names by its label in the trail."""
    return queries.sheet_by_id(actor, int(str(made).rpartition(":")[2]))


def _small(number: int) -> int:
    if not 0 < number < 1 << 62:
        raise Http404(str(number))
    return number
