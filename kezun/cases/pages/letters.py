"""Papers of a complaint handed out as PDF: the reply letter, the sheet of registration and handling."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from kezun.cases import letters, queries
from kezun.cases.actions.writing import write_letter
from kezun.cases.models import READ
from kezun.kernel.file import open_file
from kezun.kernel.page import page
from kezun.org.reader import reader_of
from kezun.ui.attachment import PDF, attachment
from kezun.ui.telling import tell


@page("complaints/<str:no>/letter/", name="cases.letter", needs="cases.write_letter")
@require_POST
def letter(request: HttpRequest, no: str) -> HttpResponse:
    """Write the reply letter with the name in the clear; kept with the case, the opening recorded."""
    actor = reader_of(request)
    case = queries.case_by_no(actor, no)
    try:
        file = write_letter(actor, case)
    except ValidationError as error:
        tell(request, error)
        return redirect(f"/cases/{case.no}/")
    with open_file(file.sha256) as stream:
        name = pgettext("name of a file", "Reply letter")
        return attachment(stream.read(), f"{case.no}-{name}.pdf", PDF)


@page("complaints/<str:no>/sheet.pdf", name="cases.complaint_sheet", needs=READ)
def sheet(request: HttpRequest, no: str) -> HttpResponse:
    """The sheet of registration and handling, people masked."""
    case = queries.case_by_no(reader_of(request), no)
    name = pgettext("name of a file", "Complaint")
    return attachment(letters.sheet(case), f"{case.no}-{name}.pdf", PDF)
