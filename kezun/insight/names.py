"""Words for what indicators are made of: kinds, owners, the sides of a number."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.org.scope import roles


def kinds() -> list[tuple[str, str]]:
    """Kinds of indicators with their names."""
    return [
        ("count", _("Count")),
        ("distinct", _("Number of different")),
        ("ratio", _("Share")),
        ("coverage", _("Coverage")),
        ("mean", _("Mean")),
        ("rate", _("Rate per exposure")),
        ("quantile", _("Quantile")),
        ("distribution", _("Distribution")),
        ("nps", _("Net promoter score")),
        ("formula", _("Worked out from others")),
    ]


def kind_text(kind: str) -> str:
    """The name of a kind."""
    return dict(kinds()).get(kind, kind)


def owner_text(owner: str) -> str:
    """The name of the role that owns an indicator."""
    role = roles().get(owner)
    if role is None:
        return owner
    return role.name_en if (get_language() or "").startswith("en") else role.name


def part_text(part: str) -> str:
    """The two sides of a number, as tabs."""
    return {"numerator": _("Numerator"), "denominator": _("Denominator")}[part]
