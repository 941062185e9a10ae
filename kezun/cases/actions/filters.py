"""Filters that people keep, and lists that leave the house."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases.models import SavedFilter
from kezun.kernel.action import action
from kezun.kernel.actor import OutOfScope
from kezun.org.models import Person

MOST = 50


@action("cases.save_filter", hidden=("title",))
def save_filter(actor: Person, *, title: str, query: str) -> SavedFilter:
    """Keep a choice of cases under a name of one's own; the same name again replaces it."""
    title = " ".join(title.split())
    if not title:
        raise ValidationError({"title": _("Give the filter a name.")})
    if len(title) > 60:
        raise ValidationError({"title": _("A name has at most %(most)d characters.") % {"most": 60}})
    own = SavedFilter.objects.visible_to(actor)
    if own.exclude(title=title).count() >= MOST:
        raise ValidationError(_("You have %(n)d filters: drop one before you keep another.") % {"n": MOST})
    return SavedFilter.objects.update_or_create(person=actor, title=title, defaults={"query": query[:600]})[0]


@action("cases.drop_filter")
def drop_filter(actor: Person, kept: SavedFilter) -> None:
    """Drop one's own filter."""
    if kept.person_id != actor.pk:
        raise OutOfScope(_("No such filter of yours."))
    SavedFilter.objects.filter(pk=kept.pk).delete()


@action("cases.export")
def export(actor: Person, *, query: str, rows: int) -> int:
    """Record that a list of cases left the house as a file: by which filter, how many.

    Called when the file is ready and before it is handed out, so nothing leaves unrecorded.
    """
    return rows
