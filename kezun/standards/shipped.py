"""The standards that come with the product, and those of a pack: read, put in order, published once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from kezun.kernel.actor import Actor
from kezun.standards import rules
from kezun.standards.actions import install
from kezun.standards.models import Standard

FOLDER = Path(__file__).parent / "catalog" / "standards"
ORIGIN = "catalog"


@lru_cache(maxsize=4)
def shipped(folder: Path = FOLDER) -> tuple[tuple[rules.Standard, str], ...]:
    """Each standard of a folder with its text; an edition stands after those it builds on.

    Raises NotAStandard for a file with a mistake.
    """
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    read = [(rules.read(text), text) for text in texts]
    return tuple(sorted(read, key=lambda one: (one[0].over is not None, one[0].valid.start, one[0].id)))


def install_all(actor: Actor, folder: Path = FOLDER, origin: str = ORIGIN) -> list[Standard]:
    """Publish the standards of a folder that are not published yet; returns those that were new."""
    there = set(Standard.objects.values_list("urn", "version", "sha256"))
    fresh = [
        text for made, text in shipped(folder) if (made.id, made.version, rules.digest(made)) not in there
    ]
    return [install(actor, text=text, origin=origin) for text in fresh]


def text_of(urn: str, version: str) -> str | None:
    """The text of a standard that comes with the product."""
    found: Iterable[str] = (text for made, text in shipped() if (made.id, made.version) == (urn, version))
    return next(iter(found), None)
