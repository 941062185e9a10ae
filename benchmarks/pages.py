"""What a page costs on the demo bank for the service office: CPU and statements, asked before (warm)."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.cost import Cost, apart, median_of
from benchmarks.demo import start
from benchmarks.report import say

HOME, HOME_SQL, TABLE = 25, 6, 20
CARD, CARD_SQL = 25, 8


def costs(home: str) -> Cost:
    """(page, address, status, CPU ms, statements) of every page that needs no or a known argument, and of a
    scorecard by each scheme."""
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
    may = [(name, _address(s.path)) for name, s in PAGES.items() if not s.needs or office.person.may(s.needs)]
    known: list[tuple[str, str]] = sorted((name, at) for name, at in may if at is not None)
    for name, address in [*known, *_cards()]:
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


def _cards() -> list[tuple[str, str]]:
    """A scorecard by each scheme, of the last run that was shown: the one with most observations."""
    from kezun.assessment.models import Run, Score

    shown = Run.objects.filter(shown_at__isnull=False).select_related("scheme").order_by("pk")
    last = {one.scheme.urn.split(":")[-1]: one for one in shown}
    made = []
    for scheme, one in sorted(last.items()):
        most = Score.objects.filter(run=one, score__isnull=False).order_by("-n", "pk").first()
        if most is not None:
            made.append((f"scorecard, {scheme}", f"/scorecards/{one.pk}/{most.subject}/"))
    return made


def run(rows: int, home: str) -> dict[str, float]:
    """Print each page; pages have one size whatever `rows` says."""
    place = f"{home}-demo"
    if not Path(place).exists():
        start(place)
    for name, address, status, milliseconds, statements in apart(costs, place).value:
        if status != 200:
            say(f"{name} ({status})", milliseconds, "CPU ms", note=address)
            continue
        card = address.startswith("/scorecards/") and address != "/scorecards/"
        bar = HOME if address == "/" else CARD if card else TABLE
        say(name, milliseconds, "CPU ms", bar, note=f"{statements} SQL")
        if address == "/" or card:
            say(f"{name}, statements", statements, "SQL", CARD_SQL if card else HOME_SQL)
    return {}
