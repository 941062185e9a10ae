"""Standards as pure rules: reading, checking, scoring, comparing; codes and values, never words of a page."""

from __future__ import annotations

from kezun.standards.rules.form import Criterion, Item, Module, Standard
from kezun.standards.rules.nodes import NotAStandard, Problem
from kezun.standards.rules.reading import read
from kezun.standards.rules.scoring import Lack, Line, Na, NotScorable, Result, asked, evaluate, lacks
from kezun.standards.rules.writing import canonical, digest, written

__all__ = [
    "Criterion",
    "Item",
    "Lack",
    "Line",
    "Module",
    "Na",
    "NotAStandard",
    "NotScorable",
    "Problem",
    "Result",
    "Standard",
    "asked",
    "canonical",
    "digest",
    "evaluate",
    "lacks",
    "read",
    "written",
]
