"""Tables of the assessment."""

from kezun.assessment.models.appeals import Appeal, AppealFile
from kezun.assessment.models.honours import Audience, Award, Listing
from kezun.assessment.models.leads import Lead
from kezun.assessment.models.ledger import Merit, MeritFile
from kezun.assessment.models.pins import Pin
from kezun.assessment.models.replays import Replay
from kezun.assessment.models.runs import Round, Run, RunQuerySet, Score, ScoreQuerySet
from kezun.assessment.models.schemes import Scheme

__all__ = [
    "Appeal",
    "AppealFile",
    "Audience",
    "Award",
    "Lead",
    "Listing",
    "Merit",
    "MeritFile",
    "Pin",
    "Replay",
    "Round",
    "Run",
    "RunQuerySet",
    "Scheme",
    "Score",
    "ScoreQuerySet",
]
