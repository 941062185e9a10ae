"""Every write of the assessment, by subject: schemes and runs, leads, ledger, appeals, honours."""
