"""Working calendars: the list, a year drawn as twelve months, and the changes to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.kernel.page import Menu, page
from kezun.org import actions, calendars, forms, queries
from kezun.org.models import Calendar, CalendarYear
from kezun.org.pages.change import Change, allowed, serve
from kezun.org.reader import reader_of
from kezun.org.rules.calendar import FIRST_YEAR, Day, Days, Kind
from kezun.org.rules.calendarfile import LAST_YEAR
from kezun.org.rules.months import Month, months
from kezun.ui.components import Crumb
from kezun.ui.telling import tell

READ = "org.read"
EDIT = "org.set_calendar_day"


def _crumbs(*more: Crumb) -> list[Crumb]:
    here = Crumb(str(_("Working calendars")), reverse("org.calendars") if more else "")
    return [Crumb(str(_("Organisation")), reverse("org.tree")), here, *more]


def _as_it_is(calendar: Calendar) -> dict[str, Any]:
    return {name: getattr(calendar, name) for name in ("name", "name_en", "source", "windows", "weekend")}


def _add(actor: Any, nothing: None, **given: Any) -> Calendar:
    return actions.add_calendar(actor, **given)


def _use(actor: Any, calendar: Calendar, *, unit: Any) -> Any:
    return actions.set_unit_calendar(actor, unit, calendar=calendar)


def _leave(actor: Any, calendar: Calendar, *, unit: Any) -> Any:
    if not calendar.units.filter(unit=unit).exists():
        raise ValidationError({"unit": _("This unit does not name the calendar; it may get it from above.")})
    return actions.set_unit_calendar(actor, unit, calendar=None)


NEW = {"new": Change("org.add_calendar", gettext_lazy("Add a calendar"), forms.AddCalendar, _add)}
CHANGES = {
    "change": Change(
        "org.change_calendar",
        gettext_lazy("Name and working time"),
        forms.ChangeCalendar,
        actions.change_calendar,
        _as_it_is,
    ),
    "use": Change("org.set_unit_calendar", gettext_lazy("Let a unit use it"), forms.UnitOfCalendar, _use),
    "leave": Change(
        "org.set_unit_calendar", gettext_lazy("A unit uses it no more"), forms.UnitOfCalendar, _leave
    ),
}
YEAR_CHANGES = {
    "propose": Change(
        "org.propose_calendar_year",
        gettext_lazy("Propose as official"),
        forms.ProposeYear,
        lambda actor, row, *, source: actions.propose_calendar_year(
            actor, row.calendar, year=row.year, source=source
        ),
        lambda row: {"source": row.source},
    ),
    "publish": Change(
        "org.publish_calendar_year",
        gettext_lazy("Agree: it is official"),
        forms.Nothing,
        actions.publish_calendar_year,
    ),
    "retract": Change(
        "org.retract_calendar_year",
        gettext_lazy("Take back"),
        forms.Reason,
        actions.retract_calendar_year,
        danger=True,
    ),
}
NEXT = {"provisional": ("propose",), "proposed": ("publish", "retract"), "official": ("retract",)}


@page(
    "calendars/",
    name="org.calendars",
    needs=READ,
    menu=Menu("manage", 25, gettext_lazy("Working calendars"), "calendar"),
)
def listed(request: HttpRequest) -> HttpResponse:
    """All calendars with how their week goes, which years are settled, and how many units name them."""
    rows = Calendar.objects.select_related("base").prefetch_related("years").annotate(used=Count("units"))
    year = timezone.localdate().year
    shown = [
        {
            "of": row,
            "official": sorted(y.year for y in row.years.all() if y.status == CalendarYear.Status.OFFICIAL),
            "usual": row.code == calendars.default_code(),
        }
        for row in rows.order_by("code")
    ]
    context = {"crumbs": _crumbs(), "rows": shown, "year": year}
    context["may_add"] = reader_of(request).may("org.add_calendar")
    return render(request, "org/calendars.html", context)


@page("calendars/new/", name="org.calendar_new", needs="org.add_calendar")
def new(request: HttpRequest) -> HttpResponse:
    """The form of a new calendar."""
    return serve(request, NEW, "new", None, reverse("org.calendars"))


def calendar_named(code: str) -> Calendar:
    """The calendar of that code, else 404: calendars belong to the whole bank."""
    found = Calendar.objects.select_related("base").filter(code=code).first()
    if found is None:
        raise Http404(code)
    return found


def _year_of(calendar: Calendar, year: int) -> CalendarYear:
    bottom = calendar.base or calendar
    found = CalendarYear.objects.select_related("calendar", "proposed_by", "published_by")
    held = found.filter(calendar=bottom, year=year).first()
    return held or CalendarYear(calendar=bottom, year=year)


def _year_possible(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404(str(year))


@page("calendars/<str:code>/<int:year>/", name="org.calendar", needs=READ)
def one(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """A year of a calendar: twelve months, what each day is, what may be changed."""
    _year_possible(year)
    calendar = calendar_named(code)
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    named = {day.date: day for day in calendars.days_of(calendar, first, last)}
    days = calendars.days_for(calendar, named.values())
    row, drawn = _year_of(calendar, year), list(months(first, last))
    own = _own(calendar, year)
    context = {
        "crumbs": _crumbs(Crumb(calendar.title)),
        "calendar": calendar,
        "year": year,
        "row": row,
        "weekdays": calendars.WEEKDAYS,
        "months": [_drawn(month, days, own) for month in drawn],
        "counts": _counts(drawn, days),
        "units": queries.units_for(reader_of(request), READ)
        .filter(own_calendar__calendar=calendar)
        .order_by("code"),
        "changes": allowed(request, CHANGES, calendar),
        "steps": _steps(request, calendar, row),
        "may_edit": reader_of(request).may(EDIT),
        "form": _day_form(request, named, year) if reader_of(request).may(EDIT) else None,
        "around": [y for y in (year - 1, year + 1) if FIRST_YEAR <= y <= LAST_YEAR],
    }
    return render(request, "org/calendar.html", context)


def _own(calendar: Calendar, year: int) -> set[dt.date]:
    """Days that a calendar over another one sets itself; they are marked, since the rest is the base's."""
    if calendar.base_id is None:
        return set()
    return {*calendar.days.filter(on_date__year=year).values_list("on_date", flat=True)}


