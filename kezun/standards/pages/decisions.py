"""Decisions on an edition: send for approval, approve, send back, withdraw with a second person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezun.kernel.page import page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.standards import actions, queries
from kezun.standards.approval import E
from kezun.standards.models import Standard
from kezun.standards.pages.handbook import number
from kezun.standards.pages.library import DRAFT
from kezun.ui.telling import tell


def _approve(person: Person, edition: Standard, form: Any) -> str:
    done = actions.approve(person, edition, doc_no=form.get("doc_no", "")[:120])
    if done.touched:
        told = _("Published. %(n)d sheets were judged by another edition on its days; they keep their score.")
        return told % {"n": len(done.touched)}
    return _("Published.")


def _propose(person: Person, edition: Standard, form: Any) -> str:
    actions.propose(person, edition)
    return _("Sent; a second person has to approve it.")


def _refuse(person: Person, edition: Standard, form: Any) -> str:
    actions.refuse(person, edition, reason=form.get("reason", ""))
    return _("Sent back.")


def _withdraw(person: Person, edition: Standard, form: Any) -> str:
    actions.withdraw(person, edition, reason=form.get("reason", ""))
    return _("Withdrawn.")


def _ask(person: Person, edition: Standard, form: Any) -> str:
    actions.ask_withdrawal(person, edition, reason=form.get("reason", ""))
    return _("Asked; a second person has to carry it out.")


def _keep(person: Person, edition: Standard, form: Any) -> str:
    actions.refuse_withdrawal(person, edition, reason=form.get("reason", ""))
    return _("It stays in force.")


def carry_out(
    request: HttpRequest, words: Mapping[str, Callable[[Person, E, Any], str]], word: str, edition: E
) -> None:
    """Do what the word says, and say what was done or what stands in the way; 404 for a word that is none."""
    act = words.get(word)
    if act is None:
        raise Http404(word)
    try:
        messages.success(request, act(reader_of(request), edition, request.POST))
    except ValidationError as error:
        tell(request, error)


WORDS: dict[str, Callable[[Person, Standard, Any], str]] = {
    "approve": _approve,
    "ask": _ask,
    "keep": _keep,
    "propose": _propose,
    "refuse": _refuse,
    "withdraw": _withdraw,
}


@page("standards/<int:pk>/decide/<slug:word>/", name="standards.decide", needs=DRAFT)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Do what the word says; what stands in the way is told on the edition's page."""
    edition = queries.edition_by_id(reader_of(request), number(pk))
    carry_out(request, WORDS, word, edition)
    return redirect("standards.handbook", pk)
