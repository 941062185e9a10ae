"""Every verb is an action of its own: permission, audit entry, event. They all go through the engine."""

from kezun.cases import notices
from kezun.cases.actions.delegating import delegate
from kezun.cases.actions.reviewing import review
from kezun.cases.actions.verbs import ACTS, do, open_case
from kezun.cases.actions.verifying import replay
from kezun.cases.effects import load

load()

__all__ = ["ACTS", "delegate", "do", "notices", "open_case", "replay", "review"]
