"""Pages for bad days. They need neither the database nor a session, which may be what is broken."""

from __future__ import annotations

import errno

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

RETRY_S = 10
_LOCKED = ("locked", "deadlock", "lock timeout", "could not obtain lock")
_FULL = ("disk is full", "no space left", "disk full")


def passing(error: BaseException) -> str | None:
    """Why the system cannot answer just now: `busy`, `full` or `database`; None: another fault."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "full"
    if not isinstance(error, (OperationalError, InterfaceError)):
        return None
    text = str(error).lower()
    if any(word in text for word in _FULL):
        return "full"
    return "busy" if any(word in text for word in _LOCKED) else "database"


def _wants_json(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _answer(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    known = getattr(request, "request_id", "")
    if _wants_json(request):
        return JsonResponse({"detail": text, "request_id": known}, status=status)
    page = {"title": title, "text": text, "request_id": known}
    return HttpResponse(render_to_string("kernel/bad_day.html", page), status=status)


def unavailable(request: HttpRequest, reason: str) -> HttpResponse:
    """503 with what is the matter, that nothing was saved, and when to try again."""
    told = {
        "busy": _("Too much is being written at this moment."),
        "full": _("The disk is full; the system administrator must make room."),
        "database": _("The database cannot be reached."),
    }[reason]
    text = told + " " + _("Nothing of your last step was saved. Please try again in a moment.")
    response = _answer(request, 503, _("Not available just now"), text)
    response["Retry-After"] = str(RETRY_S)
    return response


def unreadable(request: HttpRequest) -> HttpResponse:
    """400 for an address with a NUL in it: nobody types one, and no database takes one."""
    text = _("The address holds a character that cannot be; correct the address.")
    return _answer(request, 400, _("Not an address"), text)


def unwritable(request: HttpRequest) -> HttpResponse:
    """400 for a form with a NUL in a field: no keyboard writes one, and no database takes one."""
    text = _("A field of the form holds a character that cannot be; take it out and send the form again.")
    return _answer(request, 400, _("Not a text"), text)


def broken(request: HttpRequest) -> HttpResponse:
    """500 (`handler500`): a fault of the program, with the number under which the log tells more."""
    text = _("Something went wrong on our side; nothing of your last step was saved.")
    return _answer(request, 500, _("An error happened"), text)
