"""What cases do by themselves: every minute the steps of ladders that are due."""

from __future__ import annotations

from django.utils import timezone

from kezun.cases import brakes, escalation, mailing
from kezun.kernel.task import every


@every(minutes=1, name="cases.sweep")
def swept() -> None:
    """Take the steps that are due, then tell that this was done."""
    done = escalation.sweep()
    escalation.beat(escalation.audit(done, timezone.now()))


@every(minutes=1, name="cases.mail")
def mailed() -> None:
    """Send the mails that are due."""
    mailing.send_due()


@every(hours=6, name="cases.forget_tallies")
def forgotten() -> None:
    """Take out what the brakes of the public pages counted in spans that are over."""
    brakes.forget()
