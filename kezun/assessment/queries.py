"""What pages, the API and the command line ask of schemes and runs: scorecards, rankings, histories.

Stable for those who build on it: the dataclasses of scorecards and standings, `rules.form.Scheme`,
`rules.lines.Result`. Outside of the actor's scope there is nothing: OutOfScope (404).
"""

from __future__ import annotations

from kezun.assessment.lookups import (
    code_of,
    forms_of,
    latest,
    my_subjects,
    name_of,
    result_of,
    run_by_id,
    runs_for,
    scheme_by_id,
    scheme_named,
    schemes_for,
    score_of,
    scores_for,
)
from kezun.assessment.schemes import scheme_of
from kezun.assessment.scorecards import Loss, Scorecard, ScoreLine, scorecard, what_if
from kezun.assessment.standings import Bridged, Point, Ranked, comparable, groups, history, points, ranking

READ = "assessment.read"

__all__ = [
    "READ",
    "Bridged",
    "Loss",
    "Point",
    "Ranked",
    "ScoreLine",
    "Scorecard",
    "code_of",
    "comparable",
    "forms_of",
    "groups",
    "history",
    "latest",
    "my_subjects",
    "name_of",
    "points",
    "ranking",
    "result_of",
    "run_by_id",
    "runs_for",
    "scheme_by_id",
    "scheme_named",
    "scheme_of",
    "schemes_for",
    "score_of",
    "scorecard",
    "scores_for",
    "what_if",
]
