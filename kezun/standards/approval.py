"""From draft to published: the moves that every edition makes, whether of a standard or of a scheme.

The functions here are called from within actions (they lock the row and check nothing of permissions). What
a text must hold is the business of the room whose text it is, which brings it as `take` and `settle`; what
two persons must do is the same for all.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor, Denied
from kezun.org.models import Person
from kezun.standards.editions import Edition
from kezun.standards.rules.nodes import NotAStandard, parse

E = TypeVar("E", bound=Edition)
ASKING = ("asked_by", "asked_at")
PROPOSED = ("state", "proposed_by", "proposed_at", "saved_at")
ASKED = (*ASKING, "note", "saved_at")
PUBLISHED = ("state", "approved_by", "published_at", "doc_no", "saved_at")
# What the form of a row has nothing to say about: its text has rules of its own, its moments come later.
UNSET = (
    *("text", "drafted_by", "proposed_by", "approved_by", "proposed_at", "published_at"),
    *(*ASKING, "withdrawn_by", "withdrawn_at"),
)
SHOWN = 50
ENDABLE = (Edition.State.DRAFT, Edition.State.PROPOSED, Edition.State.PUBLISHED)
# What a room knows of its texts: to put one into a row, and to see that it has no mistake.
Take = Callable[[E, str], None]
Settle = Callable[[E], None]


def person(actor: Actor) -> Person:
    """Whoever answers for a text is a person; Denied otherwise."""
    if not isinstance(actor, Person):
        raise Denied(_("A person has to answer for this; the system cannot."))
    return actor


def held(edition: E, *states: str) -> E:
    """The row as it is now, locked; ValidationError unless its state is one of `states`."""
    row: E = type(edition)._default_manager.select_for_update().get(pk=edition.pk)
    if row.state not in states:
        raise ValidationError(
            _("This is not possible any more: the edition is «%s».") % row.get_state_display()
        )
    return row


def next_revision(model: type[E], urn: str, version: str) -> int:
    """1 for a version that does not exist yet; one more than the last for a correction of it."""
    last = model._default_manager.filter(urn=urn, version=version).order_by("-revision").first()
    return 1 if last is None else last.revision + 1


def stamp(text: str) -> str:
    """The name of a text as it is: what a change to a draft was made from."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_seen(row: Edition, seen: str) -> None:
    """ValidationError where another text was saved since that of the stamp `seen` was read ("": not told)."""
    if seen and seen != stamp(row.text):
        raise ValidationError(
            _("Somebody saved this draft while you were writing: open it again and add your change.")
        )


def wrote(actor: Actor, row: E) -> E:
    """Note who wrote the text as it is now: whoever wrote last does not approve. The system is nobody."""
    if isinstance(actor, Person):
        row.drafted_by = actor
    return row


def plain(text: str) -> str:
    """A text as it is kept: lines end in one way, nothing that no database takes."""
    return text.replace("\r\n", "\n").replace("\x00", "")


def loose_head(row: Edition, told: Sequence[str]) -> None:
    """Of a text with mistakes: its name, version and title if they can be read, else those it had before.

    Raises ValidationError with the mistakes (`told`) where a draft would have no name.
    """
    try:
        fields = parse(row.text).fields or {}
    except NotAStandard:
        fields = {}
    said = {name: (node.text or "").strip() for name, node in fields.items() if node.text is not None}
    row.sha256 = stamp(row.text)
    row.urn, row.version = said.get("id", row.urn)[:120], said.get("version", row.version)[:20]
    row.title = said.get("title", row.title)[:200]
    if not (row.urn and row.version and row.title):
        raise ValidationError(some(told))
    row.from_date = row.from_date or timezone.localdate()


def some(told: Sequence[str]) -> list[str]:
    """The first of many mistakes, and how many more there are."""
    more = len(told) - SHOWN
    return [*told[:SHOWN], *([_("… and %(n)d more.") % {"n": more}] if more > 0 else [])]


def keep(row: E, before: tuple[str, str] | None = None) -> E:
    """Store a row whose text was taken in; under another name or version than `before` it is a revision of
    that one."""
    if before != (row.urn, row.version):
        row.revision = next_revision(type(row), row.urn, row.version)
    row.full_clean(exclude=UNSET)
    row.save()
    return row


def bring(row: E) -> E:
    """Publish what came with the product or a pack: no two persons stand behind it, its origin says so."""
    row.state, row.published_at = Edition.State.PUBLISHED, timezone.now()
    return keep(row)


