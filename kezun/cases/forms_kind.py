"""A form from what a kind says: one field for each that a verb asks for. The engine checks it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases.forms_intake import area, choices
from kezun.cases.models import Party
from kezun.cases.rules.kinds import Field, Kind
from kezun.cases.showing import UNSHOWN
from kezun.cases.wording import named

LONGEST = {"text": 400, "long": 20_000}
STAFF = (Party.Role.TEAM, Party.Role.NAMED_STAFF)
BROUGHT = ("customer", "complainant", "agent", "witness", "heir")
MOST_PEOPLE, MOST_STAFF = 5, 10
NAMES = ("role", "name", "phone", "id_number", "address")


def field_of(told: Field) -> forms.Field:
    """The form's field for a kind's field; what is required is marked, and checked by the engine."""
    common: dict[str, Any] = {
        "label": named(told.name, told.name_en),
        "help_text": named(told.about, told.about_en),
        "required": False,
    }
    if told.type == "flag":
        return forms.BooleanField(**common)
    if told.type in ("choice", "code"):
        offered = choices(told.table) if told.type == "code" else [("", "—"), *_choices(told)]
        made: forms.Field = forms.ChoiceField(choices=offered, **common)
    else:
        made = forms.CharField(max_length=LONGEST.get(told.type, 400), widget=_widget(told), **common)
    if told.required:
        made.widget.attrs["aria-required"] = "true"
        made.label = f"{common['label']} *"
    return made


def _choices(told: Field) -> Iterator[tuple[str, str]]:
    return ((one.id, named(one.name, one.name_en)) for one in told.choices)


def _widget(told: Field) -> forms.Widget:
    if told.type == "long":
        return area(3)
    attrs = {
        "whole": {"inputmode": "numeric"},
        "money": {"inputmode": "decimal", "placeholder": "0.00"},
        "day": {"type": "date"},
        "moment": {"type": "datetime-local"},
        "unit": {"list": "units", "autocomplete": "off"},
        "person": {"list": "staff", "autocomplete": "off"},
    }
    return forms.TextInput(attrs=attrs.get(told.type, {}))


class OpeningForm(forms.Form):
    """What every kind is opened with; the kind's own fields are added below it."""

    title = forms.CharField(label=lazy("Title"), max_length=200)
    unit = forms.CharField(
        label=lazy("About which unit"),
        max_length=80,
        widget=forms.TextInput(attrs={"list": "units", "autocomplete": "off"}),
        help_text=lazy("Type a code or a part of the name."),
    )
    received_at = forms.CharField(
        label=lazy("Known since"), required=False, widget=forms.TextInput(attrs={"type": "datetime-local"})
    )
    owner = forms.CharField(
        label=lazy("Who should handle it (unit)"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"list": "units", "autocomplete": "off"}),
        help_text=lazy("Left empty, it goes the way of its kind. Until they take it, it stays yours."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, kind: Kind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for told in self.asked():
            self.fields[told.id] = field_of(told)
        now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
        self.initial = {"key": uuid.uuid4(), "received_at": now, **self.initial}

    def asked(self) -> list[Field]:
        """The kind's fields that are asked for when it is opened."""
        return [f for f in self.kind.asked("open") if f.id not in UNSHOWN]

    @property
    def own(self) -> list[tuple[Any, bool]]:
        """The kind's fields as a template draws them, and whether each takes the whole width."""
        return [(self[f.id], f.type == "long") for f in self.asked()]

    def given(self) -> dict[str, Any]:
        """What `open` takes of it, as it was typed; flags as such."""
        said = self.cleaned_data
        found = {f.id: said[f.id] for f in self.asked()} | {"title": said["title"]}
        found |= {name: said[name] for name in ("received_at", "owner")}
        return {name: value for name, value in found.items() if value not in (None, "")}

    def show(self, error: ValidationError) -> None:
        """Put the engine's refusal beside the fields it is about; what has none stands above."""
        told = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        for name, texts in told.items():
            held = name if name in self.fields else None
            for text in texts:
                self.add_error(held, text if held or name == NON_FIELD_ERRORS else f"{name}: {text}")


def brought_roles(kind: Kind) -> list[tuple[str, str]]:
    """The roles of people outside who may have a part in a case of this kind."""
    return [(role, str(Party.Role(role).label)) for role in kind.parties if role in BROUGHT]


def staff_roles(kind: Kind) -> list[tuple[str, str]]:
    """The roles that members of staff may have in it, with what the form says of them."""
    said = {Party.Role.TEAM: _("Members of staff who take part"), Party.Role.NAMED_STAFF: _("Named staff")}
    return [(role.value, said[role]) for role in STAFF if role in kind.parties]


def people_of(kind: Kind, said: Mapping[str, Any]) -> list[dict[str, str]]:
    """The people outside whom a form names, row by row; the first row is always there."""
    roles = brought_roles(kind)
    if not roles:
        return []
    rows = [{n: str(said.get(f"{n}-{at}", "")).strip()[:200] for n in NAMES} for at in range(MOST_PEOPLE)]
    blank = dict.fromkeys(NAMES, "") | {"role": roles[0][0]}
    filled = [row for row in rows if any(row[name] for name in NAMES if name != "role")]
    return filled or [blank]


def parties_of(kind: Kind, said: Mapping[str, Any], staff: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """All people of the form as `open` takes them. staff: numbers by role."""
    outside = [row for row in people_of(kind, said) if any(row[name] for name in NAMES if name != "role")]
    rows = [{name: value for name, value in row.items() if value} for row in outside]
    for role, _name in staff_roles(kind):
        codes = [code.strip()[:40] for code in staff.get(role, []) if code.strip()]
        rows += [{"role": role, "person": code} for code in codes[:MOST_STAFF]]
    return rows


def stage_of(kind: Kind) -> str:
    """What photos show that are brought when a case of this kind is opened."""
    gates = {name for step in kind.steps for name in step.gates}
    if gates & {"pairs", "same_shown"}:
        return "before"
    return "given" if kind.group == "voice" else "work"
