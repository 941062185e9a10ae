"""Rules of cases: what a kind says, how events make a case, how clocks run. Pure; no framework."""
