"""The bank's own posts and business lines: who stands in them, and the changes to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezun.kernel.page import page
from kezun.org import actions, forms, queries
from kezun.org.models import FOREVER, BusinessLine, Post
from kezun.org.pages.change import Change, allowed, serve
from kezun.org.reader import reader_of
from kezun.org.scope import roles
from kezun.ui.components import Crumb

READ = "org.read"


def _named(row: Post | BusinessLine) -> dict[str, Any]:
    return {"name": row.name, "name_en": row.name_en}


def _add_post(actor: Any, nothing: None, **given: Any) -> Post:
    return actions.add_post(actor, **given)


def _open_line(actor: Any, nothing: None, **given: Any) -> BusinessLine:
    return actions.open_line(actor, **given)


NEW = {
    "post": Change("org.add_post", _("Add a post"), forms.AddPost, _add_post),
    "line": Change("org.open_line", _("Add a business line"), forms.OpenLine, _open_line),
}
POST_CHANGES = {
    "rename": Change("org.rename_post", _("Rename"), forms.Rename, actions.rename_post, _named),
    "close": Change(
        "org.close_post", pgettext_lazy("post", "Close"), forms.LastDay, actions.close_post, danger=True
    ),
    "reopen": Change("org.reopen_post", _("Open again"), forms.Nothing, actions.reopen_post),
}
LINE_CHANGES = {
    "rename": Change("org.rename_line", _("Rename"), forms.Rename, actions.rename_line, _named),
    "close": Change(
        "org.close_line", pgettext_lazy("post", "Close"), forms.LastDay, actions.close_line, danger=True
    ),
    "reopen": Change("org.reopen_line", _("Open again"), forms.Nothing, actions.reopen_line),
}


def _row(
    request: HttpRequest, changes: dict[str, Change], row: Post | BusinessLine, held: int, today: dt.date
) -> dict[str, Any]:
    """A row of a table: the record, how many hold it, whether it is closed, what may be changed."""
    hidden = "close" if row.closed_date < FOREVER else "reopen"
    may = [change for change in allowed(request, changes, row) if change["word"] != hidden]
    return {"of": row, "held": held, "closed": row.closed_date < today, "changes": may}


@page("org/posts/", name="org.posts", needs=READ)
def posts(request: HttpRequest) -> HttpResponse:
    """All posts with their roles, all business lines below one another, and how many hold them in scope."""
    person, today, catalog = reader_of(request), timezone.localdate(), roles()
    shown = [
        _row(request, POST_CHANGES, post, held, today) | {"role": catalog.get(post.role)}
        for post, held in queries.posts_held(person, READ)
    ]
    lines = [
        _row(request, LINE_CHANGES, line, held, today) | {"depth": range(depth)}
        for line, depth, held in queries.lines_held(person, READ)
    ]
    return render(
        request,
        "org/posts.html",
        {
            "crumbs": [Crumb(str(_("Organisation")), reverse("org.tree")), Crumb(str(_("Posts and lines")))],
            "posts": shown,
            "lines": lines,
            "forever": FOREVER,
            "new": {word: person.may(change.action) for word, change in NEW.items()},
        },
    )


@page("org/posts/add/", name="org.post_new", needs="org.add_post")
def post_new(request: HttpRequest) -> HttpResponse:
    """The form of a new post."""
    return serve(request, NEW, "post", None, reverse("org.posts"))


@page("org/lines/add/", name="org.line_new", needs="org.open_line")
def line_new(request: HttpRequest) -> HttpResponse:
    """The form of a new business line."""
    return serve(request, NEW, "line", None, reverse("org.posts"))


@page("org/posts/<int:pk>/<slug:word>/", name="org.post_change", needs="org.rename_post")
def post_change(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """The form of one change to a post."""
    subject = queries.post_by_pk(reader_of(request), pk, "org.rename_post")
    return serve(request, POST_CHANGES, word, subject, reverse("org.posts"))


@page("org/lines/<int:pk>/<slug:word>/", name="org.line_change", needs="org.rename_line")
def line_change(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """The form of one change to a business line."""
    subject = queries.line_by_pk(reader_of(request), pk, "org.rename_line")
    return serve(request, LINE_CHANGES, word, subject, reverse("org.posts"))
