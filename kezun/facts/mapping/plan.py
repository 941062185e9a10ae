"""The whole mapping of a profile as SQL over one chunk of a file.

Layers, each a subquery of the next: clean texts (`_r0`…), the columns that conditions see, per fact column
its text, value and local time (`_t_…`, `_v_…`, `_l_…`), units and people joined, then problems and result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezun.facts import expression
from kezun.facts.duck import literal, name
from kezun.facts.mapping import values, zones
from kezun.facts.mapping.problems import EARLIEST, KEY_LENGTH, RECORD, Problem, of_column
from kezun.facts.mapping.takes import Taken, given, taken
from kezun.facts.profiles import Code, Profile, ProfileError, Read, Take
from kezun.facts.readers.base import NOTHING
from kezun.facts.types import Column

MAX_WARNINGS = 60


@dataclass(frozen=True)
class Plan:
    """SQL of a profile.

    rows: staged rows of table `chunk`, good and bad. reasons: (_line, records) of the lines in `bad_lines`.
    warnings: codes by bit of `_warn`. staged: the columns besides `_…`. registers: unknown people are made.
    """

    rows: str
    reasons: str
    warnings: tuple[str, ...]
    staged: tuple[str, ...]
    registers: bool


@dataclass(frozen=True)
class Lookup:
    """What of the organisation the plan must know while it is made: the zones of the units in question."""

    unit_zones: tuple[str, ...]


class _Planner:
    def __init__(self, profile: Profile, lookup: Lookup, replaced: bool, typed: Mapping[str, str]) -> None:
        self.profile, self.lookup, self.replaced, self.typed = profile, lookup, replaced, typed
        self.columns = profile.sources()
        self.own = [c for c in profile.declared.all_columns if c.name in profile.columns]
        self.takes = {c.name: self.take(c) for c in self.own}

    def take(self, column: Column) -> Taken:
        take = self.profile.columns[column.name]
        if take.source in self.typed:
            return given(self.profile, column, take, self.raw)
        return taken(self.profile, column, take, self.raw)

    @property
    def texts(self) -> list[str]:
        """The file's columns that came as texts."""
        return [c for c in self.columns if c not in self.typed]

    def raw(self, column: str) -> str:
        return f"_r{self.columns.index(column)}"

    def plan(self) -> Plan:
        rejects = [
            *self.row_problems(),
            *self.code_problems(),
            *self.value_problems(),
            *self.checks("reject"),
        ]
        warnings = [*self.warning_problems(), *self.checks("warn")]
        if len(warnings) > MAX_WARNINGS:
            raise ProfileError(_("checks: at most %(n)d warnings") % {"n": MAX_WARNINGS})
        registers = bool(self.profile.person and self.profile.person.unknown == "register")
        bad = " ".join(f"WHEN {p.condition} THEN true" for p in rejects)
        mask = " + ".join(
            f"CASE WHEN {p.condition} THEN {1 << bit} ELSE 0 END" for bit, p in enumerate(warnings)
        )
        result = self.result()
        staged = ", ".join(f"{sql} AS {name(column)}" for column, sql in result.items())
        records = ", ".join(p.record for p in rejects)
        joined = self.joined()
        return Plan(
            rows=f"SELECT _line, {staged}, {'_pc' if registers else 'NULL::VARCHAR'} AS _person_code, "
            f"(CASE {bad} ELSE false END) AS _bad, CAST({mask or '0'} AS BIGINT) AS _warn FROM ({joined}) j",
            reasons=f"SELECT _line, concat_ws({literal(RECORD)}, {records}) AS records FROM ({joined}) j "
            "WHERE _line IN (SELECT _line FROM bad_lines)",
            warnings=tuple(p.code for p in warnings),
            staged=tuple(result),
            registers=registers,
        )

    # --- layers -------------------------------------------------------------------------------------------
    def cleaned(self) -> str:
        parts = [f"{name(c)} AS _r{i}" for i, c in enumerate(self.columns)]
        return f"SELECT {', '.join(['_line', *parts])} FROM chunk"

    def reading(self) -> str:
        parts = [f"{self.read(self.profile.reading(n))} AS {name(n)}" for n in self.profile.reads]
        return f"SELECT {', '.join(['*', *parts])} FROM ({self.cleaned()}) c"

    def read(self, read: Read) -> str:
        text = self.raw(read.source)
        if read.kind == "integer":
            return f"TRY_CAST({text} AS BIGINT)"
        if read.kind == "seconds":
            return values.clock_seconds(text, read.format)
        return values.date(text, read.format) if read.kind == "date" else text

    def valued(self) -> str:
        parts = [f"{self.key()} AS _key", *(f"{sql} AS {alias}" for alias, sql in self.codes().items())]
        for column, found in self.takes.items():
            parts += [f"{found.text} AS {name(f'_t_{column}')}", f"{found.value} AS {name(f'_v_{column}')}"]
            if found.local:
                parts.append(f"{found.local} AS {name(f'_l_{column}')}")
            if found.unmapped:
                parts.append(f"coalesce({found.unmapped}, false) AS {name(f'_m_{column}')}")
        return f"SELECT *, {', '.join(parts)} FROM ({self.reading()}) r"

    def joined(self) -> str:
        people = "LEFT JOIN people p ON p.code = v._pc" if self.profile.person else ""
        person = "p.pk AS _person" if self.profile.person else "NULL::INTEGER AS _person"
        inner = (
            "SELECT v.*, u.pk AS _unit, u.zone AS _zone, u.opened AS _opened, u.closed AS _closed, "
            f"u.allowed AS _allowed, {person} FROM ({self.valued()}) v "
            f"LEFT JOIN units u ON u.code = v._uc {people}"
        )
        return f"SELECT *, {self.local()} AS _o FROM ({inner}) k"

    # --- pieces -------------------------------------------------------------------------------------------
    def key(self) -> str:
        parts = [self.raw(c) for c in self.profile.key]
        if len(parts) == 1:
            return parts[0]
        escaped = [rf"replace(replace({p}, '\', '\\'), '|', '\|')" for p in parts]
        plain = " || '|' || ".join(parts)
        odd = " OR ".join(rf"contains({p}, '|') OR contains({p}, '\')" for p in parts)
        return f"(CASE WHEN {odd} THEN {' || chr(124) || '.join(escaped)} ELSE {plain} END)"

    def codes(self) -> dict[str, str]:
        found = {"_uc": self.code(self.profile.unit)}
        if self.profile.person:
            found["_pc"] = self.code(self.profile.person)
        return found

    def code(self, code: Code) -> str:
        text = literal(code.value) if code.value else self.raw(code.source)
        if code.empty:
            text = f"(CASE WHEN {text} IN ({', '.join(map(literal, code.empty))}) THEN NULL ELSE {text} END)"
        if code.aliases:
            whens = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in code.aliases.items())
            text = f"(CASE {text} {whens} ELSE {text} END)"
        return text

    def local(self) -> str:
        """Local time of the unit: the file's own where both keep one zone, else by way of UTC."""
        moment, found = name("_v_occurred_at"), self.takes["occurred_at"].local
        cases = []
        for zone in self.lookup.unit_zones:
            there = zones.to_local(zone, moment)
            if found and zone == self.profile.zone:
                gap = zones.skipped(zone, name("_l_occurred_at"))
                own = f"{name('_l_occurred_at')} IS NOT NULL" + (f" AND NOT {gap}" if gap else "")
                there = f"(CASE WHEN {own} THEN {name('_l_occurred_at')} ELSE {there} END)"
            cases.append((zone, there))
        if len(cases) == 1:
            return cases[0][1]
        whens = " ".join(f"WHEN {literal(zone)} THEN {there}" for zone, there in cases)
        return f"(CASE _zone {whens} END)" if cases else f"CAST({moment} AS TIMESTAMP)"

    def result(self) -> dict[str, str]:
        derived = {
            "source_id": "_key",
            "unit": "_unit",
            "person": "_person",
            "day": "CAST(_o AS DATE)",
            "hour": "CAST(hour(_o) AS INTEGER)",
            "weekday": "CAST(isodow(_o) AS INTEGER)",
        }
        own = {c: name(f"_v_{c}") for c in self.takes}
        absent = "NULL"
        skip = {"source", "recorded_at"}
        return {
            c.name: f"CAST({derived.get(c.name) or own.get(c.name, absent)} AS {c.sql})"
            for c in self.profile.declared.all_columns
            if c.name not in skip
        }

    # --- problems -----------------------------------------------------------------------------------------
    def row_problems(self) -> list[Problem]:
        # Where a column came typed, no row of the chunk is a header.
        repeated = " AND ".join(f"{self.raw(c)} = {literal(c)}" for c in self.columns)
        repeated = "false" if self.typed else repeated
        key = ", ".join(self.profile.key)
        empty = " OR ".join(f"{self.raw(c)} IS NULL" for c in self.profile.key)
        found = [
            Problem("header_repeated", "", repeated, _("the header line stands here once more")),
            Problem("missing_key", key, empty, _("the key is empty")),
            Problem(
                "key_too_long",
                key,
                f"length(_key) > {KEY_LENGTH}",
                _("the key is longer than %(n)d characters") % {"n": KEY_LENGTH},
            ),
        ]
        if self.replaced:
            damaged = " OR ".join(f"contains({self.raw(c)}, chr(65533))" for c in self.texts)
            message = _("bytes that are no characters in the file's encoding")
            found.append(Problem("encoding", "", damaged, message))
        return found

    def code_problems(self) -> list[Problem]:
        unit, person = self.profile.unit, self.profile.person
        column = unit.source or "unit"
        found = [
            Problem("missing", column, "_uc IS NULL", _("the unit is empty")),
            Problem(
                "unknown_unit",
                column,
                "_uc IS NOT NULL AND _unit IS NULL",
                _("there is no unit «{value}»; add it, or an alias in the profile"),
                "_uc",
            ),
            Problem("out_of_scope", column, "NOT _allowed", _("unit «{value}» is not in your scope"), "_uc"),
            Problem(
                "unit_not_open",
                column,
                f"_o >= {EARLIEST} AND year(_o) < 9000 "
                "AND (CAST(_o AS DATE) < _opened OR CAST(_o AS DATE) > _closed)",
                _("unit «{value}» was not open on that day"),
                "_uc",
            ),
        ]
        if person and person.unknown == "reject":
            found.append(
                Problem(
                    "unknown_person",
                    person.source or "person",
                    "_pc IS NOT NULL AND _person IS NULL",
                    _("there is no person «{value}»; add them, or an alias in the profile"),
                    "_pc",
                )
            )
        return found

    def value_problems(self) -> list[Problem]:
        return [p for column in self.own for p in of_column(column, self.takes[column.name])]

    def warning_problems(self) -> list[Problem]:
        found = []
        for column in self.own:
            if column.kind != "moment" or not self.takes[column.name].local:
                continue
            local, source = name(f"_l_{column.name}"), self.takes[column.name].source
            if gap := zones.skipped(self.profile.zone, local):
                found.append(Problem("time_skipped", source, gap, _("this local time was skipped")))
            if twice := zones.doubled(self.profile.zone, local):
                found.append(Problem("time_doubled", source, twice, _("this local time came twice")))
        if lost := self._unreadable():
            found.append(lost)
        person = self.profile.person
        if person and person.unknown == "empty":
            unknown = "_pc IS NOT NULL AND _person IS NULL"
            found.append(Problem("unknown_person", person.source, unknown, _("unknown person")))
        return found

    def _unreadable(self) -> Problem | None:
        """Text that the reading of a condition cannot take: the condition would be false without a word."""
        named = [(n, r) for n in self.profile.reads if (r := self.profile.reading(n)).kind != "text"]
        lost = {r.source: f"({self.raw(r.source)} IS NOT NULL AND {name(n)} IS NULL)" for n, r in named}
        if not lost:
            return None
        message = _("unreadable, so conditions take it as empty")
        return Problem("unreadable", ", ".join(lost), " OR ".join(lost.values()), message)

    def checks(self, kind: str) -> list[Problem]:
        found = []
        for check in self.profile.checks:
            text: str = getattr(check, kind)
            if text:
                condition = expression.compile(text, self.profile.kinds)
                title = check.named or _("the check %(code)s failed") % {"code": check.code}
                found.append(Problem(check.code, "", condition, title.replace("{value}", "")))
        return found


