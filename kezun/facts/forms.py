"""Forms of the import desk: bring a file; the assistant's mapping, from the file's columns to the fact's."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

import msgspec
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from kezun.facts import profiles
from kezun.facts.profiles import DERIVED, Code, Format, Profile, ProfileError, Take
from kezun.facts.proposal import Guess, Proposal, choice_word, knowledge, map_for
from kezun.facts.sample import Sample
from kezun.facts.types import FACT_TYPES, Column

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
NOWHERE, CONSTANT = "", "="
MAPPED = 40
DELIMITERS = ((",", _("comma")), (";", _("semicolon")), ("\t", _("tab")), ("|", "|"))
ENCODINGS = (
    ("auto", _("found out by itself")),
    ("utf-8", "UTF-8"),
    ("gb18030", "GBK / GB 18030"),
    ("utf-16", "UTF-16"),
)
UNKNOWN = (
    ("empty", _("left empty, with a warning")),
    ("reject", _("the row is rejected")),
    ("register", _("registered under that code")),
)
TIME_UNITS = (("s", _("seconds")), ("ms", _("milliseconds")), ("min", _("minutes")))


class FileForm(forms.Form):
    """A file for the import desk; what it is, is found out by its content."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.gz,.xlsx,.parquet"}),
        error_messages={"required": _("Choose a file first.")},
    )


@dataclass(frozen=True)
class Line:
    """One column of the fact as the mapping shows it, with the fields that belong to it."""

    column: Column
    source: BoundField
    constant: BoundField
    more: list[BoundField]
    map: list[BoundField]


