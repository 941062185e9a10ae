"""`kezun cases report`: a month of complaints about a unit, as text, JSON, Word or PDF."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import monthly_files as files
from kezun.cases import monthly_words as words
from kezun.cases.actions.reporting import export_report
from kezun.cases.monthly import report
from kezun.cases.rules.monthly import month_of, shifted
from kezun.kernel.actor import Actor
from kezun.org.command import acting
from kezun.org.models import Unit

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("report")
@click.option("--unit", "code", metavar="CODE", required=True, help="The unit; all below it count.")
@click.option("--month", metavar="YYYY-MM", default="", help="The month (the last whole one).")
@click.option("--json", "plain", is_flag=True, help="The report as JSON.")
@click.option("--docx", type=FILE, help="Write it as a Word document.")
@click.option("--pdf", type=FILE, help="Write it as PDF.")
@acting
def report_command(
    code: str, month: str, plain: bool, docx: Path | None, pdf: Path | None, actor: Actor
) -> None:
    """A month of complaints about a unit and all below it."""
    first = _month(month)
    unit = Unit.objects.filter(code=code).first()
    if unit is None or not actor.covers("cases.read", unit):
        raise click.ClickException(_("There is no unit «%(code)s» in your scope.") % {"code": code})
    found = report(actor, unit, first)
    for path, make, kind in ((docx, files.word, "docx"), (pdf, files.pdf, "pdf")):
        if path is not None:
            made = make(found)
            export_report(actor, unit, month=words.month_name(found), kind=kind, complaints=len(found.rows))
            _write(path, made)
            click.echo(_("written: %(path)s") % {"path": path}, err=True)
    if plain:
        click.echo(json.dumps(files.plain(found), ensure_ascii=False))
    elif docx is None and pdf is None:
        click.echo(words.title(found))
        if limit := words.limited(found.lines):
            click.echo(limit)
        for text in words.paragraphs(found):
            click.echo(text)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        told = _("%(path)s cannot be written: %(why)s") % {"path": path, "why": error.strerror}
        raise click.ClickException(told) from error


def _month(text: str) -> dt.date:
    if not text:
        return shifted(timezone.localdate().replace(day=1), -1)
    try:
        return month_of(text)
    except ValueError as error:
        raise click.UsageError(_("--month %(text)s: write a month like 2026-03.") % {"text": text}) from error
