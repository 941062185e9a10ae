"""CLI commands are declared by the rooms in their `cli.py`; `kezun` collects them."""

from __future__ import annotations

import click

COMMANDS: list[click.Command] = []


def command(added: click.Command) -> click.Command:
    """Add a click command or group to `kezun`; use as a decorator above `@click.command(...)`."""
    COMMANDS.append(added)
    return added
