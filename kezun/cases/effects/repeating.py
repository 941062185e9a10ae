"""Is it the same again? The matter's fingerprint, the customer who comes back, many customers at once.

Loaded after `people`, whose effect on the same verb finds the customer's mark.
"""

from __future__ import annotations

from kezun.cases import likeness
from kezun.cases.doing import Doing, effect
from kezun.cases.models import Case, Link
from kezun.cases.rules.likeness import fingerprint
from kezun.kernel.rows import insert

COMPLAINT = "complaint"


@effect("open")
def fingerprinted(doing: Doing) -> None:
    """What makes the matter the same as another, as the kind says; a part is no matter of its own."""
    if doing.part:
        return
    values = {**doing.fields, "unit": doing.case.unit_id, "code": doing.case.code}
    doing.case.fingerprint = fingerprint(values, doing.kind.fingerprint)


@effect("open")
def seen_before(doing: Doing) -> None:
    """A repeat complaint is counted, the same matter linked, a group proposed: nobody has to look for it."""
    case = doing.case
    if case.code != COMPLAINT or doing.part:
        return
    found = likeness.like(case.fingerprint, case.mark, case.received_at, but=case.pk)
    if found.again:
        doing.sets["repeat"] = len(found.again)
        doing.told["repeat_of"] = [one.pk for one in found.again[: likeness.most()]]
    if found.same:
        before = found.same[0].pk
        insert(Link(source=case, target_id=before, type=Link.Type.RECURRENCE_OF, at=doing.at))
        doing.told["recurrence_of"] = before
    if found.group is not None:
        group = found.group
        doing.told["group"] = {"cases": list(group.cases), "people": group.people, "hours": group.hours}


@effect("amend")
@effect("grant")
def fingerprinted_anew(doing: Doing) -> None:
    """Another classification is another matter."""
    if not doing.case.fingerprint and _is_part(doing.case):
        return
    values = {**doing.data(), **doing.fields, "unit": doing.case.unit_id, "code": doing.case.code}
    doing.case.fingerprint = fingerprint(values, doing.kind.fingerprint)


def _is_part(case: Case) -> bool:
    return Link.objects.filter(source=case, type=Link.Type.PART_OF, ended_at__isnull=True).exists()
