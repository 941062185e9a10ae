"""`python -m benchmarks [NAME…] [--rows 1M,10M]`: run measurements and print them."""

from __future__ import annotations

import argparse
import importlib
import itertools
import math
import tempfile
from pathlib import Path

from benchmarks.report import say, size

NAMES = (
    "quarter",
    "days",
    "ingest",
    "drill",
    "kill",
    "assess",
    "demo",
    "pages",
    "cases_time",
    "cases",
    "cases_bulk",
)
# Of one size whatever is asked.
ONCE = {"demo", "pages", "cases_time", "cases", "cases_bulk"}
# Growth of what a measurement returns under these names, as an exponent between sizes, and its bar.
GROWTH = {"CPU of a quarter": 1.05, "memory of a quarter": 0.3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of: {', '.join(NAMES)} (all)")
    parser.add_argument("--rows", default="1M,10M", help="sizes in tickets, with commas (100M by choice)")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"no measurement called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    sizes = asked.rows.split(",")
    found: dict[str, list[tuple[int, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="kezun-bench-") as folder:
        for text in sizes:
            for name in asked.names or NAMES:
                if name in ONCE and text != sizes[0]:
                    continue
                print(name if name in ONCE else f"{name}, {text} tickets", flush=True)
                home = str(Path(folder) / (sizes[0] if name in ONCE else text))
                for what, value in (
                    importlib.import_module(f"benchmarks.{name}").run(size(text), home).items()
                ):
                    found.setdefault(what, []).append((size(text), value))
    for what, bar in GROWTH.items():
        for (few, low), (many, high) in itertools.pairwise(found.get(what, [])):
            exponent = math.log(high / low) / math.log(many / few)
            say(f"growth of {what}, {few:,} to {many:,}", exponent, "exponent", bar)


if __name__ == "__main__":
    main()
