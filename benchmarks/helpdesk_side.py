"""The list of tickets of django-helpdesk with as many tickets: run by a Python of its own, never by ours.

`helpdesk_side.py FOLDER TICKETS OPEN` prints one line of JSON: statements, CPU and wall seconds of the page
of the list and of the data it then fetches, 25 rows, as its own page asks for them.
"""

import json
import statistics
import sys
import time
from pathlib import Path

folder, tickets, left_open = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def configure() -> None:
    """The least settings that the list needs."""
    import django
    from django.conf import settings

    apps = ("admin", "auth", "contenttypes", "humanize", "messages", "sessions", "sites", "staticfiles")
    middle = ("sessions.middleware.Session", "auth.middleware.Authentication", "messages.middleware.Message")
    settings.configure(
        SECRET_KEY="measuring only",
        ALLOWED_HOSTS=["*"],
        SITE_ID=1,
        ROOT_URLCONF="helpdesk_side",
        USE_TZ=True,
        STATIC_URL="/static/",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HELPDESK_TEAMS_MODE_ENABLED=False,
        HELPDESK_KB_ENABLED=True,
        INSTALLED_APPS=[*(f"django.contrib.{a}" for a in apps), "rest_framework", "helpdesk"],
        MIDDLEWARE=[f"django.contrib.{name}Middleware" for name in middle],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "helpdesk.sqlite3"}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
    )
    django.setup()


def fill() -> None:
    """One queue, one follow-up a ticket, as many open as ours."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils import timezone
    from helpdesk.models import FollowUp, Queue, Ticket

    call_command("migrate", verbosity=0)
    if Ticket.objects.exists():
        return
    user = User.objects.create_superuser("staff", "staff@example.org", "staff")
    queue, now = Queue.objects.create(title="Queue", slug="queue"), timezone.now()
    step = max(1, tickets // left_open)
    made = (
        Ticket(
            queue=queue,
            title=f"Ticket {n}",
            status=Ticket.OPEN_STATUS if n % step == 0 else Ticket.CLOSED_STATUS,
            created=now,
            modified=now,
            assigned_to=user,
            submitter_email="a@example.org",
        )
        for n in range(tickets)
    )
    Ticket.objects.bulk_create(made, batch_size=2000)
    FollowUp.objects.bulk_create(
        (
            FollowUp(ticket_id=pk, title="Opened", date=now)
            for pk in Ticket.objects.values_list("pk", flat=True)
        ),
        batch_size=2000,
    )


def measure() -> dict[str, float]:
    """The medians of three loads of page and data."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse
    from helpdesk.query import query_to_base64

    client = Client()
    client.force_login(User.objects.get(username="staff"))
    query = query_to_base64({"filtering": {"status__in": [1, 2]}, "sorting": "created", "search_string": ""})
    data = reverse("helpdesk:datatables_ticket_list", args=[query])
    pages = (reverse("helpdesk:list"), f"{data}?draw=1&start=0&length=25")

    def load() -> None:
        for page in pages:
            reply = client.get(page)
            if reply.status_code != 200:
                raise SystemExit(f"{page}: {reply.status_code}")

    load()
    with CaptureQueriesContext(connection) as asked:
        load()
    statements = len(asked)
    spent = []
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        load()
        spent.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu, wall = (statistics.median(column) for column in zip(*spent, strict=True))
    return {"cpu": cpu, "wall": wall, "statements": statements, "tickets": tickets}


if __name__ == "__main__":
    configure()
    fill()
    print(json.dumps(measure()))
else:
    from django.urls import include, path

    urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
