"""What a page says after an action was refused."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest


def tell(request: HttpRequest, error: ValidationError) -> None:
    """Say everything that stood in the way, as messages of the next page."""
    for text in error.messages:
        messages.error(request, text)
