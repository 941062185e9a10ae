"""Deadlines as data: the policies of the product and of packs, each with the words of the law beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from kezun.cases import catalogs
from kezun.cases.rules.clocks import ClockRefused, Extension, Policy
from kezun.org.rules.worktime import Basis

CATALOG = catalogs.CATALOG / "policies"
LEVELS = ("office", "superior")
TEXTS = ("name", "name_en", "legal_ref", "legal_ref_en", "doubt", "doubt_en", "calendar")
RULES = tuple(field.name for field in fields(Policy))
KEYS = {"code", "kinds", "verified", *TEXTS, *RULES}


class NotAPolicy(ValueError):
    """A policy that cannot be taken: the file, the place in it (`policies[1]`), and why."""

    def __init__(self, source: str, place: str, reason: str) -> None:
        super().__init__(f"{source}: {place}: {reason}" if place else f"{source}: {reason}")
        self.source, self.place, self.reason = source, place, reason


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
        raise NotAPolicy(source, "", str(error)) from error
    rows = raw.get("policies") if isinstance(raw, dict) else None
    if not isinstance(rows, list):
        raise NotAPolicy(source, "policies", _("a list of policies is needed"))
    return [_deadline(row, source, f"policies[{number}]") for number, row in enumerate(rows)]


def _deadline(row: Any, source: str, place: str) -> Deadline:
    if not isinstance(row, Mapping) or not str(row.get("code") or "") or not str(row.get("name") or ""):
        raise NotAPolicy(source, place, _("code and name are needed"))
    if unknown := sorted(set(row) - KEYS):
        text = _("%(key)s: there is no such key; there are %(known)s")
        raise NotAPolicy(source, place, text % {"key": unknown[0], "known": ", ".join(sorted(KEYS))})
    try:
        rule = _rule(row)
    except ValueError as error:
        raise NotAPolicy(source, place, f"{row['code']}: {error}") from error
    return Deadline(
        code=str(row["code"]),
        rule=rule,
        kinds=tuple(str(kind) for kind in row.get("kinds", ())),
        verified=row.get("verified") is True,
        **{key: str(row.get(key) or "") for key in TEXTS},
    )


def rule_of(row: Mapping[str, Any], place: str = "policy") -> Policy:
    """The rule's part of a policy as written; also reads what `plain` wrote. Raises NotAPolicy."""
    try:
        return _rule(row)
    except ValueError as error:
        raise NotAPolicy(place, "", str(error)) from error


def _rule(row: Mapping[str, Any]) -> Policy:
    basis = str(row.get("basis"))
    if basis not in list(Basis):
        text = _("basis «%(basis)s»: there are %(known)s")
        raise ValueError(text % {"basis": basis, "known": ", ".join(Basis)})
    try:
        extensions = tuple(Extension(**given) for given in row.get("extensions", ()))
        given = {key: row[key] for key in RULES if key in row}
        made = Policy(**given | {"basis": Basis(basis), "extensions": extensions})
    except ClockRefused as error:
        raise ValueError(say(error.code)) from error
    except TypeError as error:
        raise ValueError(str(error)) from error
    if wrong := {e.level for e in extensions} - set(LEVELS):
        text = _("level «%(level)s»: there are %(known)s")
        raise ValueError(text % {"level": wrong.pop(), "known": ", ".join(LEVELS)})
    return made


def say(code: str) -> str:
    """Why a policy cannot be, in words."""
    return {
        "units": _("budget and extensions must be above zero"),
        "whole": _("days, workdays and minutes are whole numbers"),
        "pausable": _("only a clock in working minutes that no law sets can pause"),
        "roll": _("roll is none or next, and next is for natural days alone"),
        "cap": _("extensions need a cap of at least the budget, and a cap needs extensions"),
    }[code]


def plain(rule: Policy) -> dict[str, Any]:
    """A rule as JSON can hold it: what a clock keeps of its policy when it starts."""
    return dict(_plain(rule))


@lru_cache(maxsize=256)
def _plain(rule: Policy) -> dict[str, Any]:
    return asdict(rule) | {"basis": rule.basis.value}


@lru_cache(maxsize=1)
def policies() -> dict[str, Deadline]:
    """All policies by code; those of packs take the place of ours."""
    found: dict[str, Deadline] = {}
    for path in catalogs.files("policies"):
        for one in read(path.read_text(encoding="utf-8"), path.name):
            found[one.code] = one
    return found


def title_of(code: str) -> str:
    """What the policy of that code is called; the code itself where none has it."""
    known = policies().get(code)
    return known.title if known else code


def policy(code: str) -> Deadline:
    """The policy of that code. Raises ValidationError, which names those there are."""
    found = policies().get(code)
    if found is None:
        known = ", ".join(sorted(policies()))
        text = _("There is no policy «%(code)s»; known are: %(known)s.")
        raise ValidationError({"policy": text % {"code": code[:60], "known": known}})
    return found
