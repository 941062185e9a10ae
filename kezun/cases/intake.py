"""Taking a complaint in, by whatever door: files kept, nothing doubled, a title made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezun.cases import actions, catalogs, kinds, likeness, sealing
from kezun.cases.models import Case, Party
from kezun.cases.rules.likeness import fingerprint
from kezun.kernel.action import once
from kezun.kernel.actor import Actor
from kezun.kernel.file import keep
from kezun.kernel.models import StoredFile
from kezun.org.models import Unit

KIND = "complaint"
TAKEN = ("png", "jpeg", "webp", "gif", "pdf", "xlsx", "text")
MOST_FILES = 20
MEBI = 1 << 20
DAY = 24 * 3600
MAIN = (Party.Role.COMPLAINANT, Party.Role.CUSTOMER)


@dataclass
class Files:
    """Files that were brought: those kept, and for each that was refused why. The rest goes on."""

    kept: list[StoredFile] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def keep_files(
    actor: Actor,
    uploads: Iterable[UploadedFile[Any]],
    *,
    most: int = MOST_FILES,
    mib: int = 50,
    held: int = 0,
) -> Files:
    """Examine and keep each file by itself: a bomb, a wrong name or a giant is refused, the rest is kept.

    held: how many of `most` there are already.
    """
    found = Files()
    for upload in uploads:
        name = upload.name or "?"
        if held + len(found.kept) >= most:
            found.refused.append(_("%(name)s: at most %(most)d files.") % {"name": name, "most": most})
        elif (upload.size or 0) > mib * MEBI:
            found.refused.append(_("%(name)s: larger than %(mib)d MiB.") % {"name": name, "mib": mib})
        else:
            _keep_one(actor, upload, name, found)
    return found


def _keep_one(actor: Actor, upload: UploadedFile[Any], name: str, found: Files) -> None:
    try:
        found.kept.append(keep(actor, upload.file or upload, name, allow=TAKEN))
    except ValidationError as error:
        found.refused += error.messages


def units_by(text: str, most: int) -> tuple[Unit | None, list[Unit]]:
    """The open unit of just that code or name, where there is one alone; else those with it in their name."""
    rows = Unit.objects.filter(closed_date__gte=timezone.localdate())
    exact = list(rows.filter(Q(code=text) | Q(name=text) | Q(name_en=text))[:2]) if text else []
    if len(exact) == 1:
        return exact[0], []
    like = rows.filter(Q(name__icontains=text) | Q(name_en__icontains=text)).order_by("code")
    return None, list(like[:most]) if len(text) > 1 else []


def ticket_for(actor: Actor, files: Iterable[StoredFile]) -> str:
    """What a form carries so that files kept with an earlier try need not be brought again; signed."""
    return signing.dumps(
        [file.sha256 for file in files], salt=f"cases.kept:{actor.trail_name}", compress=True
    )


def files_of(actor: Actor, ticket: str) -> list[StoredFile]:
    """The files that such a ticket names; none where it is forged, another's or older than a day."""
    try:
        named = signing.loads(ticket, salt=f"cases.kept:{actor.trail_name}", max_age=DAY)
    except signing.BadSignature:
        return []
    rows = StoredFile.objects.in_bulk(named)
    return [rows[sha256] for sha256 in named if sha256 in rows]


def title_for(unit: Unit, given: Mapping[str, Any]) -> str:
    """A title where nobody wrote one: the reason and the unit, never a name."""
    tables = catalogs.tables()
    codes = tables["complaint_reason"].codes
    code = codes.get(str(given.get("reason_code", "")))
    return f"{code.title if code else _('Complaint')} · {unit.title}"[:200]


def alike(unit: Unit, given: Mapping[str, Any]) -> likeness.Like:
    """Earlier complaints like this one, before it is saved."""
    form = kinds.form_of(kinds.kind_now(KIND))
    told = {**given, "unit": unit.pk, "code": KIND}
    main: Mapping[str, Any] = next((p for p in given.get("parties") or () if p.get("role") in MAIN), {})
    mark = sealing.mark_of({k: str(v) for k, v in main.items()})
    return likeness.like(
        fingerprint(told, form.fingerprint), mark, given.get("received_at") or timezone.now()
    )


def bring(
    actor: Actor, unit: Unit, given: Mapping[str, Any], *, files: Iterable[StoredFile] = (), key: str = ""
) -> Case:
    """Register a complaint with its files, once under `key`; a repeat gives the case of the first time."""
    values = {"title": title_for(unit, given), **{k: v for k, v in given.items() if v not in (None, "")}}
    with once(key or None):
        made = actions.open_case(actor, KIND, unit, values)
    if not isinstance(made, Case):
        return Case.objects.get(pk=int(re.sub(r"\D", "", str(made).rpartition(":")[2])))
    held = list(files)
    if held:
        actions.do(actor, made, "attach", {"files": held, "stage": "given"})
    return made


def say_refused(files: Files) -> str:
    """How many files were refused, before the reasons."""
    n = len(files.refused)
    return ngettext("%(n)d file was not taken:", "%(n)d files were not taken:", n) % {"n": n}
