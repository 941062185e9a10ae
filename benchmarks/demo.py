"""How long the demo takes to start, first and again, and how long its 90 days take to be made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.cost import Cost, apart, measured
from benchmarks.report import say

ROOT = Path(__file__).resolve().parents[1]


def start(home: str) -> Cost:
    """`kezun demo --no-serve` in a process of its own."""
    command = [str(Path(sys.executable).parent / "kezun"), "demo", "--no-serve"]
    with measured() as cost:
        subprocess.run(
            command, cwd=ROOT, env=os.environ | {"KEZUN_HOME": home}, check=True, capture_output=True
        )
    return cost


def simulated(days: int, home: str) -> Cost:
    """The pack's tickets and ratings made, not imported."""
    os.environ["KEZUN_HOME"] = home
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
    import dataclasses
    import datetime as dt

    import django
    import msgspec

    django.setup()
    from kezun.site import demo
    from kezun.site.packs.pack import read

    pack = read(ROOT / "packs" / "demo-bank")
    if days and pack.simulator:
        pack = dataclasses.replace(pack, simulator=msgspec.structs.replace(pack.simulator, days=days))
    with measured() as cost:
        made = demo.service(pack, dt.date(2026, 3, 31), demo.Steps())
        cost.value = sum(tickets.num_rows + ratings.num_rows for _queue, tickets, ratings in made)
    return cost


def run(rows: int, home: str) -> dict[str, float]:
    """Print the times; the demo has one size whatever `rows` says, so it runs once."""
    first, second = start(f"{home}-demo"), start(f"{home}-demo")
    made = apart(simulated, 0, f"{home}-demo")
    say("first start", first.cpu, "CPU s", 180, note=f"{first.wall:.0f} s by the clock")
    say("second start", second.cpu, "CPU s", 10, note=f"{second.wall:.0f} s by the clock")
    say("90 days simulated", made.cpu, "CPU s", 60, note=f"{made.value} records")
    return {}
