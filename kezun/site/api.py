"""The API at /api/v1: every `@endpoint`, behind a token or a signed-in session, described by OpenAPI.

A token's person becomes `request.user`, narrowed to what the token may. Refusals and faults are JSON:
401 who are you, 403 not allowed, 404 not there or outside scope, 422 what is wrong with the request,
429 too many requests.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import ValidationError as BadRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.throttling import BaseThrottle

import kezun
from kezun.kernel.endpoint import ENDPOINTS, EndpointSpec
from kezun.org import tokens
from kezun.org.command import refusal


class Bearer(HttpBearer):
    """`Authorization: Bearer kz_…`; expired, revoked and unknown tokens are refused at once."""

    openapi_bearerFormat = "kz_…"  # noqa: N815 the name is the OpenAPI field's

    def authenticate(self, request: HttpRequest, token: str) -> object | None:
        """The person for whom the token acts becomes the request's user."""
        person = tokens.person_of(token)
        if person is not None:
            request.user = person
        return person


class Session(APIKeyCookie):
    """The cookie of a signed-in browser; writes need the CSRF token as on any page."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> object | None:
        """Only for a browser: who sends a token, or no cookie, hears 401 and not of a CSRF token."""
        if "Authorization" in request.headers or self.param_name not in request.COOKIES:
            return None
        found: object | None = super().__call__(request)
        return found

    def authenticate(self, request: HttpRequest, key: str | None) -> object | None:
        """Whoever is signed in."""
        return request.user if request.user.is_authenticated else None


class PerPerson(BaseThrottle):
    """At most KEZUN_API_PER_MINUTE requests a minute for each person or token."""

    def allow_request(self, request: HttpRequest) -> bool:
        """Counts every request, refused ones too."""
        person: Any = request.user
        return tokens.within_rate(person.trail_name, settings.KEZUN_API_PER_MINUTE)

    def wait(self) -> float | None:
        """Seconds after which the next minute has surely begun."""
        return float(tokens.WINDOW)


REFUSALS = {
    400: "The request cannot be read",
    401: "No token, or one that is unknown, expired or revoked",
    403: "Not allowed to this person, or to this token",
    404: "Not there, or outside the person's scope",
    422: "Something about the request is wrong; `detail` says what, by field where it is one",
    429: "Too many requests in this minute; see Retry-After",
    503: "Not available just now; see Retry-After",
}
WRITING = {
    409: "The same is being done already",
    413: "The body is too large",
    415: "The body is of another kind than this operation takes",
}
FAULT: dict[str, Any] = {
    "type": "object",
    "properties": {"detail": {}, "request_id": {"type": "string"}},
    "required": ["detail"],
}


def _described(spec: EndpointSpec) -> dict[str, Any]:
    """What OpenAPI tells besides: every refusal, so that a caller can be written against the description."""
    told = REFUSALS | ({} if spec.method == "GET" else WRITING)
    body = {"application/json": {"schema": FAULT}}
    extra: dict[str, Any] = dict(spec.options.get("openapi_extra", {}))
    refusals = {status: {"description": text, "content": body} for status, text in told.items()}
    return extra | {"responses": refusals | extra.get("responses", {})}


def _title(spec: EndpointSpec) -> str:
    return (inspect.getdoc(spec.function) or spec.name).split("\n")[0]


def _add(api: NinjaAPI, spec: EndpointSpec) -> None:
    operation: Any = spec.function
    operation.__signature__ = inspect.signature(spec.function, eval_str=True)
    options = {"summary": _title(spec), "tags": [spec.name.split(".")[0]], **spec.options}
    options["openapi_extra"] = _described(spec)
    route = getattr(api, spec.method.lower())
    route(f"/{spec.path.lstrip('/')}", operation_id=spec.name, url_name=spec.name, **options)(operation)


def _fault(api: NinjaAPI, kind: type[Exception], status: int, text: Callable[[Any], object]) -> None:
    def answer(request: HttpRequest, error: Any) -> HttpResponse:
        return api.create_response(request, {"detail": text(error)}, status=status)

    api.add_exception_handler(kind, answer)


def build() -> NinjaAPI:
    """The API with all endpoints that the rooms declared."""
    api = NinjaAPI(
        title="Kezun",
        version=kezun.__version__,
        description="Every operation asks for a permission; a token may what it names and its person holds.",
        auth=[Bearer(), Session()],
        throttle=[PerPerson()],
        docs_url="/docs",
        urls_namespace="api",
    )
    _fault(api, PermissionDenied, 403, refusal)
    _fault(api, Http404, 404, lambda e: _("Not found, or outside your scope."))
    _fault(api, ValidationError, 422, lambda e: e.message_dict if hasattr(e, "error_dict") else e.messages)
    _fault(api, BadRequest, 422, lambda e: e.errors)
    for spec in sorted(ENDPOINTS.values(), key=lambda s: s.name):
        _add(api, spec)
    return api


def urls(api: NinjaAPI) -> tuple[list[URLPattern | URLResolver], str, str]:
    """The API's URL patterns for `path("api/v1/", …)`; the docs need a session."""
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name not in {"openapi-view", "openapi-json"}:
            pattern.callback = login_not_required(pattern.callback)
    return patterns, app, str(namespace)
