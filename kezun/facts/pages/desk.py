"""The import desk: what was imported, a place to bring a file, and the way of one file from draft to done."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kezun.facts import actions, ledger, profiles
from kezun.facts.forms import FileForm
from kezun.facts.models import Batch
from kezun.facts.preview import Preview, preview
from kezun.facts.profiles import Profile, ProfileError
from kezun.facts.readers import Unreadable
from kezun.facts.sample import Sample, take_sample
from kezun.facts.types import FACT_TYPES
from kezun.kernel.file import keep, path_of
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of

BRING, CONFIRM, PROPOSE = "facts.draft_import", "facts.confirm_import", "facts.propose_profile"
KINDS = ("text", "gzip", "xlsx", "parquet")
PER_PAGE = 30
UNDERWAY = (Batch.State.WAITING, Batch.State.RUNNING)
TONES = {
    "done": "good",
    "failed": "bad",
    "dropped": "",
    "draft": "warn",
    "waiting": "warn",
    "running": "warn",
}


def number(value: int) -> int:
    """A batch's number from an address, within what a database can hold."""
    return min(value, (1 << 62) - 1)


@page(
    "import/",
    name="facts.desk",
    needs=ledger.READ,
    menu=Menu("work", 10, gettext_lazy("Import desk"), "database-import"),
)
def desk(request: HttpRequest) -> HttpResponse:
    """Every import that the reader may see, newest first, and where to bring the next file."""
    return _desk(request, FileForm(), 200)


def _desk(request: HttpRequest, form: FileForm, status: int) -> HttpResponse:
    actor = reader_of(request)
    shown = Paginator(ledger.batches_for(actor), PER_PAGE).get_page(request.GET.get("page"))
    batches = list(shown.object_list)
    names = ledger.who(batches)
    context = {
        "rows": [_row(batch, names[batch.by]) for batch in batches],
        "page": shown,
        "form": form,
        "may_bring": actor.may(BRING),
        "most": settings.KEZUN_UPLOAD_MAX_BYTES // 1024**2,
    }
    return render(request, "facts/desk.html", context, status=status)


def _row(batch: Batch, by: str) -> dict[str, Any]:
    fact = FACT_TYPES.get(batch.fact)
    warned = sum(batch.warnings.values())
    return {
        "batch": batch,
        "by": by,
        "fact": fact.title if fact else "",
        "warned": warned,
        "tone": tone(batch),
    }


def tone(batch: Batch) -> str:
    """How the state is coloured; the words say it too."""
    return "bad" if batch.interrupted else TONES[batch.state]


@page("import/upload/", name="facts.upload", needs=BRING)
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file: examined by content, kept once, put on the desk as a draft."""
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _desk(request, form, 422)
    file = form.cleaned_data["file"]
    try:
        kept = keep(reader_of(request), file, file.name, allow=KINDS)
    except ValidationError as error:
        form.add_error("file", error)
        return _desk(request, form, 422)
    batch = actions.draft_import(reader_of(request), kept, name=file.name)
    return redirect("facts.batch", batch.pk)


@page("import/<int:pk>/", name="facts.batch", needs=ledger.READ)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: as a draft its profile and a trial, then how far it is, then what became of every row."""
    actor = reader_of(request)
    batch = ledger.batch_by_id(actor, number(pk))
    fact = FACT_TYPES.get(batch.fact)
    context: dict[str, Any] = {
        "batch": batch,
        "by": ledger.who([batch])[batch.by],
        "fact": fact.title if fact else "",
        "tone": tone(batch),
        "crumbs": [{"title": _("Import desk"), "href": reverse("facts.desk")}, {"title": batch.name}],
        "may_confirm": actor.may(CONFIRM),
        "may_propose": actor.may(PROPOSE),
        "underway": batch.state in UNDERWAY,
        "summary": ledger.summary_of(batch),
        "warnings": ledger.warning_titles(batch.warnings, _known(batch.profile)),
    }
    if batch.state == Batch.State.DRAFT or _again(batch):
        context |= _choice(request, batch)
    return render(request, "facts/batch.html", context)


