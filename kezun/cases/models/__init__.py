"""Tables of cases."""

from kezun.cases.models.cases import READ, Case, Event
from kezun.cases.models.clocks import Clock, EffectCheck, Firing, Notice, Petition
from kezun.cases.models.filters import SavedFilter
from kezun.cases.models.kinds import Kind
from kezun.cases.models.ledgers import LedgerBook, LedgerRow
from kezun.cases.models.parties import CaseKey, Link, Party, Proof, SealedText
from kezun.cases.models.preferences import Preference
from kezun.cases.models.tallies import Tally

__all__ = [
    "READ",
    "Case",
    "CaseKey",
    "Clock",
    "EffectCheck",
    "Event",
    "Firing",
    "Kind",
    "LedgerBook",
    "LedgerRow",
    "Link",
    "Notice",
    "Party",
    "Petition",
    "Preference",
    "Proof",
    "SavedFilter",
    "SealedText",
    "Tally",
]
