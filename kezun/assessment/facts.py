"""The assessment's own facts: events that add or deduct, each with who answers for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezun.facts.types import Column, FactType, fact_type

RESPONSIBILITIES = ("pending", "responsible", "shared", "none")

MERIT = fact_type(
    FactType(
        name="merit",
        title=_("Merit or fault"),
        about=_(
            "Something that adds to a score or takes from it: a complaint, an exposure, praise, an honour."
        ),
        counted="void is None or not void",
        columns=(
            Column("kind", "text", _("Kind"), required=True),
            Column("level", "text", _("Level")),
            Column("responsibility", "text", _("Responsibility"), required=True, choices=RESPONSIBILITIES),
            Column("incident", "text", _("Incident")),
            Column("subject_line", "text", _("Business line")),
            Column("note", "text", _("Note"), privacy="C1"),
            Column("void", "flag", _("Void")),
        ),
    )
)
