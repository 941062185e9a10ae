"""Template tags of the organisation: form controls in the frame's style, masked personal data."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, Select
from django.utils.safestring import SafeString

from kezun.kernel.rules import mask_number
from kezun.org.rules.agents import browser_name

register = template.Library()
register.filter("browser", browser_name)


@register.filter
def control(field: BoundField) -> SafeString:
    """A form field's control with the classes of the frame, marked invalid where it has errors."""
    widget: Any = field.field.widget
    kind = "form-control"
    if isinstance(widget, CheckboxSelectMultiple):
        kind = "form-selectgroup-list"
    elif isinstance(widget, CheckboxInput):
        kind = "form-check-input"
    elif isinstance(widget, Select):
        kind = "form-select"
    return field.as_widget(attrs={"class": f"{kind} is-invalid" if field.errors else kind})


@register.filter
def masked(number: str) -> str:
    """A phone or other number with only its last four characters."""
    return mask_number(number) if number else ""
