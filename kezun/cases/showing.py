"""What a case holds, in words for paper and tables: names for codes, yuan for fen, never what is sealed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from kezun.cases import catalogs
from kezun.cases.models import Case, Party
from kezun.cases.rules.kinds import Field, Kind
from kezun.cases.sealing import Erased, personal
from kezun.cases.wording import named
from kezun.kernel.mask import mask
from kezun.org.models import Person, Unit

# what the platform writes into a case for itself, and nobody types or reads
UNSHOWN = frozenset(("sheet", "root", "order"))
DAY, MINUTE = "%Y-%m-%d", "%Y-%m-%d %H:%M"


def day(at: dt.datetime | None) -> str:
    """A moment as its day in the bank's zone; "" for none."""
    return timezone.localtime(at).strftime(DAY) if at else ""


def minute(at: dt.datetime | None) -> str:
    """A moment to the minute in the bank's zone; "" for none."""
    return timezone.localtime(at).strftime(MINUTE) if at else ""


def label(field: Field) -> str:
    """What a field is called in the page's language."""
    return named(field.name, field.name_en)


def yuan(fen: int) -> str:
    """Money in yuan with its places: 9000050 → 90,000.50."""
    return f"{fen // 100:,}.{fen % 100:02}"


def value(field: Field, held: Any) -> str:
    """One value of a field in words; "" where there is none, a word where it is sealed."""
    if held in (None, ""):
        return ""
    if field.sealed:
        return _("(kept under the key of the case)")
    if field.type == "flag":
        return _("yes") if held else _("no")
    if field.type == "choice":
        return next((named(c.name, c.name_en) for c in field.choices if c.id == held), str(held))
    if field.type == "code":
        table = catalogs.tables().get(field.table)
        return table.codes[held].title if table and held in table.codes else str(held)
    if field.type == "money":
        return yuan(int(held))
    return _looked_up(field.type, str(held))


def staff(code: str) -> str:
    """A member of staff by name and staff number; the number alone where nobody has it."""
    found = Person.objects.filter(code=code).first() if code else None
    return f"{found.name} ({code})" if found else code


def _looked_up(kind: str, held: str) -> str:
    if kind == "person":
        return staff(held)
    if kind == "unit":
        unit = Unit.objects.filter(code=held).first()
        return f"{unit.title} ({held})" if unit else held
    if kind == "moment":
        return minute(parse_datetime(held))
    return held


def pairs(case: Case, kind: Kind, *, opened: bool | None = None) -> list[tuple[str, str]]:
    """Names and values of the fields that hold something. opened: those asked at the opening, or later."""
    fields = [f for f in kind.fields if opened is None or ("open" in f.at) is opened]
    told = ((label(f), value(f, case.data.get(f.id))) for f in fields if f.id not in UNSHOWN)
    return [(name, text) for name, text in told if text]


def people(case: Case) -> list[tuple[str, str]]:
    """Everybody with a part: staff by name, others masked."""
    rows = Party.objects.filter(case=case, ended_at__isnull=True).select_related("person").order_by("pk")
    return [(str(Party.Role(row.role).label), _who(row)) for row in rows]


def _who(row: Party) -> str:
    if row.person is not None:
        return f"{row.person.name} ({row.person.code})"
    try:
        told = personal(row)
    except Erased:
        return _("(erased)")
    names = (("name", "name"), ("phone", "phone"))
    return " ".join(mask(kind, told[name]) for name, kind in names if told.get(name)) or _("(not named)")


def moment(text: str) -> str:
    """A moment as events hold it, in the bank's zone."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at.tzinfo else f"{at:%Y-%m-%d %H:%M}"
