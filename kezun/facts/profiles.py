"""Import profiles: how a machine's export becomes facts. YAML in a pack, `packs/<pack>/profiles/<name>.yaml`.

A profile names the fact type and the source, says how the file is written, and for each column of the fact
where its value comes from. docs/profiles.md shows every word of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import yaml
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.facts import expression, profileyaml
from kezun.facts.models import SavedProfile
from kezun.facts.types import FACT_TYPES, FactType

ReadKind = Literal["text", "integer", "seconds", "date"]
DERIVED = frozenset({"source", "source_id", "recorded_at", "unit", "person", "day", "hour", "weekday"})
OWN = "saved"
ADDRESS = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9_-]*")


class ProfileError(ValueError):
    """A profile that is unknown or says something that cannot be; the text names file, place and remedy."""


class UnknownProfile(ProfileError):
    """No pack has a profile of that name."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Format(Part, frozen=True):
    """How the file is written. header: line of the column names (0: none, then `columns` names them)."""

    kind: Literal["auto", "csv", "tsv", "excel", "parquet", "ndjson", "arrow"] = "auto"
    delimiter: str = ""
    encoding: str = "auto"
    header: int = 1
    columns: tuple[str, ...] = ()
    sheet: str = ""


class Take(Part, frozen=True):
    """Where a value comes from: a column, a constant, a date and a time, a span, or the first of several.

    format: of `source` where it is a date or moment; several are tried in turn; `excel` is its day number.
    map: text → value; what it does not list is an error, or `otherwise`. unit: of a duration in the file.
    when: condition over the columns that `reads` declares.
    """

    source: str = msgspec.field(default="", name="from")
    value: str | None = None
    date: str = ""
    time: str = ""
    start: str = ""
    end: str = ""
    format: str | tuple[str, ...] = ()
    date_format: str | tuple[str, ...] = ()
    time_format: str | tuple[str, ...] = ()
    unit: Literal["s", "ms", "min"] = "s"
    map: dict[str, str] = {}
    otherwise: str | None = None
    empty: tuple[str, ...] = ()
    default: str | None = None
    when: str = ""
    first: tuple[Take, ...] = ()

    def sources(self) -> Iterator[str]:
        """The file's columns that this reads."""
        yield from (c for c in (self.source, self.date, self.time, self.start, self.end) if c)
        for take in self.first:
            yield from take.sources()

    def conditions(self) -> Iterator[str]:
        yield from (take.when for take in (self, *self.first) if take.when)


class Code(Part, frozen=True):
    """A unit or person by code: a column or constant, through `aliases`, with an outcome for the unknown.

    post: what a registered person is there to do; one whose role reaches no further than the own records.
    """

    source: str = msgspec.field(default="", name="from")
    value: str = ""
    aliases: dict[str, str] = {}
    empty: tuple[str, ...] = ()
    unknown: Literal["reject", "empty", "register"] = "reject"
    post: str = ""


class Read(Part, frozen=True):
    """A column as conditions see it: `seconds` is a duration or a time of day, counted in seconds."""

    source: str = msgspec.field(default="", name="from")
    kind: ReadKind = "text"
    format: str | tuple[str, ...] = ()


class Check(Part, frozen=True):
    """A condition that should not hold: `warn` counts it, `reject` keeps the row out."""

    code: str
    warn: str = ""
    reject: str = ""
    title: str = ""
    title_en: str = ""

    @property
    def named(self) -> str:
        """The title in the language in use, Chinese where there is no English one."""
        english = (get_language() or "").startswith("en")
        return self.title_en if english and self.title_en else self.title


class Profile(Part, frozen=True):
    """A whole profile; see the parts."""

    profile: str
    fact: str
    source: str
    key: tuple[str, ...]
    columns: dict[str, Take]
    unit: Code
    version: int = 1
    title: str = ""
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    format: Format = Format()
    zone: str = "Asia/Shanghai"
    person: Code | None = None
    reads: dict[str, ReadKind | Read] = {}
    checks: tuple[Check, ...] = ()

    @property
    def declared(self) -> FactType:
        return FACT_TYPES[self.fact]

    def reading(self, name: str) -> Read:
        """What `reads` says of `name`, the short form (only the kind) written out."""
        found = self.reads[name]
        if isinstance(found, str):
            return Read(source=name, kind=found)
        return found if found.source else msgspec.structs.replace(found, source=name)

    @property
    def kinds(self) -> dict[str, str]:
        """The columns that conditions may use, with their kinds."""
        return {name: self.reading(name).kind for name in self.reads}

    def sources(self) -> list[str]:
        """The file's columns that the profile needs, each once, in order of first use."""
        return list(dict.fromkeys(self.uses()))

    def uses(self) -> list[str]:
        """Every use of a column of the file, in order."""
        used = [*self.key]
        for take in self.columns.values():
            used.extend(take.sources())
        used.extend(code.source for code in (self.unit, self.person) if code and code.source)
        used.extend(self.reading(name).source for name in self.reads)
        return used


