"""Signs that figures were made rather than earned: found in the facts, kept as leads, decided by people.

`definitions` reads the catalog, `ratings` and `inspectors` count in the fact store, `finding` judges the
counts
and holds the false discovery rate over all of them.
"""
