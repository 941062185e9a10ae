"""Where auditors and operators look: trail viewer and verification, health, tasks, access matrix.

Owns the words: verification, access matrix.
"""
