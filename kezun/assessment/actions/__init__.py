"""Every write of the assessment, by subject: schemes and runs, leads, ledger, appeals, honours."""

from kezun.assessment.actions import honours, leads, ledger, runs, schemes

__all__ = ["honours", "leads", "ledger", "runs", "schemes"]
