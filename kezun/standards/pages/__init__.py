"""Pages of standards: the library, the handbook, drafts, comparing, sheets."""

from kezun.standards.pages import (
    comparing,
    correcting,
    decisions,
    drafts,
    filling,
    handbook,
    library,
    sheets,
    workbook,
)

__all__ = [
    "comparing",
    "correcting",
    "decisions",
    "drafts",
    "filling",
    "handbook",
    "library",
    "sheets",
    "workbook",
]
