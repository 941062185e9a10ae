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


def interval_name(kind: str) -> str:
    """The 95 % interval of a kind, with the method by which it is made; empty for kinds that have none."""
    return {
        "ratio": _("95 % interval (Wilson)"),
        "coverage": _("95 % interval (Wilson)"),
        "mean": _("95 % interval (Student's t)"),
        "rate": _("95 % interval (exact Poisson)"),
        "quantile": _("95 % interval (by ranks, free of any distribution)"),
        "nps": _("95 % interval (by its standard error)"),
    }.get(kind, "")


def no_interval(kind: str) -> str:
    """Why a number of a kind that may have an interval has none; empty for kinds that have none."""
    return {
        "mean": _("none: it takes two values or more that differ"),
        "rate": _("none: only counted events have one"),
        "quantile": _("none: too few facts for both ends, or so many that it would not be seen"),
        "nps": _("none: all answers are of one sort"),
    }.get(kind, "")


def owner_text(owner: str) -> str:
    """The name of the role that owns an indicator."""
    role = roles().get(owner)
    if role is None:
        return owner
    return role.name_en if (get_language() or "").startswith("en") else role.name


def part_text(part: str) -> str:
    """The two sides of a number, as tabs."""
    return {"numerator": _("Numerator"), "denominator": _("Denominator")}[part]
