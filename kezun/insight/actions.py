"""Writes of insight: saved views, and taking the rows behind a number out of the house."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.insight.models import LONGEST_ADDRESS, SavedView
from kezun.insight.rules import own_address
from kezun.kernel.action import action
from kezun.kernel.actor import OutOfScope
from kezun.org.models import Person, Unit

MOST_VIEWS = 200


def _named(person: Person, title: str, but: SavedView | None = None) -> str:
    title = " ".join(title.split())
    if not title:
        raise ValidationError({"title": _("Give the view a name.")})
    if len(title) > 80:
        raise ValidationError({"title": _("A name has at most 80 characters.")})
    taken = SavedView.objects.visible_to(person).filter(title=title)
    if (taken.exclude(pk=but.pk) if but else taken).exists():
        raise ValidationError({"title": _("You have a view of this name already: choose another.")})
    return title


def _own(person: Person, view: SavedView) -> None:
    """A wide scope opens units and people, not what another person saved."""
    if view.person_id != person.pk:
        raise OutOfScope(_("No such view of yours."))


@action("insight.save_view", hidden=("title",))
def save_view(actor: Person, *, title: str, address: str) -> SavedView:
    """Keep an address of this installation under a name of one's own."""
    if not own_address(address) or len(address) > LONGEST_ADDRESS:
        raise ValidationError({"address": _("Only pages of this installation can be saved.")})
    if SavedView.objects.visible_to(actor).count() >= MOST_VIEWS:
        raise ValidationError(
            _("You have %(n)s saved views: delete one before you save another.") % {"n": MOST_VIEWS}
        )
    return SavedView.objects.create(person=actor, title=_named(actor, title), address=address)


@action("insight.rename_view", target="view", hidden=("title",))
def rename_view(actor: Person, view: SavedView, *, title: str) -> SavedView:
    """Give one's own saved view another name."""
    _own(actor, view)
    view.title = _named(actor, title, view)
    view.save(update_fields=["title"])
    return view


@action("insight.delete_view", target="view")
def delete_view(actor: Person, view: SavedView) -> None:
    """Delete one's own saved view; the page it leads to stays."""
    _own(actor, view)
    SavedView.objects.filter(pk=view.pk).delete()


@action("insight.export_rows", target="subject")
def export_rows(
    actor: Person, subject: Unit | Person, *, indicator: str, period: str, part: str, rows: int
) -> int:
    """Record that the facts behind a number of a unit or a person left the house as a file.

    Called when the file is ready and before it is handed out, so nothing leaves unrecorded.
    """
    return rows
