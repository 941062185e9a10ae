"""How much of the code the tests must reach: every branch of rules and actions, and most of the rest."""

from __future__ import annotations

import io
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]
OVERALL = 92.0
WHOLLY = ("*/rules.py", "*/actions.py", "*/rules/*.py", "*/actions/*.py")


def below() -> list[str]:
    """One line for everything under its floor, from the .coverage file of the last measured run."""
    measured = Coverage(data_file=str(ROOT / ".coverage"), config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    low = []
    for path in sorted(p for name in WHOLLY for p in (ROOT / "kezun").glob(name)):
        share = measured.report(morfs=[str(path)], file=io.StringIO())
        if share < 100:
            low.append(f"{path.relative_to(ROOT)}: {share:.1f} % of its branches are tested, 100 % are due")
    share = measured.report(file=io.StringIO())
    print(f"coverage with branches: {share:.1f} %")
    if share < OVERALL:
        low.append(f"overall {share:.1f} %, {OVERALL} % are due")
    return low
