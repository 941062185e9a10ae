"""`cases.<verb>` for each verb, and `cases.open`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import engine, kinds
from kezun.cases.models import Case
from kezun.cases.rules.verbs import VERBS
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import Unit

ABOUT = {
    "accept": "Take a case on as one for the bank to handle.",
    "reject": "Do not take a case on: with the reason, and the notice given to whoever brought it.",
    "grade": "Give a case another severity: as its kind's table says or graver; a milder one is asked for.",
    "assign": "Hand a case to a unit, post or person; the sender owns it until it is taken.",
    "take": "Take a case: from now on one handles it.",
    "return": "Send a case back to where it came from; the second time it climbs.",
    "transfer": "Hand a case that is in work over to another unit.",
    "wait": "Wait for somebody: internal clocks in working minutes pause, all others run on.",
    "resume": "Go on after waiting.",
    "supplement": "Note that what was lacking has been brought: clocks that say so begin anew.",
    "contact": "Note that whoever brought the case was contacted.",
    "note": "Write something into the history.",
    "amend": "Put a title or a field right, with the reason.",
    "attach": "Add photos and documents.",
    "party": "Add people: an agent, heirs, representatives, members of staff who are named.",
    "meet": "Keep the minutes of a meeting on a hard case.",
    "propose": "Propose the result; a second person verifies it.",
    "verify": "Verify the result as the second person.",
    "send_back": "Send a proposed result back to work.",
    "answer": "Give the answer to whoever brought the case.",
    "rate": "Say how one was served in this case: asked of the customer, never of the handler.",
    "close": "Close a case for good, once it was verified and answered.",
    "reopen": "Open a closed case again, with the reason.",
    "check": "Say whether the remedy worked.",
    "withdraw": "End a case because whoever brought it takes it back.",
    "merge": "Merge a case into another of the same kind; the earlier deadline holds.",
    "unmerge": "Take a merged case out again.",
    "join": "Note that another case was merged into this one or is a part of it.",
    "part": "Note that another case was taken out of this one.",
    "link": "Link a case to another.",
    "roll_out": "Have all peer units look whether they have the same.",
    "ask": "Ask for an exception: an extension, a milder grade, a closing without effect.",
    "grant": "Grant what was asked, as another than the one who asked.",
    "refuse": "Refuse what was asked.",
    "escalate": "Tell the next level, because a clock has run so far.",
    "recompute": "Work deadlines out again, because a calendar was changed or became official.",
    "unmask": "See personal data of a case, with the reason.",
    "erase": "Destroy the key of a case's personal data.",
}
ACTS: dict[str, Callable[..., Case]] = {}


def _declare(verb: str) -> None:
    def act(
        actor: Actor, case: Case, given: Mapping[str, Any] | None = None, *, at: dt.datetime | None = None
    ) -> Case:
        return engine.apply(case, verb, actor, given, at=at)

    act.__doc__, act.__name__ = ABOUT[verb], f"do_{verb}"
    ACTS[verb] = globals()[act.__name__] = action(f"cases.{verb}", hidden=("given",))(act)


for _verb in VERBS:
    if _verb != "open":
        _declare(_verb)


@action("cases.open", hidden=("given",))
def open_case(
    actor: Actor, kind: str, unit: Unit, given: Mapping[str, Any], *, at: dt.datetime | None = None
) -> Case:
    """Register a case of the kind `kind` about a unit; whoever registers it owns it until it is taken."""
    return engine.open_case(actor, kinds.kind_now(kind), unit, given, at=at)


def do(actor: Actor, case: Case, verb: str, given: Mapping[str, Any] | None = None, **more: Any) -> Case:
    """Do any verb by its name. Raises ValidationError for one that does not exist."""
    if verb not in ACTS:
        raise ValidationError(_("There is no such step: %(verb)s.") % {"verb": verb[:40]})
    return ACTS[verb](actor, case, given or {}, **more)
