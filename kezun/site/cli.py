"""The `kezun` command: click groups declared by the rooms (their `cli.py`) and the site (`commands.py`)."""

from __future__ import annotations

import importlib
import os

import click


@click.group()
def main() -> None:
    """Kezun 客尊."""


def _load() -> None:
    import django
    from django.conf import settings
    from django.utils.module_loading import autodiscover_modules

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
    if not settings.configured or not django.apps.apps.ready:
        django.setup()
    autodiscover_modules("facts", "actions", "upkeep", "cli")
    importlib.import_module("kezun.site.commands")
    from kezun.kernel.command import COMMANDS

    for command in COMMANDS:
        main.add_command(command)


_load()
