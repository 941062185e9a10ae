"""Every write to standards and sheets."""

from kezun.standards.actions.bringing import bring_sheets
from kezun.standards.actions.editions import (
    Approved,
    approve,
    ask_withdrawal,
    draft,
    install,
    propose,
    refuse,
    refuse_withdrawal,
    save_draft,
    withdraw,
)
from kezun.standards.actions.releasing import release_sheet
from kezun.standards.actions.sheets import (
    NotSubmittable,
    attach_evidence,
    begin_sheet,
    correct_sheet,
    detach_evidence,
    save_sheet,
    submit_sheet,
    void_sheet,
)

__all__ = [
    "Approved",
    "NotSubmittable",
    "approve",
    "ask_withdrawal",
    "attach_evidence",
    "begin_sheet",
    "bring_sheets",
    "correct_sheet",
    "detach_evidence",
    "draft",
    "install",
    "propose",
    "refuse",
    "refuse_withdrawal",
    "release_sheet",
    "save_draft",
    "save_sheet",
    "submit_sheet",
    "void_sheet",
    "withdraw",
]
