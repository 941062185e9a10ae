"""The facts that a submitted sheet becomes: the inspection as a whole, and each of its answers.

Points are kept as whole ten-thousandths (`_e4`), so that sums stay exact. On a scale of demerits what is
earned is what was possible without what was lost; a sheet on which nothing applied has no score.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezun.facts.types import Column, FactType, fact_type

E4 = 10_000
_OF = (
    Column("standard", "text", _("Standard"), required=True),
    Column("version", "text", _("Version"), required=True),
    Column("method", "text", _("Method"), required=True),
    Column("inspector", "text", _("Inspector"), privacy="C1"),
)

INSPECTION = fact_type(
    FactType(
        name="inspection",
        title=_("Inspection"),
        about=_("One checklist filled at a unit, with its points and how long it took."),
        counted="not void",
        columns=(
            *_OF,
            Column("announced", "flag", _("Announced")),
            Column("earned_e4", "integer", _("Points earned × 10,000"), required=True),
            Column("possible_e4", "integer", _("Points possible × 10,000"), required=True),
            Column("score_e4", "integer", _("Score × 10,000")),
            Column("asked", "integer", _("Criteria asked"), required=True, low=0),
            Column("conforming", "integer", _("Criteria met in full"), required=True, low=0),
            Column("na", "integer", _("Criteria not applicable"), required=True, low=0),
            Column("failed", "integer", _("Criteria not met"), required=True, low=0),
            Column("veto", "flag", _("Veto")),
            Column("grade_cap", "text", _("Grade capped at")),
            Column("seconds", "seconds", _("Time taken"), low=0),
            Column("void", "flag", _("Void")),
        ),
    )
)

ANSWER = fact_type(
    FactType(
        name="answer",
        title=_("Answer"),
        about=_("One criterion of one inspection: what was found, points earned and possible."),
        counted="not void and not na",
        columns=(
            *_OF,
            Column("inspection_id", "text", _("Inspection"), required=True),
            Column("criterion", "text", _("Criterion"), required=True),
            Column("module", "text", _("Module"), required=True),
            Column("outcome", "text", _("Outcome")),
            Column("earned_e4", "integer", _("Points earned × 10,000"), required=True),
            Column("possible_e4", "integer", _("Points possible × 10,000"), required=True),
            Column("conforming", "flag", _("Met in full")),
            Column("na", "flag", _("Not applicable"), required=True),
            Column("severity", "text", _("Severity")),
            Column("void", "flag", _("Void")),
        ),
    )
)
