"""How service is judged: schemes, runs that never change, scorecards, rankings, lists, appeals.

A run is a function of facts, rules and a moment of knowledge; the same inputs give the same bytes.
Owns the words: scheme, component, deduction, addition, round, run, score, scorecard, grade,
tier, star, red/black list, appeal.
"""
