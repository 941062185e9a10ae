"""How a measurement is printed: one line a bar, with the ratio, its bar and whether it holds."""

from __future__ import annotations

# Bars are stated for a quarter of at least so many tickets; below, fixed costs outweigh a scan.
BIG = 10_000_000


def say(
    name: str, value: float, unit: str, bar: float | None = None, at_most: bool = True, note: str = ""
) -> None:
    """Print `name: value unit (bar ≤ x: holds)`; without a bar just the value."""
    verdict = ""
    if bar is not None:
        holds = value <= bar if at_most else value >= bar
        verdict = f"  bar {'≤' if at_most else '≥'} {bar:g}: {'holds' if holds else 'MISSED'}"
    print(f"  {name:<52} {value:>10.3f} {unit:<8}{verdict}{'  ' + note if note else ''}", flush=True)


def size(text: str) -> int:
    """`1M`, `10M`, `250k` or a plain number of rows."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(float(text.rstrip("kM")) * factor)
