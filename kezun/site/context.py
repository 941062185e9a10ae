"""What every page's frame needs: the menu, the product's version, the language switch."""

from __future__ import annotations

from django.http import HttpRequest

import kezun
from kezun.kernel.page import menu_for


def shell(request: HttpRequest) -> dict[str, object]:
    """Context of `ui/base.html`: `menu` (open to this person), `version`."""
    person = getattr(request, "user", None)
    open_to = menu_for(person) if person is not None and person.is_authenticated else []
    return {"menu": open_to, "version": kezun.__version__}
