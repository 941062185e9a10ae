"""CLI commands are declared by the rooms in their `cli.py`; `kezun` collects them."""

from __future__ import annotations

from typing import TypeVar

import click

Added = TypeVar("Added", bound=click.Command)
COMMANDS: list[click.Command] = []


def command(added: Added) -> Added:
    """Add a click command or group to `kezun`; use as a decorator above `@click.command(...)`."""
    COMMANDS.append(added)
    return added
