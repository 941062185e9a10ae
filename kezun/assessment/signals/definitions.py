"""The signals of the catalog, with the parameters a bank may set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.utils import translation

CATALOG = Path(__file__).parent.parent / "catalog" / "signals.yaml"
TEXTS = ("name", "about", "otherwise")


@dataclass(frozen=True)
class Signal:
    """One sign: what it is called and means, which computation finds it, with which numbers.

    min_n: subjects with fewer observations are not judged.
    """

    id: str
    looks: str
    texts: dict[str, str]
    numbers: dict[str, float]
    min_n: int

    def _text(self, name: str) -> str:
        english = (translation.get_language() or "").startswith("en")
        return self.texts[f"{name}_en" if english else name]

    @property
    def name(self) -> str:
        return self._text("name")

    @property
    def about(self) -> str:
        return self._text("about")

    @property
    def otherwise(self) -> str:
        """What else it may be: shown beside every lead."""
        return self._text("otherwise")

    @property
    def side(self) -> str:
        """`rating` or `inspector`: whose figures are in question."""
        return self.id.split(".")[0]


@dataclass(frozen=True)
class Signals:
    """All signals, and the share of false ones among the leads that is put up with."""

    chance: float
    by_id: dict[str, Signal]


@lru_cache(maxsize=1)
def signals() -> Signals:
    """The catalog of signals in its order."""
    raw: dict[str, Any] = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))
    return Signals(float(raw["chance"]), {row["id"]: _signal(row) for row in raw["signals"]})


def _signal(row: dict[str, Any]) -> Signal:
    names = {f"{name}{ending}" for name in TEXTS for ending in ("", "_en")}
    numbers = {k: float(v) for k, v in row.items() if k not in names | {"id", "looks", "min_n"}}
    return Signal(row["id"], row["looks"], {n: row[n] for n in names}, numbers, int(row["min_n"]))
