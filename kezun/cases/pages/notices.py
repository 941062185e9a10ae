"""Notifications: what one should know of cases, and how mails about it should come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from kezun.cases.actions.notices import mark_notice, mark_notices, prefer
from kezun.cases.models import Notice, Preference
from kezun.cases.notices import preference_of, text_of
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

AT_ONCE = 50
READ = "cases.mark_notice"


def _time(label: _StrPromise) -> forms.TimeField:
    shown = forms.TimeInput(attrs={"type": "time", "class": "form-control"}, format="%H:%M")
    return forms.TimeField(label=label, widget=shown)


class PreferenceForm(forms.Form):
    """How mails should come."""

    mail = forms.ChoiceField(
        label=gettext_lazy("Mails"),
        choices=Preference.Mail.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    quiet_from = _time(gettext_lazy("No mails from"))
    quiet_until = _time(gettext_lazy("until"))
    digest_at = _time(gettext_lazy("The day's mail at"))


def _held(preference: Preference) -> dict[str, object]:
    return {name: getattr(preference, name) for name in PreferenceForm.base_fields}


@page(
    "notices/",
    name="cases.notices",
    needs=READ,
    menu=Menu("handle", 2, gettext_lazy("Notifications"), "bell"),
)
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """One's own notices, the newest first; unread ones stand out."""
    return _show(request, PreferenceForm(initial=_held(preference_of(reader_of(request)))))


def _show(request: HttpRequest, form: PreferenceForm, status: int = 200) -> HttpResponse:
    person = reader_of(request)
    found = Notice.objects.filter(person=person).select_related("case").order_by("-at", "-pk")
    held = Paginator(found, AT_ONCE).get_page(request.GET.get("page"))
    context = {
        "title": _("Notifications"),
        "held": held,
        "lines": [(notice, text_of(notice)) for notice in held],
        "unread": found.filter(read_at__isnull=True).count(),
        "form": form,
    }
    return render(request, "cases/notices.html", context, status=status)


@page("notices/<int:pk>/read/", name="cases.mark_notice", needs="cases.mark_notice")
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notice as read and go to its case."""
    person = reader_of(request)
    notice = mark_notice(person, get_object_or_404(Notice, pk=pk, person=person))
    return redirect(f"/cases/{notice.data['no']}/" if notice.case_id else "cases.notices")


@page("notices/read/", name="cases.mark_notices", needs="cases.mark_notices")
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all as read."""
    count = mark_notices(reader_of(request))
    said = ngettext("%(n)d notice marked as read.", "%(n)d notices marked as read.", count)
    messages.success(request, said % {"n": count})
    return redirect("cases.notices")


@page("notices/preferences/", name="cases.prefer", needs="cases.prefer")
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep how mails should come."""
    person = reader_of(request)
    form = PreferenceForm(request.POST)
    if not form.is_valid():
        return _show(request, form, 422)
    prefer(person, **form.cleaned_data)
    messages.success(request, _("Kept."))
    return redirect("cases.notices")
