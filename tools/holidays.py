"""`python -m tools.holidays`: write the shipped table of Chinese holidays and make-up workdays.

It copies what the package `chinesecalendar` (MIT) knows into kezun/org/catalog/calendars/cn.csv; run it again
when a newer package knows one more year. The product reads the table and never needs the package.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parent.parent / "kezun/org/catalog/calendars/cn.csv"
COLUMNS = ("date", "kind", "name", "name_en")


def named(known: Any) -> Iterator[tuple[str, str, str, str]]:
    """Each day that is not like others of its weekday or bears a holiday's name, as a row of the table."""
    day, last = min(known.holidays), dt.date(max(known.holidays).year, 12, 31)
    day = day.replace(month=1, day=1)
    chinese = {holiday.value: holiday.chinese for holiday in known.Holiday}
    while day <= last:
        name = known.holidays.get(day) or known.workdays.get(day) or ""
        if day in known.holidays:
            yield day.isoformat(), "holiday", chinese[name], name
        elif day in known.workdays and day.weekday() > 4:
            yield day.isoformat(), "makeup", f"{chinese[name]}调休上班", f"Make-up workday, {name}"
        day += dt.timedelta(days=1)


def main() -> None:
    """Write the table."""
    import chinese_calendar

    with TABLE.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(COLUMNS)
        sheet.writerows(named(chinese_calendar))


if __name__ == "__main__":
    main()
