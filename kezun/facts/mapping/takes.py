"""From a profile's `Take` to SQL: the text a row gives for a column, and the value it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kezun.facts import expression
from kezun.facts.duck import literal
from kezun.facts.mapping import values, zones
from kezun.facts.profiles import Profile, Take
from kezun.facts.types import Column

Raw = Callable[[str], str]


@dataclass(frozen=True)
class Taken:
    """SQL of a column's text (for messages; null where the row gives none) and of its value.

    local: for a moment given in local time, SQL of that local time (null where the text had an offset).
    unmapped: condition under which a map had no entry. source: the file's column, for messages.
    there: condition that the row gives something, where that costs less than asking for its text.
    """

    text: str
    value: str
    source: str
    local: str | None = None
    unmapped: str | None = None
    constant: bool = False
    there: str | None = None

    def present(self, text: str) -> str:
        """Condition: the row gives a text; `text`: SQL of it where this was computed already."""
        return self.there or f"{text} IS NOT NULL"


def _mapped(take: Take, text: str) -> tuple[str, str | None]:
    """The text after `empty`, `map`, `otherwise` and `default`, and the condition of a missing entry."""
    if take.empty:
        listed = ", ".join(literal(e) for e in take.empty)
        text = f"(CASE WHEN {text} IN ({listed}) THEN NULL ELSE {text} END)"
    unmapped = None
    if take.map:
        whens = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in take.map.items())
        rest = (
            "NULL"
            if take.otherwise is None
            else f"CASE WHEN {text} IS NULL THEN NULL ELSE {literal(take.otherwise)} END"
        )
        if take.otherwise is None:
            known = ", ".join(literal(k) for k in take.map)
            unmapped = f"({text} IS NOT NULL AND {text} NOT IN ({known}))"
        text = f"(CASE {text} {whens} ELSE {rest} END)"
    if take.default is not None:
        fallback = f"coalesce({text}, {literal(take.default)})"
        text = f"(CASE WHEN {unmapped} THEN NULL ELSE {fallback} END)" if unmapped else fallback
    return text, unmapped


def _typed(column: Column, take: Take, text: str, zone: str) -> tuple[str, str | None]:
    """(SQL of the value, SQL of the local time) of a text for a column's kind."""
    if column.kind == "moment":
        local = values.local_moment(text, take.format)
        if take.format:
            return zones.to_utc(zone, local), local
        offset = values.has_offset(text)
        local = f"(CASE WHEN {offset} THEN NULL ELSE {local} END)"
        return f"(CASE WHEN {offset} THEN {values.instant(text)} ELSE {zones.to_utc(zone, local)} END)", local
    by_kind: dict[str, Callable[[], str]] = {
        "text": lambda: text,
        "integer": lambda: values.integer(text),
        "seconds": lambda: values.seconds(text, take.unit),
        "date": lambda: values.date(text, take.format),
        "flag": lambda: values.flag(text),
    }
    return by_kind[column.kind](), None


def _date_and_time(take: Take, raw: Raw, zone: str, column: Column) -> Taken:
    day, time = raw(take.date), raw(take.time) if take.time else None
    local = f"CAST({values.date(day, take.date_format)} AS TIMESTAMP)"
    text = day
    if time:
        local = f"({values.date(day, take.date_format)} + {values.time_of_day(time, take.time_format)})"
        text = f"({day} || ' ' || {time})"
    source = f"{take.date}, {take.time}" if take.time else take.date
    value = zones.to_utc(zone, local) if column.kind == "moment" else f"CAST({local} AS DATE)"
    return Taken(text, value, source, local if column.kind == "moment" else None)


def _span(take: Take, raw: Raw, zone: str) -> Taken:
    """Seconds between two moments; both times of day alone: the end may lie after midnight."""
    start, end = raw(take.start), raw(take.end)
    clocks = (
        f"(length({start}) <= 8 AND contains({start}, ':') AND length({end}) <= 8 AND contains({end}, ':'))"
    )
    moments = [_typed(_MOMENT, take, text, zone)[0] for text in (start, end)]
    between = f"CAST(floor(epoch({moments[1]} - {moments[0]})) AS INTEGER)"
    times = [f"CAST(epoch(TRY_CAST({text} AS TIME)) AS INTEGER)" for text in (start, end)]
    over = f"(({times[1]} - {times[0]} + 86400) % 86400)"
    text = f"({start} || ' – ' || {end})"
    return Taken(text, f"(CASE WHEN {clocks} THEN {over} ELSE {between} END)", f"{take.start}, {take.end}")


_MOMENT = Column("moment", "moment", "")


def taken(profile: Profile, column: Column, take: Take, raw: Raw) -> Taken:
    """SQL of what `take` says for `column`; `raw`: SQL of a file's column (trimmed, null if empty)."""
    if take.first:
        return _first(profile, column, take, raw)
    if take.value is not None:
        value = _typed(column, take, literal(take.value), profile.zone)[0]
        found = Taken(literal(take.value), value, column.name, constant=True)
    elif take.date:
        found = _date_and_time(take, raw, profile.zone, column)
    elif take.start:
        found = _span(take, raw, profile.zone)
    else:
        text, unmapped = _mapped(take, raw(take.source))
        value, local = _typed(column, take, text, profile.zone)
        found = Taken(text, value, take.source, local, unmapped)
    return _when(profile, take, found)


def given(profile: Profile, column: Column, take: Take, raw: Raw) -> Taken:
    """SQL of a column that came typed: whole numbers, or local times of the profile's zone."""
    own = raw(take.source)
    text, there = f"CAST({own} AS VARCHAR)", f"{own} IS NOT NULL"
    if column.kind == "moment":
        return Taken(text, zones.to_utc(profile.zone, own), take.source, own, there=there)
    return Taken(text, f"TRY_CAST({own} AS INTEGER)", take.source, there=there)


def _when(profile: Profile, take: Take, found: Taken) -> Taken:
    if not take.when:
        return found
    condition = expression.compile(take.when, profile.kinds)
    held = {
        name: f"(CASE WHEN {condition} THEN {sql} END)"
        for name, sql in (("text", found.text), ("value", found.value), ("local", found.local))
        if sql is not None
    }
    unmapped = f"({condition} AND {found.unmapped})" if found.unmapped else None
    return Taken(held["text"], held["value"], found.source, held.get("local"), unmapped, found.constant)


def _first(profile: Profile, column: Column, take: Take, raw: Raw) -> Taken:
    """The first candidate that gives a text; its value counts even where the text is not one (a reject)."""
    found = [taken(profile, column, inner, raw) for inner in take.first]

    def chosen(parts: list[str]) -> str:
        pairs = zip(found, parts, strict=True)
        return "(CASE " + " ".join(f"WHEN {c.text} IS NOT NULL THEN {part}" for c, part in pairs) + " END)"

    local = chosen([c.local or "NULL" for c in found]) if any(c.local for c in found) else None
    unmapped = " OR ".join(c.unmapped for c in found if c.unmapped) or None
    sources = ", ".join(dict.fromkeys(c.source for c in found))
    text = f"coalesce({', '.join(c.text for c in found)})"
    return Taken(
        text,
        chosen([c.value for c in found]),
        sources,
        local,
        f"({text} IS NULL AND ({unmapped}))" if unmapped else None,
    )
