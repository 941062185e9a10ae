"""The form of the deadline explainer: a policy, or a basis with units; receipt; calendar."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezun.cases.policies import policies
from kezun.org.calendars import calendar_choices
from kezun.org.rules.worktime import Basis

BASES = [
    (Basis.NATURAL.value, _("Calendar days")),
    (Basis.WORKDAY.value, _("Workdays")),
    (Basis.WORKMINUTE.value, _("Working minutes")),
    (Basis.HOUR24.value, _("Hours, day and night")),
]


class DeadlineForm(forms.Form):
    """Names are those of `kezun deadline`, so that a page and a command ask alike."""

    policy = forms.ChoiceField(
        label=_("Policy"),
        required=False,
        choices=lambda: [
            ("", _("none: by basis")),
            *((code, one.title) for code, one in sorted(policies().items())),
        ],
    )
    basis = forms.ChoiceField(label=_("What is counted"), required=False, choices=[("", "—"), *BASES])
    units = forms.FloatField(label=_("How many"), required=False, min_value=0)
    start = forms.CharField(
        label=pgettext_lazy("deadline", "Received"), max_length=40, help_text=_("Such as 2026-09-21 10:00.")
    )
    calendar = forms.ChoiceField(
        label=_("Working calendar"),
        required=False,
        choices=lambda: [("", _("that of the policy, or the usual one")), *calendar_choices()],
    )
    roll = forms.ChoiceField(
        label=_("Last day free"),
        required=False,
        choices=[
            ("", _("as the policy says")),
            ("none", _("the period ends on it")),
            ("next", _("the period ends on the next workday")),
        ],
    )
