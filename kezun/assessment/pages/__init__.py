"""The pages of the assessment, by subject."""

from kezun.assessment.pages import (
    appeals,
    bridge,
    drafts,
    honours,
    leads,
    ledger,
    round_parts,
    rounds,
    schemes,
    scorecards,
)

__all__ = [
    "appeals",
    "bridge",
    "drafts",
    "honours",
    "leads",
    "ledger",
    "round_parts",
    "rounds",
    "schemes",
    "scorecards",
]
