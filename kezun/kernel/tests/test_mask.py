"""Masking by class; no authentication data taken in; every field of the house classed."""

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel import mask as module
from kezun.kernel.actor import SystemActor
from kezun.kernel.mask import CLASSES, class_of, mask, masked, may_unmask, refuse_c3
from kezun.kernel.models import StoredFile, Task


class Reader:
    """Holds the given rights over the given records only."""

    trail_name = "person:1"

    def __init__(self, *rights, over=()):
        self.rights, self.over = rights, over

    def may(self, permission):
        return permission in self.rights

    def covers(self, permission, target):
        return target in self.over


@pytest.fixture
def record(monkeypatch):
    monkeypatch.setattr(Task, "privacy", {**Task.privacy, "name": "C2", "error": "C2", "worker": "C2"})
    monkeypatch.setattr(Task, "mask_kinds", {"worker": "phone"}, raising=False)
    return Task(pk=1, name="王小明", error="he said so", worker="13812345678", attempts=3)


def test_by_default_c2_is_masked_and_the_rest_is_not(record):
    seen = masked(record, Reader())
    assert (seen["name"], seen["error"], seen["worker"]) == ("王**", "***", "138****5678")
    assert (seen["attempts"], seen["state"]) == (3, "waiting")


def test_who_may_unmask_this_record_sees_it(record):
    assert masked(record, Reader("kernel.unmask", over=[record]))["name"] == "王小明"
    assert masked(record, SystemActor("x"))["worker"] == "13812345678"


@pytest.mark.parametrize("reader", [Reader("kernel.unmask"), Reader("org.unmask"), Reader()])
def test_the_right_is_the_rooms_and_has_a_scope(record, reader):
    assert not may_unmask(reader, record)
    assert masked(record, reader)["name"] == "王**"


def test_what_nobody_has_classed_is_masked(record, monkeypatch):
    monkeypatch.setattr(Task, "privacy", {})
    assert class_of(Task, "attempts") == "C2"
    assert masked(record, Reader())["attempts"] == "***"


@pytest.mark.django_db
def test_a_persons_phone_is_masked_for_others(person_in):
    teller, reader = person_in("teller", "O1"), person_in("supervisor", "P1")
    teller.phone = "13812345678"
    assert masked(teller, reader)["phone"] == "138****5678"
    office = person_in("service_office", "HO")
    assert masked(teller, office)["phone"] == "13812345678"


@given(st.text(max_size=60))
def test_an_unknown_kind_hides_all(value):
    assert mask("whatever", value) == ("***" if value else "")
    assert mask("phone", None) == ""


def test_the_filter_masks_and_escapes():
    template = Template('{% load privacy %}{{ phone|mask:"phone" }} {{ name|mask:"name" }}')
    assert template.render(Context({"phone": "13812345678", "name": "<b>"})) == "138****5678 &lt;**"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("客户报的密码是 123456", "c3_secret"),
        ("支付密码：88888888", "c3_secret"),
        ("my pin: 1234", "c3_secret"),
        ("卡号 6222021234567894 安全码 123", "c3_card"),
        ("%B6222021234567894^WANG/XM^25121010000", "c3_track"),
    ],
)
def test_authentication_data_is_refused_with_advice(text, code):
    with pytest.raises(ValidationError) as refusal:
        refuse_c3(text)
    assert refusal.value.code == code
    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["等候太久", "客户忘记密码，协助重置", "opinion: good", "卡号 6222021234567894", ""]
)
def test_what_people_usually_write_is_taken(text):
    assert refuse_c3(text) is text


def test_the_words_are_read_once_and_not_empty():
    assert module._words() is module._words()
    assert all(module._words()[name] for name in ("code_words", "secret_words"))


@pytest.mark.parametrize("model", [m for m in apps.get_models() if m.__module__.startswith("kezun.")])
def test_every_field_of_every_model_is_classed(model):
    named = {field.name for field in model._meta.concrete_fields}
    assert named == set(model.privacy) & named, f"not classed: {named - set(model.privacy)}"
    assert set(model.privacy.values()) <= set(CLASSES)
    assert set(model.privacy) <= named | {f.name for f in model._meta.get_fields()}


def test_records_of_the_kernel_say_who_they_are():
    assert str(Task(name="a", state="done")) == "a (done)"
    assert str(StoredFile(name="a", kind="text")) == "a (text)"
