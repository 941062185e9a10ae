"""One's own account: language, sessions, tokens, raised rights. Password and second factors are allauth's."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from kezun.kernel.page import page
from kezun.org import actions, forms
from kezun.org.pages.change import attempt, safe_next
from kezun.org.reader import reader_of


@page("me/", name="org.me")
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """Who I am here, where I am signed in, which tokens act for me."""
    person = reader_of(request)
    form = forms.IssueToken(request.POST or None, actor=person)
    if request.method == "POST" and form.is_valid():
        secret, good = attempt(form, lambda: actions.issue_token(person, person, **form.cleaned_data))
        if good:
            return render(request, "org/secret.html", {"secret": secret})
    context = {
        "person": person,
        "held": person.assignments.filter(to_date__gte=timezone.localdate()).select_related(
            "post", "unit", "line"
        ),
        "sessions": person.sessions.order_by("-seen_at"),
        "this_session": request.session.session_key,
        "tokens": person.tokens.order_by("-created_at")[:50],
        "now": timezone.now(),
        "form": form,
        "languages": settings.LANGUAGES,
        "may_raise": person.may("org.raise_rights"),
    }
    return render(request, "org/me.html", context, status=422 if request.method == "POST" else 200)


@page("me/<slug:word>/<int:pk>/end/", name="org.me_end")
@require_POST
def end(request: HttpRequest, word: str, pk: int) -> HttpResponse:
    """End a session or revoke a token of one's own."""
    person = reader_of(request)
    if word == "session" and (session := person.sessions.filter(pk=pk).first()):
        actions.end_session(person, session)
        messages.success(request, _("The session has ended."))
    elif word == "token" and (token := person.tokens.filter(pk=pk).first()):
        actions.revoke_token(person, token)
        messages.success(request, _("The token is revoked."))
    else:
        raise Http404(word)
    return redirect("org.me")


@page("me/language/", name="org.me_language")
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the language with the account, and use it at once."""
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        raise Http404(wanted)
    actions.edit_own(reader_of(request), language=wanted)
    answer = redirect("org.me")
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, wanted, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.SECURE
    )
    translation.activate(wanted)
    return answer


@page("me/raise/", name="org.raise", needs="org.raise_rights")
@never_cache
def raise_rights(request: HttpRequest) -> HttpResponse:
    """Raise one's rights for a quarter of an hour, with a reason and the password again."""
    person = reader_of(request)
    form = forms.Raise(request.POST or None, actor=person)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        known = authenticate(request, username=person.username, password=given["password"])
        if known is None or known.pk != person.pk:
            form.add_error("password", _("The password is wrong."))
        else:
            until, good = attempt(form, lambda: actions.raise_rights(person, reason=given["reason"]))
            if good:
                request.session["raised"] = until.timestamp()
                return redirect(safe_next(request, "/"))
    context = {"form": form, "next": safe_next(request, "/")}
    return render(request, "org/raise.html", context, status=422 if request.method == "POST" else 200)


@page("me/lower/", name="org.lower", needs="org.lower_rights")
@require_POST
def lower_rights(request: HttpRequest) -> HttpResponse:
    """Give raised rights back."""
    actions.lower_rights(reader_of(request))
    request.session.pop("raised", None)
    return redirect(safe_next(request, "/"))
