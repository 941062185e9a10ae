"""API operations of import: bring facts as NDJSON or Arrow, look at an import, fetch its rejected rows."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import FileResponse, Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Schema
from ninja.errors import HttpError

from kezun.facts import delivery, ledger, profiles
from kezun.facts.importing import ImportFailed, Summary
from kezun.facts.models import Batch
from kezun.facts.profiles import Format, Profile, ProfileError
from kezun.facts.readers import Unreadable, open_source
from kezun.facts.readers.base import Source
from kezun.facts.readers.columnar import ArrowSource
from kezun.facts.readers.lines import JsonSource
from kezun.facts.staging import PERMISSION
from kezun.facts.types import FACT_TYPES
from kezun.kernel.endpoint import endpoint
from kezun.kernel.file import folder
from kezun.org.reader import reader_of

BLOCK = 1 << 20
LOOK_EVERY = 5.0
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
KINDS: dict[str, tuple[type[Source], str]] = {
    NDJSON: (JsonSource, "NDJSON"),
    "application/jsonl": (JsonSource, "NDJSON"),
    ARROW: (ArrowSource, "Arrow"),
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {"schema": {"type": "string", "description": "One JSON object per line."}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "parameters": [
        {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "maxLength": 120}}
    ],
}


class RejectOut(Schema):
    """Why a row was not taken; the line counts from 1, the column is empty where it is the whole row."""

    line: int
    column: str
    code: str
    message: str


class ImportOut(Schema):
    """The summary of `kezun import --json`; rejects_file is the address of the rows to mend."""

    fact: str
    rows: int
    new: int
    same: int
    corrected: int
    rejected: int
    warnings: dict[str, int]
    rejects_file: str | None
    batch: int
    state: str
    message: str = ""
    errors: list[RejectOut]


@endpoint(
    "POST",
    "facts/{fact}",
    name="facts.api_import",
    needs=PERMISSION,
    response=ImportOut,
    openapi_extra=BODY,
)
def bring(request: HttpRequest, fact: str, profile: str = "", source: str = "api") -> dict[str, Any]:
    """Bring facts: NDJSON or Arrow, by a profile or in the fact type's own columns.

    Without `profile`, rows carry `source_id`, `unit` and `person` by code, `occurred_at` (ISO 8601; UTC where
    it has no offset) and the fact type's columns; `source` names the system that recorded them. A repeat
    with the same `Idempotency-Key` gives the first summary again and changes nothing.
    """
    if fact not in FACT_TYPES:
        raise Http404(fact)
    kind = KINDS.get((request.content_type or "").lower())
    if kind is None:
        raise HttpError(415, _("Send Content-Type %(one)s or %(other)s.") % {"one": NDJSON, "other": ARROW})
    key = request.headers.get("Idempotency-Key", "")
    with _received(request) as (path, sha256):
        try:
            known, address = _profile(fact, profile, source, _opened(path, *kind))
            done = delivery.deliver(
                reader_of(request),
                path,
                fact=fact,
                profile=known,
                address=address,
                name=f"HTTP {key[:80]}".strip(),
                key=key,
                sha256=sha256,
            )
        except (Unreadable, ProfileError) as error:
            raise HttpError(422, str(error)) from error
        except delivery.Underway as error:
            raise HttpError(409, str(error)) from error
        except ImportFailed as error:
            raise HttpError(503, str(error)) from error
    return _out(done)


def _opened(path: Path, kind: type[Source], name: str) -> Source:
    if not path.stat().st_size:
        raise Unreadable(_("The body is empty."))
    opened = open_source(path, Format())
    if not isinstance(opened, kind):
        raise Unreadable(
            _("The body does not begin like %(kind)s, as its Content-Type says.") % {"kind": name}
        )
    return opened


def _profile(fact: str, address: str, source: str, opened: Source) -> tuple[Profile, str]:
    """The profile asked for; without one, that of our own columns, as far as the body has them."""
    if address:
        known = profiles.load(address)
        if known.fact != fact:
            said = {"said": known.fact, "wanted": fact}
            raise ProfileError(_("The profile is for %(said)s, not for %(wanted)s.") % said)
        return known, address
    if not 0 < len(source) <= 80:
        raise ProfileError(_("source: 1 to 80 characters that name the system which recorded the facts."))
    known = profiles.direct(fact, source)
    strange = [c for c in opened.columns if c not in known.sources()]
    if strange:
        raise ProfileError(
            _("A %(fact)s has no column «%(name)s»; it has: %(known)s")
            % {"fact": fact, "name": strange[0], "known": ", ".join(known.sources())}
        )
    if opened.sparse:
        return known, f"direct:{source}"[:80]
    needed = {c.name for c in known.declared.all_columns if c.required}
    columns = {n: t for n, t in known.columns.items() if n in opened.columns or n in needed}
    person = known.person if "person" in opened.columns else None
    return msgspec.structs.replace(known, columns=columns, person=person), f"direct:{source}"[:80]


@contextmanager
def _received(request: HttpRequest) -> Iterator[tuple[Path, str]]:
    """The body on disk with its SHA-256, while it is needed; the token is looked at now and then."""
    path, hashed, size = folder("files/incoming") / f"{uuid.uuid4().hex}.tmp", hashlib.sha256(), 0
    looked, stream = time.monotonic(), _stream(request)
    try:
        with path.open("xb") as file:
            while block := stream.read(BLOCK):
                size += len(block)
                _check_length(size)
                hashed.update(block)
                file.write(block)
                if time.monotonic() - looked > LOOK_EVERY:
                    looked = time.monotonic()
                    delivery.still_allowed(reader_of(request))
        yield path, hashed.hexdigest()
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _stream(request: HttpRequest) -> BinaryIO:
    """The body. Django reads nothing without a Content-Length; the server has undone the chunks already."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit():
        _check_length(int(length))
    elif isinstance(request, WSGIRequest) and "Transfer-Encoding" in request.headers:
        return cast(BinaryIO, request.environ["wsgi.input"])
    return cast(BinaryIO, request)


