"""Every write to the organisation."""

from kezun.org.actions.access import (
    Secret,
    change_password,
    edit_own,
    end_session,
    issue_password,
    issue_token,
    lower_rights,
    raise_rights,
    reset_factors,
    revoke_token,
    set_password,
)
from kezun.org.actions.groups import add_member, end_member, found_group
from kezun.org.actions.people import (
    Clear,
    add_person,
    assign,
    deputise,
    disable_person,
    enable_person,
    end_assignment,
    unmask,
    update_person,
)
from kezun.org.actions.posts import (
    add_post,
    close_line,
    close_post,
    open_line,
    rename_line,
    rename_post,
    reopen_line,
    reopen_post,
)
from kezun.org.actions.reorganising import close_unit, merge_unit, move_unit
from kezun.org.actions.roster import approve_roster, draft_roster, refuse_roster, submit_roster
from kezun.org.actions.units import open_unit, rename_unit, set_tags
from kezun.org.rules import DAY
from kezun.org.tree import rebuild_paths

__all__ = [
    "DAY",
    "Clear",
    "Secret",
    "add_member",
    "add_person",
    "add_post",
    "approve_roster",
    "assign",
    "change_password",
    "close_line",
    "close_post",
    "close_unit",
    "deputise",
    "disable_person",
    "draft_roster",
    "edit_own",
    "enable_person",
    "end_assignment",
    "end_member",
    "end_session",
    "found_group",
    "issue_password",
    "issue_token",
    "lower_rights",
    "merge_unit",
    "move_unit",
    "open_line",
    "open_unit",
    "raise_rights",
    "rebuild_paths",
    "refuse_roster",
    "rename_line",
    "rename_post",
    "rename_unit",
    "reopen_line",
    "reopen_post",
    "reset_factors",
    "revoke_token",
    "set_password",
    "set_tags",
    "submit_roster",
    "unmask",
    "update_person",
]
