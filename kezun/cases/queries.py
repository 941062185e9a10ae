"""What pages and the API read of one case, for an actor; outside the scope there is nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import kinds, standing
from kezun.cases.doing import Doing
from kezun.cases.models import Case, CaseKey, Link, Party, Proof
from kezun.cases.payload import NUMBER
from kezun.cases.rules.kinds import Kind, Step
from kezun.kernel.actor import OutOfScope
from kezun.org.models import Person

# what only the platform or the customer does, or another verb brings with it
NOT_OFFERED = frozenset(("open", "escalate", "recompute", "join", "part", "rate"))
# steps with a place of their own on the page
BESIDE = frozenset(("unmask", "grant", "refuse"))
RELATED = (
    *("kind", "unit", "owner_unit", "pending_unit", "handler", "verifier", "checker", "opener", "line"),
    "owner_post",
)


def case_by_no(actor: Person, no: str) -> Case:
    """The case with this number, in scope; OutOfScope (404) where there is none."""
    found = NUMBER.fullmatch(no)
    row = None
    if found is not None and len(found[1]) <= 18:
        row = Case.objects.visible_to(actor).select_related(*RELATED).filter(pk=int(found[1])).first()
    if row is None or row.no != no.upper():
        raise OutOfScope(_("No case %(no)s in your scope.") % {"no": no[:20]})
    return row


# which step is offered first: what brings the case on, then what hands it on, what ends it early last
FORWARD = (
    *("take", "propose", "verify", "answer", "close", "check", "accept", "resume", "assign", "transfer"),
    *("wait", "send_back", "return", "reopen", "unmerge", "merge", "reject", "withdraw", "erase"),
)


@dataclass(frozen=True)
class Offer:
    """A step that is open to somebody now: `moves` says whether it changes the state."""

    verb: str
    step: Step

    @property
    def moves(self) -> bool:
        return bool(self.step.to)


def allowed_steps(actor: Person, case: Case, form: Kind, ground: standing.Ground) -> list[Offer]:
    """The steps that the engine would let this person do now, those first that bring the case on.

    Whatever the number of verbs it takes no more statements than `ground` does (4 at most).
    """
    found = []
    for verb in form.verbs(case.state):
        step = form.step(verb, case.state)
        doing = Doing(actor, case, form, verb, case.last_at, step=step, ground=ground)
        if step is not None and verb not in NOT_OFFERED and standing.may(actor, doing):
            found.append(Offer(verb, step))
    places = {verb: at for at, verb in enumerate(FORWARD)}
    return sorted(found, key=lambda offer: places.get(offer.verb, len(places)))


@dataclass(frozen=True)
class Tie:
    """A link as one of its cases says it. seen: whether the reader may open the other."""

    type: str
    name: str
    other: Case
    seen: bool


def ties_of(actor: Person, case: Case) -> list[Tie]:
    """The cases to which this one is linked, either way (2 statements)."""
    rows = Link.objects.filter(Q(source=case) | Q(target=case), ended_at__isnull=True)
    rows = rows.exclude(target=case, type=Link.Type.ROLL_OUT_OF)  # thousands: they have a page of their own
    links = list(rows.select_related("source", "target").order_by("at", "pk")[:100])
    others = [link.target if link.source_id == case.pk else link.source for link in links]
    seen = visible_among(actor, [one.pk for one in others])
    return [
        Tie(link.type, _tie_name(link, case), other, other.pk in seen)
        for link, other in zip(links, others, strict=True)
    ]


# a link as the case says it to which it leads
FROM_THERE = {
    Link.Type.PART_OF: lazy("Has as a part"),
    Link.Type.DUPLICATE_OF: lazy("Took in"),
    Link.Type.CAUSED_BY: lazy("Led to"),
    Link.Type.RECTIFIES: lazy("Corrected in"),
    Link.Type.REVIEW_OF: lazy("Reviewed in"),
    Link.Type.FOLLOW_UP_OF: lazy("Followed up in"),
    Link.Type.RECURRENCE_OF: lazy("Happened again in"),
    Link.Type.ROLL_OUT_OF: lazy("Rolled out in"),
}


def _tie_name(link: Link, case: Case) -> str:
    """What a link is called, read from this case towards the other."""
    return str(link.get_type_display() if link.source_id == case.pk else FROM_THERE[Link.Type(link.type)])


def remarked(case: Case) -> bool:
    """Whether the customer wrote something with the rating that can still be opened."""
    if case.satisfaction is None:
        return False
    erased = CaseKey.objects.filter(case=case, erased_at__isnull=False)
    return case.sealed_texts.filter(~Exists(erased), name="rated").exists()


def visible_among(actor: Person, keys: Collection[int]) -> set[int]:
    """Which of these cases the actor may see; no statement for none."""
    if not keys:
        return set()
    return set(Case.objects.visible_to(actor).filter(pk__in=keys).values_list("pk", flat=True))


def proof_of(case: Case, number: int) -> Proof | None:
    """A file of the case."""
    return Proof.objects.select_related("file").filter(case=case, pk=number).first()


def parties_of(case: Case) -> list[Party]:
    """Who has a part in it today, staff with their names."""
    rows = case.parties.filter(ended_at__isnull=True).select_related("person").order_by("at", "pk")
    return list(rows)


def form_of(case: Case) -> Kind:
    """What the edition of its kind says under which it was opened."""
    return kinds.form_of(case.kind)
