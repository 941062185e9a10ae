"""Documents that prove an entry or an appeal: taken in with a form, given out as downloads."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from kezun.kernel.file import keep, open_file
from kezun.kernel.models import StoredFile
from kezun.org.models import Person

KINDS = ("pdf", "jpeg", "png")
DOCUMENTS = ".pdf,.jpg,.jpeg,.png"


def uploaded(request: HttpRequest, person: Person) -> StoredFile | None:
    """The document sent with a form as `file`, kept; None where none was. Raises ValidationError."""
    file = request.FILES.get("file")
    return keep(person, file, file.name or "", allow=KINDS) if file else None


def download(file: StoredFile) -> HttpResponse:
    """A kept file to be saved, never shown in the page's origin."""
    with open_file(file.sha256) as stream:
        answer = HttpResponse(stream.read(), content_type="application/octet-stream")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return answer
