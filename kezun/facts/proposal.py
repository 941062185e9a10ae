"""The assistant: from the beginning of a file to a mapping that a person then mends.

Names are compared with catalog/assistant.yaml, values with what they must be: codes of units and people that
exist, dates in one of the usual styles, durations. What it cannot tell stays empty.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

from kezun.facts import profileyaml
from kezun.facts.profiles import DERIVED
from kezun.facts.sample import Sample
from kezun.facts.types import FACT_TYPES, Column
from kezun.org.models import Person, Unit

CATALOG = Path(__file__).parent / "catalog" / "assistant.yaml"
SIGNS = re.compile(r"[\s_\-./()\[\]{}:#\u3000\uff08\uff09\uff1a]+")
DURATION = re.compile(r"\d{1,9}(\.\d+)?|\d{1,4}:[0-5]?\d:[0-5]?\d(\.\d+)?")
COMPACT = re.compile(r"(%[A-Za-z])+")
TRIED = 200
ENOUGH = 0.6

Test = Callable[[list[str]], bool]


@dataclass
class Guess:
    """Where a column of the fact comes from: a column of the file, or a constant; with how it is written."""

    column: str = ""
    constant: str = ""
    time: str = ""
    format: str = ""
    time_format: str = ""
    unit: str = "s"
    map: dict[str, str] = field(default_factory=dict)


@dataclass
class Proposal:
    """A mapping proposed for a fact type; columns without a guess are left out."""

    fact: str
    key: list[str]
    unit: str
    person: str
    columns: dict[str, Guess]

    @property
    def fit(self) -> tuple[int, int]:
        """How much of the file it takes: required columns found in it, then columns found at all."""
        found = [name for name, guess in self.columns.items() if guess.column]
        required = {column.name for column in FACT_TYPES[self.fact].columns if column.required}
        return len(required & set(found)), len(found)


@lru_cache(maxsize=1)
def knowledge() -> dict[str, Any]:
    """What catalog/assistant.yaml says."""
    told: dict[str, Any] = profileyaml.read(CATALOG.read_text(encoding="utf-8"))[0]
    return told


def choice_word(column: str, choice: str) -> str:
    """A choice of a column in the reader's language: in Chinese the word that the catalog gives first."""
    words = knowledge()["values"].get(column, {}).get(choice, ())
    return str(words[0]) if words and (get_language() or "").startswith("zh") else choice


def plain(text: str) -> str:
    """A name as it is compared: small letters, without blanks and signs."""
    return SIGNS.sub("", text).lower()


def likeness(column: str, words: Iterable[str]) -> float:
    """How well a column's name fits one of `words`: 1 … 0; earlier words count a little more."""
    name, best = plain(column), 0.0
    for place, word in enumerate(map(plain, words)):
        if name == word:
            best = max(best, 1.0 - place / 1000)
        elif len(word) > 1 and word in name:
            best = max(best, 0.5 + 0.3 * len(word) / len(name) - place / 1000)
    return best


def formats_for(kind: str, values: Sequence[str]) -> list[str]:
    """The formats of the catalog (moment, date, time) that read every one of the values."""
    tried = [v for v in values if v][:TRIED]
    return [f for f in knowledge()["formats"][kind] if tried and all(_reads(v, f) for v in tried)]


def _reads(text: str, form: str) -> bool:
    try:
        read = time.strptime(text, form)
    except ValueError:
        return False
    # Without signs between them, one digit too few would still be read: the length must be right.
    return not COMPACT.fullmatch(form) or len(text) == len(time.strftime(form, read))


def propose(sample: Sample, fact: str) -> Proposal:
    """A mapping for `fact`; two statements, for the codes of units and people."""
    return _Proposer(sample, fact, _known(sample, Unit), _known(sample, Person)).proposal()


def propose_best(sample: Sample, facts: Iterable[str]) -> Proposal:
    """The mapping of that fact type which takes most of the file, the first of equals; two statements too."""
    units, people = _known(sample, Unit), _known(sample, Person)
    found = [_Proposer(sample, fact, units, people).proposal() for fact in facts]
    return max(found, key=lambda proposal: proposal.fit)


def _known(sample: Sample, model: type[Unit] | type[Person]) -> dict[str, float]:
    """Column → share of its distinct values that are codes of units (or people)."""
    texts = {c: sample.distinct(c)[:TRIED] for c in sample.columns}
    every = {value for values in texts.values() for value in values if len(value) <= 40}
    codes = set(model.objects.filter(code__in=every).values_list("code", flat=True))
    return {c: sum(v in codes for v in values) / len(values) for c, values in texts.items() if values}


