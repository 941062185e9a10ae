"""From the text of a kind to a Kind, or to the list of everything that is wrong with the text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import date

from kezun.cases.rules.kinds import (
    BY,
    GATES,
    SCHEMA,
    STATES,
    TYPES,
    Choice,
    ClockUse,
    Effect,
    Field,
    Kind,
    Step,
)
from kezun.cases.rules.verbs import VERBS
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.nodes import NotAStandard, NotTaken, Problem, parse

KEYS = (
    *("schema", "id", "version", "title", "title_en", "about", "about_en", "supersedes", "valid", "approval"),
    *("flow", "icon", "group", "owner", "public", "fields", "steps", "clocks", "parties", "severity"),
    *("fingerprint", "effect", "keep_years"),
)
FIELD_KEYS = (
    *("id", "name", "name_en", "type", "at", "required", "sealed", "choices", "table", "min", "max"),
    *("about", "about_en"),
)
ROLES = (*("complainant", "customer", "agent", "heir", "representative", "named_staff", "witness", "team"),)
OWNERS = ("unit", "superior", "line", "office")
NEVER = date(9999, 12, 31)
ID = re.compile(r"[a-z][a-z0-9_]{0,59}")
URN = re.compile(r"[^\s#@]{1,60}")
VERSION = re.compile(r"[^\s#@]{1,20}")


class NotAKind(NotTaken):
    """A text that cannot be taken as a kind of case."""


@dataclass(frozen=True)
class Known:
    """What a kind may refer to; None: not checked. flows: their steps by name."""

    flows: Callable[[str], tuple[Step, ...] | None]
    policies: Collection[str] | None = None
    tables: Collection[str] | None = None
    ladders: Collection[str] | None = None
    indicators: Collection[str] | None = None


def read(text: str, known: Known) -> Kind:
    """The kind that a text says. Raises NotAKind with all problems, each with its line."""
    problems: list[Problem] = []
    try:
        root = Reading(parse(text), "", problems)
    except NotAStandard as error:
        raise NotAKind(error.problems) from error
    made = _kind(root, known)
    if problems:
        raise NotAKind(problems)
    return made


def digest(kind: Kind) -> str:
    """SHA-256 of the canonical form: two texts that say the same have the same.

    What a clock could not say at first is left out where it does not: editions from before keep their hash.
    """
    plain = asdict(kind)
    plain["clocks"] = [
        {key: value for key, value in clock.items() if value or key != "restores"}
        for clock in plain["clocks"]
    ]
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _kind(root: Reading, known: Known) -> Kind:
    root.only(KEYS)
    root.choice("schema", (SCHEMA,), SCHEMA)
    valid, approval = root.under("valid"), root.under("approval")
    start = valid.day("from", required=True) if valid else root.day("valid", required=True)
    fields = tuple(_field(root.at(node, f"fields[{i}]"), known) for i, node in enumerate(root.rows("fields")))
    made = Kind(
        id=_matching(root, "id", URN),
        version=_matching(root, "version", VERSION),
        title=root.text("title", required=True),
        title_en=root.text("title_en"),
        start=start or NEVER,
        end=valid.day("until", required=False) if valid else None,
        about=root.text("about"),
        about_en=root.text("about_en"),
        flow=root.text("flow"),
        icon=root.text("icon", default="folder"),
        group=root.text("group"),
        supersedes=root.text("supersedes"),
        doc_no=approval.text("doc_no") if approval else "",
        owner=root.choice("owner", OWNERS, "unit"),
        public=root.flag("public"),
        fields=fields,
        steps=_steps(root, known),
        clocks=tuple(
            _clock(root.at(node, f"clocks[{i}]"), known) for i, node in enumerate(root.rows("clocks"))
        ),
        parties=_among(root, "parties", ROLES),
        grades=_grades(root),
        fingerprint=root.texts("fingerprint"),
        effect=_effect(root.under("effect"), known),
        keep_years=root.whole("keep_years", required=False, default=3, least=0, most=100),
    )
    _check(root, made)
    return made


def _matching(root: Reading, key: str, pattern: re.Pattern[str]) -> str:
    value = root.text(key, required=True)
    if value and not pattern.fullmatch(value):
        root.say("not_a_name", key=key, value=value[:60])
    return value


def _among(root: Reading, key: str, known: Collection[str]) -> tuple[str, ...]:
    """The texts of a list, each of which must be known."""
    found = root.texts(key)
    for value in found:
        if value not in known:
            root.say("unknown_value", key=key, value=value, known=", ".join(known))
    return tuple(value for value in found if value in known)


def _field(row: Reading, known: Known) -> Field:
    row.only(FIELD_KEYS)
    kind = row.choice("type", TYPES, "text")
    table = row.text("table")
    if kind == "code" and known.tables is not None and table not in known.tables:
        row.say("unknown_table", key="table", value=table, known=", ".join(sorted(known.tables)))
    choices = tuple(_choice(row.at(node, f"choices[{i}]")) for i, node in enumerate(row.rows("choices")))
    if kind == "choice" and not choices:
        row.say("no_choices", key="choices")
    return Field(
        id=_matching(row, "id", ID),
        name=row.text("name", required=True),
        name_en=row.text("name_en"),
        type=kind,
        at=_among(row, "at", tuple(VERBS)) or ("open",),
        required=row.flag("required"),
        sealed=row.flag("sealed"),
        choices=choices,
        table=table,
        least=row.whole("min", required=False, least=-(10**9), most=10**9) if row.has("min") else None,
        most=row.whole("max", required=False, least=-(10**9), most=10**9) if row.has("max") else None,
        about=row.text("about"),
        about_en=row.text("about_en"),
    )


def _choice(row: Reading) -> Choice:
    row.only(("id", "name", "name_en"))
    return Choice(_matching(row, "id", URN), row.text("name", required=True), row.text("name_en"))


def read_steps(text: str) -> tuple[Step, ...]:
    """The steps of a flow's text (`steps:` verb by verb). Raises NotAKind."""
    problems: list[Problem] = []
    try:
        root = Reading(parse(text), "", problems)
    except NotAStandard as error:
        raise NotAKind(error.problems) from error
    root.only(("id", "title", "title_en", "steps"))
    steps = _own_steps(root)
    if problems:
        raise NotAKind(problems)
    return steps


