"""Kinds as they hold: read from their editions, shipped ones published once."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import astuple, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.cases import catalogs, policies
from kezun.cases.models import Kind
from kezun.cases.rules.kinds import Kind as Form
from kezun.cases.rules.kinds import Step
from kezun.cases.rules.reading import Known, NotAKind, digest, read
from kezun.facts.indicators import catalogue
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied
from kezun.kernel.prepared import prepared
from kezun.org.models import Person
from kezun.standards import approval

log = logging.getLogger("kezun.cases")
NAMES, NAMES_FOR_S = "cases.kind_names", 30
FOLDER = Path(__file__).parent / "catalog" / "kinds"


def known() -> Known:
    """What kinds may refer to here and now."""
    return Known(
        flows=catalogs.flows().get,
        policies=frozenset(policies.policies()),
        tables=frozenset(catalogs.tables()),
        ladders=frozenset(catalogs.ladders()),
    )


def known_whole() -> Known:
    """The same with indicators: what somebody writes is checked against all there is."""
    return replace(known(), indicators=frozenset(catalogue().definitions))


def head(row: Kind, made: Form, sha256: str) -> None:
    """What a text says of itself, in the columns of its row."""
    row.urn, row.version, row.title, row.title_en = made.id, made.version, made.title, made.title_en
    row.from_date, row.until_date, row.supersedes = made.start, made.end, made.supersedes
    row.sha256, row.doc_no = sha256, made.doc_no
    row.course = [list(astuple(step)) for step in catalogs.flows().get(made.flow, ())]


@lru_cache(maxsize=256)
def _read(text: str, course: str) -> Form:
    if not course:  # a draft with mistakes, or a kind that names no flow
        return read(text, Known(flows=catalogs.flows().get))
    steps = tuple(
        Step(verb, tuple(states), to, tuple(by), tuple(gates))
        for verb, states, to, by, gates in json.loads(course)
    )
    return read(text, Known(flows=lambda _name: steps))


@lru_cache(maxsize=64)
def _checked(text: str, known: Known) -> Form:
    """A kind that came with the product or a pack: the same few texts, read at each start."""
    return read(text, known)


def form_of(kind: Kind) -> Form:
    """What an edition says; parsed once per process."""
    return _read(kind.text, json.dumps(kind.course) if kind.course else "")


def title_of(form: Form) -> str:
    """The kind's name in the page's language."""
    return form.title_en if form.title_en and (get_language() or "").startswith("en") else form.title


def kind_now(code: str, day: dt.date | None = None) -> Kind:
    """The edition of a kind that holds on a day (today); ValidationError where there is none."""
    on = day or timezone.localdate()
    held = [row for row in _published(code) if row[0] <= on and (row[4] is None or row[4] > on)]
    if not held:
        raise ValidationError(
            {
                "kind": _("There is no kind of case «%(code)s»; known are: %(known)s.")
                % {
                    "code": code[:60],
                    "known": ", ".join(sorted(kinds_now())) or "—",
                }
            }
        )
    _from, _at, pk, sha256, _until = max(held, key=lambda row: row[:3])
    return _kept(pk, sha256)


@prepared((str,))
def _published(code: str) -> QuerySet[Any, Any]:
    rows = Kind.objects.filter(urn=code, published_at__isnull=False, withdrawn_at__isnull=True)
    return rows.values_list("from_date", "published_at", "pk", "sha256", "until_date")


@lru_cache(maxsize=256)
def _kept(pk: int, sha256: str) -> Kind:
    """A published edition never changes, so a process reads it once."""
    return Kind.objects.get(pk=pk, sha256=sha256)


def kinds_now(day: dt.date | None = None) -> dict[str, Kind]:
    """All kinds that hold on a day (today), by code."""
    held: dict[str, Kind] = {}
    for kind in Kind.objects.in_force(day or timezone.localdate()):
        held.setdefault(kind.urn, kind)
    return held


def forms_now() -> dict[str, Form]:
    """What all kinds that hold today say, by code; one that cannot be read is logged and left out."""
    found = {}
    for code, kind in sorted(kinds_now().items()):
        try:
            found[code] = form_of(kind)
        except NotAKind:
            log.exception("a kind of case cannot be read", extra={"kind": kind.pk})
    return found


def kind_names() -> list[tuple[str, str]]:
    """Codes and names of all kinds that were ever published, for choices; read again every half minute."""
    names = cache.get(NAMES)
    if names is None:
        rows = Kind.objects.filter(published_at__isnull=False).order_by("urn", "from_date", "published_at")
        names = list(
            {urn: (urn, *more) for urn, *more in rows.values_list("urn", "title", "title_en")}.values()
        )
        cache.set(NAMES, names, NAMES_FOR_S)
    english = (get_language() or "").startswith("en")
    return [(urn, title_en if english and title_en else title) for urn, title, title_en in names]


@action("cases.install_kind", hidden=("text",))
def install_kind(actor: Actor, *, text: str, origin: str) -> Kind:
    """Publish a kind that came with the product or a pack.

    Raises NotAKind; Denied for a person: what people write is drafted by one and approved by another.
    """
    if isinstance(actor, Person):
        raise Denied(_("A kind comes with the product or a pack; draft yours, a second person approves it."))
    made = _checked(text, known())
    row = Kind(text=text, origin=origin)
    head(row, made, digest(made))
    cache.delete(NAMES)
    return approval.bring(row)


def install_all(actor: Actor, folder: Path = FOLDER, origin: str = "catalog") -> list[Kind]:
    """Publish the kinds of a folder that are not published yet; returns those that were new."""
    there = set(Kind.objects.values_list("urn", "version"))
    fresh = []
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        made = _checked(text, known())
        if (made.id, made.version) not in there:
            fresh.append(install_kind(actor, text=text, origin=origin))
    return fresh


__all__ = [
    "NotAKind",
    "form_of",
    "head",
    "install_all",
    "install_kind",
    "kind_now",
    "kinds_now",
    "known",
    "title_of",
]
