"""What the text of an edition says."""

from __future__ import annotations

from functools import lru_cache

from kezun.assessment.models import Scheme
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.reading import read


def scheme_of(scheme: Scheme) -> Form:
    """What an edition says; NotAScheme for a draft that cannot be read."""
    return form_of(scheme.text)


@lru_cache(maxsize=64)
def form_of(text: str) -> Form:
    """What a text says, read once; references are not checked. NotAScheme where it cannot be read."""
    return read(text)
