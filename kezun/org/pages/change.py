"""A change is a form that leads to an action: shown, checked, done, or sent back with what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from kezun.kernel.action import ACTIONS
from kezun.kernel.actor import Denied, require
from kezun.org.command import refusal
from kezun.org.forms import ActorForm
from kezun.org.reader import reader_of


@dataclass(frozen=True)
class Change:
    """What can be changed: the action's name, a title, its form, what the form shows first, what is done."""

    action: str
    title: str | Promise
    form: type[ActorForm]
    do: Callable[..., Any]
    initial: Callable[[Any], dict[str, Any]] = field(default=lambda subject: {})
    danger: bool = False

    @property
    def sudo(self) -> bool:
        """Whether rights must be raised first."""
        return ACTIONS[self.action].sudo


def allowed(request: HttpRequest, changes: Mapping[str, Change], subject: object) -> list[dict[str, Any]]:
    """The changes that who asks may make to the subject, for buttons: word, title, danger."""
    person = reader_of(request)
    reach: dict[bool, bool] = {}
    shown = []
    for word, change in changes.items():
        if person.may(change.action):
            whole = person.scope.whole_bank(change.action)
            if whole or reach.setdefault(whole, person.covers(change.action, subject)):
                shown.append({"word": word, "title": change.title, "danger": change.danger})
    return shown


def serve(
    request: HttpRequest,
    changes: Mapping[str, Change],
    word: str,
    subject: Any,
    back: str,
    done: Callable[[HttpRequest, Any], HttpResponse | None] = lambda request, result: None,
) -> HttpResponse:
    """Show the form of a change or carry it out, then go back; first raise rights where that is needed."""
    if word not in changes:
        raise Http404(word)
    person = reader_of(request)
    change = changes[word]
    require(person, change.action, subject)
    if change.sudo and not person.raised:
        return redirect(f"{reverse('org.raise')}?{urlencode({'next': request.get_full_path()})}")
    given = request.POST if request.method == "POST" else None
    form = change.form(given, actor=person, initial=change.initial(subject))
    if request.method == "POST" and form.is_valid():
        result, good = attempt(form, lambda: change.do(person, subject, **form.cleaned_data))
        if good:
            messages.success(request, _("Done: %(what)s.") % {"what": change.title})
            return done(request, result) or redirect(back)
    context = {"form": form, "change": change, "subject": subject, "back": back}
    return render(request, "org/change.html", context, status=200 if request.method == "GET" else 422)


def attempt(form: ActorForm, do: Callable[[], Any]) -> tuple[Any, bool]:
    """Run an action; what it finds wrong is put on the form. Returns (result, whether it was done)."""
    try:
        return do(), True
    except ValidationError as error:
        given = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
        for name, faults in given.items():
            form.add_error(name if name in form.fields else None, faults)
        return None, False
    except Denied as error:
        form.add_error(None, refusal(error))
        return None, False


def safe_next(request: HttpRequest, default: str) -> str:
    """Where to go on: the page asked for, where it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if ours else default
