"""Where a finding is to be looked for: kinds of unit and tags to choose from, as the bank has them."""

from __future__ import annotations

from django import forms
from django.utils import timezone

from kezun.cases import wording
from kezun.cases.models import Case
from kezun.org.models import Unit, UnitTag, valid_on


def where_fields(case: Case) -> dict[str, forms.Field]:
    """The kind of unit, first that of the case's own, and the tags that units bear today; one statement."""
    rows = UnitTag.objects.filter(valid_on(timezone.localdate()))
    tags = rows.order_by("tag").values_list("tag", flat=True).distinct()
    return {
        "tag": forms.ChoiceField(
            label=wording.take_name("tag"), choices=[("", "—"), *((tag, tag) for tag in tags)], required=False
        ),
        "kind": forms.ChoiceField(
            label=wording.take_name("kind"),
            choices=Unit.Kind.choices,
            initial=case.unit.kind,
            required=False,
        ),
    }
