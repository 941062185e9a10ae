"""What a customer sees of their case: plain words, days, the reply; nobody's name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import catalogs, kinds
from kezun.cases.models import Case, Clock, Link

STATE = Case.State
WORDS = {
    STATE.REGISTERED: gettext_lazy("We have it and will contact you."),
    STATE.ACCEPTED: gettext_lazy("We have taken it on."),
    STATE.ASSIGNED: gettext_lazy("It was handed to the unit that will handle it."),
    STATE.WORKING: gettext_lazy("We are looking into it."),
    STATE.WAITING: gettext_lazy("We are waiting for something that was still lacking."),
    STATE.PROPOSED: gettext_lazy("A result is being checked by a second person."),
    STATE.VERIFIED: gettext_lazy("The result is settled; you will have our answer shortly."),
    STATE.ANSWERED: gettext_lazy("We have answered."),
    STATE.CLOSED: gettext_lazy("It is closed."),
    STATE.CHECKED: gettext_lazy("It is closed, and we checked that the remedy worked."),
    STATE.REJECTED: gettext_lazy("We did not take it on; we have told you why."),
    STATE.WITHDRAWN: gettext_lazy("You took it back; it has ended."),
    STATE.MERGED: gettext_lazy("It is handled together with another complaint; you will have an answer."),
}
STAGES = (
    (gettext_lazy("Taken in"), ()),
    (gettext_lazy("In work"), (STATE.ACCEPTED, STATE.ASSIGNED, STATE.WORKING, STATE.WAITING)),
    (gettext_lazy("Checked"), (STATE.PROPOSED, STATE.VERIFIED)),
    (gettext_lazy("Answer given"), (STATE.ANSWERED, STATE.CLOSED, STATE.CHECKED)),
)
REPLY = ("decision", "reasons", "basis", "onward")
ANSWERED = (STATE.ANSWERED, STATE.CLOSED, STATE.CHECKED)


@dataclass(frozen=True)
class Followed:
    """The case as its customer sees it. stage: how many of the stages are reached, 0 where it ended early."""

    case: Case
    words: str
    stage: int
    reply: tuple[tuple[str, str], ...]
    may_add: bool
    may_withdraw: bool
    may_rate: bool
    may_review: bool
    reviews: tuple[Case, ...]
    answer_by: Clock | None = None

    @property
    def stages(self) -> list[tuple[str, bool]]:
        """The stages in words, and whether each is reached."""
        return [(str(name), at < self.stage) for at, (name, _states) in enumerate(STAGES)]


def followed(case: Case) -> Followed:
    """What the page of a receipt shows."""
    state = STATE(case.state)
    stage = max((at for at, (_name, held) in enumerate(STAGES, 1) if state in held), default=1)
    if state in (STATE.REJECTED, STATE.WITHDRAWN, STATE.MERGED):
        stage = 0
    reviews = tuple(
        link.source
        for link in Link.objects.filter(target=case, type=Link.Type.REVIEW_OF).select_related("source")
    )
    answered = state in ANSWERED
    return Followed(
        case=case,
        words=str(WORDS[state]),
        stage=stage,
        reply=reply_of(case) if answered else (),
        may_add=case.open and not answered,
        may_withdraw=case.open and not answered,
        may_rate=answered and case.satisfaction is None,
        may_review=answered and in_time(case) and not any(review.open for review in reviews),
        reviews=reviews,
        answer_by=None if answered or not case.open else answer_by(case),
    )


def answer_by(case: Case) -> Clock | None:
    """The deadline of the answer, not that of the first contact; the earliest where there are several."""
    uses = kinds.form_of(case.kind).clocks
    wanted = [use.policy for use in uses if "answer" in use.stops and "contact" not in use.stops]
    return case.clocks.filter(policy__in=wanted, state="running").order_by("due_at").first()


def in_time(case: Case) -> bool:
    """Whether a review may still be asked for."""
    days = dt.timedelta(days=int(catalogs.numbers("complaints")["review_days"]) + 1)
    return case.answered_at is not None and case.answered_at + days >= timezone.now()


def reply_of(case: Case) -> tuple[tuple[str, str], ...]:
    """The parts of the reply with their names."""
    names = {
        "decision": _("Our decision"),
        "reasons": _("Our reasons"),
        "basis": _("Basis"),
        "onward": _("Further ways"),
    }
    return tuple((names[id], str(case.data[id])) for id in REPLY if case.data.get(id))
