"""Working calendars: how a week goes, days that are not like others, which years are settled."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezun.org.models.base import Named, PrivacyClasses
from kezun.org.models.people import Person
from kezun.org.models.units import Unit
from kezun.org.rules import calendarfile


def windows_make_sense(text: str) -> None:
    """Raise ValidationError for windows that are not written 08:30-12:00 13:30-17:30."""
    try:
        calendarfile.spans(text)
    except ValueError as error:
        message = _("“%(value)s” is no working time; write 08:30-12:00 13:30-17:30, in order.")
        raise ValidationError(message % {"value": str(error)[:40]}) from error


class Calendar(Named):
    """A working calendar. Days follow the week (`windows` on weekdays, `weekend` on Saturdays and Sundays,
    empty: free), but where a CalendarDay says otherwise; the days of `base` hold beneath its own.

    tabled: an official table comes out for each year, and until it does deadlines are provisional. version
    grows with every change, changed_at says when; both tell a process that what it keeps has aged.
    zone empty: the bank's.
    """

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "code", "name", "name_en", "zone", "source", "base", "windows", "weekend", "tabled"),
            *("version", "changed_at"),
        ),
        "none",
    )

    code = models.CharField(_("calendar code"), max_length=40, unique=True)
    zone = models.CharField(_("time zone"), max_length=40, blank=True)
    source = models.CharField(_("source"), max_length=300, blank=True)
    base = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="above")
    windows = models.CharField(
        _("working time on weekdays"), max_length=120, blank=True, validators=[windows_make_sense]
    )
    weekend = models.CharField(
        _("working time on weekends"), max_length=120, blank=True, validators=[windows_make_sense]
    )
    tabled = models.BooleanField(_("has an official table for each year"), default=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(base=F("pk")), name="calendar_not_own_base"),)


class CalendarDay(models.Model):
    """A day that is not like others of its week, and why; windows empty: the calendar's usual ones."""

    class Kind(models.TextChoices):
        WORK = "work", _("Worked")
        REST = "rest", _("Free")
        HOLIDAY = "holiday", _("Holiday")
        MAKEUP = "makeup", _("Make-up workday")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "calendar", "on_date", "kind", "name", "name_en", "windows"), "none"
    )

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="days")
    on_date = models.DateField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=120, blank=True)
    name_en = models.CharField(max_length=120, blank=True)
    windows = models.CharField(max_length=120, blank=True, validators=[windows_make_sense])

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["calendar", "on_date"], name="calendar_day_once"),
            models.CheckConstraint(
                condition=Q(kind__in=("work", "rest", "holiday", "makeup")), name="calendar_day_kind"
            ),
        )

    def __str__(self) -> str:
        return f"{self.on_date} {self.kind}"


class CalendarYear(models.Model):
    """Whether a year's official table stands in the calendar; a second person says so. No row: not."""

    class Status(models.TextChoices):
        PROVISIONAL = "provisional", pgettext_lazy("calendar", "Provisional")
        PROPOSED = "proposed", _("Waiting for a second person")
        OFFICIAL = "official", _("Official")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        (
            *("id", "calendar", "year", "status", "source", "proposed_by", "published_by"),
            *("published_at",),
        ),
        "none",
    )

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="years")
    year = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.PROVISIONAL)
    source = models.CharField(max_length=300, blank=True)
    proposed_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["calendar", "year"], name="calendar_year_once"),
            models.CheckConstraint(
                condition=Q(published_by=None) | Q(proposed_by=None) | ~Q(published_by=F("proposed_by")),
                name="calendar_year_by_a_second_person",
                violation_error_message=_("Whoever proposed a year cannot publish it; a second person must."),
            ),
            models.CheckConstraint(
                condition=(Q(status="official") & Q(published_at__isnull=False))
                | (~Q(status="official") & Q(published_at=None, published_by=None)),
                name="calendar_year_official_since",
            ),
        )

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.year} {self.status}"


class UnitCalendar(models.Model):
    """By which calendar a unit works, and all below it that have none of their own."""

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(("id", "unit", "calendar"), "none")

    unit = models.OneToOneField(Unit, on_delete=models.CASCADE, related_name="own_calendar")
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="units")

    def __str__(self) -> str:
        return f"{self.unit_id} {self.calendar_id}"