class _Proposer:
    """Guesses column by column; `units` and `people`: columns with the share of codes that exist in them."""

    def __init__(self, sample: Sample, fact: str, units: dict[str, float], people: dict[str, float]) -> None:
        self.sample, self.fact = sample, fact
        self.units, self.people = units, people
        self.words: dict[str, list[str]] = knowledge()["words"]
        self.used: set[str] = set()

    def proposal(self) -> Proposal:
        unit = self._coded("unit", self.units)
        moment = self._moment()
        self.used |= {unit, moment.column, moment.time} - {""}
        person = self._coded("person", self.people)
        self.used |= {person} - {""}
        columns = {"occurred_at": moment}
        own = [c for c in FACT_TYPES[self.fact].all_columns if c.name not in DERIVED]
        for column in (c for c in own if c.name != "occurred_at"):
            columns[column.name] = self._column(column)
        kept = {name: guess for name, guess in columns.items() if guess.column or guess.constant}
        return Proposal(self.fact, self._key(unit, moment), unit, person, kept)

    def _best(self, name: str, fits: Test = lambda values: True) -> str:
        """The free column whose name fits best and whose values pass; "" for none."""
        words = self.words.get(name, [name])
        found = [
            (likeness(column, words), -place, column)
            for place, column in enumerate(self.sample.columns)
            if column not in self.used
        ]
        good = [f for f in sorted(found, reverse=True) if f[0] > 0 and fits(self.sample.distinct(f[2]))]
        return good[0][2] if good else ""

    def _coded(self, name: str, shares: dict[str, float]) -> str:
        """By values where most of a column are codes that exist, else by its name."""
        known = {c: s for c, s in shares.items() if s >= ENOUGH and c not in self.used}
        words = self.words[name]
        return max(known, key=lambda c: (known[c], likeness(c, words)), default="") or self._best(name)

    def _moment(self) -> Guess:
        """One column with date and time, or a column of each."""
        whole = self._best("occurred_at", lambda values: bool(formats_for("moment", values)))
        if whole:
            return Guess(whole, format=formats_for("moment", self.sample.distinct(whole))[0])
        day = self._best("date", lambda values: bool(formats_for("date", values)))
        self.used.add(day)
        clock = self._best("occurred_at", lambda values: bool(formats_for("time", values)))
        if not day:
            return Guess()
        made = Guess(day, time=clock, format=formats_for("date", self.sample.distinct(day))[0])
        if clock:
            made.time_format = formats_for("time", self.sample.distinct(clock))[0]
        return made

    def _column(self, column: Column) -> Guess:
        name = self._best(column.name, lambda values: self._fits(column, values))
        if not name:
            constants = knowledge()["constants"].get(self.fact, {})
            return Guess(constant=str(constants.get(column.name, "")))
        if column.name != "ticket_id":
            self.used.add(name)
        guess = Guess(name)
        if column.kind == "seconds":
            guess.unit = self._time_unit(name)
        if column.choices or column.name in knowledge()["values"]:
            guess.map = map_for(column, self.sample.distinct(name))
        return guess

    def _fits(self, column: Column, values: list[str]) -> bool:
        if column.kind == "seconds":
            return all(DURATION.fullmatch(v) for v in values[:TRIED])
        if column.choices:
            return len(values) <= 40
        return True

    def _time_unit(self, name: str) -> str:
        low = name.lower()
        found = (u for u, words in knowledge()["units"].items() if any(w in low for w in words))
        return next(found, "s")

    def _key(self, unit: str, moment: Guess) -> list[str]:
        """One column that is never empty and never twice; else with unit and day before it; else nothing."""
        words = self.words["key"]
        named = sorted(
            (c for c in self.sample.columns if likeness(c, words) > 0), key=lambda c: -likeness(c, words)
        )
        tries = [[c] for c in named]
        tries += [list(dict.fromkeys(c for c in (unit, moment.column, n) if c)) for n in named]
        return next((columns for columns in tries if self._unique(columns)), tries[-1] if tries else [])

    def _unique(self, columns: list[str]) -> bool:
        rows = list(zip(*(self.sample.values[c] for c in columns), strict=True))
        return bool(rows) and len(set(rows)) == len(rows) and all(all(row) for row in rows)


def map_for(column: Column, values: Iterable[str]) -> dict[str, str]:
    """Value of the file → choice of the column, as far as known; what is a choice already maps to itself."""
    told: dict[str, list[str]] = knowledge()["values"].get(column.name, {})
    by_word = {plain(word): choice for choice, words in told.items() for word in [choice, *words]}
    found = {value: by_word.get(plain(value), "") for value in values}
    return {value: choice for value, choice in found.items() if choice}
