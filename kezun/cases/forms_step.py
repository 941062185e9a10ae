"""A form for a step: what its verb takes, and the fields that the kind asks for with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import clockwords, wording
from kezun.cases.effects.gates import demanded
from kezun.cases.effects.grading import hint
from kezun.cases.forms_intake import area
from kezun.cases.forms_kind import field_of
from kezun.cases.forms_rollout import where_fields
from kezun.cases.models import Case, Clock, Party
from kezun.cases.payload import FREE
from kezun.cases.rules.kinds import Field, Kind
from kezun.cases.rules.verbs import VERBS, Take
from kezun.cases.showing import UNSHOWN

# of an exception only what its type needs; the first is what one sees first
ASKED = {
    "extend": ("policy", "units", "reason", "notice"),
    "grade": ("severity", "reason"),
    "waive": ("reason",),
    "account": ("person", "measure", "reason", "notice"),
}
# what of it has to be filled in; whether notice was given an extension asks as its policy says
NEEDED = {"extend": ("units",), "grade": ("severity",), "account": ("person", "measure")}
FOR_SURE = {
    "reject": lazy("Not to accept ends the case. Go on?"),
    "close": lazy("Closing ends the case. Go on?"),
    "withdraw": lazy("A withdrawn case has ended for good. Go on?"),
    "merge": lazy("Merge this case into the other?"),
    "erase": lazy("Names and contacts will be gone for good, for everybody. Go on?"),
}
PERSONAL = ("name", "phone", "id_number", "address", "email")
HIDDEN = ("petition",)
CHARS = {"text": 200, "long": 20_000}


class StepForm(forms.Form):
    """One verb on one case."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        case: Case,
        kind: Kind,
        verb: str,
        *args: Any,
        clocks: Sequence[Clock] | None = None,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.case, self.kind, self.verb = case, kind, verb
        self.takes = [take for take in VERBS[verb].takes if self._wanted(take)]
        for take in self.takes:
            if take.kind not in ("files", "party"):
                self.fields[take.name] = take_field(take)
        if any(take.kind == "party" for take in self.takes):
            self.fields |= party_fields(kind)
        if verb == "roll_out":
            self.fields |= where_fields(case)
        if "severity" in self.fields:
            self.fields["severity"].help_text = hint(kind, case.data, verb)
        if verb == "ask":
            self._of_request(clocks)
        wanted = demanded(kind, kind.step(verb, case.state))
        for told in self.asked():
            needed = verb not in FREE and (told.required or told.id in wanted)
            self.fields[told.id] = field_of(replace(told, required=needed))
            if told.type == "flag" and told.id in wanted:
                _mark(self.fields[told.id])
            self.initial.setdefault(told.id, "" if told.sealed else typed(told, case.data.get(told.id)))
        for field in self.fields.values():
            field.widget.attrs |= _proposing(str(field.widget.attrs.get("list", "")))
        self.initial = {"key": uuid.uuid4(), **self.initial}

    def _chosen(self, name: str) -> str:
        return str(self.data.get(name) or self.initial.get(name) or "")

    def _of_request(self, clocks: Sequence[Clock] | None) -> None:
        """What a request needs of its type, and the deadlines to choose from (None: any may be named)."""
        type_ = self._chosen("type")
        needed = [] if type_ == "grade" and self.kind.classing() else list(NEEDED.get(type_, ()))
        if clocks is not None and "policy" in self.fields:
            self.fields["policy"] = _of_clocks(clocks)
            self.fields["units"].label = _units_label(clocks)
            meant = [clock for clock in clocks if clock.policy == self._chosen("policy")] or list(clocks)
            if type_ == "extend" and meant and clockwords.wants_notice(meant[0]):
                needed.append("notice")
        for name in needed:
            _mark(self.fields[name])

    def _wanted(self, take: Take) -> bool:
        needed = ASKED.get(self._chosen("type"))
        return self.verb != "ask" or needed is None or take.name in ("type", *needed)

    def asked(self) -> list[Field]:
        """The kind's fields that go with the verb; with `amend` all that are not sealed, with a request for
        another grade those that classify the case."""
        if self.verb == "amend":
            return [f for f in self.kind.fields if not f.sealed and f.id not in UNSHOWN]
        if self.verb == "ask":
            return list(self.kind.classing()) if self._chosen("type") == "grade" else []
        return [f for f in self.kind.asked(self.verb) if f.id not in UNSHOWN]

    @property
    def takes_files(self) -> bool:
        return any(take.kind == "files" for take in self.takes)

    def given(self) -> dict[str, Any]:
        """What the verb takes of it, as it was typed; where fields go freely with it, only those changed."""
        said = self.cleaned_data
        found = {take.name: said[take.name] for take in self.takes if take.name in said}
        for told in self.asked():
            value = said[told.id]
            if self.verb not in FREE or self._changed(told):
                found[told.id] = value
        if "party_role" in self.fields:
            row = {
                name: said[f"party_{name}"] for name in ("role", "person", *PERSONAL) if said[f"party_{name}"]
            }
            found["parties"] = [row]
        return {name: value for name, value in found.items() if value not in (None, "")}

    def _changed(self, told: Field) -> bool:
        value, before = self.cleaned_data.get(told.id), self.initial.get(told.id)
        if told.type == "flag":
            return bool(value) is not bool(before)
        return str(value or "") != str(before or "")

    def clean(self) -> dict[str, Any]:
        """What stands in a field is put right by what holds, never by nothing."""
        for told in self.asked() if self.verb == "amend" else ():
            if told.id in self.data and self._changed(told) and not self.cleaned_data.get(told.id):
                self.add_error(told.id, _("A field cannot be emptied here: write what holds instead."))
        return self.cleaned_data

    def show(self, error: ValidationError) -> None:
        """Put the engine's refusal beside the fields it is about; what has none stands above."""
        told = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        for name, texts in told.items():
            held = name if name in self.fields else "party_role" if name == "parties" else None
            held = held if held in self.fields and held not in HIDDEN else None
            for text in texts:
                plain = held or name in (NON_FIELD_ERRORS, "files")
                self.add_error(held, text if plain else f"{wording.take_name(name)}: {text}")


