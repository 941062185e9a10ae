"""An installation of its own for tests: a home, spoken to through the command line in other processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.ROOT)
INDICATORS = ("floor.tickets", "floor.wait_p90", "floor.satisfied_rate", "floor.rating_coverage")


class Installation:
    """A home of its own, spoken to through the command line in processes of its own."""

    def __init__(self, home, packs, url=""):
        self.home, self.url = home, url
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("KEZUN_", "DATABASE_URL"))},
            **{"KEZUN_HOME": str(home), "KEZUN_PACKS": str(packs), "DATABASE_URL": url, "LANGUAGE": "en"},
        }

    def run(self, *arguments, expect=0):
        done = subprocess.run(
            [sys.executable, "-m", "kezun.site", *map(str, arguments)],
            **{"cwd": ROOT, "env": self.environment, "capture_output": True, "text": True, "timeout": 120},
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def figures(self):
        chosen = [word for name in INDICATORS for word in ("--indicator", name)]
        period = "2026-03-20..2026-03-31"
        told = self.run(
            "indicators", "--unit", "HQ", "--below", "outlet", "--period", period, *chosen, "--format", "json"
        )
        return json.loads(told)

    def files(self):
        skipped = ("static", "spill", "kezun.sqlite3")
        return {
            p.relative_to(self.home).as_posix(): p.read_bytes()
            for p in sorted(self.home.rglob("*"))
            if p.is_file() and not p.relative_to(self.home).as_posix().startswith(skipped)
        }