def _steps(request: HttpRequest, calendar: Calendar, row: CalendarYear) -> list[dict[str, Any]]:
    """What may be done with the year now; whoever proposed it does not publish it."""
    if calendar.base_id is not None or not calendar.tabled:
        return []
    own = row.proposed_by_id == reader_of(request).pk
    found = allowed(request, YEAR_CHANGES, row)
    words = NEXT[row.status]
    return [s for s in found if s["word"] in words and not (own and s["word"] == "publish")]


def _drawn(month: Month, days: Days, own: set[dt.date]) -> dict[str, Any]:
    cells = [[_cell(date, days, own) for date in week] for week in month.weeks]
    return {"first": month.first, "weeks": cells}


def _cell(date: dt.date | None, days: Days, own: set[dt.date]) -> dict[str, Any] | None:
    if date is None:
        return None
    day = days.day(date)
    return {
        "date": date,
        "kind": day.kind.value,
        "why": calendars.why(day),
        "own": date in own,
        "windows": bool(day.windows),
    }


def _counts(months: Iterable[Month], days: Days) -> dict[str, int]:
    """How many days of the year are worked, holidays, worked instead."""
    shown = [days.day(date) for month in months for week in month.weeks for date in week if date]
    kinds = [day.kind for day in shown]
    return {
        "worked": sum(day.worked for day in shown),
        "holiday": kinds.count(Kind.HOLIDAY),
        "makeup": kinds.count(Kind.MAKEUP),
    }


def _day_form(request: HttpRequest, named: dict[dt.date, Day], year: int) -> forms.CalendarDayForm:
    """The form of the day that was clicked on, as it is now."""
    try:
        date = dt.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        date = dt.date(year, 1, 1)
    initial: dict[str, Any] = {"date": date}
    if day := named.get(date):
        windows = calendars.written(day)
        initial |= {"kind": day.kind.value, "name": day.name, "name_en": day.name_en, "windows": windows}
    return forms.CalendarDayForm(actor=reader_of(request), initial=initial)


@page("calendars/<str:code>/<int:year>/day/", name="org.calendar_day", needs=EDIT)
def set_day(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """Set one day, then show the year again; what is wrong is said there."""
    calendar, person = calendar_named(code), reader_of(request)
    form = forms.CalendarDayForm(request.POST or None, actor=person)
    if request.method != "POST":
        return redirect("org.calendar", code, year)
    if not form.is_valid():
        context = {"calendar": calendar, "year": year, "form": form}
        return render(request, "org/calendar_day.html", context, status=422)
    try:
        official = _official(calendar, form.cleaned_data["date"].year)
        actions.set_calendar_day(person, calendar, **form.cleaned_data)
        messages.success(request, _("Done: %(what)s.") % {"what": form.cleaned_data["date"]})
        if official and not _official(calendar, form.cleaned_data["date"].year):
            told = _("%(year)d is provisional again: submit it as official, a second person settles it.")
            messages.warning(request, told % {"year": form.cleaned_data["date"].year})
    except ValidationError as error:
        tell(request, error)
    day = form.cleaned_data["date"]
    return redirect(f"{reverse('org.calendar', args=[code, day.year])}?day={day}#day")


def _official(calendar: Calendar, year: int) -> bool:
    settled = CalendarYear.Status.OFFICIAL
    return CalendarYear.objects.filter(calendar=calendar, year=year, status=settled).exists()


@page("calendars/<str:code>/change/<slug:word>/", name="org.calendar_change", needs=EDIT)
def change(request: HttpRequest, code: str, word: str) -> HttpResponse:
    """The form of one change to a calendar."""
    back = reverse("org.calendar", args=[code, timezone.localdate().year])
    return serve(request, CHANGES, word, calendar_named(code), back)


@page("calendars/<str:code>/<int:year>/status/<slug:word>/", name="org.calendar_year", needs=EDIT)
def status(request: HttpRequest, code: str, year: int, word: str) -> HttpResponse:
    """The form of one step of a year on its way to being official."""
    _year_possible(year)
    row = _year_of(calendar_named(code), year)
    if row.pk is None and word != "propose":
        raise Http404(word)
    return serve(request, YEAR_CHANGES, word, row, reverse("org.calendar", args=[code, year]))
