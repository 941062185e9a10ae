"""What an address can name, made for a test: a record of the given unit that the person does not own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from kezun.facts.models import Batch
from kezun.insight.models import SavedView
from kezun.kernel import trail
from kezun.kernel.models import Task
from kezun.org.models import (
    Assignment,
    BusinessLine,
    Calendar,
    CalendarDay,
    LeadingGroup,
    Person,
    Post,
    RosterUpload,
    Token,
    Unit,
)
from kezun.standards import actions
from kezun.standards.models import Evidence, Sheet, Standard
from kezun.standards.pages.workbook import ticket_for
from kezun.standards.tests import world
from tests import complaining, desks, judged, loops, noticing

Target = dict[str, Any]


def someone(unit: Unit) -> Person:
    """A colleague at a unit, a teller."""
    code = f"someone.{unit.code}"
    found, new = Person.objects.get_or_create(code=code, defaults={"name": "甲", "home_unit": unit})
    if new:
        post, _ = Post.objects.get_or_create(code="teller", defaults={"name": "柜员", "role": "teller"})
        Assignment.objects.create(person=found, unit=unit, post=post)
    return found


def unit(person: Person, where: Unit) -> Target:
    return {"code": where.code}


def person(person: Person, where: Unit) -> Target:
    return {"code": someone(where).code}


def view(person: Person, where: Unit) -> Target:
    made, _ = SavedView.objects.get_or_create(person=someone(where), title="t", defaults={"address": "/"})
    return {"pk": made.pk}


def group(person: Person, where: Unit) -> Target:
    return {"pk": LeadingGroup.objects.get_or_create(unit=where, name="组")[0].pk}


def assignment(person: Person, where: Unit) -> Target:
    return {"pk": Assignment.objects.get(person=someone(where)).pk}


def post(person: Person, where: Unit) -> Target:
    someone(where)
    return {"pk": Post.objects.get(code="teller").pk}


def line(person: Person, where: Unit) -> Target:
    return {"pk": BusinessLine.objects.get_or_create(code="retail", defaults={"name": "Retail"})[0].pk}


def calendar(person: Person, where: Unit) -> Target:
    """A working calendar, which belongs to the whole bank, with a day in 2026."""
    made, new = Calendar.objects.get_or_create(code="c", defaults={"name": "C", "windows": "08:30-17:30"})
    if new:
        CalendarDay.objects.create(calendar=made, on_date=dt.date(2026, 1, 1), kind="holiday", name="N")
    return {"code": made.code}


def roster(person: Person, where: Unit) -> Target:
    made = RosterUpload.objects.create(
        name="r.xlsx",
        state=RosterUpload.State.SUBMITTED,
        digest="0" * 64,
        rows='{"units": [], "posts": [], "people": []}',
        submitted_by=someone(where),
    )
    return {"pk": made.pk}


def token(person: Person, where: Unit) -> Target:
    made = Token.objects.create(
        person=someone(where),
        name="t",
        hint="kz_",
        digest=f"{Token.objects.count():064}",
        expires_at=timezone.now() + dt.timedelta(days=1),
    )
    return {"pk": made.pk}


def entry(person: Person, where: Unit) -> Target:
    return {"number": trail.write("system:test", "org.test", "", {}).pk}


def task(person: Person, where: Unit) -> Target:
    return {"number": Task.objects.create(name="x", state=Task.State.FAILED, due_at=timezone.now()).pk}


def batch(person: Person, where: Unit) -> Target:
    """An import by a colleague, with a rejected row."""
    file = Path(settings.KEZUN_HOME) / "rejects" / "batch-t.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("no,_line,_reason\n")
    made = Batch.objects.create(
        **{"fact": "ticket", "profile": "direct", "name": "t.csv", "state": Batch.State.DONE},
        **{"by": someone(where).trail_name, "rejects_path": str(file), "rejected": 1, "rows": 1},
    )
    return {"number": made.pk, "pk": made.pk}


def edition(person: Person, where: Unit) -> Target:
    return {"pk": world.published().pk}


def draft(person: Person, where: Unit) -> Target:
    made = Standard.objects.filter(state="draft").first()
    return {"pk": (made or actions.draft(world.SYSTEM, text=world.text("9", start="2099-01-01"))).pk}


def workbook(person: Person, where: Unit) -> Target:
    """A checklist in Excel that somebody else brought."""
    return {"ticket": ticket_for(world.SYSTEM, world.workbook())}


def own_workbook(person: Person, where: Unit) -> Target:
    return {"ticket": ticket_for(person, world.workbook())}


def sheet(person: Person, where: Unit) -> Target:
    """A sheet of the unit, submitted; its photo is the target `evidence`."""
    world.published()
    found = Sheet.objects.filter(unit=where, state="submitted").first()
    pk = (found or world.submitted(world.SYSTEM, where)).pk
    return {"pk": pk, "number": pk}


def evidence(person: Person, where: Unit) -> Target:
    pk = sheet(person, where)["pk"]
    piece, _ = Evidence.objects.get_or_create(sheet_id=pk, criterion="A1.1", file=world.photo())
    return {"pk": pk, "piece": piece.pk}


def own_person(person: Person, where: Unit) -> Target:
    return {"code": person.code}


def own_view(person: Person, where: Unit) -> Target:
    made, _ = SavedView.objects.get_or_create(person=person, title="t", defaults={"address": "/"})
    return {"pk": made.pk}


def own_token(person: Person, where: Unit) -> Target:
    made = Token.objects.create(
        person=person,
        name="t",
        hint="kz_",
        digest=f"{Token.objects.count():064}",
        expires_at=timezone.now() + dt.timedelta(days=1),
    )
    return {"pk": made.pk}


MAKERS: dict[str, Callable[[Person, Unit], Target]] = {
    **{"unit": unit, "person": person, "view": view, "group": group, "assignment": assignment},
    **{"post": post, "line": line, "calendar": calendar},
    **{"roster": roster, "token": token, "entry": entry, "task": task, "batch": batch},
    **{"edition": edition, "draft": draft, "workbook": workbook, "sheet": sheet, "evidence": evidence},
    **judged.MAKERS,
    **loops.MAKERS,
    **complaining.MAKERS,
    **desks.MAKERS,
    **noticing.MAKERS,
}
OWN: dict[str, Callable[[Person, Unit], Target]] = {
    **{"person": own_person, "view": own_view, "token": own_token, "workbook": own_workbook},
    **complaining.OWN,
    **noticing.OWN,
}
