"""Ledgers: the cases of a kind as rows, for a page and for Excel; decisions on who answers for what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import kinds, showing
from kezun.cases.models import Case, Petition
from kezun.cases.papers import decision_of
from kezun.cases.rules.kinds import Field, Kind
from kezun.cases.terms import Term, terms
from kezun.kernel.actor import Actor
from kezun.ui.workbook import Sheet, Value, workbook

MOST = 20_000
DECIDE = "cases.grant"


@dataclass(frozen=True)
class Wanted:
    """Which cases: of a kind, received from `first` until before `until`; open ones, ended ones or all."""

    code: str
    first: dt.date
    until: dt.date
    open: bool | None = None
    unit: str = ""


def cases_of(actor: Actor, wanted: Wanted) -> QuerySet[Case]:
    """The cases of a ledger in the actor's scope, the latest first."""
    zone = ZoneInfo(settings.KEZUN_BANK_ZONE)
    first, until = (dt.datetime.combine(d, dt.time.min, zone) for d in (wanted.first, wanted.until))
    found = Case.objects.visible_to(actor).filter(
        code=wanted.code, received_at__gte=first, received_at__lt=until
    )
    if wanted.open is not None:
        found = found.filter(open=wanted.open)
    if wanted.unit:
        found = found.filter(unit__code=wanted.unit)
    return found.select_related("kind", "unit", "handler", "verifier").order_by("-received_at", "-pk")


def columns(kind: Kind) -> list[Field]:
    """The kind's own fields that a ledger shows: none that is sealed."""
    return [f for f in kind.fields if not f.sealed and f.id not in showing.UNSHOWN]


def row_of(case: Case, fields: Sequence[Field], term: Term) -> list[Value]:
    """A case as a row of the ledger; money as a number of yuan."""
    own: list[Value] = []
    for field in fields:
        held = case.data.get(field.id)
        number = field.type in ("money", "whole") and isinstance(held, int)
        own.append((held / 100 if field.type == "money" else held) if number else showing.value(field, held))
    return [
        case.no,
        case.unit.title,
        case.title,
        showing.day(case.received_at),
        case.severity,
        case.get_state_display(),
        *own,
        showing.minute(term.due_at),
        showing.day(case.closed_at),
        term.words,
        case.repeat + 1 if case.repeat else None,
        case.handler.name if case.handler else "",
        case.verifier.name if case.verifier else "",
        verdict_of(case),
    ]


def verdict_of(case: Case) -> str:
    """The verdict on the remedy, in words."""
    return {"effective": _("effective"), "not": _("not effective"), "unknown": _("cannot tell")}.get(
        case.verdict, case.verdict
    )


def heads(fields: Sequence[Field]) -> list[str]:
    """The heads of a ledger's columns."""
    return [
        *(_("Number"), _("Unit"), _("Title"), _("Known since"), _("Severity"), _("State")),
        *(showing.label(f) for f in fields),
        *(
            _("Deadline"),
            _("Closed on"),
            _("In time"),
            _("Time no."),
            _("Handler"),
            _("Verified by"),
            _("Effect"),
        ),
    ]


def ledger(actor: Actor, wanted: Wanted) -> bytes:
    """The ledger of a kind as a workbook."""
    kind = kinds.form_of(kinds.kind_now(wanted.code))
    fields = columns(kind)
    cases = list(cases_of(actor, wanted)[:MOST])
    held = terms(cases, timezone.now())
    rows = [row_of(case, fields, held[case.pk]) for case in cases]
    title = _("Ledger: %(kind)s") % {"kind": kinds.title_of(kind)}
    about = [
        (_("Known since"), f"{wanted.first} – {wanted.until - dt.timedelta(days=1)}"),
        (_("Cases"), str(len(rows))),
    ]
    widths = (14, 22, 34, 12, 8, 12, *(18 for _field in fields), 16, 12, 8, 8, 12, 12, 12)
    return workbook([Sheet(kinds.title_of(kind), title, heads(fields), rows, about, widths)])


def answers_for(actor: Actor) -> QuerySet[Petition]:
    """Proposals and decisions on who answers for what, in the scope of those who may decide; latest first."""
    seen = Case.objects.visible_to(actor, DECIDE)
    rows = Petition.objects.filter(type=Petition.Type.ACCOUNT, case__in=seen.values("pk"))
    return rows.select_related("case__unit", "asked_by", "decided_by").order_by("-asked_at", "-pk")


def accountability(actor: Actor) -> bytes:
    """The ledger of accountability as a workbook."""
    titles = (_("Case"), _("Unit"), _("Title"), _("Answering person"), _("Measure"), _("Reason"))
    rest = (_("Put forward by"), _("Put forward on"), _("Decision"), _("Decided"), _("In words"))
    rows = [
        [
            *(row.case.no, row.case.unit.title, row.case.title, showing.staff(row.data.get("person", ""))),
            *(row.data.get("measure", ""), row.reason, row.asked_by.name if row.asked_by else ""),
            *(showing.day(row.asked_at), decision_of(row), showing.day(row.decided_at), row.answer),
        ]
        for row in answers_for(actor)[:MOST]
    ]
    name = _("Accountability")
    return workbook(
        [Sheet(name, name, (*titles, *rest), rows, (), (14, 20, 30, 14, 20, 30, 12, 12, 16, 12, 24))]
    )
