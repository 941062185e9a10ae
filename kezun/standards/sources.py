"""Where a standard on the command line comes from: a file, an edition of the bank, or the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.db import OperationalError, ProgrammingError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.standards import queries, rules
from kezun.standards.models import Standard
from kezun.standards.shipped import shipped

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 8 << 20


class NotFound(LookupError):
    """There is no such file or standard, or it is no text; the message says which and what to do."""


def is_file(name: str) -> bool:
    """Whether a name on the command line means a file rather than an edition's id."""
    return name.endswith(SUFFIXES) or "/" in name or Path(name).is_file()


def text_of(path: Path) -> str:
    """The text of a file; NotFound, with a message, where there is none that can be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NotFound(
                _("%(file)s: larger than %(n)d MB, so no standard.") % _told(path, n=MAX_BYTES >> 20)
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = _(
            "%(file)s: not UTF-8 text; save it as UTF-8. A workbook is read by `kezun standard draft`."
        )
        raise NotFound(message % _told(path)) from error
    except OSError as error:
        message = _("%(file)s: cannot be read (%(why)s).")
        raise NotFound(message % _told(path, why=error.strerror or "")) from error


def _told(path: Path, **more: object) -> dict[str, object]:
    return {"file": str(path), **more}


def standard_named(actor: Actor, name: str, *, known: Iterable[rules.Standard] = ()) -> rules.Standard:
    """The standard in a file, or the edition called `urn`, `urn@version` or by the last part of its urn.

    Editions of the bank come before the catalog. Without a version it is the one that holds today, else the
    newest. Raises NotFound, and NotAStandard where the text is wrong.
    """
    if is_file(name):
        return rules.read(text_of(Path(name)), known=known)
    urn, _at, version = name.partition("@")
    found = _chosen([e for e in editions(actor) if _is(e, urn, version)])
    if found is None:
        message = _("There is no standard %(name)s; `kezun standard list` shows those there are.")
        raise NotFound(message % {"name": name})
    return found


def _is(standard: rules.Standard, urn: str, version: str) -> bool:
    return standard.id in (urn, f"urn:kezun:std:{urn}") and version in ("", standard.version)


def _chosen(found: list[rules.Standard]) -> rules.Standard | None:
    today = timezone.localdate()
    holding = [s for s in found if s.valid.holds(today)]
    return max(holding or found, key=lambda s: s.valid.start, default=None)


def editions(actor: Actor) -> list[rules.Standard]:
    """The editions that the actor may see, and of the catalog those that the bank has none of."""
    made = [_genuine(row) for row in _rows(actor)]
    there = {(s.id, s.version) for s in made}
    return made + [s for s, _text in shipped() if (s.id, s.version) not in there]


def _genuine(row: Standard) -> rules.Standard:
    try:
        return queries.standard_of(row)
    except queries.NotGenuine as error:
        message = _("%(name)s is not the text that was published (its hash differs): restore the database.")
        raise NotFound(message % {"name": str(row)}) from error


def _rows(actor: Actor) -> list[Standard]:
    """Published editions; none where there are no tables yet, for files and the catalog need none."""
    try:
        return list(queries.editions_for(actor).filter(published_at__isnull=False, withdrawn_at__isnull=True))
    except (OperationalError, ProgrammingError):
        return []
