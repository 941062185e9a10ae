"""Writes to the texts of schemes: drafted by one person, approved by another, then kept for ever."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.assessment.known import known, read_known
from kezun.assessment.messages import say_refusal
from kezun.assessment.models import Scheme
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.reading import NotAScheme, digest, read
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied
from kezun.org.models import Person
from kezun.standards import approval

LONGEST = 500_000


@action("assessment.draft_scheme", hidden=("text",))
def draft_scheme(actor: Actor, *, text: str, note: str = "") -> Scheme:
    """Keep a new draft; it may still have mistakes, but must say which scheme and version it is."""
    return approval.draft(actor, Scheme(note=note.strip()), text, _take)


@action("assessment.save_scheme", hidden=("text",))
def save_scheme(actor: Actor, scheme: Scheme, *, text: str, seen: str = "") -> Scheme:
    """Replace a draft's text. seen: the sha256 of the text that the change was made from, so that nobody
    writes over what a colleague saved meanwhile."""
    return approval.save(actor, scheme, text, seen, _take)


@action("assessment.propose_scheme")
def propose_scheme(actor: Actor, scheme: Scheme) -> Scheme:
    """Send a draft without mistakes to a second person."""
    return approval.propose(actor, scheme, _settle)


@action("assessment.approve_scheme")
def approve_scheme(actor: Actor, scheme: Scheme, *, doc_no: str = "") -> Scheme:
    """Publish what somebody else proposed: its text is kept from now on, and judges the days it holds.

    One that begins in the past needs the number of the decision. No stored run changes: who wants the past
    judged by it makes a restated run.
    """
    return approval.approve(actor, scheme, doc_no, _settle)


@action("assessment.refuse_scheme")
def refuse_scheme(actor: Actor, scheme: Scheme, *, reason: str) -> Scheme:
    """Send a proposal back to its author with a reason."""
    return approval.send_back(scheme, reason)


@action("assessment.ask_scheme_withdrawal")
def ask_scheme_withdrawal(actor: Actor, scheme: Scheme, *, reason: str) -> Scheme:
    """Ask that a published edition judge no more; it does until a second person carries that out."""
    return approval.ask_withdrawal(actor, scheme, reason)


@action("assessment.refuse_scheme_withdrawal")
def refuse_scheme_withdrawal(actor: Actor, scheme: Scheme, *, reason: str) -> Scheme:
    """Let an edition judge on whose withdrawal was asked for; whoever asked takes it back by this too."""
    return approval.keep_in_force(scheme, reason)


@action("assessment.withdraw_scheme")
def withdraw_scheme(actor: Actor, scheme: Scheme, *, reason: str = "") -> Scheme:
    """End an edition: a draft given up, with a reason, or one in force, as the second person."""
    return approval.withdraw(actor, scheme, reason)


@action("assessment.install_scheme", hidden=("text",))
def install_scheme(actor: Actor, *, text: str, origin: str) -> Scheme:
    """Publish a scheme that came with the product or a pack. One that is there already is left as it is.

    Raises Denied for a person: what people write is drafted by one and approved by another; ValidationError
    for another text under a version that is published: what has judged is not changed from outside.
    """
    if isinstance(actor, Person):
        raise Denied(
            _("A scheme comes with the product or a pack; draft yours, a second person approves it.")
        )
    if (there := _published(text)) is not None:
        return there
    made = read_known(text)
    if Scheme.objects.published().filter(urn=made.id, version=made.version).exists():
        raise ValidationError(
            _("%(urn)s %(version)s was published with another text: give this one a new version.")
            % {"urn": made.id, "version": made.version}
        )
    row = Scheme(origin=origin)
    _take(row, text)
    return approval.bring(row)


def _published(text: str) -> Scheme | None:
    """The published edition that says the same, if there is one: what it refers to was looked at then."""
    try:
        made = read(text)
    except NotAScheme:
        return None
    return Scheme.objects.published().filter(urn=made.id, version=made.version, sha256=digest(made)).first()


def _take(row: Scheme, text: str) -> None:
    """Put a text into a row; what it says of itself is taken over as far as it can be read."""
    text = approval.plain(text)
    if len(text) > LONGEST:
        raise ValidationError(_("The text is longer than a scheme can be."))
    row.text = text
    try:
        _head(row, read_known(text, known(editions=False)))
    except NotAScheme as error:
        approval.loose_head(row, say_refusal(error))
        row.subject = row.subject or Scheme.Subject.OUTLET


def _head(row: Scheme, made: Form) -> None:
    row.urn, row.version, row.title, row.title_en = made.id, made.version, made.title, made.title_en
    row.subject, row.supersedes, row.sha256 = made.of.kind, made.supersedes, digest(made)
    row.from_date, row.until_date, row.doc_no = made.start, made.end, made.doc_no


def _settle(row: Scheme) -> None:
    """The text without a mistake, alone and beside all editions there are; ValidationError says them."""
    try:
        made = read_known(row.text, known(but=row.pk))
    except NotAScheme as error:
        raise ValidationError(approval.some(say_refusal(error))) from error
    _head(row, made)
    row.save()