def _own_steps(root: Reading) -> tuple[Step, ...]:
    return tuple(_step(root.at(node, f"steps[{i}]")) for i, node in enumerate(root.rows("steps")))


def _step(row: Reading) -> Step:
    row.only(("verb", "from", "to", "by", "gates"))
    to = row.text("to")
    if to and to not in STATES:
        row.say("unknown_value", key="to", value=to, known=", ".join(STATES))
    return Step(
        verb=row.choice("verb", tuple(VERBS), "note"),
        states=_among(row, "from", STATES),
        to=to,
        by=_among(row, "by", BY) or ("any",),
        gates=_among(row, "gates", GATES),
    )


def _steps(root: Reading, known: Known) -> tuple[Step, ...]:
    """The flow's steps; a step of the kind takes the place of the flow's for the same verb and states.

    A step without states takes the verb away.
    """
    flow = root.text("flow")
    base = known.flows(flow) if flow else ()
    if base is None:
        root.say("unknown_flow", key="flow", value=flow)
        base = ()
    own = _own_steps(root)
    kept = []
    for step in base:
        said = {s for o in own if o.verb == step.verb for s in (o.states or STATES)}
        left = tuple(s for s in step.states if s not in said)
        if left:
            kept.append(replace(step, states=left))
    return (*kept, *(step for step in own if step.states))


def _clock(row: Reading, known: Known) -> ClockUse:
    row.only(("policy", "starts", "stops", "restarts", "reopens", "restores", "when", "ladder", "units"))
    policy, ladder = row.text("policy", required=True), row.text("ladder")
    if known.policies is not None and policy not in known.policies:
        row.say("unknown_policy", key="policy", value=policy)
    if ladder and known.ladders is not None and ladder not in known.ladders:
        row.say("unknown_ladder", key="ladder", value=ladder, known=", ".join(sorted(known.ladders)))
    verbs = tuple(VERBS)
    when = row.under("when")
    return ClockUse(
        policy=policy,
        starts=_among(row, "starts", verbs) or ("open",),
        stops=_among(row, "stops", verbs),
        restarts=_among(row, "restarts", verbs),
        reopens=_among(row, "reopens", verbs) or ("reopen",),
        restores=_among(row, "restores", verbs),
        when={key: when.texts(key, required=True) for key in when.fields} if when else {},
        ladder=ladder,
        units=row.text("units"),
    )


def _grades(root: Reading) -> dict[str, int]:
    """`severity: {urgent/complex: 1, …}`."""
    under = root.under("severity")
    if under is None:
        return {}
    found = {}
    for key in under.fields:
        if key.count("/") != 1:
            under.say("not_a_pair_of", key=key, value=key)
        found[key] = under.whole(key, required=True, default=3, least=1, most=4)
    return found


def _effect(row: Reading | None, known: Known) -> Effect | None:
    if row is None:
        return None
    row.only(("indicator", "days", "after_days", "recurrence_days"))
    indicator = row.text("indicator")
    if indicator and known.indicators is not None and indicator not in known.indicators:
        row.say("unknown_measure", key="indicator", value=indicator)
    days = {
        key: row.whole(key, required=False, default=90, least=1, most=730)
        for key in ("days", "after_days", "recurrence_days")
    }
    return Effect(indicator, **days)


def _check(root: Reading, kind: Kind) -> None:
    """What must hold across the whole of it."""
    ids = [f.id for f in kind.fields]
    for id in {i for i in ids if ids.count(i) > 1}:
        root.say("twice", key="fields", value=id)
    for field in kind.fields:
        asked = {*field.at, "amend"} & set(VERBS)  # any field can be put right
        if any(field.id in {t.name for t in VERBS[verb].takes} for verb in asked):
            root.say("field_of_verb", key="fields", value=field.id)
        if field.least is not None and field.most is not None and field.least > field.most:
            root.say("empty_span", key="fields", value=field.id)
    hidden = {f.id for f in kind.fields if f.sealed}
    for id in sorted(hidden & {*kind.fingerprint, *(name for clock in kind.clocks for name in clock.when)}):
        root.say("sealed_used", key="fields", value=id)
    for id in kind.fingerprint:
        if id not in {*ids, "unit", "code"}:
            root.say("unknown_field", key="fingerprint", value=id, known=", ".join(ids))
    for clock in kind.clocks:
        for id in clock.when:
            if id not in {*ids, "severity"}:
                root.say("unknown_field", key="clocks", value=id, known=", ".join(ids))
        if clock.units and clock.units not in {f.id for f in kind.fields if f.type == "whole"}:
            root.say("unknown_field", key="clocks", value=clock.units, known=", ".join(ids))
    if kind.steps and not any(s.verb == "close" for s in kind.steps):
        root.say("never_closed", key="flow")
    if not kind.steps:
        root.say("no_steps", key="flow")
