"""Commands: `kezun import`; those of indicators and `kezun watch` are declared beside it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
from django.utils.translation import gettext as _

from kezun.facts.cli_indicators import facts_group, indicators_command
from kezun.facts.cli_watch import watch_command
from kezun.facts.importing import ImportFailed, Summary, run_import
from kezun.facts.profiles import ProfileError, load
from kezun.facts.readers import Unreadable
from kezun.facts.staging import title_of
from kezun.facts.types import FACT_TYPES
from kezun.kernel.actor import Actor
from kezun.kernel.command import command
from kezun.org.command import acting

NOTHING_READ = 3
PATH = click.Path(path_type=Path)

command(indicators_command)
command(facts_group)
command(watch_command)


@command
@click.command("import")
@click.argument("fact")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE…")
@click.option("--profile", "address", required=True, metavar="PACK/NAME", help="How the file is to be read.")
@click.option("--dry-run", is_flag=True, help="Read and compare, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON on the last line.")
@acting
def import_command(
    actor: Actor, fact: str, files: tuple[Path, ...], address: str, dry_run: bool, as_json: bool
) -> None:
    """Import files of facts. Exit 0: done, rejected rows included; 2: arguments; 3: nothing could be read."""
    if fact not in FACT_TYPES:
        known = ", ".join(sorted(FACT_TYPES))
        raise click.UsageError(
            _("There is no fact type %(name)s; there are: %(known)s") % {"name": fact, "known": known}
        )
    try:
        if load(address).fact != fact:
            raise click.UsageError(_("The profile %(p)s is not for %(f)s.") % {"p": address, "f": fact})
    except ProfileError as error:
        raise click.UsageError(str(error)) from error
    done: list[Summary] = []
    unread = 0
    for path in files:
        try:
            done.append(run_import(actor, path, fact=fact, profile=address, dry_run=dry_run))
        except Unreadable as error:
            unread += 1
            click.echo(f"{path}: {error}", err=True)
        except ImportFailed as error:
            raise click.ClickException(f"{path}: {error}") from error
        else:
            _tell(path, done[-1], dry_run, err=as_json)
    if as_json:
        click.echo(json.dumps(together(fact, done).as_dict(), ensure_ascii=False))
    if unread:
        raise SystemExit(NOTHING_READ)


def together(fact: str, parts: list[Summary]) -> Summary:
    """One summary of several files: counts and warnings added up; the last file of rejected rows."""
    warnings: Counter[str] = Counter()
    for part in parts:
        warnings.update(part.warnings)
    return Summary(
        fact,
        rows=sum(p.rows for p in parts),
        new=sum(p.new for p in parts),
        same=sum(p.same for p in parts),
        corrected=sum(p.corrected for p in parts),
        rejected=sum(p.rejected for p in parts),
        warnings=dict(sorted(warnings.items())),
        rejects_file=next((p.rejects_file for p in reversed(parts) if p.rejects_file), None),
    )


def _tell(path: Path, done: Summary, dry_run: bool, *, err: bool) -> None:
    """A summary in words; to stderr where stdout belongs to JSON."""
    head = _(
        "%(file)s: %(rows)d rows: %(new)d new, %(same)d same, %(corrected)d corrected, %(rejected)d rejected"
    )
    text = head % {
        "file": path.name,
        **{k: getattr(done, k) for k in ("rows", "new", "same", "corrected", "rejected")},
    }
    click.echo(text + (_(" (dry run, nothing written)") if dry_run else ""), err=err)
    for code, count in done.warnings.items():
        click.echo(_("  warning %(code)s: %(n)d") % {"code": title_of(code), "n": count}, err=err)
    for reject in done.errors:
        click.echo(_("  line %(line)d: %(why)s") % {"line": reject.line, "why": reject}, err=err)
    if done.rejects_file:
        click.echo(_("  rejected rows to mend: %(path)s") % {"path": done.rejects_file}, err=err)
