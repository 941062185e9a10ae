"""What a browser calls itself, told as people know it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.org.rules.agents import LONGEST, browser_name

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge · Windows",
        ),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome · Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605.1 Version/18.0 Safari/604.1",
            "Safari · iPhone",
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/130.0 MicroMessenger/8.0", "WeChat · Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15.0) Gecko/20100101 Firefox/143.0", "Firefox · macOS"),
        ("curl/8.5.0", "curl"),
        ("bank-batch 2.1 on Windows", "bank-batch 2.1 on Windows"),
        ("", ""),
    ],
)
def test_browsers_are_named_as_people_know_them(agent: str, name: str) -> None:
    assert browser_name(agent) == name


@given(st.text(max_size=300))
def test_a_name_is_short_whatever_was_sent(agent: str) -> None:
    assert len(browser_name(agent)) <= LONGEST


def test_an_unknown_name_is_cut_where_it_is_too_long() -> None:
    assert browser_name("x" * 100) == "x" * (LONGEST - 1) + "…"
