"""The assistant: proposes a profile from the file's beginning, shows what it would make, saves it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from kezun.facts import actions, ledger, profiles
from kezun.facts.forms import MappingForm, first_data
from kezun.facts.models import Batch
from kezun.facts.pages.desk import PROPOSE, number, tried
from kezun.facts.preview import preview
from kezun.facts.profiles import Format, ProfileError
from kezun.facts.proposal import Proposal, propose, propose_best
from kezun.facts.readers import Unreadable
from kezun.facts.sample import Sample, take_sample
from kezun.facts.types import FACT_TYPES
from kezun.kernel.file import path_of
from kezun.kernel.page import page
from kezun.org.reader import reader_of

ROWS_SHOWN = 5


@page("import/<int:pk>/assistant/", name="facts.assistant", needs=PROPOSE)
def assistant(request: HttpRequest, pk: int) -> HttpResponse:
    """The mapping of a draft. GET proposes; each change is posted and tried; `save` keeps it."""
    actor = reader_of(request)
    batch = ledger.batch_by_id(actor, number(pk))
    if batch.state not in (Batch.State.DRAFT, Batch.State.FAILED):
        return redirect("facts.batch", pk)
    try:
        path = path_of(batch.sha256)
        sample = take_sample(path, _form_of(request))
    except (Unreadable, OSError) as error:
        messages.error(request, str(error))
        return redirect("facts.batch", pk)
    proposal = _proposal(request, sample)
    fact = proposal.fact
    data = request.POST if request.method == "POST" else first_data(proposal, sample, _name(batch))
    form = MappingForm(data, sample=sample, fact=fact)
    if request.method == "POST" and request.POST.get("word") == "save" and form.is_valid():
        saved = _save(request, form)
        if saved:
            return redirect(reverse("facts.batch", args=[pk]) + f"?{urlencode({'profile': saved})}")
    context = {
        "batch": batch,
        "form": form,
        "facts": [(name, kind.title) for name, kind in FACT_TYPES.items()],
        "fact": fact,
        "columns": sample.columns,
        "first": _first(sample),
        "crumbs": _crumbs(batch),
        **_trial(request, form, path),
    }
    template = "facts/parts/mapping.html" if request.headers.get("HX-Request") else "facts/assistant.html"
    return render(request, template, context)


def _crumbs(batch: Batch) -> list[dict[str, str]]:
    return [
        {"title": _("Import desk"), "href": reverse("facts.desk")},
        {"title": batch.name, "href": reverse("facts.batch", args=[batch.pk])},
        {"title": _("Assistant")},
    ]


def _proposal(request: HttpRequest, sample: Sample) -> Proposal:
    """For the fact type that was chosen; where none was, for the one that takes most of the file."""
    wanted = request.POST.get("fact") or request.GET.get("fact", "")
    if wanted in FACT_TYPES:
        return propose(sample, wanted)
    return propose_best(sample, FACT_TYPES)


def _name(batch: Batch) -> str:
    """A name for the profile from the file's: `Queue 2026-03.csv` → `queue`."""
    words = re.sub(r"[^a-z]+", "-", Path(batch.name).stem.lower()).strip("-")
    return words[:40] or f"file-{batch.pk}"


def _form_of(request: HttpRequest) -> Format:
    """How the person says the file is written; what is not said or impossible is found out."""
    header, delimiter = request.POST.get("header", ""), request.POST.get("delimiter", "")
    return Format(
        header=min(max(int(header), 1), 50) if header.isdigit() and len(header) < 4 else 1,
        delimiter=delimiter if len(delimiter) == 1 else "",
        encoding=request.POST.get("encoding", "auto") or "auto",
    )


def _first(sample: Sample) -> list[list[str]]:
    values = [sample.values[c][:ROWS_SHOWN] for c in sample.columns]
    return [list(row) for row in zip(*values, strict=True)]


def _trial(request: HttpRequest, form: MappingForm, path: Path) -> dict[str, Any]:
    if not form.is_valid():
        return {}
    try:
        return tried(preview(reader_of(request), path, form.profile()), form.profile())
    except (Unreadable, ProfileError) as error:
        return {"fault": str(error)}


def _save(request: HttpRequest, form: MappingForm) -> str:
    """Keep the profile; its address, or "" where it was refused (the form says why)."""
    made = form.profile()
    try:
        saved = actions.save_profile(reader_of(request), name=made.profile, text=profiles.dump(made))
    except (ValidationError, ProfileError) as error:
        form.add_error(None, error if isinstance(error, ValidationError) else str(error))
        return ""
    messages.success(request, _("The profile %(name)s is saved.") % {"name": saved})
    return str(saved)
