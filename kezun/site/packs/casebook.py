"""The shape of a pack's `cases.yaml`: which cases an invented bank has, what is said in them, how they go."""

from __future__ import annotations

from typing import Any

import msgspec


class Sort(msgspec.Struct, forbid_unknown_fields=True):
    """Cases of one kind: how many, how they go (weights), what they say. opener: who brings them.
    team: who takes part. to_unit: they are handed to the unit they are about."""

    kind: str
    count: int
    courses: dict[str, int]
    texts: list[dict[str, Any]]
    all: dict[str, Any] = {}
    opener: str = "handler"
    to_unit: bool = False
    team: list[str] = []


class Story(msgspec.Struct, forbid_unknown_fields=True):
    """One planted case. day: days before the last day of data; text: the title of a text of its sort;
    customer: the same number is the same customer; merge: it ends in the first case of
    that customer. settled: who settles the check of effect, on the day when its figures are complete."""

    kind: str
    unit: str
    day: int
    course: str
    text: str = ""
    opener: str = ""
    set: dict[str, Any] = {}
    customer: int = 0
    merge: bool = False
    team: list[str] = []
    settled: str = ""


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """What a pack says of its cases. words: what a verb is always given."""

    seed: int
    days: int
    customers: list[str]
    courses: dict[str, list[list[Any]]]
    sorts: list[Sort]
    stories: list[Story] = []
    words: dict[str, dict[str, Any]] = {}
