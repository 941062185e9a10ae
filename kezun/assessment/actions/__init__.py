"""Every write of the assessment: schemes, runs, replays, rounds, leads, ledger, appeals, honours."""

from kezun.assessment.actions import appeals, honours, leads, ledger, replays, rounds, runs, schemes

__all__ = ["appeals", "honours", "leads", "ledger", "replays", "rounds", "runs", "schemes"]
