"""Forms of the bank's own posts and business lines."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kezun.org.forms.base import ActorForm
from kezun.org.models import FOREVER, BusinessLine
from kezun.org.scope import roles


class AddPost(ActorForm):
    """A post with a role of the catalog."""

    code = forms.CharField(label=_("Post code"), max_length=40)
    name = forms.CharField(label=_("Post name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=lambda: [
            ("", _("Choose …")),
            *((code, f"{r.name} · {r.name_en}") for code, r in roles().items()),
        ],
    )


class OpenLine(ActorForm):
    """A business line, below another where one is chosen."""

    code = forms.CharField(label=_("Line code"), max_length=40)
    name = forms.CharField(label=_("Line name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    parent = forms.ModelChoiceField(
        label=_("Below the line"),
        queryset=BusinessLine.objects.filter(closed_date=FOREVER).order_by("code"),
        required=False,
        help_text=_("Empty: at the top."),
    )


class Rename(ActorForm):
    """Another name; the code stays."""

    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
