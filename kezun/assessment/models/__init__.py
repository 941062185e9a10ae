"""Tables of the assessment."""

from kezun.assessment.models.runs import Round, Run, RunQuerySet, Score, ScoreQuerySet
from kezun.assessment.models.schemes import Scheme

__all__ = ["Round", "Run", "RunQuerySet", "Scheme", "Score", "ScoreQuerySet"]