def parse(text: str, where: str) -> Profile:
    """Read a profile from YAML; ProfileError names `where` and the place in it."""
    try:
        raw, node = profileyaml.read(text)
    except profileyaml.YamlMistake as error:
        raise ProfileError(_at(where, error.line, "", error.reason)) from error
    try:
        profile = msgspec.convert(raw, Profile, strict=False)
    except msgspec.ValidationError as error:
        reason, _sep, place = str(error).partition(" - at `$")
        place = _exact(raw, place.rstrip("`").lstrip("."))
        raise ProfileError(_at(where, profileyaml.line_of(node, place), place, reason)) from error
    mistakes = [
        _at(where, profileyaml.line_of(node, place), place, problem) for place, problem in problems(profile)
    ]
    if mistakes:
        raise ProfileError("\n".join(mistakes))
    return profile


def _exact(raw: Any, place: str) -> str:
    """The place with the name of the column that msgspec leaves out (`columns[...]`)."""
    for part, kind in (("columns", Take), ("reads", Read)):
        if place.startswith(f"{part}[...]"):
            for name, value in raw[part].items():
                try:
                    msgspec.convert(value, kind, strict=False)
                except msgspec.ValidationError:
                    return place.replace("[...]", f".{name}", 1)
    return place


def _at(where: str, line: int, place: str, reason: str) -> str:
    text = _("%(file)s, line %(line)d, %(place)s: %(reason)s")
    return text % {"file": where, "line": line, "place": place or "–", "reason": reason}


def problems(profile: Profile) -> Iterator[tuple[str, str]]:
    """(place, what is wrong) of everything in a profile that the schema alone cannot see."""
    declared = FACT_TYPES.get(profile.fact)
    if declared is None:
        known = ", ".join(sorted(FACT_TYPES))
        yield (
            "fact",
            _("there is no fact type %(name)s; there are: %(known)s")
            % {"name": profile.fact, "known": known},
        )
        return
    yield from _place_problems(profile)
    own = {c.name: c for c in declared.all_columns if c.name not in DERIVED}
    for name in profile.columns:
        if name not in own:
            yield (
                f"columns.{name}",
                _("a %(fact)s has no such column; it has: %(known)s")
                % {
                    "fact": profile.fact,
                    "known": ", ".join(own),
                },
            )
    for name, column in own.items():
        if column.required and name not in profile.columns:
            yield f"columns.{name}", _("a %(fact)s needs this column") % {"fact": profile.fact}
    for name, take in profile.columns.items():
        yield from _take_problems(f"columns.{name}", take)
    yield from _condition_problems(profile)


def _place_problems(profile: Profile) -> Iterator[tuple[str, str]]:
    if not profile.key:
        yield "key", _("name the columns that together make a row unique")
    try:
        ZoneInfo(profile.zone)
    except (KeyError, ValueError, OSError):
        yield (
            "zone",
            _("%(zone)s is not a time zone; write for instance Asia/Shanghai") % {"zone": profile.zone},
        )
    for place, code in (("unit", profile.unit), ("person", profile.person)):
        if code and bool(code.source) == bool(code.value):
            yield place, _("give either «from» (a column) or «value» (a code)")
    if profile.unit.unknown != "reject":
        yield "unit.unknown", _("only people can be registered or left empty")
    for place, code in (("unit", profile.unit), ("person", profile.person)):
        if code and code.post and (place == "unit" or code.unknown != "register"):
            yield f"{place}.post", _("a post is for people that «unknown: register» makes")
    if profile.format.header < 0 or (profile.format.header == 0 and not profile.format.columns):
        yield "format.header", _("without a header line, format.columns must name the columns")
    if len(profile.format.delimiter) > 1:
        yield "format.delimiter", _("a delimiter is one character")