def _check_length(size: int) -> None:
    if size > settings.KEZUN_UPLOAD_MAX_BYTES:
        most = settings.KEZUN_UPLOAD_MAX_BYTES // 1024**2
        raise HttpError(413, _("The body is larger than %(most)d MiB: send it in parts.") % {"most": most})


@endpoint("GET", "imports/{number}", name="facts.api_batch", needs=ledger.READ, response=ImportOut)
def batch(request: HttpRequest, number: int) -> dict[str, Any]:
    """One import as the ledger has it, whatever door it came through."""
    return _told(ledger.batch_by_id(reader_of(request), _small(number)))


@endpoint("GET", "imports/{number}/rejects", name="facts.api_rejects", needs=ledger.READ)
def rejected_rows(request: HttpRequest, number: int) -> FileResponse:
    """The rejected rows of an import as a file to mend: the original columns, `_line` and `_reason`."""
    found = ledger.batch_by_id(reader_of(request), _small(number))
    return ledger.rejects_response(found)


def _small(number: int) -> int:
    if not 0 < number < 1 << 62:
        raise Http404(str(number))
    return number


def _told(row: Batch) -> dict[str, Any]:
    return _out(ledger.summary_of(row)) | {"state": row.state, "message": row.message}


def _out(done: Summary) -> dict[str, Any]:
    link = reverse("api:facts.api_rejects", kwargs={"number": done.batch}) if done.rejects_file else None
    errors = [{"line": e.line, "column": e.column, "code": e.code, "message": e.message} for e in done.errors]
    told = {"rejects_file": link, "batch": done.batch, "state": Batch.State.DONE.value, "errors": errors}
    return done.as_dict() | told
