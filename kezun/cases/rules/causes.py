"""Whether a root cause explains anything: blaming a person alone does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

BLAMED = "people_conduct"


def only_blames(text: str, words: Sequence[str], rest: int) -> bool:
    """Whether the text says little more than that somebody was careless.

    words: phrases that blame; rest: so many letters besides them count as an explanation.
    """
    plain = re.sub(r"[\W_]+", "", text).lower()
    found = sorted((re.sub(r"[\W_]+", "", word).lower() for word in words), key=len, reverse=True)
    left = plain
    for word in found:
        left = left.replace(word, "")
    return left != plain and len(left) < rest


def lacking(values: Mapping[str, object], words: Sequence[str], rest: int) -> tuple[str, ...]:
    """What a finding with fault still owes: `cause`, `system_cause`, `system_reason`; nothing without fault.

    A cause in a person's conduct, or in words of blame, is a cause only once somebody has judged, with a
    reason, whether a rule, a procedure or a system let it happen.
    """
    if values.get("fault") not in ("whole", "part"):
        return ()
    cause, kind = str(values.get("cause") or ""), str(values.get("cause_code") or "")
    found = [name for name, value in (("cause", cause), ("cause_code", kind)) if not value]
    if kind == BLAMED or only_blames(cause, words, rest):
        reason = str(values.get("system_reason") or "")
        if values.get("system_cause") not in ("present", "absent"):
            found.append("system_cause")
        if not reason or only_blames(reason, words, rest):
            found.append("system_reason")
    return tuple(found)
