"""Forms by which a complaint is taken in: of staff, and of the customer without sign-in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import catalogs
from kezun.cases.models import Party

Choice = tuple[str, Any]
ROLES = (
    (Party.Role.COMPLAINANT.value, lazy("Complainant")),
    (Party.Role.AGENT.value, lazy("Agent")),
    (Party.Role.HEIR.value, lazy("Heir")),
    (Party.Role.REPRESENTATIVE.value, lazy("Representative of several")),
    (Party.Role.WITNESS.value, lazy("Witness")),
)
PERSONAL = ("name", "phone", "id_number", "address", "email")
MOST_ROWS = 20


def choices(table: str, *, blank: str = "—", top: bool = False) -> list[Choice]:
    """A code table for a select: what stands below a code is grouped under it. top: only the upper level."""
    codes = catalogs.tables()[table].codes.values()
    found: list[Choice] = [("", blank)]
    for code in (c for c in codes if not c.parent):
        below = [c for c in codes if c.parent == code.id]
        if top or not below:
            found.append((code.id, code.title))
        else:
            found.append((code.title, [(code.id, code.title), *((c.id, c.title) for c in below)]))
    return found


def area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ComplaintForm(forms.Form):
    """A complaint as staff take it in, about any outlet of the bank."""

    unit = forms.CharField(
        label=lazy("Outlet or unit complained of"),
        max_length=40,
        widget=forms.TextInput(attrs={"list": "units", "autocomplete": "off"}),
        help_text=lazy("Type a code or a part of the name."),
    )
    channel = forms.ChoiceField(label=lazy("Channel"))
    business = forms.ChoiceField(label=lazy("Business"))
    reason_code = forms.ChoiceField(label=lazy("Reason for complaining"))
    urgency = forms.ChoiceField(label=lazy("Urgency"))
    complexity = forms.ChoiceField(label=lazy("Complexity"))
    story = forms.CharField(label=lazy("In the customer's own words"), max_length=20_000, widget=area(5))
    facts = forms.CharField(
        label=lazy("What happened, without names and numbers"),
        max_length=20_000,
        required=False,
        widget=area(3),
    )
    dispute = forms.CharField(
        label=lazy("What is in dispute"), max_length=2_000, required=False, widget=area(2)
    )
    claim = forms.CharField(
        label=lazy("What the customer asks for"), max_length=2_000, required=False, widget=area(2)
    )
    product = forms.CharField(label=lazy("Product"), max_length=200, required=False)
    amount = forms.CharField(
        label=lazy("Amount (yuan)"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    received_at = forms.DateTimeField(
        label=lazy("Received"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=lazy("When the bank first learned of it, by whatever channel: deadlines count from then."),
    )
    title = forms.CharField(
        label=lazy("Title"), max_length=200, required=False, help_text=lazy("Left empty, one is made.")
    )
    hand_over = forms.ChoiceField(
        label=lazy("Who should handle it"),
        choices=(
            ("unit", lazy("the unit complained of")),
            ("superior", lazy("the unit above it")),
            ("own", lazy("my own unit")),
        ),
        help_text=lazy("Until they take it, it stays yours: first contact, first responsible."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tables = {"channel": "complaint_channel", "business": "complaint_business"}
        tables |= {"reason_code": "complaint_reason", "urgency": "urgency", "complexity": "complexity"}
        for name, table in tables.items():
            found = choices(table)
            plain = name in ("urgency", "complexity")
            self.fields[name].choices = found[1:] if plain else found  # type: ignore[attr-defined]
        self.initial = {
            **{"channel": "A11", "urgency": "usual", "complexity": "simple", "hand_over": "unit"},
            **{"received_at": timezone.localtime().replace(second=0, microsecond=0), "key": uuid.uuid4()},
            **self.initial,
        }

    def given(self) -> dict[str, Any]:
        """What the verb takes of it."""
        skip = ("unit", "hand_over", "key")
        return {k: v for k, v in self.cleaned_data.items() if k not in skip and v not in (None, "")}


def party_rows(said: Mapping[str, Any], least: int = 1) -> list[dict[str, str]]:
    """The people that a form names, row by row (`role-0`, `name-0` …), at least so many rows."""
    count = 0
    while count < MOST_ROWS and f"role-{count}" in said:
        count += 1
    names = ("role", *PERSONAL)
    rows = [{n: str(said.get(f"{n}-{at}", "")).strip()[:200] for n in names} for at in range(count)]
    blank = dict.fromkeys(PERSONAL, "") | {"role": Party.Role.COMPLAINANT.value}
    return rows + [dict(blank) for _more in range(least - len(rows))]


def people(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Rows in which something of a person stands."""
    return [{k: v for k, v in row.items() if v} for row in rows if any(row[name] for name in PERSONAL)]


class PublicForm(forms.Form):
    """A complaint as a customer brings it: few questions, in plain words."""

    unit = forms.CharField(
        label=lazy("Which outlet?"),
        max_length=80,
        widget=forms.TextInput(attrs={"list": "units", "autocomplete": "off"}),
    )
    business = forms.ChoiceField(label=lazy("What is it about?"))
    reason_code = forms.ChoiceField(label=lazy("What went wrong?"))
    story = forms.CharField(
        label=lazy("What happened?"),
        max_length=5_000,
        widget=area(6),
        help_text=lazy("When, where, who. Never write down a password, a security code or a one-time code."),
    )
    claim = forms.CharField(
        label=lazy("What do you ask for?"), max_length=1_000, required=False, widget=area(2)
    )
    name = forms.CharField(
        label=lazy("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=lazy("Telephone"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
        help_text=lazy("So that we can reach you within one working day."),
    )
    website = forms.CharField(required=False, max_length=200)  # a trap: people never see it
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, table in {"business": "complaint_business", "reason_code": "complaint_reason"}.items():
            self.fields[name].choices = choices(table, top=True)  # type: ignore[attr-defined]
        self.initial = {"key": uuid.uuid4(), **self.initial}
