"""Slots: places of a page that rooms above fill."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe

from kezun.ui import slots


@pytest.fixture
def named(monkeypatch):
    monkeypatch.setattr(slots, "SLOTS", {})
    return slots.fills("a.page")


def test_what_fills_a_slot_comes_in_order_and_what_is_empty_is_left_out(named):
    named(lambda request, subject: f"1{subject}")
    named(lambda request, subject: "")
    named(lambda request, subject: f"2{request}")
    assert slots.filled("a.page", "r", "s") == ["1s", "2r"]
    assert slots.filled("a.other", "r", "s") == []


def test_the_tag_shows_it(named):
    named(lambda request, subject: mark_safe(f"<b>{subject}</b>"))
    shown = Template('{% load ui %}{% slot "a.page" what %}|{% slot "a.none" what %}')
    assert shown.render(Context({"request": None, "what": "x"})) == "<b>x</b>|"
