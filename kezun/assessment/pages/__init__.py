"""The pages of the assessment, by subject."""

from kezun.assessment.pages import leads

__all__ = ["leads"]