def plan(
    profile: Profile, lookup: Lookup, *, replaced: bool = False, typed: Mapping[str, str] = NOTHING
) -> Plan:
    """Compile a profile.

    lookup: the zones of the units its rows may name. replaced: the file held bytes that are no characters.
    typed: the columns that come typed (see `plain`), with their kinds.
    The SQL reads tables chunk (`_line`, the file's columns, trimmed and null where empty), units, people,
    bad_lines.
    """
    return _Planner(profile, lookup, replaced, typed).plan()


def plain(profile: Profile) -> dict[str, str]:
    """The columns that may come typed, as integer or moment: one fact column takes them as they are."""
    used = Counter(profile.uses())
    found = {}
    for column in profile.declared.all_columns:
        take = profile.columns.get(column.name)
        if take is None or used[take.source] != 1 or take != Take(source=take.source, format=take.format):
            continue
        if column.kind in {"integer", "seconds", "moment"}:
            found[take.source] = "moment" if column.kind == "moment" else "integer"
    return found


def lines_table(lines: Sequence[int]) -> str:
    """SQL that makes the table of lines whose reasons are wanted."""
    rows = ", ".join(f"({int(n)})" for n in lines)
    return f"CREATE OR REPLACE TEMP TABLE bad_lines AS SELECT * FROM (VALUES {rows}) t(_line)"