class MappingForm(forms.Form):
    """A mapping as a person sees it; `profile()` makes the profile. Always bound: first to the proposal."""

    name = forms.CharField(
        label=_("Name of the profile"), max_length=60, help_text=_("Letters a to z, digits, - and _.")
    )
    title = forms.CharField(label=_("Title"), max_length=80, required=False)
    source = forms.CharField(
        label=_("Source"),
        max_length=80,
        help_text=_("The machine or system; rows of one source correct one another."),
    )
    zone = forms.CharField(label=_("Time zone of the file"), max_length=40)
    delimiter = forms.ChoiceField(label=_("Delimiter"), choices=DELIMITERS, required=False)
    encoding = forms.ChoiceField(label=_("Encoding"), choices=ENCODINGS)
    header = forms.IntegerField(label=_("Line of the column names"), min_value=1, max_value=50)
    key = forms.MultipleChoiceField(
        label=_("What makes a row unique"), choices=(), widget=forms.CheckboxSelectMultiple
    )
    unit_from = forms.ChoiceField(label=_("Unit"), choices=(), required=False)
    unit_value = forms.CharField(label=_("Unit code, the same for all rows"), max_length=40, required=False)
    person_from = forms.ChoiceField(label=_("Person"), choices=(), required=False)
    person_unknown = forms.ChoiceField(label=_("An unknown person is"), choices=UNKNOWN)

    def __init__(self, data: Any, *, sample: Sample, fact: str) -> None:
        super().__init__(data)
        self.sample, self.fact = sample, FACT_TYPES[fact]
        self.own = [c for c in self.fact.all_columns if c.name not in DERIVED]
        columns = [(c, c) for c in sample.columns]
        self._choices("key", columns)
        self._choices("unit_from", [(NOWHERE, _("the same for all rows")), *columns])
        self._choices("person_from", [(NOWHERE, _("not in the file")), *columns])
        if sample.kind != "csv":
            del self.fields["delimiter"], self.fields["encoding"]
        for column in self.own:
            self._add(column, columns)

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        made: Any = self.fields[name]
        made.choices = choices

    def _add(self, column: Column, columns: list[tuple[str, str]]) -> None:
        places = [(NOWHERE, _("not in the file")), (CONSTANT, _("the same for all rows")), *columns]
        label: Any = column.label
        self.fields[f"c_{column.name}"] = forms.ChoiceField(label=label, choices=places, required=False)
        allowed: list[tuple[str, Any]] = [("", "—"), *((c, called(column.name, c)) for c in column.choices)]
        self.fields[f"v_{column.name}"] = (
            forms.ChoiceField(label=_("Value"), choices=allowed, required=False)
            if column.choices
            else forms.CharField(label=_("Value"), max_length=100, required=False)
        )
        if column.kind == "moment":
            self._add_clock(column, columns)
        if column.kind == "seconds":
            self.fields[f"u_{column.name}"] = forms.ChoiceField(
                label=_("in"), choices=TIME_UNITS, required=False
            )
        for value in self.values_of(column):
            self.fields[self.map_field(column, value)] = forms.ChoiceField(
                label=value, choices=self._map_choices(column), required=False
            )

    def _add_clock(self, column: Column, columns: list[tuple[str, str]]) -> None:
        none = (NOWHERE, _("date and time stand in one column"))
        self.fields[f"t_{column.name}"] = forms.ChoiceField(
            label=_("Column of the time"), choices=[none, *columns], required=False
        )
        told = knowledge()["formats"]
        formats = [("", _("found out by itself")), *((f, f) for f in (*told["moment"], *told["date"]))]
        self.fields[f"f_{column.name}"] = forms.ChoiceField(
            label=_("Written as"), choices=formats, required=False
        )
        clocks = [("", _("found out by itself")), *((f, f) for f in told["time"])]
        self.fields[f"g_{column.name}"] = forms.ChoiceField(
            label=_("The time written as"), choices=clocks, required=False
        )

    def _map_choices(self, column: Column) -> list[tuple[str, Any]]:
        known = column.choices or tuple(knowledge()["values"].get(column.name, {}))
        return [("", _("rejected")), *((c, called(column.name, c)) for c in known)]

    def values_of(self, column: Column) -> list[str]:
        """The values of the sample that need a meaning: choices, or values that stand for others."""
        wanted = column.choices or column.name in knowledge()["values"]
        place = self.data.get(f"c_{column.name}", "")
        values = self.sample.distinct(place) if wanted and place not in (NOWHERE, CONSTANT) else []
        if not column.choices and all(v.isdigit() for v in values):
            return []
        return values[:MAPPED]

    def map_field(self, column: Column, value: str) -> str:
        """The name of the field that gives `value` its meaning; another column's values have other names."""
        place = self.data.get(f"c_{column.name}", "")
        return f"m_{column.name}_{zlib.crc32(f'{place}|{value}'.encode()):08x}"

    def lines(self) -> list[Line]:
        """The fact's columns for the page, required ones first."""
        ordered = sorted(self.own, key=lambda c: not c.required)
        return [self._line(c) for c in ordered]

    def _line(self, column: Column) -> Line:
        more = [self[f"{k}_{column.name}"] for k in "tfgu" if f"{k}_{column.name}" in self.fields]
        maps = [self[self.map_field(column, v)] for v in self.values_of(column)]
        return Line(column, self[f"c_{column.name}"], self[f"v_{column.name}"], more, maps)

    def clean_name(self) -> str:
        """A name that can stand in an address."""
        name = str(self.cleaned_data["name"]).strip().lower()
        if not NAME.fullmatch(name):
            raise ValidationError(
                _("Letters a to z, digits, - and _ only, beginning with a letter or digit.")
            )
        return name

    def clean(self) -> dict[str, Any]:
        """The profile must stand as a whole; what is wrong with it is said at the top, or at the field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("unit_from") and not cleaned.get("unit_value"):
            self.add_error("unit_from", _("Say which column holds the unit, or give one code for all rows."))
        for column in self.own:
            if column.required and not self._take(column):
                self.add_error(
                    f"c_{column.name}", _("A row cannot do without this: choose a column or a value.")
                )
        if not self.errors:
            try:
                self.made = profiles.parse(profiles.dump(self._built()), cleaned["name"])
            except ProfileError as error:
                raise ValidationError(str(error)) from error
        return cleaned

    def profile(self) -> Profile:
        """The profile that a valid form describes."""
        return self.made

    def _built(self) -> Profile:
        told = self.cleaned_data
        person = told["person_from"]
        columns = {c.name: take for c in self.own if (take := self._take(c))}
        return Profile(
            profile=told["name"],
            fact=self.fact.name,
            source=told["source"],
            key=tuple(told["key"]),
            columns=columns,
            title=told["title"],
            title_en=told["title"],
            zone=told["zone"],
            unit=Code(source=told["unit_from"]) if told["unit_from"] else Code(value=told["unit_value"]),
            person=self._person(person) if person else None,
            format=self._format(),
        )

    def _person(self, column: str) -> Code:
        blanks = set(knowledge()["blanks"])
        empty = tuple(v for v in self.sample.distinct(column) if v.lower() in blanks)
        return Code(source=column, unknown=self.cleaned_data["person_unknown"], empty=empty)

    def _format(self) -> Format:
        told = self.cleaned_data
        form = Format(header=told["header"])
        if self.sample.kind != "csv":
            return form
        return msgspec.structs.replace(
            form, kind="csv", delimiter=told["delimiter"] or self.sample.delimiter, encoding=told["encoding"]
        )

    def _take(self, column: Column) -> Take | None:
        told, name = self.cleaned_data, column.name
        place = told.get(f"c_{name}", "")
        if place == CONSTANT:
            value = told.get(f"v_{name}", "")
            return Take(value=value) if value else None
        if not place:
            return None
        if column.kind == "moment":
            return self._moment(name, place)
        found = {v: told.get(self.map_field(column, v), "") for v in self.values_of(column)}
        mapped = {v: choice for v, choice in found.items() if choice}
        same = all(v == choice for v, choice in found.items())
        unit: Any = told.get(f"u_{name}") or "s"
        return Take(source=place, map={} if same else mapped, unit=unit)

    def _moment(self, name: str, place: str) -> Take:
        told = self.cleaned_data
        form, clock = told.get(f"f_{name}", ""), told.get(f"t_{name}", "")
        if not clock:
            return Take(source=place, format=form)
        return Take(date=place, time=clock, date_format=form, time_format=told.get(f"g_{name}", ""))


def called(column: str, choice: str) -> str:
    """A choice as the page shows it: in Chinese with the word that the catalog gives first."""
    word = choice_word(column, choice)
    return choice if word == choice else f"{word} ({choice})"


def first_data(proposal: Proposal, sample: Sample, name: str) -> dict[str, Any]:
    """A proposal as the data of a MappingForm."""
    data: dict[str, Any] = {
        **{"name": name, "title": "", "source": name, "zone": settings.KEZUN_BANK_ZONE, "header": 1},
        **{"delimiter": sample.delimiter, "encoding": "auto", "key": proposal.key},
        **{"unit_from": proposal.unit, "person_from": proposal.person, "person_unknown": "empty"},
    }
    for place, guess in proposal.columns.items():
        data |= _first_of(place, guess)
    form = MappingForm(data, sample=sample, fact=proposal.fact)
    for column in form.own:
        meant = map_for(column, form.values_of(column))
        data |= {form.map_field(column, value): choice for value, choice in meant.items()}
    return data


def _first_of(name: str, guess: Guess) -> dict[str, str]:
    return {
        f"c_{name}": guess.column or CONSTANT,
        f"v_{name}": guess.constant,
        f"t_{name}": guess.time,
        f"f_{name}": guess.format,
        f"g_{name}": guess.time_format,
        f"u_{name}": guess.unit,
    }
