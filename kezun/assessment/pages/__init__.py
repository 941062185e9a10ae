"""The pages of the assessment, by subject."""

from kezun.assessment.pages import (
    appeals,
    bridge,
    compare,
    drafts,
    funnel,
    honours,
    leads,
    ledger,
    ranking,
    round_parts,
    rounds,
    runs,
    schemes,
    scorecards,
    what_if,
)

__all__ = [
    "appeals",
    "bridge",
    "compare",
    "drafts",
    "funnel",
    "honours",
    "leads",
    "ledger",
    "ranking",
    "round_parts",
    "rounds",
    "runs",
    "schemes",
    "scorecards",
    "what_if",
]