def begins_in_the_past(edition: Edition, today: dt.date | None = None) -> bool:
    """Whether it would change what held on days that are over."""
    return edition.from_date < (today or timezone.localdate())


def draft(actor: Actor, row: E, text: str, take: Take[E]) -> E:
    """Keep a new draft; it may still have mistakes, but must say what it is and which version."""
    take(wrote(actor, row), text)
    return keep(row)


def save(actor: Actor, edition: E, text: str, seen: str, take: Take[E]) -> E:
    """Replace a draft's text. seen: the stamp of the text it was made from, so that nobody writes over what
    a colleague saved meanwhile."""
    row = held(edition, Edition.State.DRAFT)
    check_seen(row, seen)
    before = (row.urn, row.version)
    take(wrote(actor, row), text)
    return keep(row, before)


def propose(actor: Actor, edition: E, settle: Settle[E]) -> E:
    """Send a draft without mistakes to a second person."""
    row = held(edition, Edition.State.DRAFT)
    settle(row)
    row.state, row.proposed_by, row.proposed_at = Edition.State.PROPOSED, person(actor), timezone.now()
    row.save(update_fields=PROPOSED)
    return row


def approve(actor: Actor, edition: E, doc_no: str, settle: Settle[E]) -> E:
    """Publish as the second person what somebody else proposed; from now on the row keeps its text.

    Raises ValidationError for mistakes, for one's own proposal, and for a beginning in the past without a
    decision.
    """
    row = held(edition, Edition.State.PROPOSED)
    settle(row)
    who = person(actor)
    if who.pk in (row.proposed_by_id, row.drafted_by_id):
        raise ValidationError(_("You wrote or proposed it yourself: a second person has to approve it."))
    row.doc_no = doc_no.strip() or row.doc_no
    if begins_in_the_past(row) and not doc_no.strip():
        raise ValidationError(
            {"doc_no": _("It begins in the past: name the decision that orders this (its document number).")}
        )
    row.state, row.approved_by, row.published_at = Edition.State.PUBLISHED, who, timezone.now()
    row.save(update_fields=PUBLISHED)
    return row


def send_back(edition: E, reason: str) -> E:
    """Refuse a proposal with a reason; it is a draft again."""
    row = held(edition, Edition.State.PROPOSED)
    row.note = _said(reason)
    row.state, row.proposed_by, row.proposed_at = Edition.State.DRAFT, None, None
    row.save(update_fields=[*PROPOSED, "note"])
    return row


def ask_withdrawal(actor: Actor, edition: E, reason: str) -> E:
    """Ask that a published edition count no more; it counts until a second person carries it out."""
    row = held(edition, Edition.State.PUBLISHED)
    if row.ending:
        raise ValidationError(_("%(who)s asked for that already.") % {"who": row.asked_by})
    row.asked_by, row.asked_at, row.note = person(actor), timezone.now(), _said(reason)
    row.save(update_fields=ASKED)
    return row


def keep_in_force(edition: E, reason: str) -> E:
    """Let a published edition count on: its withdrawal is refused, or taken back by whoever asked."""
    row = held(edition, Edition.State.PUBLISHED)
    if not row.ending:
        raise ValidationError(_("Nobody asked that it be withdrawn."))
    row.asked_by, row.asked_at, row.note = None, None, _said(reason)
    row.save(update_fields=ASKED)
    return row


def withdraw(actor: Actor, edition: E, reason: str) -> E:
    """End an edition for good; what was published stays readable, and counts no more.

    A draft or proposal is given up by one person, with a reason. What was published ends when a second person
    carries out what another asked for; the reason is that of the first unless the second gives one.
    """
    row = held(edition, *ENDABLE)
    if row.published_at is not None:
        _check_second(actor, row)
        reason = reason.strip() or row.note
        row.withdrawn_by = person(actor)
    row.note, row.state, row.withdrawn_at = _said(reason), Edition.State.WITHDRAWN, timezone.now()
    row.save(update_fields=["note", "state", "withdrawn_at", "withdrawn_by", "saved_at"])
    return row


def _check_second(actor: Actor, row: Edition) -> None:
    who = person(actor)
    if not row.ending:
        raise ValidationError(
            _("It is published: ask for its withdrawal first, a second person then carries it out.")
        )
    if who.pk == row.asked_by_id:
        raise ValidationError(
            _("You asked for the withdrawal yourself: a second person has to carry it out.")
        )


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that others can follow it.")})
    return reason.strip()[:2000]
