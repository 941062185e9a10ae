"""Standards and their differences in lines of text, for terminals and messages."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from kezun.standards.rules.comparing import Difference, Pair, Piece
from kezun.standards.rules.form import (
    Answer,
    CountDefects,
    Criterion,
    Graded,
    Indicator,
    Range,
    Standard,
)
from kezun.standards.rules.writing import plain

HOWS = {
    "added": gettext_noop("new"),
    "retired": gettext_noop("retired"),
    "changed": gettext_noop("changed"),
    "merged": gettext_noop("merged"),
    "split": gettext_noop("split"),
}


def points(value: Decimal) -> str:
    return _("%(points)s points") % {"points": plain(value)}


def answer_words(answer: Answer) -> str:
    """How something is answered, in one line."""
    if isinstance(answer, Graded):
        return " / ".join(f"{o.name} {plain(o.share * 100)}%" for o in answer.options)
    if isinstance(answer, CountDefects):
        return _("%(per)s points off for each defect, down to %(floor)s") % {
            "per": plain(answer.per),
            "floor": plain(answer.floor),
        }
    if isinstance(answer, Indicator):
        bands = [
            f"{answer.op} {plain(b.bound)}: {plain(b.share * 100)}%"
            for b in answer.bands
            if b.bound is not None
        ]
        line = [f"{plain(x)}: {plain(share * 100)}%" for x, share in answer.linear]
        return f"{answer.ref} " + " / ".join(bands or line)
    if isinstance(answer, Range):
        return _("%(least)s to %(most)s points") % {"least": plain(answer.least), "most": plain(answer.most)}
    return pgettext("answer", "in words")


def tree_lines(standard: Standard) -> Iterator[str]:
    """A standard from its title to its criteria, one line each."""
    until = standard.valid.end.isoformat() if standard.valid.end else "…"
    yield f"{standard.title}  {standard.id}@{standard.version}  {standard.valid.start}–{until}"
    yield points(standard.scale.total)
    for module in (*standard.modules, *standard.beside):
        yield f"{module.id} {module.title}  {points(module.points)}"
        for item in module.items:
            yield f"  {item.id} {item.title}  {points(item.points)}"
            for criterion in item.criteria:
                yield f"    {criterion_line(criterion)}"


def criterion_line(c: Criterion) -> str:
    """What is looked at, what it is worth, how it is answered and by which methods."""
    parts = [f"{c.id} {c.text}", points(c.points), answer_words(c.answer), ", ".join(c.checker.methods)]
    return "  ".join(p for p in parts if p)


def marked(pieces: tuple[Piece, ...]) -> str:
    """Words side by side in one line: [-removed-] and {+added+}."""
    marks = {"removed": "[-{}-]", "added": "{{+{}+}}", "same": "{}"}
    return "".join(marks[p.how].format(p.text) for p in pieces)


def change_words(found: Difference) -> Iterator[str]:
    """What two editions differ in: head, points of modules, then criterion by criterion."""
    if found.nothing:
        yield _("The two say the same.")
        return
    for name, was, now in found.head:
        yield f"{name}: {was} → {now}"
    for weight in found.modules:
        if weight.old != weight.new:
            yield f"{weight.id} {weight.title}: {_dash(weight.old)} → {_dash(weight.new)}"
    for pair in found.pairs:
        if pair.how != "same":
            yield _pair(pair)


def _dash(value: Decimal | None) -> str:
    return "—" if value is None else plain(value)


def _pair(pair: Pair) -> str:
    before = ", ".join(c.id for c in pair.old)
    after = pair.new.id if pair.new else ""
    name = before if before == after else " → ".join(n for n in (before, after) if n)
    moved = f" ({pair.points:+f})" if pair.points else ""
    fields = f" [{', '.join(pair.fields)}]" if pair.fields else ""
    return f"{name} {_(HOWS[pair.how])}{moved}{fields}: {marked(pair.words())}"