def _again(batch: Batch) -> bool:
    """A failed import of a file that is still kept can be tried with another profile."""
    return batch.state == Batch.State.FAILED and _kept(batch)


def _kept(batch: Batch) -> bool:
    return bool(batch.sha256) and path_of(batch.sha256).is_file()


def _known(address: str) -> Profile | None:
    try:
        return profiles.load(address) if address else None
    except ProfileError:
        return None


def _choice(request: HttpRequest, batch: Batch) -> dict[str, Any]:
    """The profiles for a draft, those that fit first, and a trial with the chosen one."""
    if not reader_of(request).may(CONFIRM):
        return {}
    try:
        sample = take_sample(path_of(batch.sha256))
    except (Unreadable, OSError) as error:
        return {"choosing": True, "unreadable": str(error)}
    choices = _choices(sample)
    fitting = [c["address"] for c in choices if c["fits"]]
    only = fitting[0] if len(fitting) == 1 else ""
    address = request.GET.get("profile", batch.profile or only)
    told: dict[str, Any] = {"choosing": True, "choices": choices, "chosen": address, "fitting": len(fitting)}
    return told | (trial(request, batch, address) if address else {})


def _choices(sample: Sample) -> list[dict[str, Any]]:
    found = []
    for address in profiles.addresses():
        known = _known(address)
        if known is not None:
            fits = set(known.sources()) <= set(known.format.columns or sample.columns)
            titles = {"title": known.title or address, "title_en": known.title_en or known.title or address}
            found.append({"address": address, "fits": fits, **titles})
    return sorted(found, key=lambda c: (not c["fits"], c["address"]))


def trial(request: HttpRequest, batch: Batch, address: str) -> dict[str, Any]:
    """The dry run over the file's beginning for a template; or `fault`, why there is none."""
    try:
        known = profiles.load(address)
        return tried(preview(reader_of(request), path_of(batch.sha256), known), known)
    except (Unreadable, ProfileError) as error:
        return {"fault": str(error)}


def tried(found: Preview, profile: Profile) -> dict[str, Any]:
    """A dry run for the template `facts/parts/preview.html`."""
    labels = {c.name: c.label for c in profile.declared.all_columns} | {
        "unit": _("Unit"),
        "person": _("Person"),
    }
    return {
        "preview": found,
        "heads": [labels[name] for name in found.columns],
        "warned": ledger.warning_titles(found.warnings, profile),
    }


@page("import/<int:pk>/progress/", name="facts.progress", needs=ledger.READ)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an import is; the whole page is fetched anew once it has ended."""
    batch = ledger.batch_by_id(reader_of(request), number(pk))
    answer = render(request, "facts/parts/progress.html", {"batch": batch, "tone": tone(batch)})
    if batch.state not in UNDERWAY:
        answer["HX-Refresh"] = "true"
    return answer


@page("import/<int:pk>/rejects/", name="facts.rejects", needs=ledger.READ)
def rejected(request: HttpRequest, pk: int) -> HttpResponse:
    """The rejected rows as a file to mend and to send again."""
    found: Any = ledger.rejects_response(ledger.batch_by_id(reader_of(request), number(pk)))
    return cast(HttpResponse, found)


@page("import/<int:pk>/decide/<slug:word>/", name="facts.decide", needs=CONFIRM)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Confirm a draft with its profile, or cancel it."""
    actor = reader_of(request)
    batch = ledger.batch_by_id(actor, number(pk))
    address = request.POST.get("profile", "")
    try:
        if word == "confirm":
            actions.confirm_import(actor, batch, profile=address)
        elif word == "cancel":
            actions.cancel_import(actor, batch)
            messages.success(request, _("Cancelled; nothing of this file was imported."))
    except (ValidationError, ProfileError) as error:
        for text in error.messages if isinstance(error, ValidationError) else [str(error)]:
            messages.error(request, text)
    query = f"?{urlencode({'profile': address})}" if batch.state == Batch.State.DRAFT and address else ""
    return redirect(reverse("facts.batch", args=[pk]) + (query if word != "confirm" else ""))
