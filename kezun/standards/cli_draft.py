"""The command `kezun standard draft`: a checklist in Excel becomes a draft in YAML."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
from django.utils.translation import gettext as _

from kezun.standards.excel import NotASheet, read_sheet
from kezun.standards.messages import say_remark

UNREADABLE = 3
PATH = click.Path(path_type=Path)


@click.command("draft")
@click.argument("path", type=PATH, metavar="FILE.xlsx")
@click.option("--id", "urn", required=True, metavar="URN", help="The standard's permanent id.")
@click.option("--version", required=True, help="The edition, for instance 2026.1.")
@click.option(
    "--from", "start", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day of validity."
)
@click.option("--title", default="", help="The title, else what stands above the table.")
@click.option("--sheet", default="", metavar="NAME", help="The sheet, else the first.")
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=TITLE", help="A column, by title or letter."
)
@click.option("--out", type=PATH, metavar="FILE.yaml", help="Where to write the draft, else on stdout.")
def draft_command(
    path: Path,
    urn: str,
    version: str,
    start: dt.datetime,
    title: str,
    sheet: str,
    columns: tuple[str, ...],
    out: Path | None,
) -> None:
    """Make a draft in YAML of a checklist in Excel. Exit 1: the sheet has problems; 3: it cannot be read."""
    pairs = [c.partition("=") for c in columns]
    if not all(mark and value for _field, mark, value in pairs):
        raise click.UsageError(_("--column takes FIELD=TITLE, for instance --column points=C."))
    given = {field: value for field, _mark, value in pairs}
    try:
        content = path.read_bytes()
        made = read_sheet(
            content, urn=urn, version=version, start=start.date(), title=title, sheet=sheet, columns=given
        )
    except OSError as error:
        click.echo(_("%(file)s: cannot be read (%(why)s).") % {"file": path, "why": error.strerror}, err=True)
        raise SystemExit(UNREADABLE) from error
    except NotASheet as error:
        for remark in error.problems:
            click.echo(f"{path}: {say_remark(remark, error.sheet)}", err=True)
        raise SystemExit(1) from error
    for remark in made.notes:
        click.echo(say_remark(remark, made.sheet), err=True)
    if out is None:
        click.echo(made.text, nl=False)
    else:
        out.write_text(made.text, encoding="utf-8")
