"""Documents that prove an entry or an appeal, as downloads."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpResponse

from kezun.kernel.file import open_file
from kezun.kernel.models import StoredFile


def download(file: StoredFile) -> HttpResponse:
    """A kept file to be saved, never shown in the page's origin."""
    with open_file(file.sha256) as stream:
        answer = HttpResponse(stream.read(), content_type="application/octet-stream")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return answer
