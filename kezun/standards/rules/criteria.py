"""Reading one criterion: what is looked at, how it is answered, and what follows from the answer."""

from __future__ import annotations

from kezun.standards.rules.answers import read_answer
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.form import (
    ZERO,
    Answer,
    Applies,
    Cascade,
    Checker,
    Criterion,
    Evidence,
    Graded,
    Lineage,
    Rectify,
    Reference,
    Text,
    Trigger,
    Veto,
)
from kezun.standards.rules.nodes import Node

KEYS = (
    *("id", "text", "text_en", "points", "answer", "guide", "guide_en", "checker", "frequency", "evidence"),
    *("severity", "rectify", "applies_to", "cascade", "veto", "lineage"),
)
HOWS = ("same_as", "merged_from", "split_from", "new")
CHANGES = ("editorial", "points", "meaning")
LOST = "lost"


def read_criterion(at: Reading) -> Criterion:
    """A criterion; its problems go to the reader's list."""
    at.only(KEYS)
    points = at.points("points") or ZERO
    if points < ZERO:
        at.say("negative_points", key="points", value=str(points))
    below = at.under("answer", required=True)
    answer: Answer = Text()
    na = False
    if below is not None:
        answer, na = read_answer(below, points)
    return Criterion(
        id=at.text("id", required=True),
        text=at.text("text", required=True),
        points=points,
        answer=answer,
        text_en=at.text("text_en"),
        guide=at.text("guide"),
        guide_en=at.text("guide_en"),
        na=na,
        checker=_checker(at),
        frequency=_frequency(at),
        evidence=tuple(_evidence(at.at(row, "evidence"), answer) for row in at.rows("evidence")),
        severity=at.text("severity"),
        rectify=_rectify(at),
        applies_to=_applies(at),
        cascade=_cascade(at, answer),
        veto=_veto(at, answer),
        lineage=_lineage(at),
        line=at.line,
    )


def _checker(above: Reading) -> Checker:
    at = above.under("checker")
    if at is None:
        return Checker()
    at.only(("roles", "methods", "blind"))
    made = Checker(at.texts("roles"), at.texts("methods"), at.flag("blind"))
    if made.blind and not made.methods:
        at.say("blind_without_method", key="blind")
    return made


def _frequency(above: Reading) -> tuple[tuple[str, str], ...]:
    at = above.under("frequency")
    return tuple((key, at.text(key, required=True)) for key in at.fields) if at else ()


def _trigger(at: Reading, answer: Answer) -> Trigger:
    """`when`: options of a graded answer, or the word `lost` for any answer that loses points."""
    node = at.fields.get("when")
    if node is not None and node.text == LOST and not _has_option(answer, LOST):
        return Trigger(lost=True)
    options = at.texts("when", required=True)
    for option in options:
        if not _has_option(answer, option):
            known = ", ".join(o.name for o in answer.options) if isinstance(answer, Graded) else LOST
            at.say("unknown_option", key="when", option=option, known=known)
    return Trigger(options)


def _has_option(answer: Answer, name: str) -> bool:
    return isinstance(answer, Graded) and answer.share(name) is not None


def _evidence(at: Reading, answer: Answer) -> Evidence:
    at.only(("kind", "min", "when"))
    when = _trigger(at, answer) if at.has("when") else None
    return Evidence(
        at.text("kind", required=True), at.whole("min", required=False, default=1, least=1, most=99), when
    )


def _rectify(above: Reading) -> Rectify | None:
    at = above.under("rectify")
    if at is None:
        return None
    at.only(("due_days", "recheck"))
    return Rectify(
        at.whole("due_days", required=True, default=1, most=3650), at.flag("recheck", default=True)
    )


def _applies(above: Reading) -> Applies:
    at = above.under("applies_to")
    if at is None:
        return Applies()
    at.only(("any", "all", "none"))
    made = Applies(at.texts("any"), at.texts("all"), at.texts("none"))
    for tag in (*made.any, *made.all):
        if tag in made.none:
            at.say("tag_both_ways", key="none", tag=tag)
    return made


def _cascade(above: Reading, answer: Answer) -> Cascade | None:
    at = above.under("cascade")
    if at is None:
        return None
    at.only(("when", "zero"))
    return Cascade(_trigger(at, answer), at.texts("zero", required=True))


def _veto(above: Reading, answer: Answer) -> Veto | None:
    at = above.under("veto")
    if at is None:
        return None
    at.only(("when", "effect"))
    when, effect = _trigger(at, answer), at.under("effect", required=True)
    if effect is None:
        return Veto(when)
    effect.only(("grade_cap", "exclude_from_awards"))
    cap, excluded = effect.text("grade_cap"), effect.flag("exclude_from_awards")
    if not (cap or excluded):
        effect.say("veto_without_effect")
    return Veto(when, cap or None, excluded)


def _lineage(above: Reading) -> Lineage | None:
    at = above.under("lineage")
    if at is None:
        return None
    at.only((*HOWS, "change"))
    said = [how for how in HOWS if at.has(how)]
    if len(said) != 1:
        at.say("lineage_how", known=", ".join(HOWS))
        return None
    if said == ["new"]:
        if not at.flag("new"):
            at.say("not_flag", key="new", value="false")
        return Lineage("new")
    nodes = at.fields[said[0]].rows or (at.fields[said[0]],)
    if said == ["same_as"] and len(nodes) > 1:
        at.say("one_reference", key="same_as")
    change = at.choice("change", CHANGES, "editorial")
    return Lineage(said[0], tuple(_reference(at, n, said[0]) for n in nodes), change)


def _reference(at: Reading, node: Node, key: str) -> Reference:
    version, mark, id = (node.text or "").strip().partition("#")
    if not (version and mark and id):
        at.say("not_reference", node.line, key, value=node.text or "")
    return Reference(version, id)
