"""Sample standards for tests, and answers to them."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

from kezun.standards.rules import Standard, read
from kezun.standards.rules.marks import Given

HERE = Path(__file__).parent
TAGS = frozenset({"底层"})


def text(name: str) -> str:
    return (HERE / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def sample(name: str) -> Standard:
    return read(text(name))


def conforming(**changed: Given) -> dict[str, Given]:
    """Answers to the outlet sample without a fault, but for those given as A1_01=…"""
    answers: dict[str, Given] = {
        "A1.01": "好",
        "A1.02": "有",
        "A2.01": 0,
        "A2.02": Decimal("0.99"),
        "B1.01": "在",
        "B1.02": "是",
        "B1.03": "优",
        "B2.01": "做到",
    }
    return answers | {key.replace("_", "."): value for key, value in changed.items()}
