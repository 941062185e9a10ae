"""Pages for auditors and operators: the trail, its verification, health, who may what."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from openpyxl import Workbook

from kezun.control import actions, queries
from kezun.control.queries import TrailFilter
from kezun.control.rules import share
from kezun.kernel import health as checks
from kezun.kernel.action import ACTIONS
from kezun.kernel.models import Task
from kezun.kernel.page import Menu, page
from kezun.kernel.rules import one_line, whole_number
from kezun.org.reader import reader_of

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2999, 12, 31)  # beyond, sums of days overflow
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return min(max(day, FIRST_DAY), LAST_DAY)


def _typed(text: str) -> str:
    """What somebody typed, without control characters (PostgreSQL takes no NUL)."""
    return one_line(text.strip(), 120)


def _chosen(request: HttpRequest) -> TrailFilter:
    asked = request.GET
    actor, verb, target = (_typed(asked.get(name, "")) for name in ("actor", "verb", "target"))
    return TrailFilter(actor, verb, target, _day(asked.get("since", "")), _day(asked.get("until", "")))


@page(
    "trail/",
    name="control.trail",
    needs=queries.READ_TRAIL,
    menu=Menu("control", 10, gettext_lazy("Trail"), "fingerprint"),
)
@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """Who did what to what, when; newest first."""
    person, chosen, before = reader_of(request), _chosen(request), request.GET.get("before", "")
    entries = queries.trail_entries(person, chosen, whole_number(before))
    shown, older = entries[: queries.PAGE], entries[queries.PAGE :]
    people = queries.people_of(shown)
    kept = {name: value for name, value in vars(chosen).items() if value}
    context: dict[str, Any] = {
        "title": _("Trail"),
        "rows": [(entry, people.get(entry.actor)) for entry in shown],
        "chosen": chosen,
        "older": urlencode(kept | {"before": shown[-1].pk}) if older else "",
        "newest": urlencode(kept) if before else "",
        "verbs": sorted(ACTIONS),
        "may_verify": person.may(actions.VERIFY),
    }
    return render(request, "control/trail.html", context | _verification(queries.last_verification()))


@page("trail/<int:number>/", name="control.entry", needs=queries.READ_TRAIL)
@require_safe
def entry(request: HttpRequest, number: int) -> HttpResponse:
    """One entry with the body that its seal covers."""
    found = get_object_or_404(queries.trail_visible_to(reader_of(request)), pk=number)
    try:
        body = json.dumps(json.loads(found.detail), ensure_ascii=False, indent=2, sort_keys=True)
    except ValueError:  # forged; the verification names it
        body = found.detail
    context = {
        "title": _("Entry %(shard)s/%(position)s") % {"shard": found.shard, "position": found.position},
        "entry": found,
        "body": body,
        "person": queries.people_of([found]).get(found.actor),
    }
    return render(request, "control/entry.html", context)


def _verification(row: Task | None) -> dict[str, Any]:
    """The parts of a page that tell how a verification stands."""
    told = row.progress if row is not None else {}
    return {
        "verification": row,
        "under_way": row is not None and row.state in (Task.State.WAITING, Task.State.RUNNING),
        "percent": share(told.get("done", 0), told.get("total", 0)),
        "report": told.get("report"),
    }


@page("trail/verify/", name="control.verify", needs=actions.VERIFY)
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Ask for the whole trail to be replayed."""
    actions.verify_trail(reader_of(request))
    return redirect("control.trail")


@page("trail/verification/", name="control.verification", needs=queries.READ_TRAIL)
@require_safe
def verification(request: HttpRequest) -> HttpResponse:
    """How the last verification stands; the trail's page asks every second while it runs."""
    return render(request, "control/parts/verification.html", _verification(queries.last_verification()))


@page(
    "health/",
    name="control.health",
    needs="control.read_health",
    menu=Menu("control", 20, gettext_lazy("Health"), "heartbeat"),
)
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Checks, tasks, workers, versions, snapshots."""
    person = reader_of(request)
    seen = queries.installation(person)
    context = {
        "title": _("Health"),
        "checks": checks.look(),
        "seen": seen,
        "tasks": [
            (row, share(row.progress.get("done", 0), row.progress.get("total", 0))) for row in seen.shown
        ],
        "counts": [(Task.State(state).label, n) for state, n in seen.tasks.items()],
        "may_retry": person.may("control.retry_task"),
    }
    return render(request, "control/health.html", context)


@page("health/tasks/<int:number>/retry/", name="control.retry", needs="control.retry_task")
@require_POST
def retry(request: HttpRequest, number: int) -> HttpResponse:
    """Try a task that was given up once more."""
    try:
        actions.retry_task(reader_of(request), get_object_or_404(Task, pk=number))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The task will be tried again."))
    return redirect("control.health")


@page("about/", name="control.about", needs="control.about")
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Which version this is: what somebody who asks for help is asked first."""
    return render(request, "control/about.html", {"title": _("About Kezun"), "versions": queries.versions()})


@page(
    "access/",
    name="control.access",
    needs="control.read_access",
    menu=Menu("control", 30, gettext_lazy("Access matrix"), "lock-access"),
)
@require_safe
def access(request: HttpRequest) -> HttpResponse:
    """Which role opens which page, does which action, calls which operation."""
    known, rows = queries.access(reader_of(request))
    return render(request, "control/access.html", {"title": _("Access matrix"), "roles": known, "rows": rows})


@page("access/export/", name="control.export_access", needs="control.read_access")
@require_safe
def export_access(request: HttpRequest) -> HttpResponse:
    """The matrix as a workbook."""
    known, rows = queries.access(reader_of(request))
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Access matrix"))
    sheet.append([_("Kind"), _("Name"), _("Permission"), *(role.name for role in known)])
    for row in rows:
        needs = row.door.needs or ("" if row.door.public else _("signed in"))
        sheet.append([row.door.kind, row.door.name, needs, *("x" if held else "" for held in row.open_to)])
    out = io.BytesIO()
    book.save(out)
    return HttpResponse(
        out.getvalue(),
        content_type=XLSX,
        headers={"Content-Disposition": 'attachment; filename="access.xlsx"'},
    )
