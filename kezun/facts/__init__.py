"""What happened in service, and what it measures: fact types, import, store, indicators, answers.

Facts are immutable rows in Parquet files listed by a manifest in the database; a snapshot id resolves to a
list of files. Owns the words: fact, fact type, profile, batch, snapshot, indicator, question, answer, period.
"""
