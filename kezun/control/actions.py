"""Every write of control: a verification asked for, a failed task tried again."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.models import Task
from kezun.kernel.task import enqueue, progress, task
from kezun.kernel.verify import verify

VERIFY = "control.verify_trail"


@action(VERIFY)
def verify_trail(actor: Actor) -> Task:
    """Have the whole trail replayed by a worker; who asks while one is under way gets that one."""
    under_way = Task.objects.filter(name=VERIFY, state__in=(Task.State.WAITING, Task.State.RUNNING)).first()
    return under_way or enqueue(VERIFY)


@task(VERIFY)
def run_verification() -> None:
    """The verification itself; its report is the task's last progress."""
    report = verify(lambda done, total: progress(done, max(total, done + 1)))
    progress(report.entries, report.entries, report=report.as_json())


@action("control.retry_task", target="failed")
def retry_task(actor: Actor, failed: Task) -> Task:
    """Put a task that was given up back to be run now, with all its attempts."""
    row = Task.objects.select_for_update().get(pk=failed.pk)
    if row.state != Task.State.FAILED:
        raise ValidationError(
            _("Only a task that was given up can be tried again; this one is: %(state)s.")
            % {"state": row.get_state_display()}
        )
    row.state, row.attempts, row.due_at = Task.State.WAITING, 0, timezone.now()
    row.finished_at, row.lease_until, row.worker = None, None, ""
    row.save(update_fields=["state", "attempts", "due_at", "finished_at", "lease_until", "worker"])
    return row
