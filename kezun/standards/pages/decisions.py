"""Decisions on an edition: send for approval, approve, send back, withdraw with a second person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
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

Word = Callable[[Person, E, Any], str]


def _approve(person: Person, edition: Standard, form: Any) -> str:
    done = actions.approve(person, edition, doc_no=form.get("doc_no", "")[:120])
    if done.touched:
        told = _("Published. %(n)d sheets were judged by another edition on its days; they keep their score.")
        return told % {"n": len(done.touched)}
    return _("Published.")


def words(
    approve: Word[E],
    *,
    propose: Callable[..., object],
    refuse: Callable[..., object],
    ask: Callable[..., object],
    keep: Callable[..., object],
    withdraw: Callable[..., object],
) -> Mapping[str, Word[E]]:
    """The six words of a decision, each with its action; only what an approval tells differs by room."""

    def sent(person: Person, edition: E, _form: Any) -> str:
        propose(person, edition)
        return _("Sent; a second person has to approve it.")

    def reasoned(act: Callable[..., object], told: str) -> Word[E]:
        def said(person: Person, edition: E, form: Any) -> str:
            act(person, edition, reason=form.get("reason", ""))
            return _(told)

        return said

    return {
        "approve": approve,
        "ask": reasoned(ask, gettext_noop("Asked; a second person has to carry it out.")),
        "keep": reasoned(keep, gettext_noop("It stays in force.")),
        "propose": sent,
        "refuse": reasoned(refuse, gettext_noop("Sent back.")),
        "withdraw": reasoned(withdraw, gettext_noop("Withdrawn.")),
    }


def carry_out(request: HttpRequest, known: Mapping[str, Word[E]], word: str, edition: E) -> None:
    """Do what the word says, and say what was done or what stands in the way; 404 for a word that is none."""
    act = known.get(word)
    if act is None:
        raise Http404(word)
    try:
        messages.success(request, act(reader_of(request), edition, request.POST))
    except ValidationError as error:
        tell(request, error)


WORDS = words(
    _approve,
    propose=actions.propose,
    refuse=actions.refuse,
    ask=actions.ask_withdrawal,
    keep=actions.refuse_withdrawal,
    withdraw=actions.withdraw,
)


@page("standards/<int:pk>/decide/<slug:word>/", name="standards.decide", needs=DRAFT)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Do what the word says; what stands in the way is told on the edition's page."""
    edition = queries.edition_by_id(reader_of(request), number(pk))
    carry_out(request, WORDS, word, edition)
    return redirect("standards.handbook", pk)
