"""What is wrong with a roster, in words that say what to do."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kezun.org.rostersheets import SHEETS
from kezun.org.rules.roster import Fault


def describe(fault: Fault) -> str:
    """The fault as a sentence, without its place."""
    value = {"value": fault.value}
    texts = {
        "twice": _("“%(value)s” occurs twice in this sheet; delete one of the rows.") % value,
        "missing": _("The cell is empty; it must be filled."),
        "doubled": _("This heading occurs twice; delete one of the columns."),
        "no_column": _("This column is missing; take the headings from the template."),
        "merged": _("Cells are merged here; unmerge them and fill in every cell."),
        "bad_date": _("“%(value)s” is not a day; write it as 2026-03-01.") % value,
        "dates": _("The last day %(value)s lies before the first; correct one of them.") % value,
        "kind": _("“%(value)s” is not a kind of unit; the sheet of notes lists them.") % value,
        "zone": _("“%(value)s” is not a time zone; write for instance Asia/Shanghai.") % value,
        "parent": _("There is no unit “%(value)s” in the bank or in this file; add it or correct the code.")
        % value,
        "cycle": _("Under “%(value)s” the unit would stand under itself; correct the unit above.") % value,
        "role": _("“%(value)s” is not a role of the catalog; the sheet of notes lists them.") % value,
        "unit": _("There is no unit “%(value)s” in the bank or in this file; add it or correct the code.")
        % value,
        "person": _("Nobody has the staff number “%(value)s”; add the person or correct it.") % value,
        "post": _("There is no post “%(value)s” in the bank or in this file; add it or correct the code.")
        % value,
        "line": _("There is no business line “%(value)s”; correct the code or leave it empty.") % value,
        "closed": _(
            "“%(value)s” closes before the last day of the row; choose an open one or end it earlier."
        )
        % value,
        "username": _("The sign-in name “%(value)s” belongs to someone else; choose another.") % value,
        "separate": _(
            "With the post “%(value)s” one person would be two of the three administrators; name another."
        )
        % value,
    }
    return texts[fault.code]


def place(fault: Fault) -> dict[str, str | int]:
    """Where it is: sheet and column by their titles on the page, and the row as the spreadsheet counts."""
    title, _make, columns = SHEETS[fault.sheet]
    column = next((_(c.title) for c in columns if c.code == fault.column), fault.column)
    return {"sheet": _(title), "row": fault.row, "column": column}


def sentence(fault: Fault) -> str:
    """Place and fault in one line, for the command line and for messages."""
    where = _("Sheet %(sheet)s, row %(row)s, column %(column)s") % place(fault)
    return f"{where}: {describe(fault)}"
