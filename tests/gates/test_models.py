"""Every table says how private each of its fields is, and what people may not see is classed."""

from __future__ import annotations

import pytest
from django.apps import apps

CLASSES = {"none", "C1", "C2"}
PERSONAL = {"email", "phone", "mobile", "id_number", "card_number", "birth_date", "password"}
OURS = [m for m in apps.get_models() if m.__module__.startswith("kezun.")]


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_every_field_has_a_privacy_class(model):
    fields = {f.name for f in (*model._meta.concrete_fields, *model._meta.local_many_to_many)}
    assert set(model.__dict__.get("privacy", {})) == fields
    assert set(model.privacy.values()) <= CLASSES


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_what_is_plainly_personal_is_never_classed_none(model):
    open_ = {name for name in PERSONAL & set(model.privacy) if model.privacy[name] == "none"}
    assert not open_


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_every_moment_ends_in_at_and_every_day_in_date(model):
    wrong = [
        f.name
        for f in model._meta.concrete_fields
        if f.model.__module__.startswith("kezun.")
        and (
            (f.get_internal_type() == "DateTimeField" and not f.name.endswith(("_at", "_until", "at")))
            or (f.get_internal_type() == "DateField" and not f.name.endswith(("_date", "_day")))
        )
    ]
    assert not [name for name in wrong if name != "last_login"]


def test_there_are_models_to_look_at():
    assert {"org.Unit", "org.Person", "kernel.TrailEntry", "facts.FactFile"} <= {m._meta.label for m in OURS}
