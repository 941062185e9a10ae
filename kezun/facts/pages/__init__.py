"""Pages of facts: the import desk with its batches, and the assistant that proposes a profile."""

from kezun.facts.pages import assistant, desk

__all__ = ["assistant", "desk"]
