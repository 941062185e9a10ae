"""An existing ledger in Excel: bring it, say which column is what, look at it, let it be taken over."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import takeover
from kezun.cases.actions.takeover import TASK, start_takeover
from kezun.kernel.file import keep
from kezun.kernel.models import StoredFile, Task
from kezun.kernel.page import Menu, page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

START = "cases.start_takeover"
PREVIEW, COUNTED = 12, 2000
DEFAULTS = ("unit", "handler", "verifier")


def titles() -> dict[str, str]:
    """What the columns of a ledger are called."""
    return {
        "received": _("Received"),
        "unit": _("Unit"),
        "source_no": _("Number in the ledger"),
        "title": _("Title"),
        "channel": _("Channel"),
        "business": _("Business"),
        "reason": _("Reason for complaining"),
        "name": _("Full name"),
        "phone": _("Telephone"),
        "story": _("What the complaint is about"),
        "claim": _("What the customer asks for"),
        "amount": _("Amount (yuan)"),
        "contacted": _("First contact"),
        "handler": _("Handled by (staff number)"),
        "verifier": _("Verified by (staff number)"),
        "result": _("Result"),
        "finding": _("Finding"),
        "decision": _("Decision"),
        "answered": _("Answered on"),
        "closed": _("Closed on"),
        "satisfaction": _("Satisfaction"),
    }


@page(
    "complaints/ledger/",
    name="cases.takeover",
    needs=START,
    menu=Menu("manage", 38, gettext_lazy("Take over a ledger"), "table-import"),
)
def bring(request: HttpRequest) -> HttpResponse:
    """Bring a workbook; what was taken over before stands below."""
    actor = reader_of(request)
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise ValidationError(_("Choose an Excel file."))
            kept = keep(actor, file, file.name or "ledger.xlsx", allow=("xlsx",))
            return redirect("cases.takeover_columns", kept.sha256)
        except ValidationError as error:
            tell(request, error)
    return render(request, "cases/takeover.html", {"tasks": _own(actor)})


def _own(actor: Person) -> list[Task]:
    """The person's own takings over, the latest first."""
    recent = Task.objects.filter(name=TASK).order_by("-pk")[:100]
    return [task for task in recent if task.arguments.get("person") == actor.pk][:10]


@page("complaints/ledger/<slug:sha256>/", name="cases.takeover_columns", needs=START)
def columns(request: HttpRequest, sha256: str) -> HttpResponse:
    """Which column is what, with what would become of the first rows; posted, a worker takes it over."""
    actor = reader_of(request)
    file = StoredFile.objects.filter(sha256=sha256, kind="xlsx").first()
    if file is None:
        raise Http404(sha256)
    said: Any = request.POST if request.method == "POST" else request.GET
    try:
        book = takeover.opened(file, said.get("sheet", ""))
    except ValidationError as error:
        tell(request, error)
        return redirect("cases.takeover")
    chosen = _chosen(said, book)
    defaults = {name: said.get(f"default.{name}", "").strip()[:40] for name in DEFAULTS}
    if request.method == "POST" and said.get("step") == "start" and "received" in chosen:
        made = start_takeover(actor, file, sheet=book.sheet, columns=chosen, defaults=defaults)
        return redirect("cases.takeover_progress", made.pk)
    context = _previewed(book, chosen, defaults)
    context |= {"file": file, "book": book, "defaults": defaults, "ready": "received" in chosen}
    context["crumbs"] = [
        {"title": _("Take over a ledger"), "href": reverse("cases.takeover")},
        {"title": file.name},
    ]
    return render(request, "cases/takeover_columns.html", context)


def _chosen(said: Any, book: takeover.Book) -> dict[str, int]:
    """The columns as somebody chose them, else as their heads say."""
    if "column.received" not in said:
        return takeover.guessed(book)
    found = {}
    for name in titles():
        at = said.get(f"column.{name}", "")
        if at.isdecimal() and len(at) <= 4 and int(at) < len(book.heads):
            found[name] = int(at)
    return found


def _previewed(book: takeover.Book, chosen: dict[str, int], defaults: dict[str, str]) -> dict[str, Any]:
    """The choices, and the first rows with what is wrong with them."""
    reader, names, good, bad = takeover.Reader(chosen, defaults), titles(), 0, 0
    shown: list[tuple[int, takeover.Course | None, list[str]]] = []
    for number, (line, cells) in enumerate(book.rows()):
        if number >= COUNTED:
            break
        course, faults = reader.read(cells)
        good, bad = good + (course is not None), bad + bool(faults)
        if len(shown) < PREVIEW or (faults and len(shown) < 3 * PREVIEW):
            told = [f"{names.get(f.column, f.column)}: {takeover.say(f)}" for f in faults]
            shown.append((line, course, told))
    heads = [(at, head or f"({at + 1})") for at, head in enumerate(book.heads)]
    picks = [(name, title, chosen.get(name)) for name, title in names.items()]
    return {"picks": picks, "heads": heads, "shown": shown, "good": good, "bad": bad, "counted": COUNTED}


@page("complaints/ledger/task/<int:pk>/", name="cases.takeover_progress", needs=START)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a taking over is, and which rows were not taken; only for whoever started it."""
    task = Task.objects.filter(pk=pk if pk < 1 << 62 else 0, name=TASK).first()
    if task is None or task.arguments.get("person") != reader_of(request).pk:
        raise Http404(str(pk))
    names = titles()
    told = task.progress
    faults = [(f["line"], names.get(f["column"], f["column"]), f["text"]) for f in told.get("faults", ())]
    running = task.state in (Task.State.WAITING, Task.State.RUNNING)
    context = {"task": task, "told": told, "faults": faults, "running": running}
    context["crumbs"] = [
        {"title": _("Take over a ledger"), "href": reverse("cases.takeover")},
        {"title": f"#{task.pk}"},
    ]
    part = "cases/parts/takeover_progress.html"
    return render(
        request, part if request.headers.get("HX-Request") else "cases/takeover_progress.html", context
    )
