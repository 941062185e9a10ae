"""Forms of people, their posts and their access, and of rosters."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kezun.org.forms.base import ActorForm, DayField, DayInput
from kezun.org.models import FOREVER, BusinessLine, Person, Post, Unit


class AddPerson(ActorForm):
    """A person who belongs to the unit shown."""

    code = forms.CharField(label=_("Staff number"), max_length=40)
    name = forms.CharField(label=_("Person name"), max_length=80)
    username = forms.CharField(label=_("Sign-in name"), max_length=60, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)


class UpdatePerson(ActorForm):
    """What is given about a person; the phone only when it changes, for it is not shown."""

    name = forms.CharField(label=_("Person name"), max_length=80)
    username = forms.CharField(label=_("Sign-in name"), max_length=60, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, help_text=_("Empty: the present one stays.")
    )
    left_date = DayField(_("Left on"), default=FOREVER, help_text=_("Empty: still here."))

    def clean_phone(self) -> str | None:
        """None leaves it as it is."""
        return self.cleaned_data["phone"] or None


class Assign(ActorForm):
    """A post at a unit."""

    unit = forms.CharField(label=_("Unit code"), max_length=40)
    post = forms.ModelChoiceField(
        label=_("Post"), queryset=Post.objects.filter(closed_date=FOREVER).order_by("code")
    )
    line = forms.ModelChoiceField(
        label=_("Business line"),
        queryset=BusinessLine.objects.filter(closed_date=FOREVER).order_by("code"),
        required=False,
    )
    from_date = DayField(_("From day"), help_text=_("Empty: today."))
    to_date = DayField(_("To day"), default=FOREVER, help_text=_("Empty: until further notice."))

    def clean_unit(self) -> Unit:
        """In scope."""
        return self.find_unit("unit")


class Deputise(ActorForm):
    """Who stands in, and when."""

    person = forms.CharField(label=_("Staff number of who stands in"), max_length=40)
    from_date = DayField(_("From day"), help_text=_("Empty: today."))
    to_date = forms.DateField(label=_("To day"), widget=DayInput())

    def clean_person(self) -> Person:
        """In scope."""
        return self.find_person("person")


class Raise(ActorForm):
    """Raised rights: why, and the password again."""

    reason = forms.CharField(label=_("Reason"), max_length=300, min_length=4)
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class IssueToken(ActorForm):
    """A token for oneself."""

    name = forms.CharField(label=_("What it is for"), max_length=80)
    permissions = forms.MultipleChoiceField(label=_("What it may"), widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(label=_("Days until it ends"), min_value=1, max_value=366, initial=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from kezun.kernel.endpoint import ENDPOINTS

        super().__init__(*args, **kwargs)
        names = sorted({spec.needs for spec in ENDPOINTS.values() if self.actor.may(spec.needs)})
        self.fields["permissions"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


class RosterFile(ActorForm):
    """A workbook or a CSV file."""

    file = forms.FileField(
        label=_("Workbook or CSV file"),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
    )
