"""A seeded run leaves nothing personal in the logs: no name, no phone, nothing that somebody typed."""

import io
import json
import logging

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from kezun.control.actions import retry_task, verify_trail
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.file import keep
from kezun.kernel.log import Lines
from kezun.kernel.models import Task
from kezun.kernel.task import enqueue, run_due, task
from kezun.org.models import Person

pytestmark = pytest.mark.django_db
TYPED = "诸葛孔明"
PHONE = "13912345678"


@pytest.fixture
def written():
    """All that a run would write to its log, at the level of a server."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines())
    root, level = logging.getLogger(), logging.getLogger().level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def _work_day(as_role, person_in, client):
    """What goes well and what goes wrong on a day: pages, refusals, failures, sign-ins, files, tasks."""
    auditor, admin = as_role("auditor"), as_role("system_admin")
    teller = person_in("teller", "O1")
    Person.objects.filter(pk=teller.pk).update(name=TYPED, phone=PHONE, email="kongming@bank.example")
    teller.refresh_from_db()
    auditor.get(reverse("control.trail"), {"actor": TYPED, "target": PHONE})
    auditor.get(f"/nowhere/{TYPED}/{PHONE}")
    admin.get(reverse("control.trail"), {"q": TYPED})
    client.post(reverse("account_login"), {"login": TYPED, "password": PHONE})
    with pytest.raises(Denied):
        verify_trail(teller)
    with pytest.raises(ValidationError):
        retry_task(SystemActor("x"), Task.objects.create(name="t", due_at=teller.password_at or _now()))
    with pytest.raises(ValidationError):
        keep(
            SystemActor("x"),
            io.BytesIO(f"{TYPED},{PHONE}\n".encode() + b"\0"),
            f"{TYPED}.csv",
            allow=["text"],
        )

    @task(f"test.fail.{id(client)}")
    def fail(who):
        raise ValueError(f"duplicate key: name={who} phone={PHONE}")

    enqueue(f"test.fail.{id(client)}", who=TYPED)
    run_due("w")
    admin.get(reverse("control.health"))


def _now():
    from django.utils import timezone

    return timezone.now()


def test_a_days_logs_hold_nothing_personal(as_role, person_in, client, written):
    _work_day(as_role, person_in, client)
    lines = written()
    assert {"kezun.request", "kezun.actor", "kezun.task", "kezun.file"} <= {line["logger"] for line in lines}
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in lines)
    text = json.dumps(lines, ensure_ascii=False)
    people = Person.objects.values_list("name", "phone", "email", "username")
    personal = {value for row in people for value in row if value} | {TYPED, PHONE}
    codes = set(Person.objects.values_list("code", flat=True))
    assert [value for value in personal - codes if value in text] == []
    assert "?" not in text
    assert str(PHONE[:7]) not in text
