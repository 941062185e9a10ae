"""Masking (脱敏): what of a record an actor sees, by the class and kind of each field; no C3, ever.

Each model classes its fields in `privacy`: `none` and `C1` (internal) are shown to whoever may read the
record, `C2` (identity, contact, financial) is masked unless the actor holds the room's `unmask` for it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.kernel.rules import MASKS, find_c3, kind_of_field

CATALOG = Path(__file__).parent / "catalog" / "c3.yaml"
CLASSES = ("none", "C1", "C2")


def mask(kind: str, value: object) -> str:
    """What remains of a value: kinds `name`, `phone`, `id`, `account`, `email`, `text`; others hide all."""
    return MASKS.get(kind, MASKS["text"])("" if value is None else str(value))


def class_of(model: type[models.Model] | models.Model, field: str) -> str:
    """The privacy class of a field; what a model has not classed counts as C2."""
    classes: dict[str, str] = getattr(model, "privacy", {})
    return classes.get(field, "C2")


def may_unmask(actor: Actor, record: models.Model) -> bool:
    """Whether the actor holds `<room>.unmask` over this record."""
    permission = f"{record._meta.app_label}.unmask"
    return actor.may(permission) and actor.covers(permission, record)


def masked(record: models.Model, actor: Actor) -> dict[str, Any]:
    """The record's fields by name, as this actor may see them: C2 masked by default.

    Foreign keys appear as ids. A field is masked by the kind its model says in `mask_kinds`, else by its
    name.
    """
    kinds: dict[str, str] = getattr(record, "mask_kinds", {})
    open_ = may_unmask(actor, record)
    seen: dict[str, Any] = {}
    for field in record._meta.concrete_fields:
        value = field.value_from_object(record)
        hidden = class_of(record, field.name) == "C2" and not open_
        seen[field.name] = mask(kinds.get(field.name, kind_of_field(field.name)), value) if hidden else value
    return seen


@lru_cache(maxsize=1)
def _words() -> dict[str, list[str]]:
    words: dict[str, list[str]] = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))
    return words


def refuse_c3(text: str) -> str:
    """Return `text`, or raise ValidationError where it holds authentication data (class C3).

    Use it on every free text that comes in: a form's clean method, an import's text column.
    """
    words = _words()
    found = find_c3(text, words["code_words"], words["secret_words"])
    if found is None:
        return text
    what = {
        "track": _("The text holds data from a card's magnetic stripe."),
        "card": _("The text holds a card number with its security code."),
        "secret": _("The text seems to hold a password or a one-time code."),
    }[found]
    advice = _("Such data must never be written down: remove it and save again.")
    raise ValidationError(f"{what} {advice}", code=f"c3_{found}")
