"""Forms that begin another case from one: a part for another department, a review."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from kezun.cases.forms_intake import area


class PartForm(forms.Form):
    """What another department has to find out or do."""

    unit = forms.CharField(
        label=gettext_lazy("Unit that does it"),
        max_length=80,
        widget=forms.TextInput(attrs={"list": "units", "autocomplete": "off"}),
        help_text=gettext_lazy("Type a code or a part of the name."),
    )
    title = forms.CharField(label=gettext_lazy("What it has to do"), max_length=200)
    facts = forms.CharField(
        label=gettext_lazy("What it needs to know, without names and numbers"),
        max_length=5_000,
        widget=area(5),
    )


class ReviewForm(forms.Form):
    """Why somebody does not agree with the answer."""

    asked = forms.CharField(
        label=gettext_lazy("What should be looked at again"), max_length=2_000, widget=area(5)
    )
