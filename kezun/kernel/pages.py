"""Pages for machines: liveness, readiness, metrics. They say whether, never what about whom."""

from __future__ import annotations

import hmac
import ipaddress

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from kezun.kernel import health, metrics
from kezun.kernel.page import page


@page("health/live", name="kernel.live", public=True)
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is looked at, so that a slow database restarts nobody."""
    return HttpResponse("ok", content_type="text/plain")


@page("health/ready", name="kernel.ready", public=True)
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 where every vital check is well, else 503; the names of all checks with yes or no."""
    seen = health.look()
    well = all(c.well for c in seen if c.vital)
    return JsonResponse(
        {"ready": well, "checks": {c.name: c.well for c in seen}}, status=200 if well else 503
    )


@page("metrics", name="kernel.metrics", public=True)
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, for who has KEZUN_METRICS_TOKEN, or without one for this machine only; else 404."""
    if not _may_read(request):
        raise Http404
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if token := settings.KEZUN_METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False  # a proxy on this machine speaks for somebody elsewhere
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
