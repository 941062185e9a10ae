"""What cases are made from besides kinds: flows, code tables, ladders; YAML of the product and of packs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.utils import translation

from kezun.cases.rules.kinds import Step
from kezun.cases.rules.reading import read_steps

CATALOG = Path(__file__).parent / "catalog"


@dataclass(frozen=True)
class Code:
    """One entry of a code table; `parent` makes a tree."""

    id: str
    name: str
    name_en: str = ""
    parent: str = ""

    @property
    def title(self) -> str:
        """The name in the page's language."""
        return (
            self.name_en
            if self.name_en and (translation.get_language() or "").startswith("en")
            else self.name
        )


@dataclass(frozen=True)
class Table:
    """A code table: where it comes from, and whether its content was checked against that source."""

    id: str
    name: str
    name_en: str
    source: str
    verified: bool
    codes: Mapping[str, Code]


def files(folder: str) -> list[Path]:
    """Those of the product, then those of packs (`<pack>/cases/<folder>/`), which may add or replace."""
    places = [CATALOG / folder, *(pack / "cases" / folder for pack in _packs())]
    return [path for place in places if place.is_dir() for path in sorted(place.glob("*.yaml"))]


def _packs() -> list[Path]:
    installed = Path(settings.KEZUN_HOME) / "packs"
    return sorted(path for path in installed.glob("*") if path.is_dir()) if installed.is_dir() else []


@lru_cache(maxsize=1)
def flows() -> dict[str, tuple[Step, ...]]:
    """The steps of every flow by its name (the file's)."""
    return {path.stem: read_steps(path.read_text(encoding="utf-8")) for path in files("flows")}


@lru_cache(maxsize=1)
def tables() -> dict[str, Table]:
    """All code tables by id."""
    found = {}
    for path in files("codes"):
        raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        codes = {
            str(row["id"]): Code(
                str(row["id"]), row["name"], row.get("name_en", ""), str(row.get("parent", ""))
            )
            for row in raw["codes"]
        }
        found[raw["id"]] = Table(
            raw["id"],
            raw["name"],
            raw.get("name_en", ""),
            raw.get("source", ""),
            bool(raw.get("verified")),
            codes,
        )
    return found


@lru_cache(maxsize=1)
def ladders() -> dict[str, dict[str, Any]]:
    """All escalation ladders by id, as written."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in files("ladders")}


@lru_cache(maxsize=8)
def numbers(name: str) -> dict[str, Any]:
    """Numbers and words that a bank may change (`settings/<name>.yaml`); a pack's stand over ours.

    Of a group (`letter: {phone: …}`) a pack gives only what is its own.
    """
    found: dict[str, Any] = {}
    for path in files("settings"):
        if path.stem == name:
            for key, own in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items():
                both = isinstance(own, dict) and isinstance(found.get(key), dict)
                found[key] = found[key] | own if both else own
    return found


def forget() -> None:
    """Read the files anew: after a pack was installed."""
    from kezun.cases.policies import policies

    for kept in (flows, tables, ladders, numbers, policies):
        kept.cache_clear()
