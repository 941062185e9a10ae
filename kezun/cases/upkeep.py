"""What cases do by themselves: every minute the steps of ladders that are due."""

from __future__ import annotations

from django.utils import timezone

from kezun.cases import brakes, escalation, mailing, recomputing
from kezun.cases.actions.takeover import forget_ledgers
from kezun.kernel.action import on
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import every


@every(minutes=1, name="cases.sweep")
def swept() -> None:
    """Take the steps that are due, then tell that this was done."""
    done = escalation.sweep()
    escalation.beat(escalation.audit(done, timezone.now()))


@on("org.publish_calendar_year")
@on("org.install_calendar")
def year_official(entry: int, target: str) -> None:
    """A year's table is official: deadlines that touch it are final now."""
    recomputing.recompute_due()


@on("org.change_calendar")
@on("org.set_calendar_day")
@on("org.import_calendar")
def calendar_changed(entry: int, target: str) -> None:
    """A calendar's hours or days are others: deadlines that are counted by it move with them, or stay."""
    recomputing.recompute_due()


@every(hours=6, name="cases.recompute")
def recomputed() -> None:
    """Whatever the task after a change of a calendar missed."""
    recomputing.recompute_due()


@every(minutes=1, name="cases.mail")
def mailed() -> None:
    """Send the mails that are due."""
    mailing.send_due()


@every(hours=6, name="cases.forget_tallies")
def forgotten() -> None:
    """Take out what the brakes of the public pages counted in spans that are over."""
    brakes.forget()


@every(days=1, name="cases.forget_ledgers")
def ledgers_forgotten() -> None:
    """Destroy old ledgers that were brought to be taken over, once nobody needs them."""
    forget_ledgers(SystemActor("worker"))
