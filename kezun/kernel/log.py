"""Logs: one JSON object a line, with request and person ids, and nothing personal.

What may be in a line is a list, not a hope: texts only under the names of `FIELDS`, numbers under any name;
digit runs and addresses are masked everywhere; an exception is told by its class and its stack, without its
message, which often quotes the data. JSON escapes line breaks and control characters, so a value cannot
forge a line.
"""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from pythonjsonlogger.json import JsonFormatter

from kezun.kernel.rules import scrub

FIELDS = frozenset(
    {
        *("actor", "verb", "task", "page", "method", "outcome", "fact", "profile", "code", "seal", "kind"),
        *("sha256", "reason", "worker", "step", "address", "version", "unit", "indicator", "pack"),
    }
)
request_id: ContextVar[str] = ContextVar("request_id", default="")
person_id: ContextVar[str] = ContextVar("person_id", default="")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Lines(JsonFormatter):
    """The formatter named in settings.LOGGING."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=True)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """pythonjsonlogger's hook for the finished line; all was decided in `add_fields`."""
        return log_data

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Fill the line from the record: the fixed fields first, then what FIELDS allows."""
        log_data.clear()
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        log_data |= {"at": at, "level": record.levelname, "logger": record.name, "message": _said(record)}
        for name, known in (("request_id", request_id.get()), ("person", person_id.get())):
            if known:
                log_data[name] = known
        for name, value in vars(record).items():
            if name in _STANDARD or name in log_data:
                continue
            if isinstance(value, (bool, int, float)):
                log_data[name] = value
            elif name in FIELDS and isinstance(value, str):
                log_data[name] = value if name in {"seal", "sha256"} else scrub(value)[:300]
        if record.exc_info and record.exc_info[1] is not None:
            log_data |= _failure(record.exc_info[1])


def _said(record: logging.LogRecord) -> str:
    """The message; of Django's own request log only the reason, for its paths hold what people typed."""
    if record.name.startswith("django.request") or hasattr(record, "request"):
        return str(record.msg).split(":")[0].split("%")[0].strip() or "request"
    return scrub(record.getMessage())[:1000]


def _failure(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    stack = [f"{frame.filename.split('site-packages/')[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    told: dict[str, Any] = {"error": type(error).__name__, "stack": stack}
    return told | {"error_message": scrub(str(error))[:500]} if settings.DEBUG else told
