"""`flush` empties every table; the trail's guard would refuse. Only a test database may be emptied."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as Flush
from django.db import connections

from kezun.kernel import frozen, guard


class Command(Flush):
    """Refuses outside of tests: a bank's trail cannot be emptied, only kept or archived with its anchors."""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.TESTING:
            raise CommandError("refused: the trail is append-only; make a new database instead")
        connection = connections[options["database"]]
        guard.lift(connection)
        frozen.lift(connection)
        try:
            super().handle(*args, **options)
        finally:
            guard.install(connection)
            frozen.install(connection)
