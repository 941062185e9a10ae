"""What a run is a function of: found once, written down with hashes, and found again for a replay."""

from __future__ import annotations

import datetime as dt
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.assessment.computing import Given, Stretch, code_version
from kezun.assessment.measuring import METHOD
from kezun.assessment.models import Pin, Scheme
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.reading import digest
from kezun.assessment.schemes import form_of
from kezun.assessment.subjects import Roster, roster
from kezun.facts import vectors
from kezun.facts.definitions import Definition
from kezun.facts.indicators import catalogue, formula_names
from kezun.facts.rules import Period
from kezun.facts.store import snapshot_at
from kezun.kernel.rules import canonical

DAY = dt.timedelta(days=1)


class NothingToRun(ValidationError):
    """A scheme, period or moment for which there is nothing to compute; the message says what to change."""


@dataclass(frozen=True)
class Pinned:
    """Everything found: what to compute with, how it is written down, what must be kept (hash → bytes)."""

    given: Given
    inputs: dict[str, Any]
    pins: Mapping[str, bytes]

    @property
    def hash(self) -> str:
        return inputs_hash(self.inputs)


def stretches(scheme: Scheme, period: Period, known_at: dt.datetime) -> list[tuple[Scheme, dt.date, dt.date]]:
    """The editions of a scheme that judge a period, each with its days, as known at a moment.

    The last one says how a change within the period is taken: by each day's edition, or the first one's.
    Raises NothingToRun where none holds on some day.
    """
    known = Scheme.objects.published(known_at).filter(urn=scheme.urn, from_date__lte=period.end)
    rows = list(known.order_by("-from_date", "-published_at"))
    edges = {period.start} | {
        d for r in rows for d in (r.from_date, r.until_date) if d and period.start < d <= period.end
    }
    starts = sorted(edges)
    found: list[tuple[Scheme, dt.date, dt.date]] = []
    for since, after in zip(starts, [*starts[1:], period.end + DAY], strict=True):
        held = next(
            (r for r in rows if r.from_date <= since and (r.until_date is None or since < r.until_date)), None
        )
        if held is None:
            raise NothingToRun(
                _("No published edition of %(urn)s holds on %(day)s, as known at %(known)s.")
                % {"urn": scheme.urn, "day": since, "known": known_at.isoformat(timespec="seconds")}
            )
        if found and found[-1][0].pk == held.pk:
            found[-1] = (held, found[-1][1], after - DAY)
        else:
            found.append((held, since, after - DAY))
    if form_of(found[-1][0].text).straddle == "pin_start":
        return [(found[0][0], period.start, period.end)]
    return found


def pin(
    scheme: Scheme,
    period: Period,
    known_at: dt.datetime,
    change: Mapping[str, str] | None = None,
    alone: bool = False,
) -> Pinned:
    """Find everything that a run needs. alone: judge by this very edition, as a draft or a bridge is."""
    held = [(scheme, period.start, period.end)] if alone else stretches(scheme, period, known_at)
    forms = [changed(form_of(row.text), change or {}) for row, _since, _until in held]
    subjects = roster(forms[-1].of, period)
    if not subjects.subjects:
        raise NothingToRun(
            _("Nobody is judged by %(scheme)s in %(period)s.") % {"scheme": scheme, "period": period.label}
        )
    ids = list(dict.fromkeys(id for form in forms for id in form.indicators))
    definitions = definitions_of(ids)
    facts = sorted({*(f for d in definitions for f in d.facts), *own_facts(forms)})
    snapshots = {fact: snapshot_at(fact, known_at) or 0 for fact in facts}
    pins = _pins(subjects, definitions)
    inputs: dict[str, Any] = {
        "scheme": {"urn": scheme.urn, "editions": [_edition(*one) for one in held]},
        "period": [period.start.isoformat(), period.end.isoformat()],
        "known_at": known_at,
        "facts": {
            f: {"snapshot": n, "sha256": vectors.content(f, n, period.start, period.end)}
            for f, n in snapshots.items()
        },
        "indicators": {d.id: d.digest for d in definitions},
        "roster": pins[0][0],
        "definitions": pins[1][0],
        "change": dict(change or {}),
        "method": METHOD,
        "code": code_version(),
    }
    plain: dict[str, Any] = msgspec.json.decode(canonical(inputs))
    return Pinned(_given(plain, forms, subjects, definitions), plain, dict(pins))


