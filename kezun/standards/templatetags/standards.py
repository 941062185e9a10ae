"""Template filters for standards: the same words on every page that shows one."""

from __future__ import annotations

from typing import Any

from django import template

from kezun.standards import wording

register = template.Library()
TONES: dict[str, str] = {
    **{"draft": "", "proposed": "warn", "published": "good", "withdrawn": "bad"},
    **{"submitted": "good", "corrected": "", "void": "bad"},
}

register.filter("term", wording.term)
register.filter("named", wording.named)
register.filter("said", wording.said)
register.filter("guided", wording.guided)
register.filter("points", wording.figure)
register.filter("judged", wording.judged)
register.filter("steps", wording.steps)
register.filter("evidence_words", wording.evidence)
register.filter("consequences", wording.consequences)
register.filter("applies", wording.applies)


@register.filter
def terms(words: Any) -> str:
    """Several words of a standard in the page's language."""
    return wording.joined(words)


@register.filter
def tone(state: str) -> str:
    """How a state is coloured; the words say it too."""
    return f"k-tag-{TONES[state]}" if TONES.get(state) else ""


@register.filter
def by_key(mapping: Any, key: Any) -> Any:
    """What a mapping holds under a key."""
    return mapping.get(key) if mapping else None