def _take_problems(place: str, take: Take) -> Iterator[tuple[str, str]]:
    ways = (
        bool(take.source),
        take.value is not None,
        bool(take.date),
        bool(take.start and take.end),
        bool(take.first),
    )
    if sum(ways) != 1:
        yield place, _("give one of «from», «value», «date» (with «time»), «start» with «end», or «first»")
    for number, inner in enumerate(take.first):
        yield from _take_problems(f"{place}.first[{number}]", inner)


def _condition_problems(profile: Profile) -> Iterator[tuple[str, str]]:
    conditions = [(f"columns.{n}", c) for n, t in profile.columns.items() for c in t.conditions()]
    for number, check in enumerate(profile.checks):
        place = f"checks[{number}]"
        if bool(check.warn) == bool(check.reject):
            yield place, _("give either «warn» or «reject»")
        conditions.append((place, check.warn or check.reject))
    for place, text in conditions:
        try:
            expression.compile(text, profile.kinds)
        except expression.ExpressionError as error:
            yield place, str(error)


def folders() -> list[Path]:
    """Where packs lie: those of KEZUN_PACKS, then the installed ones."""
    return [*settings.KEZUN_PACKS, Path(settings.KEZUN_HOME) / "packs"]


def shipped() -> dict[str, Profile]:
    """Every readable profile of the packs by address `pack/name`."""
    found = {}
    for folder in folders():
        for path in sorted(folder.glob("*/profiles/*.yaml")):
            address = f"{path.parent.parent.name}/{path.stem}"
            try:
                found[address] = load(address)
            except ProfileError:
                continue
    return found


def addresses(fact: str | None = None) -> list[str]:
    """`pack/name` of every readable profile (of one fact type), those saved in the pages too, sorted."""
    packs = {address for address, profile in shipped().items() if fact in (None, profile.fact)}
    own = SavedProfile.objects.all() if fact is None else SavedProfile.objects.filter(fact=fact)
    return sorted(packs | {f"{OWN}/{name}" for name in own.values_list("name", flat=True)})


def load(address: str) -> Profile:
    """The profile called `pack/name`; UnknownProfile where there is none, ProfileError where it is wrong."""
    text = _text(address)
    if text is None:
        known = ", ".join(addresses()) or "–"
        raise UnknownProfile(
            _("There is no import profile «%(name)s»; there are: %(known)s")
            % {"name": address, "known": known}
        )
    profile, name = parse(text, f"{address}.yaml"), address.split("/")[1]
    if profile.profile != name:
        raise ProfileError(
            _("%(file)s, profile: it must be %(name)s, like the file") % {"file": address, "name": name}
        )
    return profile


def _text(address: str) -> str | None:
    """The YAML behind an address: of a pack's file, or, for `saved/…`, kept in the pages; None: no such."""
    if not ADDRESS.fullmatch(address):
        return None
    pack, name = address.split("/")
    if pack == OWN:
        return SavedProfile.objects.filter(name=name).values_list("text", flat=True).first()
    paths = (folder / pack / "profiles" / f"{name}.yaml" for folder in folders())
    found = next((path for path in paths if path.is_file()), None)
    return None if found is None else found.read_text(encoding="utf-8")


def dump(profile: Profile) -> str:
    """A profile as YAML, without what is default; `parse` reads it back as the same profile."""
    plain = msgspec.to_builtins(profile)
    return yaml.safe_dump(_without_defaults(plain), allow_unicode=True, sort_keys=False, width=110)


def _without_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_defaults(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner not in ("", None, [], {})}
    return [_without_defaults(v) for v in value] if isinstance(value, (list, tuple)) else value


def direct(fact: str, source: str) -> Profile:
    """The profile of facts that already carry our names: unit and person by code, moments as ISO 8601.

    For machines that speak to the API in our own words; a moment without an offset is UTC.
    """
    own = [c for c in FACT_TYPES[fact].all_columns if c.name not in DERIVED]
    return Profile(
        profile="direct",
        fact=fact,
        source=source,
        key=("source_id",),
        zone="UTC",
        columns={c.name: Take(source=c.name) for c in own},
        unit=Code(source="unit"),
        person=Code(source="person"),
    )
