"""Forms of units and leading groups."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kezun.org.forms.base import ActorForm, DayField
from kezun.org.models import GroupMember, Person, Unit


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
