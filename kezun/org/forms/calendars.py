"""Forms of working calendars."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kezun.org.forms.base import ActorForm, DayInput
from kezun.org.models import Calendar, CalendarDay, Unit
from kezun.org.models.calendars import windows_make_sense

MOST_BYTES = 2 * 1024 * 1024
TIME_HELP = _("Such as 08:30-12:00 13:30-17:30; 00:00-24:00 for round the clock.")


class ChangeCalendar(ActorForm):
    """What a calendar is called and how its week goes."""

    name = forms.CharField(label=_("Calendar name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    source = forms.CharField(label=_("Source"), max_length=300, required=False)
    windows = forms.CharField(
        label=_("Working time on weekdays"),
        max_length=120,
        help_text=TIME_HELP,
        validators=[windows_make_sense],
    )
    weekend = forms.CharField(
        label=_("Working time on weekends"),
        max_length=120,
        required=False,
        help_text=_("Empty: Saturdays and Sundays are free."),
        validators=[windows_make_sense],
    )


class AddCalendar(ChangeCalendar):
    """A new calendar."""

    field_order = ("code", "name", "name_en", "base", "source", "windows", "weekend", "tabled")
    code = forms.SlugField(label=_("Calendar code"), max_length=40)
    base = forms.ModelChoiceField(
        label=_("Holidays of"),
        queryset=Calendar.objects.filter(base=None).order_by("code"),
        to_field_name="code",
        required=False,
        help_text=_("Its holidays and make-up workdays hold here too, this year and every year."),
    )
    tabled = forms.BooleanField(
        label=_("An official table comes out for each year"),
        required=False,
        initial=True,
        help_text=_("Until a year's table is published, deadlines that touch it are provisional."),
    )


class CalendarDayForm(ActorForm):
    """What one day is."""

    date = forms.DateField(label=_("Day"), widget=DayInput())
    kind = forms.ChoiceField(
        label=_("Kind of day"),
        choices=[("", _("As the week goes")), *CalendarDay.Kind.choices],
        required=False,
    )
    name = forms.CharField(label=_("Why"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Why, in English"), max_length=120, required=False)
    windows = forms.CharField(
        label=_("Working time of the day"),
        max_length=120,
        required=False,
        help_text=_("Empty: the usual one."),
        validators=[windows_make_sense],
    )


class CalendarTable(ActorForm):
    """A table of days as CSV."""

    file = forms.FileField(
        label=_("CSV file"), help_text=_("Columns date, kind, name, name_en, windows; UTF-8 or GB 18030.")
    )

    def clean_file(self) -> str:
        """The text of the file. Spreadsheets in China write GB 18030 where UTF-8 is not asked for."""
        file: Any = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(_("The file is larger than 2 MB; a year has a few dozen lines."))
        raw = file.read()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return str(raw.decode(encoding))
            except UnicodeDecodeError:
                continue
        raise ValidationError(_("This is no text in UTF-8 or GB 18030; save it as CSV."))


class ProposeYear(ActorForm):
    """Where a year's table comes from."""

    source = forms.CharField(
        label=_("Notice"),
        max_length=300,
        help_text=_("Name and number of the notice that the table is from."),
    )


class UnitOfCalendar(ActorForm):
    """A unit that works by a calendar."""

    unit = forms.CharField(label=_("Unit code"), max_length=40)

    def clean_unit(self) -> Unit:
        """In scope."""
        return self.find_unit("unit")
