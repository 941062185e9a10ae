"""`@endpoint`: every API operation. Paths, OpenAPI and the permission matrix come from this registry."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from django.core.exceptions import RequestDataTooBig, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor, require
from kezun.kernel.rules import unstorable

# A NUL or half of a pair as JSON writes it, in any of its encodings: only then is the body read again.
SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]|\x00")
JSON = "application/json"
Operation = TypeVar("Operation", bound=Callable[..., Any])


@dataclass(frozen=True)
class EndpointSpec:
    method: str
    path: str
    name: str
    needs: str
    function: Callable[..., Any] = field(compare=False)
    options: dict[str, Any] = field(default_factory=dict, compare=False)


def storable(request: HttpRequest) -> None:
    """Refuse a JSON body in which a text holds what no database takes; bodies that are streamed are not read.

    Raises ValidationError by the place of the text in the body.
    """
    if request.content_type != JSON:
        return
    try:
        place = unstorable(json.loads(request.body)) if SUSPECT.search(request.body) else None
    except (ValueError, RecursionError, RequestDataTooBig):
        return  # no JSON, or too much of it: who reads it next says so
    if place is not None:
        text = _("This text holds a character that cannot be kept (NUL, or half of a pair); take it out.")
        raise ValidationError({place or "body": text})


ENDPOINTS: dict[str, EndpointSpec] = {}


def endpoint(
    method: str, path: str, *, name: str, needs: str, **options: Any
) -> Callable[[Operation], Operation]:
    """Declare `function(request, …)` as the API operation `name` under /api/v1.

    The token's person is `request.user`, and must hold `needs` within the token's own permissions.
    options go to django-ninja (response=…, summary=…).
    """

    def declare(function: Operation) -> Operation:
        if name in ENDPOINTS:
            raise RuntimeError(f"endpoint {name} is declared twice")

        @functools.wraps(function)
        def operate(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            require(cast(Actor, request.user), needs)
            storable(request)
            return function(request, *args, **kwargs)

        ENDPOINTS[name] = EndpointSpec(method, path, name, needs, operate, options)
        return cast(Operation, operate)

    return declare
