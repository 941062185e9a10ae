"""The working calendars that come with the product or a pack: installed once, with years that come later."""

from __future__ import annotations

from pathlib import Path

from kezun.kernel.actor import Actor
from kezun.org import actions
from kezun.org.calendars import FOLDER, shipped
from kezun.org.models import Calendar


def install_all(actor: Actor, folder: Path = FOLDER) -> list[Calendar]:
    """Install the calendars of a folder that are missing, and years that they know and the bank does not.

    A year of which the bank has any day or any status stays as the bank has it.
    """
    done = []
    for code, here in shipped(folder).items():
        calendar = Calendar.objects.filter(code=code).first()
        taken: set[int] = set()
        if calendar is not None:
            taken |= set(calendar.years.values_list("year", flat=True))
            taken |= {day.year for day in calendar.days.values_list("on_date", flat=True)}
        years = [year for year in here.official if year not in taken]
        if calendar is None or years:
            days = [day for day in here.days if day.date.year not in taken]
            made = actions.install_calendar(
                actor, code=code, columns=here.columns, base=here.base, days=days, years=years
            )
            done.append(made)
    return done
