"""Many cases at once: an old ledger of 5,000 rows taken over, one finding looked for at 15,500 outlets."""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import cases_seed
from benchmarks.cost import Cost, apart, measured, median_of
from benchmarks.report import say
from benchmarks.synthetic import OUTLETS, make_units

if TYPE_CHECKING:
    from kezun.kernel.models import Task

ROWS = int(os.environ.get("KEZUN_BENCH_LEDGER", "5000"))
# one row in ten is bad: of each ten rows one lacks its date, names no unit, lies ahead or is there twice
BAD = ("missing", "unknown", "future", "twice")
REQUEST_MS = 1000


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many statements run inside."""
    from django.db import connection

    found = [0]

    def count(execute: Any, *arguments: Any) -> Any:
        found[0] += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        yield found


def workbook(outlets: list[str], people: tuple[str, str]) -> bytes:
    """A ledger as banks keep one, every tenth row bad."""
    from openpyxl import Workbook

    from kezun.cases import takeover_words

    words, today = cases_seed.told(), dt.date.today()
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(takeover_words.titles().values()))
    for n in range(ROWS):
        bad = BAD[n // 10 % len(BAD)] if n % 10 == 9 else ""
        received = today - dt.timedelta(days=400 - n % 300)
        row = dict.fromkeys(takeover_words.COLUMNS, "") | {
            "received": {"missing": "", "future": f"{today.year + 1}-01-31"}.get(bad, f"{received} 09:30"),
            "unit": "?" if bad == "unknown" else outlets[n % len(outlets)],
            "source_no": f"T-{n - 1 if bad == 'twice' else n}",
            "title": words["titles"][n % len(words["titles"])],
            "name": words["customer"],
            "phone": f"139{n:08d}",
            "contacted": f"{received} 15:00",
            "handler": people[0],
            "verifier": people[1],
            "result": words["said"]["proposed"]["result"],
            "answered": f"{received + dt.timedelta(days=7)}",
            "closed": f"{received + dt.timedelta(days=9)}",
            "satisfaction": "4",
        }
        sheet.append(list(row.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def run_task(task: Task) -> Task:
    """Run one task as a worker does."""
    from kezun.kernel import task as tasks

    tasks.run_due("bench")
    task.refresh_from_db()
    if task.state != task.State.DONE:
        raise SystemExit(f"{task.name}: {task.state} {task.error}")
    return task


def ledger(home: str) -> Cost:
    """5,000 rows on the demo bank; its value: what became of them, and the cost of the page before."""
    cases_seed.prepare(home)
    from django.conf import settings
    from django.test import Client

    from kezun.cases import takeover
    from kezun.cases.actions.takeover import bring_ledger, start_takeover
    from kezun.kernel.file import keep
    from kezun.org.models import Person
    from kezun.site import serve

    serve.static_files()
    settings.ALLOWED_HOSTS = ["*"]
    office = Person.objects.get(username="office")
    cast = cases_seed.casts()
    content = workbook([one.unit.code for one in cast], (cast[0].lobby.code, cast[0].supervisor.code))
    brought = bring_ledger(office, keep(office, io.BytesIO(content), "l.xlsx", allow=("xlsx",)))
    client = Client()
    client.force_login(office, backend="kezun.org.signin.Backend")
    look = median_of(partial(client.get, f"/complaints/ledger/{brought.pk}/"))
    opened = takeover.opened(brought.file)
    made = start_takeover(office, brought, sheet="", columns=takeover.guessed(opened), defaults={})
    with measured() as cost, counted() as statements:
        told = run_task(made).progress
    with measured() as again:
        run_task(start_takeover(office, brought, sheet="", columns=takeover.guessed(opened), defaults={}))
    cost.value = (told, statements[0], look.cpu, again.cpu)
    return cost


def bank() -> tuple[Any, Any]:
    """The synthetic bank with its kinds and calendars, and somebody of its service office."""
    from django.conf import settings
    from django.core.management import call_command

    import kezun.site.urls  # noqa: F401  (declares fact types and actions)
    from kezun.cases import kinds
    from kezun.kernel.actor import SystemActor
    from kezun.org import shipped
    from kezun.org.models import Assignment, Person, Post, Unit
    from kezun.site import serve

    call_command("migrate", verbosity=0)
    make_units()
    actor = SystemActor("bench")
    shipped.install_all(actor)
    kinds.install_all(actor)
    serve.static_files()
    settings.ALLOWED_HOSTS = ["*"]
    head = Unit.objects.get(kind="head_office")
    office = Person.objects.create(code="office", username="office", name="office", home_unit=head)
    post = Post.objects.create(code="office", name="office", role="service_office")
    Assignment.objects.create(person=office, unit=head, post=post)
    return actor, office


def everywhere(home: str) -> Cost:
    """One finding looked for at all outlets; its value: what its pages cost before, while and after."""
    os.environ["KEZUN_HOME"] = home
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
    os.environ.setdefault("KEZUN_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.test import Client

    from kezun.cases import actions
    from kezun.kernel.models import Task
    from kezun.org.models import Unit

    actor, office = bank()
    given = {
        "title": "x",
        "source": "inspection",
        "requirement": "x",
        "complexity": "minor",
        "urgency": "term",
    }
    case = actions.open_case(actor, "correction", Unit.objects.get(code="outlet0"), given)
    client = Client()
    client.force_login(office, backend="kezun.org.signin.Backend")
    order = {"question": "x", "under": "HO", "kind": "outlet", "days": "5"}
    with measured() as asked:
        answer = client.post(f"/cases/{case.no}/roll_out/", order)
    if answer.status_code != 302:
        raise SystemExit(answer.content.decode()[-3000:])
    task = Task.objects.get(name="cases.roll_out")
    with measured() as cost, counted() as statements:
        run_task(task)
    pages = {}
    for title, where in (
        ("coverage page", f"/roll-outs/{case.no}/"),
        ("last page of it", f"/roll-outs/{case.no}/?page=9999"),
        ("those that found the same", f"/roll-outs/{case.no}/?found=same"),
        ("page of the case", f"/cases/{case.no}/"),
        ("all units as Excel", f"/roll-outs/{case.no}/file/"),
    ):
        with counted() as first:
            if client.get(where).status_code != 200:
                raise SystemExit(where)
        pages[title] = (median_of(partial(client.get, where), warm=0).cpu * 1000, first[0])
    cost.value = (asked.cpu * 1000, statements[0], pages)
    return cost


def run(rows: int, home: str) -> dict[str, float]:
    """Print each; of one size whatever `rows` says."""
    taken = apart(ledger, f"{home}-ledger")
    told, statements, look, again = taken.value
    became = f"{told['fresh']:,} taken, {told['rejected']} not; {statements / ROWS:.0f} statements a row"
    say(f"ledger of {ROWS:,} rows, page before", look * 1000, "CPU ms", REQUEST_MS)
    say(f"ledger of {ROWS:,} rows", ROWS / taken.cpu, "rows/CPU s", note=became)
    say("the same once more", ROWS / again, "rows/CPU s")
    rolled = apart(everywhere, f"{home}-everywhere")
    asked, statements, pages = rolled.value
    say(f"order to {OUTLETS - 1:,} outlets, the request", asked, "CPU ms", REQUEST_MS)
    say(
        "self-checks opened",
        OUTLETS / rolled.cpu,
        "a CPU s",
        note=f"{statements / OUTLETS:.1f} statements each",
    )
    for title, (milliseconds, number) in pages.items():
        say(title, milliseconds, "CPU ms", REQUEST_MS, note=f"{number} statements")
    return {}
