"""What a customer sees of their case: plain words, days, the reply; nobody's name."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import catalogs, kinds, remarks, showing
from kezun.cases.models import Case, Clock, Link
from kezun.cases.rules.kinds import Field

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
REPLY = ("decision", "reasons", "basis", "onward")  # what no reply may lack
SHOWN = ("decision", "remedy", "paid", "reasons", "basis", "onward")
ANSWERED = (STATE.ANSWERED, STATE.CLOSED, STATE.CHECKED)


@dataclass(frozen=True)
class Reviewed:
    """A review as the customer sees it: until when it is answered, then its answer."""

    case: Case
    reply: tuple[tuple[str, str], ...]
    answer_by: Clock | None


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
    reviews: tuple[Reviewed, ...]
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
    links = Link.objects.filter(target=case, type=Link.Type.REVIEW_OF).select_related("source__kind")
    reviews = tuple(_reviewed(link.source) for link in links.order_by("pk"))
    answered = state in ANSWERED
    return Followed(
        case=case,
        words=str(WORDS[state]),
        stage=stage,
        reply=reply_of(case) if answered else _notice(case) if state == STATE.REJECTED else (),
        may_add=case.open and not answered,
        may_withdraw=case.open and not answered,
        may_rate=answered and case.satisfaction is None,
        may_review=answered and in_time(case) and not any(review.case.open for review in reviews),
        reviews=reviews,
        answer_by=None if answered or not case.open else answer_by(case),
    )


def _reviewed(case: Case) -> Reviewed:
    if case.state in ANSWERED:
        return Reviewed(case, reply_of(case), None)
    return Reviewed(case, (), answer_by(case) if case.open else None)


def answering(case: Case) -> list[str]:
    """The policies of the deadlines that an answer meets, and a first contact does not."""
    uses = kinds.form_of(case.kind).clocks
    return [use.policy for use in uses if "answer" in use.stops and "contact" not in use.stops]


def answer_by(case: Case) -> Clock | None:
    """The deadline of the answer, not that of the first contact; the earliest where there are several."""
    return case.clocks.filter(policy__in=answering(case), state="running").order_by("due_at").first()


def in_time(case: Case) -> bool:
    """Whether a review may still be asked for."""
    days = dt.timedelta(days=int(catalogs.numbers("complaints")["review_days"]) + 1)
    return case.answered_at is not None and case.answered_at + days >= timezone.now()


def reviewing(case: Case) -> bool:
    """Whether a review of it is under way."""
    return Link.objects.filter(target=case, type=Link.Type.REVIEW_OF, source__open=True).exists()


def reply_of(case: Case) -> tuple[tuple[str, str], ...]:
    """The parts of the reply with their names: what was written, what was decided and done, and why."""
    names = {
        "decision": _("Our decision"),
        "remedy": _("What we did"),
        "paid": _("What we paid"),
        "reasons": _("Our reasons"),
        "basis": _("Basis"),
        "onward": _("Further ways"),
    }
    found = [(names[field.id], showing.value(field, case.data[field.id])) for field in _shown(case)]
    written = _said(case, "answer", "reply")
    return ((_("Our answer"), written), *found) if written else tuple(found)


def _shown(case: Case) -> Iterator[Field]:
    form = kinds.form_of(case.kind)
    for id in SHOWN:
        field = form.field(id)
        if field is not None and case.data.get(id) not in (None, ""):
            yield field


def _notice(case: Case) -> tuple[tuple[str, str], ...]:
    """What whoever brought it was told when it was not taken on."""
    told = _said(case, "reject", "notice")
    return ((_("Why we did not take it on"), told),) if told else ()


def _said(case: Case, verb: str, name: str) -> str:
    """What was said last with a verb."""
    body = case.events.filter(verb=verb).order_by("-seq").values_list("body", flat=True).first()
    return remarks.text(json.loads(body)["said"].get(name)) if body else ""
