"""What every page's frame needs: the menu, which pages are open, the product's version."""

from __future__ import annotations

from django.http import HttpRequest

import kezun
from kezun.kernel.page import PAGES, menu_for, short_menu


def shell(request: HttpRequest) -> dict[str, object]:
    """Context of `ui/base.html`: `menu`, `short`, `opens` (pages this person may open), `version`."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return {"menu": [], "short": [], "opens": frozenset(), "version": kezun.__version__}
    opens = frozenset(p.name for p in PAGES.values() if p.needs is None or person.may(p.needs))
    menu = menu_for(person)
    return {"menu": menu, "short": short_menu(menu), "opens": opens, "version": kezun.__version__}
