"""`@endpoint`: every API operation. Paths, OpenAPI and the permission matrix come from this registry."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from django.http import HttpRequest

from kezun.kernel.actor import Actor, require

Operation = TypeVar("Operation", bound=Callable[..., Any])


@dataclass(frozen=True)
class EndpointSpec:
    method: str
    path: str
    name: str
    needs: str
    function: Callable[..., Any] = field(compare=False)
    options: dict[str, Any] = field(default_factory=dict, compare=False)


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
            return function(request, *args, **kwargs)

        ENDPOINTS[name] = EndpointSpec(method, path, name, needs, operate, options)
        return cast(Operation, operate)

    return declare
