"""Every write of the assessment, by subject: schemes and runs, rounds, leads, ledger, appeals, honours."""

from kezun.assessment.actions import appeals, honours, leads, ledger, rounds, runs, schemes

__all__ = ["appeals", "honours", "leads", "ledger", "rounds", "runs", "schemes"]