def _given(
    inputs: Mapping[str, Any], forms: Iterable[Form], subjects: Roster, definitions: Iterable[Definition]
) -> Given:
    spans = [
        (dt.date.fromisoformat(e["since"]), dt.date.fromisoformat(e["until"]))
        for e in inputs["scheme"]["editions"]
    ]
    return Given(
        tuple(Stretch(form, *span) for form, span in zip(forms, spans, strict=True)),
        subjects,
        {d.id: d for d in definitions},
        {fact: told["snapshot"] for fact, told in inputs["facts"].items()},
        int(inputs_hash(inputs)[:16], 16),
        # Runs that do not say were made before the spread of single facts was known.
        inputs.get("method", 1),
    )


def inputs_hash(inputs: Mapping[str, Any]) -> str:
    """The hash of what went in: by content, so without the numbers of snapshots and the moment."""
    told = {key: value for key, value in inputs.items() if key not in ("known_at", "facts")}
    told["facts"] = {fact: one["sha256"] for fact, one in inputs["facts"].items()}
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def again(inputs: Mapping[str, Any]) -> tuple[Given, list[str]]:
    """What a run was given, found again from what it wrote down, and what is not as it was, in words.

    Raises NothingToRun where something is gone that it cannot be repeated without.
    """
    forms, notes = [], []
    for told in inputs["scheme"]["editions"]:
        urn, version, sha256 = inputs["scheme"]["urn"], told["version"], told["sha256"]
        row = Scheme.objects.filter(urn=urn, version=version, sha256=sha256).first()
        if row is None or digest(form_of(row.text)) != sha256:
            raise NothingToRun(_("The edition %(version)s that judged is gone or was changed.") % told)
        forms.append(changed(form_of(row.text), inputs["change"]))
    subjects = msgspec.msgpack.decode(_kept(inputs["roster"]), type=Roster)
    definitions = msgspec.msgpack.decode(_kept(inputs["definitions"]), type=list[Definition])
    since, until = (dt.date.fromisoformat(day) for day in inputs["period"])
    for fact, told in inputs["facts"].items():
        if vectors.content(fact, told["snapshot"], since, until) != told["sha256"]:
            notes.append(_("The facts of type %(fact)s are not those that the run read.") % {"fact": fact})
    if inputs["code"] != code_version():
        notes.append(
            _("Computed by %(then)s, repeated by %(now)s.") % {"then": inputs["code"], "now": code_version()}
        )
    return _given(inputs, forms, subjects, definitions), notes


def _kept(sha256: str) -> bytes:
    found = Pin.objects.filter(pk=sha256).first()
    try:
        body = zlib.decompress(bytes(found.body)) if found else b""
    except zlib.error:
        body = b""
    if hashlib.sha256(body).hexdigest() != sha256:
        raise NothingToRun(
            _("What the run kept under %(sha256)s is gone or was changed.") % {"sha256": sha256}
        )
    return body


def _pins(subjects: Roster, definitions: list[Definition]) -> list[tuple[str, bytes]]:
    bodies = [msgspec.msgpack.encode(subjects), msgspec.msgpack.encode(definitions)]
    return [(hashlib.sha256(body).hexdigest(), zlib.compress(body, 6)) for body in bodies]


def definitions_of(ids: Iterable[str]) -> list[Definition]:
    """The indicators with those in their formulas, without the places where they are declared."""
    known, found = catalogue(), {}
    for id in ids:
        for definition in (known[id], *known.parts(id), *_between(id)):
            found[definition.id] = replace(definition, path="")
    return [found[id] for id in sorted(found)]


def _between(id: str) -> list[Definition]:
    """Formulas named by formulas, at any depth."""
    known, found = catalogue(), []
    if known[id].kind == "formula":
        for name in formula_names(known[id].formula):
            found += [known[name], *_between(name)]
    return found


def own_facts(forms: Iterable[Form]) -> set[str]:
    found = set()
    for form in forms:
        found |= {"inspection"} if form.standards else set()
        found |= {"merit"} if form.adjustments or any(v.event for v in form.vetoes) else set()
    return found


def _edition(row: Scheme, since: dt.date, until: dt.date) -> dict[str, Any]:
    return {
        **{"version": row.version, "sha256": digest(form_of(row.text))},
        **{"since": since.isoformat(), "until": until.isoformat()},
    }
