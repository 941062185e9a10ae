"""The kinds and levels of the ledger, as the catalog names them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.utils import translation

CATALOG = Path(__file__).parent / "catalog" / "merits.yaml"


@dataclass(frozen=True)
class MeritKind:
    """One kind: its levels from lowest to highest, for or against (`+`, `-`), whether someone must first be
    found
    responsible, whether it counts once per subject and year."""

    id: str
    names: tuple[str, str]
    sign: str
    levels: tuple[str, ...]
    attributed: bool
    once_a_year: bool

    @property
    def name(self) -> str:
        return self.names[(translation.get_language() or "").startswith("en")]


@lru_cache(maxsize=1)
def merit_kinds() -> dict[str, MeritKind]:
    """All kinds by id, in the catalog's order."""
    raw: dict[str, Any] = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))
    return {row["id"]: _kind(row) for row in raw["kinds"]}


def _kind(row: dict[str, Any]) -> MeritKind:
    return MeritKind(
        row["id"],
        (row["name"], row["name_en"]),
        row["sign"],
        tuple(row["levels"]),
        bool(row.get("attributed", False)),
        bool(row.get("once_a_year", False)),
    )
