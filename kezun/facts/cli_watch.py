"""`kezun watch`: import files as they arrive in a folder."""

from __future__ import annotations

import time
from pathlib import Path

import click
from django.utils.translation import gettext as _

from kezun.facts import inbox, profiles
from kezun.facts.profiles import ProfileError
from kezun.kernel.actor import Actor
from kezun.org.command import acting

FOLDER = click.Path(exists=True, file_okay=False, writable=True, path_type=Path)
SECONDS = click.FloatRange(min=0)


@click.command("watch")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option(
    "--profile", "address", required=True, metavar="PACK/NAME", help="How the files are to be read."
)
@click.option("--once", is_flag=True, help="Take in what is there now, then end.")
@click.option("--interval", type=SECONDS, default=10.0, show_default=True, help="Seconds between two looks.")
@click.option(
    "--settle",
    type=SECONDS,
    default=inbox.SETTLE_S,
    show_default=True,
    help="A file is complete once it has not changed for so many seconds.",
)
@acting
def watch_command(
    actor: Actor, folder: Path, address: str, once: bool, interval: float, settle: float
) -> None:
    """Import files as they arrive in DIR; they move to done/ or failed/. Ctrl-C ends it.

    With --once: exit 0 when all that was there was taken in, 3 when a file failed or has to wait.
    """
    try:
        profiles.load(address)
    except ProfileError as error:
        raise click.UsageError(str(error)) from error
    if once:
        time.sleep(settle)
        raise SystemExit(3 if _look(actor, folder, address, settle) else 0)
    click.echo(_("watching %(folder)s - Ctrl-C ends") % {"folder": folder})
    while True:
        _look(actor, folder, address, settle)
        time.sleep(interval)


def _look(actor: Actor, folder: Path, address: str, settle: float) -> int:
    """Take in what is ready; how many files failed or stay."""
    bad = 0
    for outcome in inbox.take_in(actor, folder, address, settle):
        bad += outcome.summary is None
        click.echo(inbox.told(outcome), err=outcome.summary is None)
    return bad
