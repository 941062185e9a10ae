"""Papers of cases as a bank sends them round: the notice of a correction, the sheet of a visit, records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import kinds, remarks, showing, wording
from kezun.cases.models import Case, Petition, Proof
from kezun.cases.rules.kinds import Kind
from kezun.cases.terms import due_of
from kezun.kernel.file import open_file
from kezun.kernel.models import StoredFile
from kezun.org.models import Person
from kezun.ui.pdf import Document

PICTURES = ("png", "jpeg", "gif", "webp")
TITLES: dict[str, Promise] = {
    "correction": lazy("Correction notice"),
    "request": lazy("Record of an outlet request"),
    "suggestion": lazy("Record of a suggestion"),
    "praise": lazy("Record of praise"),
    "follow_up": lazy("Follow-up record"),
    "visit": lazy("Home visit sheet"),
    "interception": lazy("Record of a scam stopped"),
    "improvement": lazy("Improvement project"),
    "self_check": lazy("Self-check record"),
}
# who signs which paper
SIGNS: dict[str, tuple[Promise, ...]] = {
    "correction": (lazy("Issued by"), lazy("Received by"), lazy("Put right by"), lazy("Checked again by")),
    "visit": (lazy("First member of staff"), lazy("Second member of staff"), lazy("Customer")),
    "interception": (lazy("Member of staff"), lazy("Verified by"), lazy("Head of unit")),
    "improvement": (lazy("Owner of the project"), lazy("Evaluated by"), lazy("Head of unit")),
}
USUAL: tuple[Promise, ...] = (lazy("Handled by"), lazy("Verified by"))
TOLD = ("meet", "propose", "verify", "send_back", "answer", "close", "check", "reopen", "grant", "refuse")
WORDS = ("reason", "result", "reply", "minutes", "note", "verdict")


def title_of(case: Case, kind: Kind) -> str:
    """What the paper of a case is called."""
    return str(TITLES.get(case.code) or kinds.title_of(kind))


def paper(case: Case) -> bytes:
    """The paper of a case as PDF: what it is about, what was done, photos in pairs, who signs."""
    kind = kinds.form_of(case.kind)
    title = title_of(case, kind)
    document = Document(title, foot=f"{title} · {case.no}")
    document.facts(_head(case))
    if case.code == "correction":
        document.paragraph(_demand(case))
    document.heading(_("What it is about"))
    document.facts([(_("Title"), case.title), *showing.pairs(case, kind, opened=True)])
    if people := showing.people(case):
        document.heading(_("People"), 2)
        document.facts(people)
    if later := showing.pairs(case, kind, opened=False):
        document.heading(_("What was found and done"))
        document.facts(later)
    _account(document, case)
    _history(document, case)
    _photos(document, case)
    _signatures(document, case)
    return document.content()


def _head(case: Case) -> list[tuple[str, str]]:
    told = [
        (_("Number"), case.no),
        (_("Unit"), f"{case.unit.title} ({case.unit.code})"),
        (_("Known since"), showing.minute(case.received_at)),
        (_("State"), case.get_state_display()),
        (_("Severity"), str(case.severity)),
        (_("Deadline"), showing.minute(due_of(case))),
        (_("Handler"), case.handler.name if case.handler else ""),
        (_("Verified by"), case.verifier.name if case.verifier else ""),
    ]
    if case.repeat:
        told.append((_("The same before"), _("This is time no. %(n)d.") % {"n": case.repeat + 1}))
    return [(name, text) for name, text in told if text]


def _demand(case: Case) -> str:
    """The sentence of a notice: to whom it goes, and by when it has to be put right."""
    held = case.data
    code = str(held.get("responsible", ""))
    person = Person.objects.filter(code=code).first() if code else None
    named = {"unit": case.unit.title, "person": person.name if person else "—", "days": held.get("days", "")}
    if held.get("urgency") == "immediate":
        return _("To %(unit)s: put the following right at once. Responsible: %(person)s.") % named
    if not held.get("days"):
        return _("To %(unit)s: put the following right. Responsible: %(person)s.") % named
    return (
        _("To %(unit)s: put the following right within %(days)s workdays. Responsible: %(person)s.") % named
    )


def _account(document: Document, case: Case) -> None:
    rows = Petition.objects.filter(case=case, type=Petition.Type.ACCOUNT).select_related("decided_by")
    told = [
        (showing.staff(row.data.get("person", "")), row.data.get("measure", ""), row.reason, decision_of(row))
        for row in rows.order_by("pk")
    ]
    if told:
        document.heading(_("Held accountable"))
        document.table(
            (_("Answering person"), _("Measure"), _("Reason"), _("Decision")), told, widths=(1, 2, 3, 1.5)
        )


def decision_of(petition: Petition) -> str:
    """How a petition was decided, and by whom; a word where it waits."""
    if not petition.decision:
        return _("waits")
    who = petition.decided_by.name if petition.decided_by else ""
    return f"{petition.get_decision_display()} {who}".strip()


def _history(document: Document, case: Case) -> None:
    rows = []
    for event in case.events.filter(verb__in=TOLD).select_related("actor").order_by("seq"):
        said: dict[str, Any] = json.loads(event.body).get("said", {})
        text = "\n".join(remarks.text(said[name]) for name in WORDS if said.get(name))
        who = event.actor.name if event.actor else _("the system")
        rows.append((showing.minute(event.at), who, wording.button(event.verb), text))
    if rows:
        document.heading(_("Course"))
        document.table((_("When"), _("Who"), _("Step"), _("In words")), rows, widths=(1.4, 1, 1.3, 4))


def _photos(document: Document, case: Case) -> None:
    """Photos before and after side by side, pair by pair; the others after them."""
    rows = list(Proof.objects.filter(case=case).select_related("file").order_by("pair", "pk"))
    shown = [row for row in rows if row.file.kind in PICTURES]
    if shown:
        document.heading(_("Photos"))
        document.pictures(list(_side_by_side(shown)))
    if papers := [(row.file.name, str(row.get_stage_display()), row.file.sha256[:16]) for row in rows]:
        document.table((_("File"), _("What it shows"), "SHA-256"), papers, widths=(4, 2, 2))


def _side_by_side(rows: list[Proof]) -> Iterator[list[tuple[str, bytes]]]:
    paired = sorted({row.pair for row in rows if row.stage in ("before", "after") and row.pair})
    for pair in paired:
        of_pair = [r for stage in ("before", "after") for r in rows if (r.stage, r.pair) == (stage, pair)]
        yield [
            (f"{row.get_stage_display()} {pair} {row.caption}".strip(), content(row.file)) for row in of_pair
        ]
    others = [row for row in rows if row.stage not in ("before", "after") or not row.pair]
    for at in range(0, len(others), 2):
        yield [
            (f"{row.get_stage_display()} {row.caption}".strip(), content(row.file))
            for row in others[at : at + 2]
        ]


def content(file: StoredFile) -> bytes:
    """The bytes of a kept file; none where it is gone, and the paper is made all the same."""
    try:
        with open_file(file.sha256) as stream:
            return stream.read()
    except OSError:
        return b""


def _signatures(document: Document, case: Case) -> None:
    names = SIGNS.get(case.code, USUAL)
    document.heading(_("Signatures"), 2)
    document.table((), [(f"{name}:", _("Date:")) for name in names], widths=(3, 1))
