"""How the number of a case stands in addresses; other words at its place lead to other pages."""

from __future__ import annotations

from django.urls import register_converter


class CaseNumber:
    """`C26-000123`."""

    regex = r"[Cc]\d\d-\d{6,18}"

    def to_python(self, value: str) -> str:
        return value.upper()

    def to_url(self, value: str) -> str:
        return str(value)


def register() -> None:
    """Make `<caseno:no>` known, before any address is made."""
    register_converter(CaseNumber, "caseno")
