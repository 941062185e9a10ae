"""`python -m benchmarks [NAME…] [--rows 1M,10M]`: run measurements and print them."""

from __future__ import annotations

import argparse
import importlib
import tempfile
from pathlib import Path

from benchmarks.report import size

NAMES = ("quarter", "ingest", "drill", "pages", "days")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of: {', '.join(NAMES)} (all)")
    parser.add_argument("--rows", default="1M,10M", help="sizes in tickets, with commas (100M by choice)")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"no measurement called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="kezun-bench-") as folder:
        for text in asked.rows.split(","):
            for name in asked.names or NAMES:
                print(f"{name}, {text} tickets", flush=True)
                importlib.import_module(f"benchmarks.{name}").run(size(text), str(Path(folder) / text))


if __name__ == "__main__":
    main()
