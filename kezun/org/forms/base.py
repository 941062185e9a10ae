"""What all forms of the organisation share: days, who fills in, a reason, a last day, a confirmation."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import OutOfScope
from kezun.org import queries
from kezun.org.models import Person, Unit


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day; today where nothing is given."""

    def __init__(self, label: Any, *, default: dt.date | None = None, help_text: Any = "") -> None:
        super().__init__(label=label, widget=DayInput(), required=False, help_text=help_text)
        self.default = default

    def clean(self, value: Any) -> dt.date:
        """The day given, else the default."""
        day: dt.date | None = super().clean(value)
        return day or self.default or timezone.localdate()


class ActorForm(forms.Form):
    """A form that knows who fills it in."""

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def find_unit(self, name: str) -> Unit:
        """The unit whose code stands in the field `name`, in scope."""
        try:
            return queries.unit_by_code(self.actor, self.cleaned_data[name].strip())
        except OutOfScope as error:
            raise ValidationError(str(error)) from error

    def find_unit_called(self, name: str) -> Unit:
        """The unit that the field `name` calls by its code or name, in scope."""
        try:
            return queries.unit_called(self.actor, self.cleaned_data[name].strip())
        except OutOfScope as error:
            raise ValidationError(str(error)) from error

    def find_person(self, name: str) -> Person:
        """The person whose staff number stands in the field `name`, in scope."""
        try:
            return queries.person_by_code(self.actor, self.cleaned_data[name].strip())
        except OutOfScope as error:
            raise ValidationError(str(error)) from error


class Reason(ActorForm):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, min_length=4, help_text=_("It is recorded in the trail.")
    )


class Nothing(ActorForm):
    """Only a confirmation."""


class LastDay(ActorForm):
    """The last day of something."""

    last_day = DayField(_("Last day"), help_text=_("Empty: today."))
