"""Around every request: its id, its line in the log, its time, safe headers, and pages for bad days."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase

from kezun.kernel import errors, metrics
from kezun.kernel.log import person_id, request_id

log = logging.getLogger("kezun.request")
GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
SMALL = 1 << 16  # a larger body with files is for its page to read, after its own limits
HEADERS = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Requests:
    """Outermost of our middleware: what happens further in is logged and measured here, once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, with the id that a proxy in front gave it or one of our own."""
        given = request.headers.get("X-Request-ID", "")
        known = given if GIVEN.fullmatch(given) else uuid.uuid4().hex
        tokens = request_id.set(known), person_id.set("")
        request.request_id = known  # type: ignore[attr-defined]
        began = time.perf_counter()
        try:
            response = errors.unreadable(request) if _holds_nul(request) else self.get_response(request)
            response["X-Request-ID"] = known
            for name, value in HEADERS.items():
                response.setdefault(name, value)
            if not response.has_header("Cache-Control"):
                response["Cache-Control"] = "no-store"
            self._tell(request, response, time.perf_counter() - began)
            return response
        finally:
            request_id.reset(tokens[0])
            person_id.reset(tokens[1])

    def _tell(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        """The page's name instead of its path, and no query string: both may hold what people typed."""
        page = page_of(request)
        metrics.REQUESTS.labels(page, str(response.status_code)).observe(seconds)
        person = getattr(request, "_cached_user", None)  # asking for request.user would query the database
        if person is not None and person.pk is not None:
            person_id.set(str(person.pk))
        method = request.method if request.method in METHODS else "other"
        log.info(
            "request",
            extra={
                **{"page": page, "method": method, "status": response.status_code},
                "ms": round(seconds * 1000, 1),
            },
        )

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        """Refuse a form with a NUL in a field; here the reader's language is known, and no view has begun."""
        try:
            return errors.unwritable(request) if _posts_nul(request) else None
        except UnreadablePostError:  # the connection broke; what reads the form next deals with it
            return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A locked database or a full disk is not a fault of the program: say so, and that it passes."""
        reason = errors.passing(error)
        if reason is None:
            return None
        log.error("unavailable", extra={"reason": reason, "page": page_of(request)}, exc_info=error)
        return errors.unavailable(request, reason)


def _holds_nul(request: HttpRequest) -> bool:
    return "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")


def _posts_nul(request: HttpRequest) -> bool:
    """Whether a field of a form holds a NUL; the API and pages that take large files read their bodies."""
    is_form = request.method == "POST" and request.content_type in FORMS
    if is_form and request.content_type == "multipart/form-data":
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        is_form = length.isdecimal() and len(length) < 9 and int(length) <= SMALL
    if not is_form or request.path_info.startswith("/api/"):
        return False
    return any("\0" in text for key, held in request.POST.lists() for text in (key, *held))


def page_of(request: HttpRequest) -> str:
    """The name of the page or operation in the registries; `static` or `none` for what has none."""
    match = request.resolver_match
    if match is None:
        return "static" if request.path_info.startswith("/static/") else "none"
    return match.view_name or "none"
