"""What a regulator asks of complaints: each case by the fields of article 44, and counts by the code tables.

Everything is derived from what was recorded while the case was handled; nothing is typed for the report.
No name, telephone or identity number is part of it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import catalogs, clockwords, kinds, monthly_words, remarks, showing, wording
from kezun.cases.models import READ, Case, Event, Petition, Proof
from kezun.cases.reach import highest, lines_at
from kezun.cases.rules.counting import Counted, columns, counted
from kezun.kernel.actor import Actor
from kezun.org.models import Unit, UnitPath, valid_on
from kezun.ui.pdf import Document
from kezun.ui.workbook import Sheet, Value, workbook

KIND = "complaint"
AXES = {"channel": "complaint_channel", "business": "complaint_business", "reason_code": "complaint_reason"}
MOST, MOST_PAPER = 20_000, 300
Pair = tuple[str, str]


@dataclass(frozen=True)
class Span:
    """Which complaints: received from `since` to `until` (both days belong to it), at or below a unit."""

    since: dt.date
    until: dt.date
    unit: str = ""

    def cases(self, actor: Actor) -> QuerySet[Case]:
        """Those in the actor's scope, the earliest first."""
        start = timezone.make_aware(dt.datetime.combine(self.since, dt.time()))
        end = timezone.make_aware(dt.datetime.combine(self.until + dt.timedelta(days=1), dt.time()))
        found = (
            Case.objects.visible_to(actor)
            .counted()
            .filter(code=KIND, received_at__gte=start, received_at__lt=end)
        )
        if self.unit:
            below = UnitPath.objects.filter(valid_on(timezone.localdate()), ancestor__code=self.unit)
            found = found.filter(Q(unit__in=below.values("unit")))
        return found.order_by("received_at", "pk")

    def limit(self, actor: Actor) -> str:
        """That only some lines are counted, since the actor's roles reach no further; "" where all are."""
        unit = Unit.objects.filter(code=self.unit).first() if self.unit else None
        return monthly_words.limited(highest(lines_at(actor, READ, unit)))


def _facts(actor: Actor, span: Span) -> list[tuple[str, str]]:
    """What stands above the tables: which days, which unit, which lines alone."""
    limit = span.limit(actor)
    found = [(_("From the day"), str(span.since)), (_("To the day"), str(span.until))]
    return [*found, (_("Unit"), span.unit or "—"), *([(_("Business lines"), limit)] if limit else [])]


def heads() -> tuple[str, ...]:
    """The names of the fields, in the order of `rows`."""
    return (
        *(_("Number"), _("Received"), _("Unit"), _("Channel"), _("Business"), _("Reason for complaining")),
        *(_("What happened"), _("What is in dispute"), _("What the customer asks for"), _("Findings")),
        *(_("Evidence"), _("Basis"), _("Decision"), _("Communication"), _("Extension"), _("Satisfaction")),
        *(_("Answered on"), _("Days"), _("State")),
    )


def rows(found: Sequence[Case]) -> list[tuple[Value, ...]]:
    """Each case by the fields of article 44 (5 statements, however many)."""
    told, given, proofs = _events(found), _extensions(found), _proofs(found)
    return [_row(case, told[case.pk], given[case.pk], proofs[case.pk]) for case in found]


def _row(case: Case, told: list[Event], given: list[Petition], proofs: list[Proof]) -> tuple[Value, ...]:
    form, words = kinds.form_of(case.kind), {}
    for field in form.fields:
        words[field.id] = showing.value(field, case.data.get(field.id)) if not field.sealed else ""
    bodies = [(event, json.loads(event.body)["said"]) for event in told]
    results = [remarks.text(said.get("result")) for event, said in bodies if event.verb == "propose"]
    contacts = [
        f"{showing.minute(event.at)} {wording.choice_name('how', str(said.get('how', '')))}"
        for event, said in bodies
        if event.verb in ("contact", "answer")
    ]
    extended = [
        f"{clockwords.amount_of(p.policy, p.units)} · {p.reason} · {p.notice}".strip(" ·") for p in given
    ]
    shown = [proof.caption or proof.get_stage_display() for proof in proofs]
    days = (case.answered_at - case.received_at).days if case.answered_at else None
    return (
        *(case.no, showing.minute(case.received_at), case.unit.title),
        *(_coded(case, words, name) for name in AXES),
        *(words["facts"], words["dispute"], words["claim"]),
        "\n".join(filter(None, (words["finding"], *results[-1:]))),
        "\n".join(filter(None, (words["evidence"], *shown))),
        *(words["basis"], words["decision"], "\n".join(contacts), "\n".join(extended) or _("none")),
        *(case.satisfaction, showing.day(case.answered_at), days, case.get_state_display()),
    )


def _coded(case: Case, words: dict[str, str], name: str) -> str:
    return f"{case.data.get(name, '')} {words.get(name, '')}".strip()


