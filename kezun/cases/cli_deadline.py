"""`kezun deadline`: when something is due, by a policy or by a basis, and why."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata

import click
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezun.cases import deadlines
from kezun.cases.rules.explaining import Line
from kezun.kernel.command import command
from kezun.org.calendars import why
from kezun.org.rules.worktime import Basis

SHOWN_DAYS = 100


@command
@click.command("deadline")
@click.option("--policy", "code", default="", metavar="P", help="A clock policy, such as complaint_decision.")
@click.option("--basis", type=click.Choice([b.value for b in Basis]), help="What is counted.")
@click.option("--units", type=float, metavar="N", help="Days, workdays, working minutes or hours.")
@click.option("--from", "start", required=True, metavar="T", help="Receipt: 2026-09-21 or 2026-09-21T10:00.")
@click.option("--calendar", default="", metavar="C", help="A working calendar (cn).")
@click.option("--roll", type=click.Choice(["none", "next"]), help="Whether a free last day moves on.")
@click.option("--json", "as_json", is_flag=True, help="due_at, act_by, provisional, skipped.")
def deadline(
    code: str,
    basis: str | None,
    units: float | None,
    start: str,
    calendar: str,
    roll: str | None,
    as_json: bool,
) -> None:
    """When something is due that was received at T, by when one must act, and which days do not count."""
    if code and (basis or units is not None):
        raise click.UsageError(_("--policy says basis and units; leave --basis and --units out."))
    try:
        found = deadlines.reckon(
            start=deadlines.moment(start),
            code=code,
            basis=basis or "",
            units=units,
            calendar=calendar,
            roll=roll or "",
        )
    except ValidationError as error:
        wrong = (f"--{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        raise click.UsageError("\n".join(wrong)) from error
    click.echo(json.dumps(plain(found), ensure_ascii=False) if as_json else "\n".join(table(found)))


def told(at: dt.datetime) -> str:
    """A moment in the bank's zone with its offset."""
    return at.astimezone(deadlines.bank_zone()).isoformat(timespec="seconds")


def plain(found: deadlines.Reckoned) -> dict[str, object]:
    """The answer as JSON holds it."""
    return {
        "due_at": told(found.due.due_at),
        "act_by": told(found.due.act_by),
        "provisional": found.due.provisional,
        "skipped": [{"date": d.date.isoformat(), "why": why(d)} for d in found.due.skipped],
    }


def table(found: deadlines.Reckoned) -> list[str]:
    """The answer to read: the dates, the law, and every day."""
    rows = [(_("Received"), told(found.start)), (pgettext("deadline", "Due"), told(found.due.due_at))]
    rows.append((_("Act by"), told(found.due.act_by)))
    if found.policy is not None:
        rows += [(_("Policy"), found.policy.title), (_("Basis in law or rule"), found.policy.law)]
        if not found.policy.verified:
            rows.append((_("Not verified"), found.policy.caution or _("the figures are the bank's own")))
    if found.due.provisional:
        rows.append(
            (
                pgettext("deadline", "Provisional"),
                _("it touches a year whose official table is not published"),
            )
        )
    widest = max(_width(name) for name, _value in rows)
    lines = [f"{name}{' ' * (widest - _width(name))}  {value}" for name, value in rows]
    lines += ["", *(_day(line) for line in found.lines[:SHOWN_DAYS])]
    if len(found.lines) > SHOWN_DAYS:
        lines.append(_("… and %(n)d more days.") % {"n": len(found.lines) - SHOWN_DAYS})
    return lines


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _day(line: Line) -> str:
    count = f"{line.total:g}" if line.amount else ""
    marks = (_("act by") if line.act_by else "", _("due") if line.due else "")
    notes = [counted(line), why(line.day), *filter(None, marks)]
    return f"  {line.day.date.isoformat()} {count:>6}  {' · '.join(notes)}"


def counted(line: Line) -> str:
    """What a day is to the clock, in words."""
    return {
        "receipt": _("day of receipt, does not count"),
        "counted": _("counts"),
        "skipped": _("skipped"),
        "closed": _("no working time left"),
        "paused": _("paused"),
        "rolled": _("over, moved on to a workday"),
    }[line.code]
