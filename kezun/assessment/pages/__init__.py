"""The pages of the assessment, by subject."""

from kezun.assessment.pages import leads, ledger

__all__ = ["leads", "ledger"]
