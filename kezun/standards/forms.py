"""Forms of the pages: begin a draft, bring a workbook, begin a sheet."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.org.forms.base import ActorForm, DayInput
from kezun.standards import queries

MOST = 2 << 20
NAME = RegexValidator(r"^[^\s#@]+$", gettext_lazy("Without spaces, # or @."))


def _urn() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Permanent id"),
        max_length=120,
        validators=[NAME],
        help_text=gettext_lazy(
            "Stays the same through all versions: keep it, or give a telling one such as urn:bank:std:lobby."
        ),
    )


class BlankForm(forms.Form):
    """An empty draft."""

    urn = _urn()
    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    version = forms.CharField(label=gettext_lazy("Version"), max_length=20, validators=[NAME])
    start = forms.DateField(label=gettext_lazy("In force from"), widget=DayInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        day: dt.date = queries.tomorrow()
        self.fields["start"].initial = day
        self.fields["version"].initial = f"{day.year}.1"
        self.fields["urn"].initial = f"urn:bank:std:{timezone.localtime():%Y%m%d-%H%M%S}"


class TextForm(forms.Form):
    """A text in the product's own format, as a file or pasted."""

    file = forms.FileField(label=gettext_lazy("YAML file"), required=False)
    pasted = forms.CharField(
        label=gettext_lazy("or paste the text"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        """The text, under `text`."""
        said = super().clean() or {}
        file, text = said.get("file"), said.get("pasted", "")
        if file is not None:
            if file.size > MOST:
                raise ValidationError(_("The file is larger than %(most)s MiB.") % {"most": MOST >> 20})
            try:
                text = file.read().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise ValidationError({"file": _("This is not UTF-8 text; save it as UTF-8.")}) from error
        if not text.strip():
            raise ValidationError(_("Choose a file, or paste a text."))
        return said | {"text": text}


class WorkbookForm(forms.Form):
    """A bank's own checklist."""

    file = forms.FileField(label=gettext_lazy("Excel file"))


class AboutForm(BlankForm):
    """What a standard made of a workbook shall be called."""


class BeginForm(ActorForm):
    """A new sheet: by which standard and method, where, when, and of whom if it is about one person."""

    form = forms.ChoiceField(label=gettext_lazy("Standard and method"))
    unit = forms.CharField(
        label=gettext_lazy("Unit"),
        max_length=80,
        widget=forms.TextInput(attrs={"list": "units", "autocomplete": "off"}),
        help_text=gettext_lazy("Its code or its name; both are proposed while you type."),
    )
    visited = forms.DateField(label=gettext_lazy("Day of the visit"), widget=DayInput())
    person = forms.CharField(
        label=gettext_lazy("Staff number of the person observed"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Only where the sheet is about one person."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, choices: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["form"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        self.found: dict[str, Any] = {}

    def clean_unit(self) -> str:
        """The unit in scope; kept in `found`."""
        unit = self.find_unit_called("unit")
        self.found["unit"] = unit
        return unit.code

    def clean_person(self) -> str:
        """The person in scope, where one is named; kept in `found`."""
        if self.cleaned_data["person"].strip():
            self.found["person"] = self.find_person("person")
        return str(self.cleaned_data["person"])
