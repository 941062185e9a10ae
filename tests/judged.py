"""What an address of the assessment can name, made for a test."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import timezone

from kezun.assessment import packing
from kezun.assessment.actions.schemes import draft_scheme
from kezun.assessment.models import (
    Appeal,
    AppealFile,
    Award,
    Lead,
    Listing,
    Merit,
    MeritFile,
    Replay,
    Round,
    Run,
    Scheme,
    Score,
)
from kezun.assessment.rules.lines import Kept, Line, Result
from kezun.assessment.tests import world
from kezun.kernel.actor import SystemActor
from kezun.kernel.file import keep
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit

Target = dict[str, Any]
GROUNDS, TITLE = "评价器当天断网", "表扬"


def lead(person: Person, where: Unit) -> Target:
    day = dt.date(2026, 3, 31)
    figures = {"k": 9, "n": 30, "expected": 0.01, "p": 1e-9, "q": 1e-8, "fact": "rating"}
    found = {"signal": "rating.orphan", "unit": where, "from_date": day, "to_date": day}
    return {"pk": Lead.objects.get_or_create(**found, person=None, defaults=figures)[0].pk}


def _score(where: Unit) -> Score:
    """A score of a unit, shown and open to appeal."""
    day, now = dt.date(2026, 3, 1), timezone.now()
    until = {"from_date": day, "to_date": day.replace(day=31)}
    text = world.scheme_text()
    edition = {"urn": "urn:kezun:scheme:test", "version": "2026.1", "title": "试行方案", "subject": "outlet"}
    scheme = Scheme.objects.filter(urn=edition["urn"]).first() or Scheme.objects.create(
        **edition, text=text, sha256="0" * 64, from_date=day, state=Scheme.State.PUBLISHED, published_at=now
    )
    held, _ = Round.objects.get_or_create(
        urn=scheme.urn, period="2026-03", defaults={**until, "state": Round.State.APPEAL}
    )
    run = Run.objects.filter(round=held).first() or Run.objects.create(
        **{"scheme": scheme, "round": held, "kind": "final", "period": "2026-03", "known_at": now, **until},
        **{"state": "done", "result_hash": "1", "shown_at": now, "done_at": now},
        inputs={"scheme": {"urn": scheme.urn, "editions": [{"version": "2026.1", "sha256": scheme.sha256}]}},
    )
    line = Line("component", "csat", "2026.1", Decimal(50), Decimal(60), Decimal(60), Decimal(83))
    kept = (Kept("2026.1", Decimal(1), (), {}, ()),)
    packed = packing.pack(packing.canonical(Result((line,), Decimal(50), Decimal(50), 1.0, kept=kept)))
    told = {"unit": where, "score": Decimal(50), "lines": packed}
    return Score.objects.get_or_create(run=run, subject=f"unit:{where.pk}", defaults=told)[0]


def appealable(person: Person, where: Unit) -> Target:
    return {"score": _score(where).pk}


def scored(person: Person, where: Unit) -> Target:
    score = _score(where)
    return {"run": score.run_id, "subject": score.subject}


def appeal(person: Person, where: Unit) -> Target:
    told = {"rule": "csat", "unit": where, "grounds": GROUNDS}
    return {"pk": Appeal.objects.create(score=_score(where), level=Appeal.objects.count(), **told).pk}


def appeal_file(person: Person, where: Unit) -> Target:
    made = appeal(person, where)
    return made | {"number": AppealFile.objects.create(appeal_id=made["pk"], file=_document()).pk}


def listing(person: Person, where: Unit) -> Target:
    score = _score(where)
    told = {"unit": where, "run": score.run, "score": score}
    return {"pk": Listing.objects.get_or_create(colour="red", **told)[0].pk}


def award(person: Person, where: Unit) -> Target:
    day = dt.date(2026, 4, 1)
    made = Award.objects.create(kind="star", level=3, unit=where, from_date=day, to_date=day)
    return {"pk": made.pk}


def _document() -> StoredFile:
    return keep(SystemActor("test"), io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "a.pdf", allow=("pdf",))


def merit(person: Person, where: Unit) -> Target:
    told = {"kind": "praise", "level": "锦旗", "occurred_date": dt.date(2026, 3, 10), "title": TITLE}
    return {"pk": Merit.objects.create(unit=where, **told).pk}


def merit_file(person: Person, where: Unit) -> Target:
    made = merit(person, where)
    return made | {"number": MeritFile.objects.create(merit_id=made["pk"], file=_document()).pk}


def round(person: Person, where: Unit) -> Target:
    run = _score(where).run
    return {"pk": run.round_id, "run": run.pk}


def repeated(person: Person, where: Unit) -> Target:
    """A finished run whose edition is gone, so that nothing is computed."""
    old = _score(where).run
    edition = {"version": "gone", "sha256": "0", "since": "2026-03-01", "until": "2026-03-31"}
    inputs = {"scheme": {"urn": old.scheme.urn, "editions": [edition]}}
    told = {"scheme": old.scheme, "round": old.round, "kind": "final", "period": old.period, "inputs": inputs}
    told |= {"from_date": old.from_date, "to_date": old.to_date, "known_at": old.known_at}
    run = Run.objects.create(**told, state="done", result_hash="1", done_at=timezone.now())
    return {"pk": run.round_id, "number": run.pk}


def replayed(person: Person, where: Unit) -> Target:
    """A repetition that waits."""
    run = _score(where).run
    return {"pk": run.round_id, "number": Replay.objects.create(run=run).pk}


def scheme(person: Person, where: Unit) -> Target:
    return {"pk": _score(where).run.scheme_id}


def scheme_draft(person: Person, where: Unit) -> Target:
    version = f"9.{Scheme.objects.count()}"
    return {"pk": draft_scheme(SystemActor("test"), text=world.scheme_text(version=version)).pk}


MAKERS: dict[str, Callable[[Person, Unit], Target]] = {
    **{"lead": lead, "merit": merit, "merit_file": merit_file, "listing": listing, "award": award},
    **{
        "round": round,
        "repeated": repeated,
        "replayed": replayed,
        "scheme": scheme,
        "scheme_draft": scheme_draft,
    },
    **{"appeal": appeal, "appealable": appealable, "scored": scored, "appeal_file": appeal_file},
}
