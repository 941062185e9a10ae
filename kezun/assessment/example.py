"""One subject judged by a text that is still being written: computed at once, kept nowhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.computing import compute
from kezun.assessment.inputs import pin
from kezun.assessment.lookups import forms_of, latest, result_of, scores_for
from kezun.assessment.messages import say_state, say_why
from kezun.assessment.models import Scheme, Score
from kezun.assessment.packing import unpack
from kezun.assessment.rules.lines import Figure, Result
from kezun.assessment.schemes import form_of
from kezun.assessment.scorecards import title_of
from kezun.assessment.subjects import Roster, Subject
from kezun.assessment.telling import unit_of
from kezun.assessment.wording import grade_name
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor
from kezun.org.models import Person, Unit
from kezun.ui.figures import figure

READ = "assessment.read"
# So many of the peers that estimators learn from are computed beside the one that is shown.
PEERS = 300


@dataclass(frozen=True)
class ExampleLine:
    """One line: what went in, the points it gives; before: the points of the stored run, if there is one."""

    title: str
    value: str
    points: Decimal
    possible: Decimal
    said: str
    before: Decimal | None


@dataclass(frozen=True)
class Example:
    """A subject under a draft, beside the score that was stored for the same period under the scheme; grades
    in the page's language."""

    name: str
    period: str
    score: Decimal | None
    grade: str
    why: str
    lines: Sequence[ExampleLine]
    stored: Score | None
    stored_grade: str
    peers: int

    @property
    def moved(self) -> Decimal | None:
        """How the draft moves the stored score."""
        if self.stored is None or self.stored.score is None or self.score is None:
            return None
        return self.score - self.stored.score


def tried(actor: Actor, text: str, code: str, period: Period) -> Example:
    """Judge the unit or person with a code by a text, with the facts known now.

    Raises NotAScheme for a text that cannot be read, ValidationError where there is nothing to judge.
    """
    form = form_of(text)
    found = pin(Scheme(urn=form.id, version=form.version, text=text), period, timezone.now(), alone=True)
    wanted = _subject(actor, found.given.roster, code)
    near = narrowed(found.given.roster, wanted)
    outcome = compute(dataclasses.replace(found.given, roster=near))
    row = next(r for r in outcome.rows if r.key == wanted.key)
    run = latest(actor, form.id, period.label)
    stored = scores_for(actor, run).filter(subject=wanted.key).first() if run else None
    result = unpack(row.body)
    titles = {c.id: title_of(c) for c in form.components}
    return Example(
        *(_name(wanted), period.label, result.score, grade_name(result.grade, form.grades)),
        why=say_why(result.why, titles) if result.why else "",
        lines=_lines(text, result, stored),
        stored=stored,
        stored_grade=grade_name(stored.grade, forms_of(run)[-1].grades) if run and stored else "",
        peers=len(near.subjects) - 1,
    )


def _subject(actor: Actor, subjects: Roster, code: str) -> Subject:
    """The subject with a code, in the actor's scope; ValidationError where it is not judged."""
    found = next((s for s in subjects.subjects if s.code == code), None)
    seen = False
    if found is not None and found.person is not None:
        seen = Person.objects.visible_to(actor, READ).filter(pk=found.person).exists()
    elif found is not None:
        seen = found.unit is None or Unit.objects.visible_to(actor, READ).filter(pk=found.unit).exists()
    if found is None or not seen:
        raise ValidationError(
            _("«%(code)s» is not judged by this scheme in this period: choose another.") % {"code": code}
        )
    return found


def narrowed(subjects: Roster, wanted: Subject) -> Roster:
    """The roster with one subject and at most PEERS of its peers; by unit, only their part of the tree."""
    peers = [s for s in subjects.subjects if s.group == wanted.group and s.key != wanted.key][:PEERS]
    kept = sorted([wanted, *peers], key=subjects.subjects.index)
    targets = {s.pk for s in kept}
    tree = [row for row in subjects.tree if row[1] in targets] if subjects.by == "unit" else subjects.tree
    return msgspec.structs.replace(subjects, subjects=kept, tree=tree)


def _name(subject: Subject) -> str:
    if subject.person is not None:
        return str(Person.objects.get(pk=subject.person))
    return Unit.objects.get(pk=subject.unit).title if subject.unit is not None else subject.code


def _lines(text: str, result: Result, stored: Score | None) -> list[ExampleLine]:
    form = form_of(text)
    rules = {c.id: c for c in form.components}
    titles = {c.id: title_of(c) for c in form.components} | {r.id: title_of(r) for r in form.adjustments}
    before = {x.id: x.points for x in result_of(stored).lines} if stored is not None else {}
    fixed = {"base": _("Base"), "limit": _("Limit of the total"), "rounding": _("Rounding")}
    return [
        ExampleLine(
            titles.get(x.id) or fixed.get(x.kind, x.id),
            _value(x.figure, unit_of(rules[x.id])) if x.id in rules else "",
            *(x.points, x.possible, say_state(x.state) if x.state not in ("scored", "") else ""),
            before.get(x.id),
        )
        for x in result.lines
        if x.kind != "rounding"
    ]


def _value(known: Figure | None, unit: str) -> str:
    if known is None or known.value is None:
        return ""
    return f"{figure(known.value, unit)} (n {known.n})"


def suggested(actor: Actor, text: str, period: Period) -> list[tuple[str, str]]:
    """Codes and names to choose from: subjects of the last run that counted, else none."""
    run = latest(actor, form_of(text).id, period.label)
    if run is None:
        return []
    rows = scores_for(actor, run).select_related("unit", "person", "line").defer("lines")[:PEERS]
    return [(of.code, str(of)) for s in rows if (of := s.person or s.line or s.unit) is not None]
