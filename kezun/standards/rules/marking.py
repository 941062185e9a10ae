"""What a marking rule in words proposes: so much a defect, or options with points; a person confirms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kezun.standards.rules.form import ONE, ZERO, Answer, CountDefects, Graded, Option, Text

SEGMENTS = re.compile(r"[；;，,。\n]+")


@dataclass(frozen=True)
class Marking:
    """The words of a language for marking rules: see catalog/excel.yaml."""

    per_defect: re.Pattern[str]
    option: re.Pattern[str]
    nothing: Sequence[str]
    met: str
    unmet: str


def proposed(guide: str, points: Decimal, words: Marking) -> tuple[Answer, str]:
    """The answer that a marking rule suggests, and the code of a note where something was supposed."""
    if points == ZERO:
        return Text(), "no_points_text"
    plain = Graded((Option(words.met, ONE), Option(words.unmet, ZERO)))
    amounts = {Decimal(text) for text in words.per_defect.findall(guide)} - {ZERO}
    if len(amounts) == 1:
        return CountDefects(amounts.pop()), "defects_proposed"
    if amounts:
        return plain, "several_deductions"
    options = _options(guide, points, words)
    return (Graded(options), "options_proposed") if options else (plain, "")


def _options(guide: str, points: Decimal, words: Marking) -> tuple[Option, ...]:
    """Options with points, if every part of the rule is one, the best earns all and shares are exact."""
    found: dict[str, Decimal] = {}
    for part in filter(None, (p.strip() for p in SEGMENTS.split(guide))):
        said = words.option.match(part)
        none = next((n for n in words.nothing if part.endswith(n)), None)
        if said is not None:
            found[said["name"].strip()] = Decimal(said["points"])
        elif none is not None and part.removesuffix(none).strip():
            found[part.removesuffix(none).strip()] = ZERO
        else:
            return ()
    if len(found) < 2 or max(found.values()) != points:
        return ()
    shares = {name: value / points for name, value in found.items()}
    exact = all(share * points == found[name] for name, share in shares.items())
    return tuple(Option(name, share) for name, share in shares.items()) if exact else ()
