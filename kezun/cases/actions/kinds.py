"""Writes to the texts of kinds: drafted by one person, approved by another, then kept for ever."""

from __future__ import annotations

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import kinds
from kezun.cases.messages import say_refusal
from kezun.cases.models import Kind
from kezun.cases.rules.reading import NotAKind, digest, read
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.standards import approval

LONGEST = 300_000


@action("cases.draft_kind", hidden=("text",))
def draft_kind(actor: Actor, *, text: str, note: str = "") -> Kind:
    """Keep a new draft; it may still have mistakes, but must say which kind and version it is."""
    return approval.draft(actor, Kind(note=note.strip()), text, _take)


@action("cases.save_kind", hidden=("text",))
def save_kind(actor: Actor, kind: Kind, *, text: str, seen: str = "") -> Kind:
    """Replace a draft's text. seen: the stamp of the text that the change was made from."""
    return approval.save(actor, kind, text, seen, _take)


@action("cases.propose_kind")
def propose_kind(actor: Actor, kind: Kind) -> Kind:
    """Send a draft without mistakes to a second person."""
    return approval.propose(actor, kind, _settle)


@action("cases.approve_kind")
def approve_kind(actor: Actor, kind: Kind, *, doc_no: str = "") -> Kind:
    """Publish what somebody else proposed. Cases that are open keep to the edition they were opened under."""
    cache.delete(kinds.NAMES)
    return approval.approve(actor, kind, doc_no, _settle)


@action("cases.refuse_kind")
def refuse_kind(actor: Actor, kind: Kind, *, reason: str) -> Kind:
    """Send a proposal back to its author with a reason."""
    return approval.send_back(kind, reason)


@action("cases.ask_kind_withdrawal")
def ask_kind_withdrawal(actor: Actor, kind: Kind, *, reason: str) -> Kind:
    """Ask that no more cases be opened under an edition; a second person carries that out."""
    return approval.ask_withdrawal(actor, kind, reason)


@action("cases.refuse_kind_withdrawal")
def refuse_kind_withdrawal(actor: Actor, kind: Kind, *, reason: str) -> Kind:
    """Let an edition hold on whose withdrawal was asked for; whoever asked takes it back by this too."""
    return approval.keep_in_force(kind, reason)


@action("cases.withdraw_kind")
def withdraw_kind(actor: Actor, kind: Kind, *, reason: str = "") -> Kind:
    """End an edition: a draft given up, with a reason, or one in force, as the second person."""
    return approval.withdraw(actor, kind, reason)


def _take(row: Kind, text: str) -> None:
    """Put a text into a row; what it says of itself is taken over as far as it can be read."""
    text = approval.plain(text)
    if len(text) > LONGEST:
        raise ValidationError(_("The text is longer than a kind can be."))
    row.text = text
    try:
        made = read(text, kinds.known_whole())
    except NotAKind as error:
        row.course = []
        approval.loose_head(row, say_refusal(error))
    else:
        kinds.head(row, made, digest(made))


def _settle(row: Kind) -> None:
    """The text without a mistake; ValidationError says them."""
    try:
        made = read(row.text, kinds.known_whole())
    except NotAKind as error:
        raise ValidationError(approval.some(say_refusal(error))) from error
    there = Kind.objects.published().filter(urn=made.id, version=made.version).exclude(pk=row.pk)
    if there.exists():
        raise ValidationError(
            _("%(urn)s %(version)s is published already: give this one a new version.")
            % {"urn": made.id, "version": made.version}
        )
    kinds.head(row, made, digest(made))
    row.save()
