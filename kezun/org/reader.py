"""Who reads: the person behind a request, typed once for all pages and operations."""

from __future__ import annotations

from django.http import HttpRequest

from kezun.kernel.actor import Denied
from kezun.org.models import Person


def reader_of(request: HttpRequest) -> Person:
    """The signed-in person of a request; raises Denied (403) where nobody is signed in.

    Pages are shown to signed-in people alone (`LoginRequiredMiddleware`), and an operation sets its token's
    person, so a refusal here means that a public page asked for a reader.
    """
    person = request.user
    if not isinstance(person, Person):
        raise Denied("nobody is signed in")
    return person