def typed(told: Field, held: Any) -> Any:
    """A kept value as one would type it: money in yuan, moments on the bank's clock."""
    if told.type == "money" and isinstance(held, int):
        return f"{held // 100}.{held % 100:02}"
    if told.type == "moment" and held:
        at = parse_datetime(str(held))
        return f"{timezone.localtime(at):%Y-%m-%dT%H:%M}" if at and timezone.is_aware(at) else held
    return held


def take_field(take: Take) -> forms.Field:
    """The form's field for a value that a verb takes; required ones are marked, and checked by the engine."""
    label = wording.take_name(take.name)
    common: dict[str, Any] = {"label": label, "required": False}
    if take.kind in MADE:
        made = MADE[take.kind](take, common)
    else:
        made = forms.CharField(max_length=max(take.most, 200), widget=_input(take), **common)
    if take.required:
        _mark(made)
    return made


def _mark(field: forms.Field) -> None:
    """Say that the field has to be filled in; the engine checks it."""
    field.label = f"{field.label} *"
    field.widget.attrs["aria-required"] = "true"


def _choice(take: Take, common: dict[str, Any]) -> forms.Field:
    offered = [(value, wording.choice_name(take.name, value)) for value in take.among]
    return forms.ChoiceField(choices=[("", "—"), *offered], **common)


def _long(take: Take, common: dict[str, Any]) -> forms.Field:
    return forms.CharField(max_length=take.most, widget=area(4 if take.required else 2), **common)


MADE: dict[str, Callable[[Take, dict[str, Any]], forms.Field]] = {
    "choice": _choice,
    "long": _long,
    "sealed": _long,
    "flag": lambda take, common: forms.BooleanField(**common),
    "petition": lambda take, common: forms.CharField(widget=forms.HiddenInput, **common),
}


def _input(take: Take) -> forms.Widget:
    attrs: dict[str, dict[str, Any]] = {
        "unit": {"list": "units", "autocomplete": "off", "placeholder": _("code or part of the name")},
        "person": {"list": "people", "autocomplete": "off", "placeholder": _("staff number or name")},
        "case": {"autocomplete": "off", "placeholder": f"C{timezone.localdate():%y}-000123"},
        "whole": {"inputmode": "numeric"},
        "day": {"type": "date"},
        "moment": {"type": "datetime-local"},
        "post": {"autocomplete": "off"},
    }
    return forms.TextInput(attrs=attrs.get(take.kind, {}))


def _proposing(listed: str) -> dict[str, str]:
    """What makes a field propose units or people while one types."""
    if listed not in ("units", "people", "staff"):
        return {}
    what = "unit" if listed == "units" else "person"
    target = "units" if listed == "units" else "people"
    return {
        "list": target,
        "hx-get": reverse("cases.names", args=[what]),
        "hx-trigger": "input changed delay:200ms",
        "hx-target": f"#{target}",
    }


def _of_clocks(clocks: Sequence[Clock]) -> forms.Field:
    """The deadlines to choose from, the first of them chosen; a word where there is none."""
    offered = [(clock.policy, _clock_name(clock)) for clock in clocks]
    offered = offered or [("", _("No deadline of this case can be extended now."))]
    return forms.ChoiceField(label=wording.take_name("policy"), choices=offered, required=False)


def _clock_name(clock: Clock) -> str:
    """A deadline with the time that may still be had for it."""
    title, left = clockwords.title_of(clock), clockwords.left(clock)
    if not left:
        return title
    return _("%(name)s (at most %(most)s more)") % {"name": title, "most": clockwords.amount(clock, left)}


def _units_label(clocks: Sequence[Clock]) -> str:
    """How many more, with the unit where all deadlines to choose from share one."""
    units = {wording.unit_name(clockwords.basis_of(clock)) for clock in clocks}
    if len(units) != 1 or units == {""}:
        return wording.take_name("units")
    return _("How much more (%(unit)s)") % {"unit": units.pop()}


def party_fields(kind: Kind) -> dict[str, forms.Field]:
    """One more person of a case."""
    roles = [(role, str(Party.Role(role).label)) for role in kind.parties]
    staff = forms.TextInput(attrs={"list": "people", "autocomplete": "off"})
    made: dict[str, forms.Field] = {
        "party_role": forms.ChoiceField(label=_("Role"), choices=roles),
        "party_person": forms.CharField(
            label=_("Staff number"),
            required=False,
            max_length=40,
            widget=staff,
            help_text=_("Only of staff."),
        ),
    }
    labels = {
        **{"name": _("Full name"), "phone": _("Telephone"), "id_number": _("Identity number")},
        **{"address": _("Address"), "email": _("E-mail")},
    }
    for name in PERSONAL:
        made[f"party_{name}"] = forms.CharField(label=labels[name], required=False, max_length=200)
    return made
