"""Forms of the organisation. Units and people are named by code and must lie in scope of who fills in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kezun.kernel.actor import OutOfScope
from kezun.org import queries
from kezun.org.models import FOREVER, BusinessLine, GroupMember, Person, Post, Unit
from kezun.org.scope import roles


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

    def find_person(self, name: str) -> Person:
        """The person whose staff number stands in the field `name`, in scope."""
        try:
            return queries.person_by_code(self.actor, self.cleaned_data[name].strip())
        except OutOfScope as error:
            raise ValidationError(str(error)) from error


class OpenUnit(ActorForm):
    """A new unit below the one shown."""

    code = forms.CharField(label=_("Unit code"), max_length=40)
    name = forms.CharField(label=_("Unit name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("Unit kind"), choices=Unit.Kind.choices)
    from_date = DayField(_("From day"), help_text=_("Empty: today."))


class RenameUnit(ActorForm):
    """Another name or kind."""

    name = forms.CharField(label=_("Unit name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("Unit kind"), choices=Unit.Kind.choices)


class MoveUnit(ActorForm):
    """Another parent from a day on."""

    parent = forms.CharField(label=_("Code of the unit above"), max_length=40)
    from_date = DayField(_("From day"), help_text=_("What happened before stays with the present parent."))

    def clean_parent(self) -> Unit:
        """In scope."""
        return self.find_unit("parent")


class MergeUnit(ActorForm):
    """Into another unit from a day on."""

    into = forms.CharField(label=_("Code of the unit it becomes part of"), max_length=40)
    from_date = DayField(_("From day"), help_text=_("Units below and people move over; the past stays."))

    def clean_into(self) -> Unit:
        """In scope."""
        return self.find_unit("into")


class CloseUnit(ActorForm):
    """After a last day."""

    last_day = DayField(_("Last day"), help_text=_("Assignments end with it."))


class Tags(ActorForm):
    """The whole profile from a day on."""

    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Tags separated by commas."))
    from_date = DayField(_("From day"), help_text=_("Empty: today."))

    def clean_tags(self) -> list[str]:
        """One text a tag."""
        text = self.cleaned_data["tags"].replace("，", ",").replace("、", ",")
        return [tag.strip()[:60] for tag in text.split(",") if tag.strip()]


class FoundGroup(ActorForm):
    """A leading group."""

    name = forms.CharField(label=_("Group name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)


class Member(ActorForm):
    """A member of a leading group."""

    person = forms.CharField(label=_("Staff number"), max_length=40)
    duty = forms.ChoiceField(label=_("Duty"), choices=GroupMember.Duty.choices)
    from_date = DayField(_("From day"), help_text=_("Empty: today."))

    def clean_person(self) -> Person:
        """In scope."""
        return self.find_person("person")


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
    post = forms.ModelChoiceField(label=_("Post"), queryset=Post.objects.order_by("code"))
    line = forms.ModelChoiceField(
        label=_("Business line"), queryset=BusinessLine.objects.order_by("code"), required=False
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


class LastDay(ActorForm):
    """The last day of something."""

    last_day = DayField(_("Last day"), help_text=_("Empty: today."))


class Reason(ActorForm):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, min_length=4, help_text=_("It is recorded in the trail.")
    )


class Nothing(ActorForm):
    """Only a confirmation."""


class AddPost(ActorForm):
    """A post with a role of the catalog."""

    code = forms.CharField(label=_("Post code"), max_length=40)
    name = forms.CharField(label=_("Post name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    role = forms.ChoiceField(
        label=_("Role"), choices=lambda: [(code, f"{r.name} · {r.name_en}") for code, r in roles().items()]
    )


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
