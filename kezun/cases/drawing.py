"""Parts of a case as its page draws them: clocks as bars, photos in pairs, people masked, fields."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezun.cases import sealing, showing, wording
from kezun.cases.models import Case, Clock, Party, Proof
from kezun.cases.rows import share, tone
from kezun.cases.rules.kinds import Kind
from kezun.cases.showing import UNSHOWN
from kezun.cases.timeline import field_name
from kezun.kernel.mask import mask

IMAGES = ("png", "jpeg", "gif", "webp")
LADDER = (50, 75, 90)


@dataclass(frozen=True)
class Bar:
    """A clock ready to be drawn; shares are per cent of the time from its start to `due_at`.

    act: where the last worked moment before the end lies. used: what has gone, at most 100.
    """

    clock: Clock
    name: str
    law: str
    verified: bool
    used: float
    act: float
    tone: str
    text: str

    @property
    def ticks(self) -> list[float]:
        """Where the steps of the ladder lie on the way to `act_by_at`."""
        return [self.act * step / 100 for step in LADDER] if self.clock.snapshot.get("ladder") else []


def bars(clocks: Iterable[Clock], now: dt.datetime) -> list[Bar]:
    """All clocks of a case: those that run first, by the last moment to act."""
    made = [_bar(clock, now) for clock in clocks]
    return sorted(made, key=lambda bar: (bar.clock.state == Clock.State.STOPPED, bar.clock.act_by_at))


def _bar(clock: Clock, now: dt.datetime) -> Bar:
    told: Mapping[str, str] = clock.snapshot.get("policy") or {}
    end = clock.stopped_at or now
    used = share(clock.start_at, clock.due_at, end) or 0.0
    act = share(clock.start_at, clock.due_at, clock.act_by_at) or 0.0
    running = clock.state != Clock.State.STOPPED
    if running:
        text = wording.left(clock.act_by_at, now)
        colour = tone(share(clock.start_at, clock.act_by_at, now))
    else:
        text = outcomes().get(clock.outcome, "")
        colour = "late" if clock.outcome == Clock.Outcome.MISSED else "done"
    return Bar(
        clock=clock,
        name=wording.named(told.get("name", ""), told.get("name_en", "")) or clock.policy,
        law=wording.named(told.get("legal_ref", ""), told.get("legal_ref_en", "")),
        verified=bool(told.get("verified")),
        used=round(min(used, 1.0) * 100, 1),
        act=round(min(act, 1.0) * 100, 1),
        tone=colour,
        text=text,
    )


def outcomes() -> dict[str, str]:
    """How a deadline ended, in words."""
    return {"met": _("met in time"), "missed": _("missed"), "dropped": _("no longer needed")}


@dataclass(frozen=True)
class Pair:
    """Photos of the same thing from before and after; either side may still be missing."""

    number: int
    before: tuple[Proof, ...]
    after: tuple[Proof, ...]


@dataclass(frozen=True)
class Gallery:
    """The files of a case: pairs, other pictures, documents; how many were erased with its personal data."""

    pairs: tuple[Pair, ...]
    pictures: tuple[Proof, ...]
    documents: tuple[Proof, ...]
    erased: int = 0

    @property
    def any(self) -> bool:
        return bool(self.pairs or self.pictures or self.documents or self.erased)


def gallery(proofs: Sequence[Proof]) -> Gallery:
    """Files sorted out by what they show."""
    sides: dict[int, dict[str, list[Proof]]] = {}
    rest = []
    there = [proof for proof in proofs if proof.file.name]
    for proof in there:
        if proof.file.kind in IMAGES and proof.stage in (Proof.Stage.BEFORE, Proof.Stage.AFTER):
            sides.setdefault(proof.pair, {"before": [], "after": []})[proof.stage].append(proof)
        else:
            rest.append(proof)
    return Gallery(
        tuple(Pair(n, tuple(s["before"]), tuple(s["after"])) for n, s in sorted(sides.items())),
        tuple(proof for proof in rest if proof.file.kind in IMAGES),
        tuple(proof for proof in rest if proof.file.kind not in IMAGES),
        len(proofs) - len(there),
    )


@dataclass(frozen=True)
class Somebody:
    """A party as shown: staff by name, others masked unless asked for with a reason."""

    role: str
    staff: str
    told: tuple[tuple[str, str], ...]
    erased: bool = False


def people(case: Case, parties: Sequence[Party], *, clear: bool, hidden: bool) -> list[Somebody]:
    """The parties of a case. clear: personal data as they are; hidden: not even masked (who is barred)."""
    opened = sealing.opener(case) if any(party.sealed for party in parties) and not hidden else None
    found = []
    for party in parties:
        staff = f"{party.person.name} {party.person.code}" if party.person else ""
        told: tuple[tuple[str, str], ...] = ()
        erased = False
        if party.sealed and not hidden:
            erased = opened is None
            held = json.loads(opened(party.sealed)) if opened else {}
            told = tuple(
                (personal_name(name), value if clear else masked(name, value)) for name, value in held.items()
            )
        found.append(Somebody(party.get_role_display(), staff, told, erased))
    return found


def masked(name: str, value: str) -> str:
    """What of a personal value is shown to whoever did not ask with a reason."""
    return mask(sealing.PERSONAL.get(name, "text"), value)


def personal_name(name: str) -> str:
    """What a personal value is called."""
    return {
        "name": _("Full name"),
        "phone": _("Telephone"),
        "id_number": _("Identity number"),
        "address": _("Address"),
        "email": _("E-mail"),
    }.get(name, name)


def sealed_texts(case: Case, form: Kind) -> list[tuple[str, str]]:
    """What is kept under the key of a case besides its people, in the clear: for who asked with a reason."""
    opened = sealing.opener(case)
    if opened is None:
        return []
    names = {
        "story": _("In their own words"),
        "rated": _("In words"),
        "order": _("Order"),
        "added": _("Added later"),
    }
    names |= {field.id: field_name(field) for field in form.fields}
    rows = case.sealed_texts.order_by("pk")
    return [(names.get(row.name, row.name), opened(row.sealed)) for row in rows]


@dataclass(frozen=True)
class Section:
    """Fields that belong together, with their values in words."""

    title: str
    rows: tuple[tuple[str, str], ...]


def sections(case: Case, form: Kind) -> list[Section]:
    """The fields of the kind that have a value, by the step that asks for them first."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for field in form.fields:
        text = showing.value(field, case.data.get(field.id))
        if text and field.id not in UNSHOWN:
            grouped.setdefault(field.at[0], []).append((field_name(field), text))
    titles = {"open": _("When it was registered"), "propose": _("Result"), "answer": _("The answer given")}
    return [Section(titles.get(verb) or wording.button(verb), tuple(rows)) for verb, rows in grouped.items()]
