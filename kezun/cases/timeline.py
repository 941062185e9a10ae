"""The history of a case in words: who did what when, on whose behalf, what it changed from what to what.

It is read from the events alone: each says what it set, so the value before is what the events before left.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from kezun.cases import clockwords, policies, remarks, showing, wording
from kezun.cases.models import Case, Event, Petition
from kezun.cases.rules.kinds import Field, Kind
from kezun.cases.rules.projecting import project
from kezun.cases.rules.verbs import VERBS
from kezun.org.models import Person, Unit

SHOWN, UNITS, PEOPLE = 60, ("unit", "owner_unit", "pending_unit"), ("handler", "verifier", "checker")
LABELS = {
    **{"title": lazy("Title"), "state": lazy("State"), "unit": lazy("Unit"), "owner_unit": lazy("Lies with")},
    **{"pending_unit": lazy("Handed to"), "handler": lazy("Handler"), "severity": lazy("Severity")},
    **{"due_at": lazy("Deadline"), "verifier": lazy("Verified by"), "checker": lazy("Effect checked by")},
    **{"verdict": lazy("Verdict"), "returns": lazy("Times sent back")},
    **{"repeat": lazy("Times before"), "contacted_at": lazy("First contact")},
}
# what stands in the heading, and keys of rows, whose content is told instead
UNSPOKEN = frozenset(("title", "received_at", "clock", "step", "petition"))
# of a request: told with the title of its deadline and in its units
ASKED = frozenset(("policy", "units"))
ACTORS = {"system:customer": lazy("the customer")}


@dataclass(frozen=True)
class Change:
    """A value that was changed; old is empty where there was none."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    """One event ready to be read."""

    seq: int
    at: dt.datetime
    who: str
    behalf: str
    verb: str
    done: str
    changes: tuple[Change, ...]
    said: tuple[tuple[str, str], ...]
    digest: str


@dataclass(frozen=True)
class Names:
    """Names of the units, people and cases that a history speaks of."""

    units: Mapping[int, str]
    people: Mapping[int, str]
    cases: Mapping[int, str]


def history(case: Case, form: Kind) -> list[Entry]:
    """All events, the last first (at most 4 statements)."""
    events = list(case.events.select_related("actor", "behalf").order_by("seq"))
    bodies = [json.loads(event.body) for event in events]
    names = names_in(bodies)
    found, values = [], dict[str, object]()
    for event, body in zip(events, bodies, strict=True):
        found.append(_entry(event, body, values, form, names))
        values = project(values, body.get("sets") or {})
    return found[::-1]


def names_in(bodies: Iterable[Mapping[str, Any]]) -> Names:
    """Every name that these events need; one statement for each kind of record."""
    wanted: dict[str, set[int]] = {"unit": set(), "person": set(), "case": set()}
    for body in bodies:
        sets, said, told = body.get("sets") or {}, body.get("said") or {}, body.get("told") or {}
        wanted["unit"] |= {sets[name] for name in UNITS if sets.get(name)}
        wanted["person"] |= {sets[name] for name in PEOPLE if sets.get(name)}
        wanted["person"] |= set((told.get("escalated") or {}).get("people", ()))
        if isinstance(told.get("climbed_to"), int):
            wanted["unit"].add(told["climbed_to"])
        for take in VERBS[body["verb"]].takes if body.get("verb") in VERBS else ():
            if take.kind in wanted and isinstance(said.get(take.name), int):
                wanted[take.kind].add(said[take.name])
    units = Unit.objects.filter(pk__in=wanted["unit"]).only("code", "name", "name_en")
    people = Person.objects.filter(pk__in=wanted["person"]).only("code", "name")
    cases = Case.objects.filter(pk__in=wanted["case"]).only("received_at")
    return Names(
        {row.pk: row.title for row in units} if wanted["unit"] else {},
        {row.pk: f"{row.name} {row.code}" for row in people} if wanted["person"] else {},
        {row.pk: row.no for row in cases} if wanted["case"] else {},
    )


def _entry(
    event: Event, body: Mapping[str, Any], before: Mapping[str, Any], form: Kind, names: Names
) -> Entry:
    sets = body.get("sets") or {}
    plain = partial(value_words, names=names)
    told = [n for n in LABELS if event.verb != "open" and n in sets and sets[n] != before.get(n)]
    changes = [Change(str(LABELS[n]), plain(n, before.get(n)), plain(n, sets[n])) for n in told]
    held: Mapping[str, Any] = before.get("data") or {}
    for id, new in (sets.get("data") or {}).items():
        field = form.field(id)
        if field is not None and id not in showing.UNSHOWN and new != held.get(id) and event.verb != "open":
            changes.append(
                Change(field_name(field), field_words(field, held.get(id)), field_words(field, new))
            )
    return Entry(
        seq=event.seq,
        at=event.at,
        who=event.actor.name if event.actor else str(ACTORS.get(body.get("actor", ""), _("the system"))),
        behalf=event.behalf.name if event.behalf else "",
        verb=event.verb,
        done=wording.done(event.verb),
        changes=tuple(changes),
        said=tuple(_spoken(event.verb, body, form, names)),
        digest=event.digest,
    )


def _spoken(verb: str, body: Mapping[str, Any], form: Kind, names: Names) -> Iterable[tuple[str, str]]:
    """What was said with the verb, each with its name; personal data stand in no event."""
    said, told = body.get("said") or {}, body.get("told") or {}
    for take in VERBS[verb].takes if verb in VERBS else ():
        quiet = take.name in UNSPOKEN or (verb == "ask" and take.name in ASKED)
        if quiet or (value := said.get(take.name)) in (None, ""):
            continue
        kinds = {"unit": names.units, "person": names.people, "case": names.cases}
        if take.kind in kinds:
            text = kinds[take.kind].get(value, str(value))
        elif take.kind == "choice":
            text = wording.choice_name(take.name, str(value))
        elif verb == "roll_out" and take.name == "kind":
            text = str(dict(Unit.Kind.choices).get(value, value))
        elif take.kind == "moment":
            text = showing.moment(str(value))
        else:
            text = remarks.text(value)
        yield wording.take_name(take.name), text
    if count := len(told.get("files") or ()):
        yield _("Files"), ngettext("%(n)d file", "%(n)d files", count) % {"n": count}
    if count := len(told.get("parties") or ()):
        yield _("People"), ngettext("%(n)d person", "%(n)d people", count) % {"n": count}
    if "story" in told:
        yield _("In their own words"), _("kept under the key of the case")
    if told.get("escalated"):
        yield from _escalated(told["escalated"], names)
    if told.get("petition"):
        yield from _petition(told["petition"], verb, form)
    if told.get("climbed_to") in names.units:
        yield _("Sent back twice: goes up to"), names.units[told["climbed_to"]]


def _escalated(told: Mapping[str, Any], names: Names) -> Iterable[tuple[str, str]]:
    """Which deadline ran so far, and who was told of it."""
    yield _("Deadline"), policies.title_of(told["policy"])
    people = [names.people.get(pk, str(pk)) for pk in told.get("people", ())]
    yield _("Told"), wording.several(people) or _("nobody holds these posts")
    if told.get("climbed"):
        yield _("Levels climbed past empty posts"), str(told["climbed"])


def _petition(told: Mapping[str, Any], verb: str, form: Kind) -> Iterable[tuple[str, str]]:
    """What had been asked for, where somebody decides on it, and of which deadline or fields."""
    if verb != "ask":
        yield _("Request decided on"), str(Petition.Type(told["type"]).label)
    if told.get("policy") and told["type"] == Petition.Type.EXTEND:
        yield _("Deadline"), policies.title_of(told["policy"])
        if told.get("units"):
            yield _("How much more"), clockwords.amount_of(told["policy"], told["units"])
    if verb == "ask":
        yield from reclassing(told["data"], form)


def reclassing(told: Mapping[str, Any], form: Kind) -> Iterable[tuple[str, str]]:
    """How a request would have the case classified, and how it was when that was asked."""
    for id, new in told.get("fields", {}).items():
        if (field := form.field(id)) is not None:
            before = field_words(field, told["was"].get(id)) or "—"
            yield field_name(field), f"{before} → {field_words(field, new)}"


def value_words(name: str, value: Any, *, names: Names) -> str:
    """A projected value in words."""
    if value in (None, ""):
        return ""
    if name in UNITS:
        return names.units.get(value, str(value))
    if name in PEOPLE:
        return names.people.get(value, str(value))
    if name == "state":
        return str(Case.State(value).label)
    if name.endswith("_at"):
        return showing.moment(str(value))
    if name == "verdict":
        return wording.choice_name("verdict", str(value))
    return str(value)


def field_name(field: Field) -> str:
    """What a field of the kind is called."""
    return wording.named(field.name, field.name_en)


def field_words(field: Field, value: Any) -> str:
    """The value of a kind's field in words; staff and units by their code, which costs no statement."""
    if field.type in ("person", "unit") and not field.sealed:
        return str(value or "")
    return showing.value(field, value)
