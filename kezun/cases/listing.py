"""Lists of cases: what may be asked for, in which order, page after page.

Pages follow one another by key: a page says after which case the next begins, so the hundredth costs no more
than the first. Counting stops at COUNTED; the page then says «more than».
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from kezun.cases import searching
from kezun.cases.models import READ, Case, Party
from kezun.cases.reach import PLACES, reaches, whole
from kezun.cases.rows import Row, rows_of
from kezun.cases.rules.kinds import ENDED
from kezun.kernel.actor import OutOfScope
from kezun.org.models import Person, Unit, UnitPath, valid_on

PAGE, COUNTED, EXPORTED = 50, 1000, 20_000
SOON = dt.timedelta(days=3)
YEARS = range(1990, 2201)
FREE = (Case.State.REGISTERED, Case.State.ACCEPTED, Case.State.ASSIGNED)
STATES = ("open", "ended", *Case.State.values)
DUE = ("late", "soon", "none", "provisional")
WHO = ("mine", "take", "opened", "unit", "returned", "escalated", "repeated")
SORTS = {
    "time": ("act_by_at", False),
    "newest": ("received_at", True),
    "oldest": ("received_at", False),
    "moved": ("last_at", True),
}


def usual_sort(state: str) -> str:
    """The order where none is asked for: by the time left, the newest first where there is none."""
    return "time" if state == "open" else "newest"


@dataclass(frozen=True)
class Wanted:
    """What is asked for; empty values do not narrow. state: `open`, `ended` or one state; "" for all.

    unit: a code, with all below it; owner: the code of the one unit with which it lies. since, until: days of
    receipt. after: where the page before ended.
    """

    q: str = ""
    kind: str = ""
    state: str = "open"
    unit: str = ""
    owner: str = ""
    severity: str = ""
    due: str = ""
    who: str = ""
    since: str = ""
    until: str = ""
    sort: str = "time"
    after: str = ""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Wanted:
        """From the query of an address; what cannot be is left out."""
        told = {field.name: str(said[field.name])[:80].strip() for field in fields(cls) if field.name in said}
        known = {"state": STATES, "due": DUE, "who": WHO, "sort": tuple(SORTS), "severity": tuple("1234")}
        for name, values in known.items():
            if told.get(name) and told[name] not in values:
                del told[name]
        for name in ("since", "until"):
            if told.get(name) and _day(told[name]) is None:
                del told[name]
        told["sort"] = told.get("sort") or usual_sort(told.get("state", "open"))
        return cls(**told)

    def query(self, **changed: str) -> str:
        """The query of an address that asks for this, with changes; without what is the default."""
        told = {field.name: getattr(self, field.name) for field in fields(self)} | changed
        usual = {field.name: field.default for field in fields(self)} | {"sort": usual_sort(told["state"])}
        kept = {
            name: value for name, value in told.items() if value != usual[name] and (value or name == "state")
        }
        return urlencode(kept)


@dataclass(frozen=True)
class Listed:
    """One page: its lines, the address of the next (""), how many there are (None: more than COUNTED)."""

    rows: tuple[Row, ...]
    following: str
    count: int | None


def _day(text: str) -> dt.date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found is not None and found.year in YEARS else None


def chosen(person: Person, wanted: Wanted, now: dt.datetime) -> QuerySet[Case]:
    """The cases that are asked for; which of them the person may see is for `arms` to say."""
    found: QuerySet[Case] = Case.objects.all()
    if wanted.kind:
        found = found.filter(code=wanted.kind)
    if wanted.severity:
        found = found.filter(severity=int(wanted.severity))
    if wanted.owner:
        found = found.filter(owner_unit__code=wanted.owner)
    if wanted.since:
        found = found.filter(received_at__gte=_midnight(wanted.since))
    if wanted.until:
        found = found.filter(received_at__lt=_midnight(wanted.until) + dt.timedelta(days=1))
    return searching.matching(
        _of_time(_of_people(found, person, wanted), wanted, now), wanted.q, _state(wanted)
    )


def _state(wanted: Wanted) -> Q:
    if wanted.state in ("open", "ended"):
        return Q(open=wanted.state == "open")
    return Q(state=wanted.state, open=wanted.state not in ENDED) if wanted.state else Q()


def arms(person: Person, found: QuerySet[Case], wanted: Wanted) -> list[QuerySet[Case]]:
    """Of the cases found those that the person may see, each arm by an index of its own.

    Together they hold what `Case.objects.visible_to` does; as one condition a database walks all cases. Where
    words are looked for, these already say which few cases to walk.
    """
    scope = person.scope
    if wanted.unit:
        paths = UnitPath.objects.filter(valid_on(timezone.localdate()), ancestor__code=wanted.unit)
        below = paths.values("unit")
        if whole(scope, READ) and not wanted.q:
            return [found.filter(unit__in=below), found.filter(owner_unit__in=below)]
        found = found.filter(Q(unit__in=below) | Q(owner_unit__in=below))
    if wanted.who == "take":
        free, mine = found.filter(handler=None, state__in=FREE), reaches(scope, READ)
        free = free.exclude(pk__in=named_in(person.pk))
        handed = [free.filter(reach.posted("pending_unit")) for reach in mine]
        return [*handed, *(free.filter(reach.posted("owner_unit"), pending_unit=None) for reach in mine)]
    if wanted.q:
        return [found & Case.objects.visible_to(person)]
    if not scope.may(READ):
        return [found.none()]
    if whole(scope, READ):
        return [found]
    arms = [found.filter(handler=person), found.filter(opener=person), found.filter(verifier=person)]
    for reach in reaches(scope, READ):
        arms += [found.filter(reach.at(place)) for place in PLACES[: 1 if reach.everywhere else None]]
    return arms


def named_in(person: int) -> QuerySet[Party, Any]:
    """Cases in which the person is named: others handle them."""
    rows = Party.objects.filter(person=person, role=Party.Role.NAMED_STAFF, ended_at__isnull=True)
    return rows.values("case")


def first_of(parts: Sequence[QuerySet[Case]], order: Sequence[Any], most: int) -> QuerySet[Case]:
    """The first `most` of all arms in an order; each arm is cut before they are put together."""
    inner = [_by_arm(one) for one in order] if len(parts) > 1 else order
    statement, values = _together([part.order_by(*inner).values("pk")[:most] for part in parts])
    if not statement:
        return Case.objects.none()
    # compiled by Django from the arms, with their values as parameters
    return Case.objects.filter(pk__in=RawSQL(statement, values)).order_by(*order)  # noqa: S611


def _together(arms: Sequence[QuerySet[Case, Any]]) -> tuple[str, list[Any]]:
    """The keys of all arms as one statement ("" for none); a union of query sets costs more."""
    told: list[str] = []
    values: list[Any] = []
    for number, arm in enumerate(arms):
        try:
            statement, given = arm.query.sql_with_params()
        except EmptyResultSet:
            continue
        told.append(f'SELECT "pk" FROM ({statement}) AS arm{number}')
        values += given
    return " UNION ".join(told), values


def _by_arm(one: Any) -> Any:
    """An order that no index offers: else a database walks all cases in it, instead of those of the arm."""
    return Coalesce("received_at", "received_at").desc() if one == "-received_at" else one


def how_many(parts: Sequence[QuerySet[Case]], most: int) -> int:
    """How many cases the arms hold together, counted up to `most`; one statement."""
    keys, values = _together([part.order_by().values("pk")[:most] for part in parts])
    if not keys:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({keys}) AS found", values)
        return min(int(cursor.fetchone()[0]), most)


def _midnight(day: str) -> dt.datetime:
    found = _day(day)
    assert found is not None
    return timezone.make_aware(dt.datetime.combine(found, dt.time()))


def _of_time(found: QuerySet[Case], wanted: Wanted, now: dt.datetime) -> QuerySet[Case]:
    conditions = {
        "late": Q(open=True, act_by_at__lt=now),
        "soon": Q(open=True, act_by_at__gte=now, act_by_at__lt=now + SOON),
        "none": Q(act_by_at=None),
        "provisional": Q(provisional=True),
    }
    return found.filter(conditions[wanted.due]) if wanted.due else found


def _of_people(found: QuerySet[Case], person: Person, wanted: Wanted) -> QuerySet[Case]:
    own = person.scope.roots()
    conditions = {
        "mine": Q(handler=person),
        "opened": Q(opener=person),
        "unit": Q(owner_unit__in=own) | Q(pending_unit__in=own),
        "returned": Q(returns__gte=2),
        "escalated": Q(level__gte=1),
        "repeated": Q(repeat__gte=1),
    }
    return found.filter(conditions[wanted.who]) if wanted.who in conditions else found


def listed(person: Person, wanted: Wanted, now: dt.datetime) -> Listed:
    """One page of what is asked for (2 statements; 1 where the page holds all of it)."""
    found = chosen(person, wanted, now)
    parts = arms(person, found, wanted)
    page = arms(person, _from(found, wanted), wanted) if wanted.after else parts
    rows = rows_of(first_of(page, order_of(wanted), PAGE + 1)[: PAGE + 1], now)
    further = len(rows) > PAGE
    rows = rows[:PAGE]
    whole = not further and not wanted.after
    count = len(rows) if whole else how_many(parts, COUNTED + 1)
    following = wanted.query(after=_key(rows[-1], wanted)) if further else ""
    return Listed(tuple(rows), following, count if count <= COUNTED else None)


def order_of(wanted: Wanted) -> tuple[Any, ...]:
    """The order that is asked for; what has no deadline comes last."""
    column, down = SORTS[wanted.sort]
    if down:
        return f"-{column}", "-pk"
    return F(column).asc(nulls_last=True) if column == "act_by_at" else column, "pk"


def _key(row: Row, wanted: Wanted) -> str:
    moment = getattr(row, SORTS[wanted.sort][0])
    return f"{moment.isoformat() if moment else ''}|{row.pk}"


def _from(found: QuerySet[Case], wanted: Wanted) -> QuerySet[Case]:
    """Only what comes after the case where the page before ended."""
    moment_text, _bar, pk_text = wanted.after.partition("|")
    if not pk_text.isdecimal():
        return found
    column, down = SORTS[wanted.sort]
    pk, moment = int(pk_text[:18]), _moment(moment_text)
    same = Q(**{column: moment}) if moment else Q(**{f"{column}__isnull": True})
    beyond = same & Q(**{"pk__lt" if down else "pk__gt": pk})
    if moment is None:
        return found.filter(beyond)
    beyond |= Q(**{f"{column}__lt" if down else f"{column}__gt": moment})
    if column == "act_by_at":
        beyond |= Q(act_by_at=None)
    return found.filter(beyond)


def _moment(text: str) -> dt.datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    known = found is not None and found.year in YEARS and timezone.is_aware(found)
    return found if known else None


def unit_asked(person: Person, wanted: Wanted) -> tuple[Wanted, Unit | None]:
    """The unit that is asked for, and the question with its code: a code was typed, or a whole name in scope.

    Raises ValidationError at `unit` where there is none; OutOfScope for an `owner`, which nobody types.
    """
    if not wanted.unit and wanted.owner:
        owner = Unit.objects.filter(code=wanted.owner).first()
        if owner is None:
            raise OutOfScope(wanted.owner)
        return wanted, owner
    if not wanted.unit:
        return wanted, None
    unit = Unit.objects.filter(code=wanted.unit).first() or _named(person, wanted.unit)
    return replace(wanted, unit=unit.code), unit


def _named(person: Person, text: str) -> Unit:
    """The one unit of this name in scope, an open one before those that were closed."""
    named = Unit.objects.visible_to(person, READ).filter(Q(name=text) | Q(name_en=text)).order_by("code")
    found = list(named.filter(closed_date__gte=timezone.localdate())[:2]) or list(named[:2])
    if len(found) == 1:
        return found[0]
    if found:
        told = _("Several units are called «%(text)s»: type the code.")
    else:
        told = _("There is no unit «%(text)s» in your scope: type its code or its whole name.")
    raise ValidationError({"unit": told % {"text": text}})
