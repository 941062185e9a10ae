"""Measurements: each prints a ratio against a named baseline measured in the same run; none fails for time.

`./dev bench` runs all at 1 M and 10 M facts, `./dev bench NAME --rows 100M` one of them at a size of choice.
"""
