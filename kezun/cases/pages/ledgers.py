"""Papers and ledgers: what a bank prints, sends round and files."""

from __future__ import annotations

import datetime as dt

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from kezun.cases import kinds, ledgers
from kezun.cases.models.cases import READ
from kezun.cases.papers import decision_of, paper, title_of
from kezun.cases.queries import case_by_no
from kezun.cases.showing import staff
from kezun.cases.terms import terms as terms_of
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of
from kezun.ui.attachment import PDF, XLSX, attachment

PER_PAGE = 40
FIRST = "correction"
STATES: dict[str, bool | None] = {"": None, "open": True, "ended": False}


@page("papers/<str:no>/", name="cases.paper", needs=READ)
def case_paper(request: HttpRequest, no: str) -> HttpResponse:
    """The paper of a case as PDF, for whoever may read the case; people outside stay masked."""
    case = case_by_no(reader_of(request), no)
    name = f"{title_of(case, kinds.form_of(case.kind))}-{case.no}.pdf"
    return attachment(paper(case), name, PDF)


@page("ledgers/", name="cases.ledger", needs=READ, menu=Menu("handle", 7, gettext_lazy("Ledgers"), "table"))
def ledger(request: HttpRequest) -> HttpResponse:
    """All cases of a kind in a year or between two days, as a table."""
    actor, wanted = reader_of(request), wanted_of(request)
    kind = kinds.form_of(kinds.kind_now(wanted.code))
    shown = Paginator(ledgers.cases_of(actor, wanted), PER_PAGE).get_page(request.GET.get("page"))
    cases = list(shown.object_list)
    terms = terms_of(cases, timezone.now())
    context = {
        "title": _("Ledger: %(kind)s") % {"kind": kinds.title_of(kind)},
        "rows": [(case, terms[case.pk], ledgers.verdict_of(case)) for case in cases],
        "page": shown,
        "wanted": wanted,
        "last": wanted.until - dt.timedelta(days=1),
        "state": request.GET.get("state", ""),
        "states": (("", _("all")), ("open", _("still open")), ("ended", _("ended"))),
        "kinds": [(code, kinds.title_of(form)) for code, form in kinds.forms_now().items()],
        "query": request.GET.urlencode(),
        "may_decide": actor.may(ledgers.DECIDE),
    }
    return render(request, "cases/ledger.html", context)


@page("ledgers/file/", name="cases.ledger_file", needs=READ)
def ledger_file(request: HttpRequest) -> HttpResponse:
    """The same as Excel."""
    wanted = wanted_of(request)
    content = ledgers.ledger(reader_of(request), wanted)
    kind = kinds.title_of(kinds.form_of(kinds.kind_now(wanted.code)))
    name = pgettext("name of a file", "Ledger of %(kind)s") % {"kind": kind}
    return attachment(content, f"{name}-{wanted.first}-{wanted.until - dt.timedelta(days=1)}.xlsx", XLSX)


def wanted_of(request: HttpRequest) -> ledgers.Wanted:
    """What the address asks for; the present year, the kind that most ledgers are of."""
    code = request.GET.get("kind") or FIRST
    if code not in kinds.kinds_now():
        raise Http404(code)
    year = timezone.localdate().year
    first = _day(request.GET.get("from", ""), dt.date(year, 1, 1))
    last = _day(request.GET.get("until", ""), dt.date(year, 12, 31))
    until = max(last, first) + dt.timedelta(days=1)
    state = STATES.get(request.GET.get("state", ""))
    return ledgers.Wanted(code, first, until, state, request.GET.get("unit", "")[:40])


def _day(text: str, otherwise: dt.date) -> dt.date:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if 1900 < found.year < 9000 else otherwise


@page("accountability/", name="cases.accountability", needs=ledgers.DECIDE)
def accountability(request: HttpRequest) -> HttpResponse:
    """Who was held accountable for what, by whose decision."""
    shown = Paginator(ledgers.answers_for(reader_of(request)), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Accountability"),
        "rows": [(row, staff(row.data.get("person", "")), decision_of(row)) for row in shown.object_list],
        "page": shown,
        "crumbs": [{"title": _("Ledgers"), "href": reverse("cases.ledger")}, {"title": _("Accountability")}],
    }
    return render(request, "cases/accountability.html", context)


@page("accountability/file/", name="cases.accountability_file", needs=ledgers.DECIDE)
def accountability_file(request: HttpRequest) -> HttpResponse:
    """The same as Excel."""
    name = pgettext("name of a file", "Accountability")
    return attachment(ledgers.accountability(reader_of(request)), f"{name}.xlsx", XLSX)
