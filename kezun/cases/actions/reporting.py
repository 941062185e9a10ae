"""Taking a monthly report out as a file: recorded, as everything that leaves is."""

from __future__ import annotations

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import Unit


@action("cases.export_report", target="unit")
def export_report(actor: Actor, unit: Unit, *, month: str, kind: str, complaints: int) -> None:
    """Note who took the report on a unit and month, as which kind of file, on how many complaints."""
