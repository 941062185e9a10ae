"""An existing ledger in Excel: bring it, say which column is what, look at it, let it be taken over."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import takeover, takeover_files
from kezun.cases.actions.takeover import TASK, bring_ledger, start_takeover
from kezun.cases.models import LedgerBook
from kezun.cases.takeover_words import titles
from kezun.kernel.file import keep, open_file
from kezun.kernel.models import Task
from kezun.kernel.page import Menu, page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.attachment import XLSX, attachment
from kezun.ui.telling import tell

START = "cases.start_takeover"
PREVIEW, COUNTED = 12, 2000
LOOKED = COUNTED + takeover.LOOKED + 1
DEFAULTS = ("unit", "handler", "verifier")


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
            return redirect("cases.takeover_columns", bring_ledger(actor, kept).pk)
        except ValidationError as error:
            tell(request, error)
    return render(request, "cases/takeover.html", {"tasks": _own(actor)})


def _own(actor: Person) -> list[Task]:
    """The person's own takings over, the latest first."""
    recent = Task.objects.filter(name=TASK).order_by("-pk")[:100]
    return [task for task in recent if task.arguments.get("person") == actor.pk][:10]


@page("complaints/ledger/template/", name="cases.takeover_template", needs=START)
def template(request: HttpRequest) -> HttpResponse:
    """A workbook to fill: every column, an example, lists to choose from, and what each column means."""
    return attachment(takeover_files.template(reader_of(request)), _("Ledger template") + ".xlsx", XLSX)


def _own_book(request: HttpRequest, pk: int) -> LedgerBook:
    """The workbook that this person brought to have it taken over; else there is none."""
    found = LedgerBook.objects.filter(pk=small(pk), person=reader_of(request))
    book = found.select_related("file", "task").first()
    if book is None:
        raise Http404(str(pk))
    return book


def small(pk: int) -> int:
    """A number that a database can hold; 0 for others."""
    return pk if pk < 1 << 62 else 0


@page("complaints/ledger/<int:pk>/", name="cases.takeover_columns", needs=START)
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Which column is what, with what would become of the first rows; posted, a worker takes it over.

    Only a workbook that this person brought for this is opened, whatever else is kept under its hash.
    """
    actor, brought = reader_of(request), _own_book(request, pk)
    said: Any = request.POST if request.method == "POST" else request.GET
    try:
        book = takeover.opened(brought.file, said.get("sheet", ""), LOOKED)
    except ValidationError as error:
        tell(request, error)
        return redirect("cases.takeover")
    chosen = _chosen(said, book)
    defaults = {name: said.get(f"default.{name}", "").strip()[:40] for name in DEFAULTS}
    if request.method == "POST" and said.get("step") == "start" and "received" in chosen:
        try:
            made = start_takeover(actor, brought, sheet=book.sheet, columns=chosen, defaults=defaults)
            return redirect("cases.takeover_progress", made.pk)
        except ValidationError as error:
            tell(request, error)
    context = _previewed(book, chosen, defaults)
    context |= {"file": brought.file, "book": book, "defaults": defaults, "ready": "received" in chosen}
    context["crumbs"] = [
        {"title": _("Take over a ledger"), "href": reverse("cases.takeover")},
        {"title": brought.file.name},
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
    rows = list(islice(book.rows(), COUNTED))
    reader = takeover.Reader(chosen, defaults, (cells for _line, cells in rows))
    names, good, same, bad = titles(), 0, 0, 0
    shown: list[tuple[int, takeover.Course | None, list[str]]] = []
    for line, cells in rows:
        course, faults = reader.read(cells)
        done = course is not None and course.done
        good, same, bad = good + (course is not None and not done), same + done, bad + bool(faults)
        if len(shown) < PREVIEW or (faults and len(shown) < 3 * PREVIEW):
            told = [f"{names.get(f.column, f.column)}: {takeover.say(f)}" for f in faults]
            shown.append((line, course, told))
    heads = [(at, head or f"({at + 1})") for at, head in enumerate(book.heads)]
    picks = [(name, title, chosen.get(name)) for name, title in names.items()]
    counts = {"good": good, "same": same, "bad": bad, "counted": COUNTED}
    return {"picks": picks, "heads": heads, "shown": shown, **counts}


def _own_task(request: HttpRequest, pk: int) -> Task:
    """A taking over that this person started; else there is none."""
    task = Task.objects.filter(pk=small(pk), name=TASK).first()
    if task is None or task.arguments.get("person") != reader_of(request).pk:
        raise Http404(str(pk))
    return task


@page("complaints/ledger/task/<int:pk>/", name="cases.takeover_progress", needs=START)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a taking over is, and which rows were not taken; only for whoever started it."""
    task = _own_task(request, pk)
    names = titles()
    told = task.progress
    faults = [(f["line"], names.get(f["column"], f["column"]), f["text"]) for f in told.get("faults", ())]
    running = task.state in (Task.State.WAITING, Task.State.RUNNING)
    context = {"task": task, "told": told, "faults": faults, "running": running}
    context["mend"] = not running and LedgerBook.objects.filter(task=task, rejects__isnull=False).exists()
    context["crumbs"] = [
        {"title": _("Take over a ledger"), "href": reverse("cases.takeover")},
        {"title": f"#{task.pk}"},
    ]
    part = "cases/parts/takeover_progress.html"
    return render(
        request, part if request.headers.get("HX-Request") else "cases/takeover_progress.html", context
    )


@page("complaints/ledger/task/<int:pk>/rejects/", name="cases.takeover_rejects", needs=START)
def mend(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were not taken, each with its line and why, as a workbook to mend and bring again."""
    book = LedgerBook.objects.filter(task=_own_task(request, pk)).select_related("rejects").first()
    if book is None or book.rejects is None:
        raise Http404(str(pk))
    with open_file(book.rejects.sha256) as content:
        return attachment(content.read(), _("Rows to mend") + ".xlsx", XLSX)
