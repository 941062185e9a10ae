"""The pages of the assessment, by subject."""

from kezun.assessment.pages import appeals, honours, leads, ledger, scorecards

__all__ = ["appeals", "honours", "leads", "ledger", "scorecards"]
