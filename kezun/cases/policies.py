"""Deadlines as data: the policies of the product and of packs, each with the words of the law beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from kezun.cases.rules.clocks import ClockRefused, Extension, Policy
from kezun.org.rules.worktime import Basis

CATALOG = Path(__file__).parent / "catalog" / "policies"
LEVELS = ("office", "superior")
TEXTS = ("name", "name_en", "legal_ref", "legal_ref_en", "doubt", "doubt_en", "calendar")
RULES = tuple(field.name for field in fields(Policy))
KEYS = {"code", "kinds", "verified", *TEXTS, *RULES}


class NotAPolicy(ValueError):
    """A policy that cannot be taken; the message names file, policy and key."""


@dataclass(frozen=True)
class Deadline:
    """A policy with what it is called, the law beside it, and whether its figures were checked.

    calendar: the one it always goes by; empty: that of the unit. kinds: for which kinds of case it is meant.
    """

    code: str
    rule: Policy
    name: str
    name_en: str = ""
    kinds: tuple[str, ...] = ()
    legal_ref: str = ""
    legal_ref_en: str = ""
    verified: bool = False
    doubt: str = ""
    doubt_en: str = ""
    calendar: str = ""

    @property
    def title(self) -> str:
        """The name in the page's language."""
        return _chosen(self.name, self.name_en)

    @property
    def law(self) -> str:
        """The law's or the bank's words, in the page's language."""
        return _chosen(self.legal_ref, self.legal_ref_en)

    @property
    def caution(self) -> str:
        """What of it is not checked, in the page's language."""
        return _chosen(self.doubt, self.doubt_en)


def _chosen(chinese: str, english: str) -> str:
    return english if english and (translation.get_language() or "").startswith("en") else chinese


def read(text: str, source: str) -> list[Deadline]:
    """The policies of a file. Raises NotAPolicy."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise NotAPolicy(f"{source}: {error}") from error
    rows = raw.get("policies") if isinstance(raw, dict) else None
    if not isinstance(rows, list):
        raise NotAPolicy(f"{source}: policies: a list is needed")
    return [_deadline(row, f"{source}: policies[{number}]") for number, row in enumerate(rows)]


def _deadline(row: Any, place: str) -> Deadline:
    if not isinstance(row, Mapping) or not str(row.get("code") or "") or not str(row.get("name") or ""):
        raise NotAPolicy(f"{place}: code and name are needed")
    place = f"{place} ({row['code']})"
    if unknown := sorted(set(row) - KEYS):
        raise NotAPolicy(f"{place}: {unknown[0]}: there is no such key; there are {', '.join(sorted(KEYS))}")
    return Deadline(
        code=str(row["code"]),
        rule=rule_of(row, place),
        kinds=tuple(str(kind) for kind in row.get("kinds", ())),
        verified=row.get("verified") is True,
        **{key: str(row.get(key) or "") for key in TEXTS},
    )


def rule_of(row: Mapping[str, Any], place: str = "policy") -> Policy:
    """The rule's part of a policy as written; also reads what `plain` wrote. Raises NotAPolicy."""
    try:
        extensions = tuple(Extension(**given) for given in row.get("extensions", ()))
        given = {key: row[key] for key in RULES if key in row} | {"extensions": extensions}
        made = Policy(**given | {"basis": Basis(str(row.get("basis")))})
    except ClockRefused as error:
        raise NotAPolicy(f"{place}: {error.code}") from error
    except (TypeError, ValueError) as error:
        raise NotAPolicy(f"{place}: {error}") from error
    if wrong := {e.level for e in extensions} - set(LEVELS):
        raise NotAPolicy(f"{place}: level {wrong.pop()!r}: there are {', '.join(LEVELS)}")
    return made


def plain(rule: Policy) -> dict[str, Any]:
    """A rule as JSON can hold it: what a clock keeps of its policy when it starts."""
    return asdict(rule) | {"basis": rule.basis.value}


def _files() -> Iterable[Path]:
    """Those of the product, then those of packs, whose policies take the place of ours by code."""
    installed = Path(settings.KEZUN_HOME) / "packs"
    packs = sorted(p / "cases" / "policies" for p in installed.glob("*")) if installed.is_dir() else []
    return (path for folder in (CATALOG, *packs) for path in sorted(folder.glob("*.yaml")))


@lru_cache(maxsize=1)
def policies() -> dict[str, Deadline]:
    """All policies by code."""
    found: dict[str, Deadline] = {}
    for path in _files():
        for one in read(path.read_text(encoding="utf-8"), path.name):
            found[one.code] = one
    return found


def policy(code: str) -> Deadline:
    """The policy of that code. Raises ValidationError, which names those there are."""
    found = policies().get(code)
    if found is None:
        known = ", ".join(sorted(policies()))
        text = _("There is no policy «%(code)s»; known are: %(known)s.")
        raise ValidationError({"policy": text % {"code": code[:60], "known": known}})
    return found
