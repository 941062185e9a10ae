"""The commands of the composition itself: set up, packs, demo, servers, backup."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import click
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment import shipped as schemes_shipped
from kezun.cases import kinds as case_kinds
from kezun.kernel import verify
from kezun.kernel.actor import Actor, SystemActor
from kezun.kernel.command import command
from kezun.org import shipped as calendars_shipped
from kezun.org.command import acting, actor_for
from kezun.org.founding import CODE as FIRST
from kezun.org.founding import first_person
from kezun.site import casework, demo, inspecting, judging, serve
from kezun.site.backup import restore, save
from kezun.site.packs import pack as packs
from kezun.standards import shipped

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _read(folder: Path) -> packs.Pack:
    try:
        return packs.read(folder)
    except packs.PackError as error:
        for mistake in error.mistakes:
            click.echo(str(mistake), err=True)
        summary = _("%(pack)s: %(n)d mistakes, nothing was loaded.")
        raise click.ClickException(summary % {"pack": folder, "n": len(error.mistakes)}) from error


def _day(option: str, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise click.UsageError(
            _("%(o)s %(t)s: write a day like 2026-03-01.") % {"o": option, "t": text}
        ) from error


def _found(name: str) -> Path:
    try:
        return packs.find(name, settings.KEZUN_PACKS)
    except LookupError as error:
        raise click.UsageError(str(error)) from error


@command
@click.command("setup")
def setup() -> None:
    """Make or bring up to date the database in KEZUN_HOME (or at DATABASE_URL), and the first person."""
    call_command("migrate", verbosity=0, interactive=False)
    calendars_shipped.install_all(actor_for())
    case_kinds.install_all(actor_for())
    if secret := first_person(actor_for()):
        told = _("Sign in as %(name)s with the one-time password %(secret)s (shown only now).")
        click.echo(told % {"name": FIRST, "secret": secret.text})
    click.echo(_("ready: %s") % settings.KEZUN_HOME)


@command
@click.command("check-pack")
@click.argument("folder", metavar="DIR", type=FOLDER)
def check_pack(folder: Path) -> None:
    """Say all that is wrong with a pack: file, line, place and what to do. Exit 1 where there is anything."""
    pack = _read(folder)
    people = len(pack.organisation(timezone.localdate()).people)
    text = _("%(pack)s %(version)d is right: %(units)d units, %(people)d people.")
    click.echo(
        text
        % {"pack": pack.name, "version": pack.file.version, "units": len(pack.file.units), "people": people}
    )


@command
@click.command("load-pack")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--anchor", metavar="DAY", default="", help="The day that day-N counts back from.")
@acting
def load_pack(folder: Path, anchor: str, actor: Actor) -> None:
    """Load a pack's organisation. Loading it again changes nothing."""
    pack = _read(folder)
    changed = demo.load_pack(actor, pack, _day("--anchor", anchor))
    done = ", ".join(f"{name} {count}" for name, count in changed.items())
    click.echo(f"{pack.name}: {done}" if changed else _("%s: nothing to change.") % pack.name)


@command
@click.command("demo")
@click.option("--port", default=8000, show_default=True, help="Port on 127.0.0.1.")
@click.option("--serve/--no-serve", "stay", default=True, help="Serve when ready.")
@click.option("--pack", "name", default="demo-bank", show_default=True, help="Which demo pack.")
@click.option("--anchor", metavar="DAY", default="", help="Last day of data at the first start (yesterday).")
def run_demo(port: int, stay: bool, name: str, anchor: str) -> None:
    """Set everything up with an invented bank, then serve it. A second start does nothing twice."""
    steps = demo.Steps()
    call_command("migrate", verbosity=0, interactive=False)
    steps.say(_("database ready in %s") % settings.KEZUN_HOME)
    pack = _read(_found(name))
    actor = SystemActor("demo")
    calendars_shipped.install_all(actor)
    changed = demo.load_pack(actor, pack, _day("--anchor", anchor))
    steps.say(_("organisation of %s loaded") % pack.file.title if changed else _("organisation as before"))
    if standards := len(shipped.install_all(actor)):
        steps.say(_("%(n)d standards published") % {"n": standards})
    filled = demo.fill(actor, pack, demo.anchor(pack), steps)
    if inspected := inspecting.inspect(actor, pack, demo.anchor(pack)):
        steps.say(_("%(n)d inspections taken over") % {"n": inspected})
    if published := len(case_kinds.install_all(actor)):
        steps.say(_("%(n)d kinds of cases published") % {"n": published})
    if worked := casework.work(actor, pack, demo.anchor(pack)):
        steps.say(_("%(n)d cases walked through") % {"n": worked})
    if schemes := schemes_shipped.install_all(actor, fitting=True):
        made = judging.judge(actor, pack, schemes)
        steps.say(_("%(n)d schemes published, %(runs)d runs") % {"n": len(schemes), "runs": len(made)})
    demo.sign_ins(actor, pack)
    inspecting.open_work(pack)
    serve.static_files()
    if filled:
        demo.warm(pack, steps)
    steps.say(_("everything is ready"))
    for line in demo.welcome(pack, f"http://127.0.0.1:{port}"):
        click.echo(line)
    if stay:
        if "KEZUN_MFA_REQUIRED_ROLES" not in os.environ:
            os.environ["KEZUN_MFA_REQUIRED_ROLES"] = ""  # for page processes, which read settings anew
            settings.KEZUN_MFA_REQUIRED_ROLES = set()
        serve.serve("127.0.0.1", port)


@command
@click.command("serve")
@click.option("--address", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--processes", default=2, show_default=True, help="Page processes (PostgreSQL only).")
def run_server(address: str, port: int, processes: int) -> None:
    """Serve pages and API; on SQLite the worker runs inside, else start `kezun worker` beside it."""
    serve.serve(address, port, processes)


@command
@click.command("worker")
@click.option("--processes", default=1, show_default=True, help="How many (more than one: PostgreSQL only).")
@click.option("--falls", default=0, hidden=True)
@click.option("--fell", default="", hidden=True)
def run_worker(processes: int, falls: int, fell: str) -> None:
    """Run tasks: imports, answers to events, what repeats. Ends after the task that is running."""
    serve.work(processes, falls, fell)


@command
@click.command("backup")
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@acting
def run_backup(target: Path, actor: Actor) -> None:
    """Write everything the installation owns to one file (.tar, .tar.gz or .tar.zst) while it runs."""
    try:
        manifest = save.backup(actor, target)
    except save.BackupError as error:
        raise click.ClickException(str(error)) from error
    rows, members = sum(manifest["tables"].values()), len(manifest["members"])
    text = _("%(file)s: %(rows)d rows of the database and %(members)d files, %(size).1f MB")
    size = target.stat().st_size / 1e6
    click.echo(text % {"file": target, "rows": rows, "members": members, "size": size})


@command
@click.command("restore")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def run_restore(source: Path) -> None:
    """Put a backup into an empty KEZUN_HOME, check every part of it, and verify the trail."""
    try:
        manifest = restore.restore(actor_for(), source)
    except save.BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(_("restored as of %s; every part is as it was written") % manifest["made_at"])
    report = verify.verify()
    for problem in report.problems:
        click.echo(verify.explain(problem), err=True)
    if report.problems:
        raise click.ClickException(_("The trail does not verify."))
    click.echo(_("the trail verifies: %d entries") % report.entries)
