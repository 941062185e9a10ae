"""`{% load privacy %}`: masks in templates, where a whole record is not at hand."""

from __future__ import annotations

from django import template

from kezun.kernel import mask as masks

register = template.Library()


@register.filter
def mask(value: object, kind: str) -> str:
    """`{{ phone|mask:"phone" }}`: what remains of a value; kinds as in kernel.mask."""
    return masks.mask(kind, value)
