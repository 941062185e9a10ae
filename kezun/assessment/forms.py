"""Forms of the ledger, of appeals and of awards; the actions repeat every check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kezun.assessment.merits import merit_kinds
from kezun.assessment.models import Appeal, Merit
from kezun.org.forms.base import ActorForm, DayField, DayInput
from kezun.org.models import Person, Unit
from kezun.standards.wording import term

TOLD = (Merit.Responsibility.RESPONSIBLE, Merit.Responsibility.SHARED, Merit.Responsibility.NONE)


class EnterMerit(ActorForm):
    """An event for or against a unit or a person. Kind and level are one choice, so that they always fit."""

    unit = forms.CharField(label=_("Unit"), max_length=80, help_text=_("Its code, or its name."))
    person = forms.CharField(
        label=_("Staff number"), max_length=40, required=False, help_text=_("Empty: the unit as a whole.")
    )
    what = forms.ChoiceField(label=_("Kind and level"))
    occurred_date = forms.DateField(label=_("Day"), widget=DayInput())
    title = forms.CharField(label=_("What happened"), max_length=200)
    issuer = forms.CharField(
        label=_("Who says so"),
        max_length=120,
        required=False,
        help_text=_("The awarding body, the newspaper, the customer service centre …"),
    )
    incident = forms.CharField(
        label=_("Incident number"),
        max_length=60,
        required=False,
        help_text=_("The same number for the same incident: it counts once, however many report it."),
    )
    note = forms.CharField(
        label=_("Note"), widget=forms.Textarea({"rows": 3}), max_length=2000, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [
            (
                f"{'+' if kind.sign == '+' else '−'} {kind.name}",
                [(f"{kind.id}|{level}", term(level)) for level in kind.levels],
            )
            for kind in merit_kinds().values()
        ]
        what = self.fields["what"]
        assert isinstance(what, forms.ChoiceField)
        what.choices = [("", _("Choose …")), *groups]

    def clean_unit(self) -> Unit:
        """In scope."""
        return self.find_unit_called("unit")

    def clean_person(self) -> Person | None:
        """In scope, or nobody."""
        return self.find_person("person") if self.cleaned_data["person"].strip() else None

    @property
    def told(self) -> dict[str, Any]:
        """What the action takes besides the unit."""
        kind, _bar, level = self.cleaned_data["what"].partition("|")
        names = ("person", "occurred_date", "title", "issuer", "incident", "note")
        return {name: self.cleaned_data[name] for name in names} | {"kind": kind, "level": level}


class Attribute(ActorForm):
    """Who answers for it."""

    responsibility = forms.ChoiceField(
        label=_("Responsibility"), choices=[(one.value, one.label) for one in TOLD]
    )
    reason = forms.CharField(label=_("Reason"), max_length=400)


class Why(ActorForm):
    """A reason."""

    reason = forms.CharField(label=_("Reason"), max_length=400)


class Grounds(ActorForm):
    """What is wrong with a line of a scorecard."""

    grounds = forms.CharField(
        label=_("What is wrong, and why"), widget=forms.Textarea({"rows": 4}), min_length=10, max_length=4000
    )


class Decide(ActorForm):
    """The decision on an appeal."""

    upheld = forms.ChoiceField(
        label=_("Decision"),
        choices=[("yes", _("Upheld")), ("no", _("Refused"))],
    )
    decision = forms.CharField(
        label=_("Reasons"), widget=forms.Textarea({"rows": 4}), min_length=10, max_length=4000
    )
    remedy = forms.ChoiceField(
        label=_("How the facts are put right"),
        choices=[("", "—"), *[c for c in Appeal.Remedy.choices if c[0]]],
        required=False,
        help_text=_("Needed where it is upheld: the correction is a new fact, and the next run counts it."),
    )
    remedy_ref = forms.CharField(label=_("Number of the correction"), max_length=120, required=False)
    doc_no = forms.CharField(label=_("Number of the decision"), max_length=120, required=False)


class ProposeAward(ActorForm):
    """A star or a title for a unit or a person."""

    unit = forms.CharField(label=_("Unit"), max_length=80, help_text=_("Its code, or its name."))
    person = forms.CharField(
        label=_("Staff number"), max_length=40, required=False, help_text=_("Empty: the unit as a whole.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=[("star", _("Star")), ("title", _("Title"))])
    level = forms.IntegerField(label=_("Stars"), min_value=0, max_value=5, required=False)
    title = forms.CharField(label=_("Name of the title"), max_length=120, required=False)
    from_date = DayField(_("From day"), help_text=_("Empty: today."))
    to_date = forms.DateField(label=_("To day"), widget=DayInput())

    def clean_unit(self) -> Unit:
        """In scope."""
        return self.find_unit_called("unit")

    def clean_person(self) -> Person | None:
        """In scope, or nobody."""
        return self.find_person("person") if self.cleaned_data["person"].strip() else None

    def clean_level(self) -> int:
        """Nought where none is given."""
        return self.cleaned_data["level"] or 0
