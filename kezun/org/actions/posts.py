"""Writes to the bank's own posts and business lines: added, renamed, closed after a last day, opened again.

Codes stay for ever, since assignments and facts refer to them; so does a post's role: who wants another role
opens another post, and everybody in it is assigned anew, by name and with a trace.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import FOREVER, Assignment, BusinessLine, Post
from kezun.org.scope import roles

Row = TypeVar("Row", Post, BusinessLine)
NAMED = 5  # how many of those in the way a refusal names


@action("org.add_post")
def add_post(actor: Actor, *, code: str, name: str, role: str, name_en: str = "") -> Post:
    """Add a post that carries a role of the catalog; nothing outside the catalog can be granted."""
    if role not in roles():
        text = _("There is no role %(role)s; choose one of %(roles)s.")
        raise ValidationError({"role": text % {"role": role, "roles": ", ".join(roles())}})
    post = Post(code=code, name=name, name_en=name_en, role=role)
    post.full_clean()
    post.save()
    return post


@action("org.rename_post", target="post")
def rename_post(actor: Actor, post: Post, *, name: str, name_en: str = "") -> Post:
    """Give a post another name; its code and its role stay."""
    return _rename(post, name, name_en)


@action("org.close_post", target="post")
def close_post(actor: Actor, post: Post, *, last_day: dt.date) -> Post:
    """Close a post after its last day; refused while anybody stands in it for longer."""
    _nobody_after(Assignment.objects.filter(post=post, to_date__gt=last_day))
    return _close(post, last_day)


@action("org.reopen_post", target="post")
def reopen_post(actor: Actor, post: Post) -> Post:
    """Open a closed post again: it can be given from now on."""
    return _close(post, FOREVER)


@action("org.open_line")
def open_line(
    actor: Actor, *, code: str, name: str, name_en: str = "", parent: BusinessLine | None = None
) -> BusinessLine:
    """Add a business line, below another where one is given."""
    if parent is not None and parent.closed_date < FOREVER:
        raise ValidationError({"parent": _("The line above is closed; choose an open one.")})
    line = BusinessLine(code=code, name=name, name_en=name_en, parent=parent)
    line.full_clean()
    line.save()
    return line


@action("org.rename_line", target="line")
def rename_line(actor: Actor, line: BusinessLine, *, name: str, name_en: str = "") -> BusinessLine:
    """Give a business line another name; its code stays."""
    return _rename(line, name, name_en)


@action("org.close_line", target="line")
def close_line(actor: Actor, line: BusinessLine, *, last_day: dt.date) -> BusinessLine:
    """Close a business line after its last day; refused while lines below or assignments last longer."""
    below = line.below.filter(closed_date__gt=last_day).order_by("code")
    if codes := list(below.values_list("code", flat=True)[:NAMED]):
        text = _("Lines below are still open: %(codes)s. Close them first.")
        raise ValidationError({"last_day": text % {"codes": ", ".join(codes)}})
    _nobody_after(Assignment.objects.filter(line=line, to_date__gt=last_day))
    return _close(line, last_day)


@action("org.reopen_line", target="line")
def reopen_line(actor: Actor, line: BusinessLine) -> BusinessLine:
    """Open a closed business line again, below a line that is open."""
    if line.parent is not None and line.parent.closed_date < FOREVER:
        raise ValidationError(_("The line above is closed; open that one first."))
    return _close(line, FOREVER)


def _rename(row: Row, name: str, name_en: str) -> Row:
    row.name, row.name_en = name, name_en
    row.full_clean()
    row.save(update_fields=["name", "name_en"])
    return row


def _nobody_after(longer: models.QuerySet[Assignment]) -> None:
    """Refuse where assignments outlast the last day; staff numbers name whose they are."""
    numbers = longer.order_by("person__code").values_list("person__code", flat=True).distinct()
    if many := numbers.count():
        text = _("Assignments last longer, of %(many)s people (%(codes)s). End or change them first.")
        raise ValidationError({"last_day": text % {"many": many, "codes": ", ".join(numbers[:NAMED])}})


def _close(row: Row, last_day: dt.date) -> Row:
    row.closed_date = last_day
    row.save(update_fields=["closed_date"])
    return row