def _events(found: Sequence[Case]) -> dict[int, list[Event]]:
    kept: dict[int, list[Event]] = defaultdict(list)
    for part in _parts(found):
        wanted = Event.objects.filter(case__in=part, verb__in=("contact", "propose", "answer"))
        for event in wanted.order_by("case", "seq"):
            kept[event.case_id].append(event)
    return kept


def _extensions(found: Sequence[Case]) -> dict[int, list[Petition]]:
    kept: dict[int, list[Petition]] = defaultdict(list)
    for part in _parts(found):
        wanted = Petition.objects.filter(case__in=part, type="extend", decision="granted")
        for petition in wanted.order_by("case", "pk"):
            kept[petition.case_id].append(petition)
    return kept


def _proofs(found: Sequence[Case]) -> dict[int, list[Proof]]:
    kept: dict[int, list[Proof]] = defaultdict(list)
    for part in _parts(found):
        for proof in Proof.objects.filter(case__in=part).order_by("case", "pk"):
            kept[proof.case_id].append(proof)
    return kept


def _parts(found: Sequence[Case], size: int = 500) -> Iterable[list[int]]:
    keys = [case.pk for case in found]
    return (keys[at : at + size] for at in range(0, len(keys), size))


@dataclass(frozen=True)
class Table:
    """Counts of one axis: rows by code, columns by month or by unit."""

    axis: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Counted, ...]
    names: dict[str, str]
    total: int
    verified: bool


def table(actor: Actor, span: Span, axis: str, by: str = "month") -> Table:
    """How many complaints by a code table and by month or unit (1 statement)."""
    known = catalogs.tables()[AXES[axis]]
    parents = {code.id: code.parent for code in known.codes.values()}
    found = span.cases(actor).order_by().values_list("data", "received_at", "unit__code", "unit__name")
    pairs: list[Pair] = []
    for data, at, code, name in found:
        column = f"{timezone.localtime(at):%Y-%m}" if by == "month" else f"{code} {name}"
        pairs.append((str(data.get(axis) or "—"), column))
    names = {code.id: code.title for code in known.codes.values()}
    title = wording.named(known.name, known.name_en)
    made = tuple(counted(pairs, parents))
    return Table(axis, title, tuple(columns(pairs)), made, names, len(pairs), known.verified)


def statistics_book(actor: Actor, span: Span) -> tuple[bytes, int]:
    """All axes by month and by unit as a workbook, and how many complaints it counts."""
    made = [(table(actor, span, axis, by), by) for axis in AXES for by in ("month", "unit")]
    facts = _facts(actor, span)
    sheets = [
        Sheet(
            name=f"{one.title} {_('by month') if by == 'month' else _('by unit')}",
            title=one.title,
            heads=(_("Code number"), _("Name of the code"), *one.columns, _("All together")),
            rows=[
                (
                    r.code,
                    "  " * r.depth + one.names.get(r.code, r.code),
                    *(r.by.get(c, 0) for c in one.columns),
                    r.total,
                )
                for r in one.rows
            ],
            facts=[*facts, *([] if one.verified else [(_("Code table"), _("not checked against the norm"))])],
            widths=(10, 26, *(11 for _c in one.columns), 10),
        )
        for one, by in made
    ]
    return workbook(sheets), made[0][0].total


def _chosen(actor: Actor, span: Span, most: int) -> list[Case]:
    return list(span.cases(actor).select_related("kind", "unit")[:most])


def pack_book(actor: Actor, span: Span) -> tuple[bytes, int]:
    """Every complaint of the span by the fields of article 44 as a workbook."""
    found = _chosen(actor, span, MOST)
    facts = _facts(actor, span)
    title = _("Complaints: report to the regulator")
    widths = (12, 16, 18, 18, 18, 18, 30, 20, 20, 30, 24, 24, 30, 22, 22, 10, 12, 8, 10)
    sheet = Sheet(name=title, title=title, heads=heads(), rows=rows(found), facts=facts, widths=widths)
    return workbook([sheet]), len(found)


def pack_paper(actor: Actor, span: Span) -> tuple[bytes, int]:
    """The same as PDF, a section for each case; at most MOST_PAPER of them, and it says so."""
    found = _chosen(actor, span, MOST_PAPER + 1)
    made = Document(_("Complaints: report to the regulator"), foot=f"{span.since} – {span.until}")
    if limit := span.limit(actor):
        made.paragraph(limit, small=True)
    if len(found) > MOST_PAPER:
        found = found[:MOST_PAPER]
        made.paragraph(_("The first %(n)d; take the workbook for all.") % {"n": MOST_PAPER})
    names = heads()
    for row in rows(found):
        made.heading(str(row[0]), 2)
        made.facts(
            [
                (name, "—" if value in (None, "") else str(value))
                for name, value in zip(names, row, strict=True)
            ][1:]
        )
    if not found:
        made.paragraph(_("None in this span."))
    return made.content(), len(found)
