"""Fair statistics: pure functions on numbers, without a word about banks, tables or pages.

Small samples, near-perfect rates and unequal volumes make raw rates and raw orders unfair; here stand the
methods that are fair, each with its source and its published result as a test. Which is used where:
docs/statistics.md. Owns the words: interval, shrinkage, posterior, rank, tier, funnel, agreement, case mix,
flag. scipy and statsmodels are loaded at the first call, not at the start: a web process that never computes
never pays.
"""
