"""The standards that come with the product, and those of a pack: read, put in order, published once."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from kezun.kernel.actor import Actor
from kezun.standards import rules
from kezun.standards.actions import install
from kezun.standards.models import Standard

log = logging.getLogger("kezun.standards")
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
    """Publish the standards of a folder that are not published yet; returns those that were new.

    A version that was ever published here stays as it was, whatever the folder says now (the log tells).
    """
    found = Standard.objects.filter(published_at__isnull=False).values_list("urn", "version", "sha256")
    there = {(urn, version): sha256 for urn, version, sha256 in found}
    fresh = []
    for made, text in shipped(folder):
        sha256 = there.get((made.id, made.version))
        if sha256 is None:
            fresh.append(text)
        elif sha256 != rules.digest(made):
            log.warning("published with other content", extra={"urn": made.id, "version": made.version})
    return [install(actor, text=text, origin=origin) for text in fresh]


def text_of(urn: str, version: str) -> str | None:
    """The text of a standard that comes with the product."""
    found: Iterable[str] = (text for made, text in shipped() if (made.id, made.version) == (urn, version))
    return next(iter(found), None)
