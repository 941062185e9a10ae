"""Writes to the texts of standards: drafted by one person, approved by another, then kept for ever."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied
from kezun.org.models import Person
from kezun.standards import approval, queries, rules
from kezun.standards.messages import say_refusal
from kezun.standards.models import Sheet, Standard

LONGEST = 2_000_000
State = Standard.State


@dataclass(frozen=True)
class Approved:
    """What an approval did: the edition, and the sheets that another edition judged on days it now holds."""

    edition: Standard
    touched: tuple[int, ...]


@action("standards.draft", hidden=("text",))
def draft(actor: Actor, *, text: str, note: str = "") -> Standard:
    """Keep a new draft; it may still have mistakes, but must say which standard and version it is."""
    return approval.draft(actor, Standard(note=note.strip()), text, _take)


@action("standards.save_draft", hidden=("text",))
def save_draft(actor: Actor, edition: Standard, *, text: str, seen: str = "") -> Standard:
    """Replace a draft's text. seen: `approval.stamp` of the text it was made from, so that nobody
    writes over what a colleague saved meanwhile."""
    return approval.save(actor, edition, text, seen, _take)


@action("standards.propose")
def propose(actor: Actor, edition: Standard) -> Standard:
    """Send a draft without mistakes to a second person."""
    return approval.propose(actor, edition, _settle)


@action("standards.approve")
def approve(actor: Actor, edition: Standard, *, doc_no: str = "") -> Approved:
    """Publish what somebody else proposed: from now on its text is kept, and it counts on its days.

    Validity that overlaps another edition's is refused unless it supersedes that one. One that begins in the
    past needs the number of the decision (`doc_no`); nothing is judged anew, the sheets it touches are named.
    """
    row = approval.approve(actor, edition, doc_no, _settle)
    return Approved(row, tuple(queries.impact(row).values_list("pk", flat=True)))


@action("standards.refuse")
def refuse(actor: Actor, edition: Standard, *, reason: str) -> Standard:
    """Send a proposal back to its author with a reason."""
    return approval.send_back(edition, reason)


@action("standards.ask_withdrawal")
def ask_withdrawal(actor: Actor, edition: Standard, *, reason: str) -> Standard:
    """Ask that a published edition count no more; it counts until a second person carries it out."""
    _check_free(approval.held(edition, State.PUBLISHED))
    return approval.ask_withdrawal(actor, edition, reason)


@action("standards.refuse_withdrawal")
def refuse_withdrawal(actor: Actor, edition: Standard, *, reason: str) -> Standard:
    """Let an edition count on whose withdrawal was asked for; whoever asked takes it back by this too."""
    return approval.keep_in_force(edition, reason)


@action("standards.withdraw")
def withdraw(actor: Actor, edition: Standard, *, reason: str = "") -> Standard:
    """End an edition: a draft given up, with a reason, or one in force, as the second person.

    What was judged by it stays as it is.
    """
    _check_free(approval.held(edition, *approval.ENDABLE))
    return approval.withdraw(actor, edition, reason)


def _check_free(row: Standard) -> None:
    """ValidationError where sheets are being filled from an edition, or overlays lie over it."""
    if row.published_at and Sheet.objects.filter(standard=row, state=Sheet.State.DRAFT).exists():
        raise ValidationError(_("Sheets are being filled from it: let them be submitted or given up first."))
    if row.published_at and (overlays := queries.laid_over(row)):
        told = {"overlays": ", ".join(map(str, overlays))}
        raise ValidationError(_("Overlays lie over it: withdraw %(overlays)s first.") % told)


@action("standards.install", hidden=("text",))
def install(actor: Actor, *, text: str, origin: str) -> Standard:
    """Publish a standard that came with the product or a pack. One that is there already is left as it is.

    Raises Denied for a person: what people write is drafted by one and approved by another; NotAStandard; and
    ValidationError for a version that was published with other content: nothing that
    has judged is changed from outside; what shall change comes as a new version.
    """
    if isinstance(actor, Person):
        raise Denied(
            _("A standard comes with the product or a pack; draft yours, a second person approves it.")
        )
    made = queries.read_against_known(text)
    settled = Standard.objects.filter(urn=made.id, version=made.version, published_at__isnull=False)
    sha256 = rules.digest(made)
    there = settled.filter(sha256=sha256, withdrawn_at__isnull=True).first()
    if there is not None:
        return there
    if (other := settled.exclude(sha256=sha256).first()) is not None:
        raise ValidationError(
            _("%(edition)s was published here with other content: give the text a new version.")
            % {"edition": other}
        )
    row = Standard(origin=origin)
    _take(row, text)
    return approval.bring(row)


def _take(row: Standard, text: str) -> None:
    """Put a text into a row; what it says of itself is taken over as far as it can be read."""
    text = approval.plain(text)
    if len(text) > LONGEST:
        raise ValidationError(_("The text is longer than a standard can be."))
    row.text = text
    try:
        made = rules.read(text)
    except rules.NotAStandard as error:
        approval.loose_head(row, say_refusal(error))
        return
    row.urn, row.version, row.title, row.title_en = made.id, made.version, made.title, made.title_en
    row.kind, row.supersedes = made.kind, made.supersedes
    row.from_date, row.until_date = made.valid.start, made.valid.end
    row.sha256 = rules.digest(made)


def _settle(row: Standard) -> None:
    """The text without a mistake, alone and beside all editions there are; ValidationError says them."""
    try:
        made = queries.read_against_known(row.text)
    except rules.NotAStandard as error:
        raise ValidationError(approval.some(say_refusal(error))) from error
    if made.valid.start < dt.date(2000, 1, 1):
        raise ValidationError(_("It begins before the year 2000: correct «valid: from»."))
    row.sha256 = rules.digest(made)
    row.save(update_fields=["sha256"])
