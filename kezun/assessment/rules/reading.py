"""From the text of a scheme to a Scheme, or to the list of everything that is wrong with the text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal

from kezun.assessment.rules.checks import check
from kezun.assessment.rules.components import read_adjustment, read_component, read_veto
from kezun.assessment.rules.form import (
    CADENCES,
    HUNDRED,
    OPERATORS,
    PEERS,
    STRADDLES,
    SUBJECTS,
    ZERO,
    Appeal,
    Condition,
    Grade,
    Listing,
    Of,
    Ranking,
    Rounding,
    Scheme,
    Star,
)
from kezun.assessment.rules.lines import ROUNDINGS
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.nodes import NotAStandard, NotTaken, Problem, parse

SCHEMA = "kezun.scheme/1"
KEYS = (
    *("schema", "id", "version", "title", "title_en", "about", "about_en", "supersedes", "example"),
    *("subject", "period", "valid", "approval", "base", "total", "rounding", "components", "deductions"),
    *("additions", "vetoes", "grades", "ranking", "red_black", "stars", "appeal"),
)
VERSION = re.compile(r"[^\s#@]{1,20}")
URN = re.compile(r"[^\s#@]{1,120}")


class NotAScheme(NotTaken):
    """A text that cannot be taken as a scheme."""


@dataclass(frozen=True)
class Known:
    """What a scheme may refer to; None: not checked. schemes: editions that exist already, of any scheme.

    natures: by indicator what its value is made of (`fitting.nature`); one that is not there takes anything.
    """

    indicators: frozenset[str] | None = None
    standards: frozenset[str] | None = None
    events: frozenset[str] | None = None
    unit_kinds: frozenset[str] | None = None
    posts: frozenset[str] | None = None
    schemes: tuple[Scheme, ...] = field(default=())
    natures: Mapping[str, str] = field(default_factory=dict)


def read(text: str, known: Known | None = None) -> Scheme:
    """The scheme that a YAML text states. Raises NotAScheme with every problem, each with its line."""
    try:
        root = parse(text)
    except NotAStandard as error:
        raise NotAScheme(error.problems) from error
    problems: list[Problem] = []
    at = Reading(root, "", problems)
    made = _scheme(at)
    check(made, at, known or Known())
    if problems:
        raise NotAScheme(problems)
    return made


def digest(scheme: Scheme) -> str:
    """The sha256 of what a scheme says, whatever its comments, order of keys or look of numbers."""
    plain = _plain(asdict(scheme))
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Without the lines on which things stood, numbers in their shortest form."""
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items() if key != "line"}
    if isinstance(value, list | tuple):
        return [_plain(below) for below in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value


def _scheme(at: Reading) -> Scheme:
    at.only(KEYS)
    if at.text("schema", required=True):
        at.choice("schema", (SCHEMA,), SCHEMA)
    made = Scheme(
        id=_named(at, "id", URN),
        version=_named(at, "version", VERSION),
        title=at.text("title", required=True),
        of=_of(at),
        start=date.min,
        components=tuple(read_component(row) for row in children(at, "components")),
        deductions=tuple(read_adjustment(row, True) for row in children(at, "deductions")),
        additions=tuple(read_adjustment(row, False) for row in children(at, "additions")),
        vetoes=tuple(read_veto(row) for row in children(at, "vetoes")),
        grades=tuple(_grade(row) for row in children(at, "grades")),
        stars=tuple(_star(row) for row in children(at, "stars")),
        base=at.decimal("base", required=False, default=ZERO) or ZERO,
        supersedes=at.text("supersedes"),
        example=at.flag("example"),
        title_en=at.text("title_en"),
        about=at.text("about"),
        about_en=at.text("about_en"),
    )
    return _limits(at, _time(at, _publishing(at, made)))


def _named(at: Reading, key: str, form: re.Pattern[str]) -> str:
    value = at.text(key, required=True)
    if value and not form.fullmatch(value):
        at.say("not_a_name", key=key, value=value)
    return value


def children(at: Reading, key: str) -> list[Reading]:
    """Readers of the mappings in a list, each called by its id or name, or by its place."""
    found = []
    for number, row in enumerate(at.rows(key), 1):
        id = (row.fields or {}).get("id") or (row.fields or {}).get("name")
        name = f"{key}.{id.text}" if id is not None and id.text else f"{key}[{number}]"
        found.append(Reading(row, name, at.problems))
    return found


def _of(above: Reading) -> Of:
    at = above.under("subject", required=True)
    if at is None:
        return Of("outlet")
    at.only(("kind", "units", "posts", "by", "peer_group"))
    kind = at.choice("kind", SUBJECTS, "outlet")
    peers = at.texts("peer_group")
    for peer in peers:
        if peer not in PEERS and not peer.startswith("tag:"):
            at.say("unknown_value", key="peer_group", value=peer, known=", ".join((*PEERS, "tag:…")))
    units, posts = at.texts("units", required=kind == "unit"), at.texts("posts", required=kind == "person")
    return Of(kind, units, posts, at.choice("by", ("person", "unit"), "person"), peers)


def _time(above: Reading, made: Scheme) -> Scheme:
    """Period, validity and approval."""
    cadence, straddle = "any", "split_by_event"
    if (at := above.under("period")) is not None:
        at.only(("cadence", "straddle"))
        cadence = _cadence(at) or cadence
        straddle = at.choice("straddle", STRADDLES, straddle)
    start, end = None, None
    if (at := above.under("valid", required=True)) is not None:
        at.only(("from", "to"))
        start, end = at.day("from", required=True), at.day("to", required=False)
        if start and end and start >= end:
            at.say("validity_empty", key="to", start=start.isoformat(), end=end.isoformat())
    doc, by = "", ""
    if (at := above.under("approval")) is not None:
        at.only(("doc_no", "by", "at"))
        at.day("at", required=False)
        doc, by = at.text("doc_no"), at.text("by")
    return replace(
        *(made,),
        start=start or date.min,
        end=end,
        cadence=cadence,
        straddle=straddle,
        doc_no=doc,
        approved_by=by,
    )


def _cadence(at: Reading) -> str:
    """One cadence or several, joined by `+` in the order of CADENCES; `any` leaves no room for others."""
    told = at.texts("cadence")
    for value in told:
        if value not in CADENCES:
            at.say("unknown_value", key="cadence", value=value, known=", ".join(CADENCES))
    if "any" in told and len(told) > 1:
        at.say("any_cadence", key="cadence")
    return "+".join(known for known in CADENCES if known in told)


def _limits(above: Reading, made: Scheme) -> Scheme:
    """Bounds of the total and its rounding."""
    least, most, rounding = ZERO, HUNDRED, Rounding()
    if (at := above.under("total")) is not None:
        at.only(("min", "max"))
        least = at.decimal("min", required=False, default=ZERO) or ZERO
        most = at.decimal("max", required=False, default=HUNDRED) or ZERO
        if least >= most:
            at.say("limits_order", key="max", least=str(least), most=str(most))
    if (at := above.under("rounding")) is not None:
        at.only(("digits", "mode", "at"))
        at.choice("at", ("publish",), "publish")
        digits = at.whole("digits", required=False, default=2)
        if digits > 4:
            at.say("too_many_digits", key="digits", most=4)
        rounding = Rounding(min(digits, 4), at.choice("mode", tuple(ROUNDINGS), "half_up"))
    return replace(made, least=least, most=most, rounding=rounding)


def _publishing(above: Reading, made: Scheme) -> Scheme:
    """Ranking, lists and appeal."""
    ranking, red, black, appeal = Ranking(), None, None, Appeal()
    if (at := above.under("ranking")) is not None:
        at.only(("by", "ties", "min_n", "components"))
        at.choice("by", ("posterior",), "posterior")
        at.choice("ties", ("same_rank",), "same_rank")
        ranking = Ranking(at.whole("min_n", required=False, default=100), at.texts("components"))
    if (at := above.under("red_black")) is not None:
        at.only(("red", "black"))
        red, black = _listing(at, "red"), _listing(at, "black")
    if (at := above.under("appeal")) is not None:
        at.only(("window_days", "levels"))
        appeal = Appeal(at.whole("window_days", required=False, default=10, least=1), at.texts("levels"))
    return replace(made, ranking=ranking, red=red, black=black, appeal=appeal)


def _listing(above: Reading, key: str) -> Listing | None:
    at = above.under(key)
    if at is None:
        return None
    at.only(("all", "any", "min_n", "human_confirm", "appeal_first"))
    if at.has("all") == at.has("any"):
        at.say("all_or_any")
    how = "any" if at.has("any") else "all"
    return Listing(
        how,
        tuple(_condition(at.at(row, how)) for row in at.rows(how)),
        at.whole("min_n", required=False, default=0),
        at.flag("human_confirm", default=True),
        at.flag("appeal_first", default=True),
    )


def _condition(at: Reading) -> Condition:
    at.only(("prob", "at_least", "veto", "grade"))
    if sum(at.has(key) for key in ("prob", "veto", "grade")) != 1:
        at.say("one_condition")
    grades = at.texts("grade")
    veto = at.choice("veto", ("none", "any"), "none") if at.has("veto") else ""
    prob = at.under("prob")
    if prob is None:
        return Condition(veto=veto, grades=grades)
    prob.only(("metric", "op", "ref"))
    share = at.decimal("at_least") or ZERO
    if not ZERO < share < 1:
        at.say("not_a_share", key="at_least", value=str(share))
    metric, ref = prob.text("metric", required=True), prob.text("ref", required=True)
    if not ref.startswith("peer_"):
        prob.decimal("ref")
    elif ref not in ("peer_p90", "peer_p75", "peer_median", "peer_p25", "peer_p10"):
        prob.say(
            "unknown_value", key="ref", value=ref, known="peer_p90, peer_p75, peer_median, peer_p25, peer_p10"
        )
    return Condition(metric, prob.choice("op", OPERATORS, ">="), ref, share)


def _floors(above: Reading) -> tuple[tuple[str, Decimal], ...]:
    at = above.under("floors")
    return tuple((id, at.decimal(id) or ZERO) for id in at.fields) if at is not None else ()


def _grade(at: Reading) -> Grade:
    at.only(("name", "name_en", "min", "floors"))
    least = at.decimal("min", required=False)
    return Grade(at.text("name", required=True), least, _floors(at), at.text("name_en"))


def _star(at: Reading) -> Star:
    at.only(("stars", "min", "floors", "tenure_months", "periods", "no_veto"))
    return Star(
        at.whole("stars", required=True, least=1),
        at.decimal("min") or ZERO,
        _floors(at),
        at.whole("tenure_months", required=False, default=0),
        at.whole("periods", required=False, default=1, least=1),
        at.flag("no_veto", default=True),
    )
