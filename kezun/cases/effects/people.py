"""People of a case and what they said, under the case's key; files that prove something."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import sealing, standing
from kezun.cases.doing import Doing, effect
from kezun.cases.models import Case, CaseKey, Party, Proof
from kezun.cases.payload import MOST_REPRESENTATIVES
from kezun.cases.rules.verbs import VERBS
from kezun.kernel.rows import insert

MAIN = (Party.Role.COMPLAINANT, Party.Role.CUSTOMER)
MOST_PAIRS = 999


@effect("open")
def with_people(doing: Doing) -> None:
    """Whoever brought it, whoever is named, and the story in their own words."""
    if rows := doing.said.get("parties"):
        _add(doing, rows)
    if story := doing.said.get("story"):
        doing.told["story"] = sealing.reference(sealing.keep_text(doing.case, "story", story))


@effect("party")
def more_people(doing: Doing) -> None:
    """Who is named only now, or leads one who is, no longer handles or verifies: the case is free again."""
    _add(doing, doing.said["parties"])
    case = doing.case
    worked = [person for person in (case.handler, case.verifier) if person is not None]
    barred = [person.pk for person in worked if standing.Ground(person, case).barred]
    if not barred:
        return
    if case.answered_at is not None:
        raise ValidationError(
            {"parties": _("Who is named here handled or verified it: reopen the case, then name them.")}
        )
    doing.sets |= {"state": Case.State.ASSIGNED.value, "handler": None, "verifier": None}
    doing.told["stepped_back"] = barred
    doing.by_rule = True


def seal_fields(doing: Doing) -> None:
    """Fields of class C2 go under the key, whichever verb brings them; `data` says only that there is one."""
    for field in doing.kind.fields:
        if field.sealed and field.id in doing.fields:
            row = sealing.keep_text(doing.case, field.id, str(doing.fields[field.id]))
            doing.sets["data"][field.id] = sealing.reference(row)


for _verb in VERBS:
    effect(_verb)(seal_fields)


def _add(doing: Doing, rows: list[dict[str, Any]]) -> None:
    allowed = doing.kind.parties
    people = []
    for row in rows:
        role = str(row["role"])
        if role not in allowed:
            raise ValidationError(
                {"parties": _("«%(role)s» has no part in a case of this kind.") % {"role": role}}
            )
        person = row.get("person")
        told = {k: str(v) for k, v in row.items() if k in sealing.PERSONAL}
        mark = sealing.mark_of(told)
        people.append(
            Party(
                case=doing.case,
                role=role,
                person=person,
                mark=mark,
                at=timezone.now(),
                sealed=sealing.seal(doing.case, json.dumps(told, ensure_ascii=False)) if told else "",
            )
        )
        if role in MAIN and mark and not doing.case.mark:
            doing.case.mark = mark
    for party in people:
        insert(party)
    doing.told["parties"] = [{"party": p.pk, "role": p.role, "person": p.person_id} for p in people]
    if any(party.role == Party.Role.REPRESENTATIVE for party in people):
        _check_number(doing.case)


def _check_number(case: Case) -> None:
    several = Party.objects.filter(case=case, role=Party.Role.REPRESENTATIVE, ended_at__isnull=True)
    if several.count() > MOST_REPRESENTATIVES:
        raise ValidationError(
            {
                "parties": _("At most %(most)d representatives speak for a group.")
                % {"most": MOST_REPRESENTATIVES}
            }
        )


@effect("rate")
def rated_in_words(doing: Doing) -> None:
    if words := doing.said.get("words"):
        doing.told["words"] = sealing.reference(sealing.keep_text(doing.case, "rated", words))


@effect("attach")
def attached(doing: Doing) -> None:
    """Photos and documents, examined and kept before; one from before and one from after make a pair."""
    files, stage = doing.said["files"], doing.said["stage"]
    pair = doing.said.get("pair") or 0
    if not 0 <= pair <= MOST_PAIRS:
        raise ValidationError({"pair": _("Pairs are numbered 1 to %(most)d.") % {"most": MOST_PAIRS}})
    if stage in ("before", "after") and pair == 0:
        taken = Proof.objects.filter(case=doing.case, stage=stage).values_list("pair", flat=True)
        pair = max(taken, default=0) + 1
    for number, file in enumerate(files):
        Proof.objects.get_or_create(
            case=doing.case,
            file=file,
            stage=stage,
            defaults={
                "seq": doing.case.seq + 1,
                "pair": pair + number if pair else 0,
                "at": doing.at,
                "caption": doing.said.get("caption", ""),
            },
        )
    doing.told["files"] = [file.sha256 for file in files]


def kept_until(case: Case, years: int) -> dt.datetime | None:
    """Until when what belongs to the case has to be kept; None while it has not ended."""
    ended = case.closed_at
    if ended is None:
        return None
    leap = (ended.month, ended.day) == (2, 29)  # most years lack that day: the one after it, never before
    return (ended + dt.timedelta(days=leap)).replace(year=ended.year + years)


@effect("erase")
def erased(doing: Doing) -> None:
    """Only once the years for which it must be kept are over."""
    case = doing.case
    until = kept_until(case, doing.kind.keep_years)
    if CaseKey.objects.filter(case=case, erased_at__isnull=False).exists():
        raise ValidationError(_("The personal data of this case were erased before."))
    if until is None or until > doing.at:
        raise ValidationError(
            _("It has to be kept until %(day)s.") % {"day": f"{until:%Y-%m-%d}" if until else "—"}
        )
    sealing.erase(case)
    case.mark = ""
