"""What a page costs on the demo bank for the service office: CPU and statements, asked before (warm)."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.cost import Cost, apart, median_of
from benchmarks.demo import start
from benchmarks.report import say

HOME, HOME_SQL, TABLE = 25, 6, 20


def costs(home: str) -> Cost:
    """(page, address, status, CPU ms, statements, rows?) of every page that needs no or a known argument."""
    os.environ.update(KEZUN_HOME=home, KEZUN_LOG_LEVEL="ERROR", KEZUN_DEBUG="0")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    import kezun.site.urls  # noqa: F401
    from kezun.kernel.page import PAGES
    from kezun.org.models import Assignment

    settings.ALLOWED_HOSTS = ["*"]
    office = Assignment.objects.filter(post__role="service_office").order_by("pk").first()
    assert office is not None
    client = Client()
    client.force_login(office.person, backend="kezun.org.signin.Backend")
    found = []
    for name, spec in sorted(PAGES.items()):
        address = _address(spec.path)
        if address is None or (spec.needs and not office.person.may(spec.needs)):
            continue
        reply = client.get(address)
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(address)
        statements = len(asked)
        cost = median_of(lambda at=address: client.get(at), times=7, warm=1)
        found.append((name, address, reply.status_code, cost.cpu * 1000, statements))
    return Cost(value=found)


def _address(path: str) -> str | None:
    """The page's address with the demo's own units, people and indicators; None where it needs a record."""
    from kezun.org.models import Assignment, Unit

    teller = Assignment.objects.filter(post__role="teller").order_by("pk").first()
    outlet = Unit.objects.filter(kind="outlet").order_by("code").first()
    known = {"unit": outlet.code if outlet else "", "person": teller.person.code if teller else ""}
    filled = path
    for begin, value in (("units/", known["unit"]), ("people/", known["person"])):
        if path.startswith(begin):
            filled = filled.replace("<str:code>", value).replace("<code:code>", value)
    for name in ("<str:id>", "<str:indicator>"):
        filled = filled.replace(name, "floor.served")
    return None if "<" in filled else f"/{filled}"


def run(rows: int, home: str) -> dict[str, float]:
    """Print each page; pages have one size whatever `rows` says."""
    place = f"{home}-demo"
    if not Path(place).exists():
        start(place)
    for name, address, status, milliseconds, statements in apart(costs, place).value:
        if status != 200:
            say(f"{name} ({status})", milliseconds, "CPU ms", note=address)
            continue
        bar = HOME if address == "/" else TABLE
        say(name, milliseconds, "CPU ms", bar, note=f"{statements} SQL")
        if address == "/":
            say(f"{name}, statements", statements, "SQL", HOME_SQL)
    return {}
