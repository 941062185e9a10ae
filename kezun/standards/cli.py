"""Commands: `kezun standard` check, show, diff, list, export; `score`, `draft`, `withdraw` stand beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.kernel.command import command
from kezun.org.command import acting
from kezun.standards import cli_score, rules
from kezun.standards.cli_draft import draft_command
from kezun.standards.cli_withdraw import withdraw_command
from kezun.standards.excel_writing import workbook
from kezun.standards.messages import say_problem, say_refusal
from kezun.standards.rules.comparing import Difference, Pair, comparable, compare
from kezun.standards.rules.writing import plain
from kezun.standards.sources import NotFound, editions, is_file, standard_named, text_of
from kezun.standards.stating import change_words, tree_lines

UNREADABLE = 3
PATH = click.Path(path_type=Path)


@command
@click.group("standard")
def standard_group() -> None:
    """Standards: check, show, compare, score, exchange with Excel. FILE is YAML, ID is urn or urn@version."""


standard_group.add_command(cli_score.score_command)
standard_group.add_command(draft_command)
standard_group.add_command(withdraw_command)


def named(actor: Actor, name: str) -> rules.Standard:
    """The standard in a file or by its id; the message and exit 3 or 1 where there is none to be had."""
    try:
        return standard_named(actor, name)
    except NotFound as error:
        click.echo(str(error), err=True)
        raise SystemExit(UNREADABLE) from error
    except rules.NotAStandard as error:
        for line in say_refusal(error, name):
            click.echo(line, err=True)
        raise SystemExit(1) from error


def told(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@standard_group.command("check")
@click.argument("names", nargs=-1, required=True, metavar="FILE|ID…")
@click.option("--json", "as_json", is_flag=True, help="Problems as JSON.")
@acting
def check_command(actor: Actor, names: tuple[str, ...], as_json: bool) -> None:
    """Check standards, each also against the others named. Exit 1: problems; 3: a file cannot be read."""
    texts, unread = _texts(actor, names)
    whole = [made for text in texts.values() if isinstance(made := _tried(text, ()), rules.Standard)]
    wrong: dict[str, rules.NotAStandard] = {}
    for name, text in texts.items():
        made = _tried(text, tuple(whole))
        if isinstance(made, rules.NotAStandard):
            wrong[name] = made
        elif not as_json:
            points = f"{made.scale.total:f}"
            count = sum(1 for _c in made.criteria())
            message = _("%(name)s: in order, %(count)d criteria, %(points)s points, sha256 %(digest)s")
            click.echo(
                message % {"name": name, "count": count, "points": points, "digest": rules.digest(made)[:12]}
            )
    for name, error in wrong.items():
        for line in say_refusal(error, name):
            click.echo(line, err=True)
    if as_json:
        told(
            {"files": [{"name": n, "problems": _problems(wrong.get(n), n)} for n in texts], "unread": unread}
        )
    if wrong or unread:
        raise SystemExit(UNREADABLE if unread else 1)


def _texts(actor: Actor, names: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    texts: dict[str, str] = {}
    unread: list[str] = []
    for name in names:
        try:
            texts[name] = text_of(Path(name)) if is_file(name) else rules.written(named(actor, name))
        except NotFound as error:
            unread.append(name)
            click.echo(str(error), err=True)
    return texts, unread


def _tried(text: str, known: tuple[rules.Standard, ...]) -> rules.Standard | rules.NotAStandard:
    try:
        return rules.read(text, known=known)
    except rules.NotAStandard as error:
        return error


def _problems(error: rules.NotAStandard | None, name: str) -> list[dict[str, Any]]:
    return [
        {"line": p.line, "path": p.path, "code": p.code, "message": say_problem(p, name)}
        for p in (error.problems if error else ())
    ]


@standard_group.command("show")
@click.argument("name", metavar="FILE|ID")
@click.option("--json", "as_json", is_flag=True, help="The whole standard as JSON, with its sha256.")
@acting
def show_command(actor: Actor, name: str, as_json: bool) -> None:
    """Show a standard as a handbook: modules, items, criteria, points."""
    made = named(actor, name)
    if as_json:
        told({"sha256": rules.digest(made), "standard": json.loads(rules.canonical(made))})
        return
    for line in tree_lines(made):
        click.echo(line)


@standard_group.command("diff")
@click.argument("old", metavar="FILE|ID")
@click.argument("new", metavar="FILE|ID")
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
@acting
def diff_command(actor: Actor, old: str, new: str, as_json: bool) -> None:
    """Compare two editions in words and points. Exit 0, different or not."""
    was, now = named(actor, old), named(actor, new)
    found = compare(was, now)
    if as_json:
        told(_as_json(found) | {"comparable": comparable(was, now)})
        return
    for line in change_words(found):
        click.echo(line)
    if not comparable(was, now):
        click.echo(_("Scores of the two are not comparable: a trend breaks here."))


def _as_json(found: Difference) -> dict[str, Any]:
    return {
        "head": [{"field": name, "old": was, "new": now} for name, was, now in found.head],
        "modules": [
            {"id": w.id, "old": plain(w.old), "new": plain(w.new)} for w in found.modules if w.old != w.new
        ],
        "criteria": [_pair(pair) for pair in found.pairs if pair.how != "same"],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "how": pair.how,
        "old": [c.id for c in pair.old],
        "new": pair.new.id if pair.new else None,
        "points": plain(pair.points),
        "fields": list(pair.fields),
        "words": [[piece.how, piece.text] for piece in pair.words()],
    }


@standard_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@acting
def list_command(actor: Actor, as_json: bool) -> None:
    """List the editions there are: of the bank, and of the catalog."""
    rows = [
        {
            "id": s.id,
            "version": s.version,
            "kind": s.kind,
            "title": s.title,
            "from": s.valid.start.isoformat(),
            "to": s.valid.end.isoformat() if s.valid.end else None,
            "total": plain(s.scale.total),
            "criteria": sum(1 for _c in s.criteria()),
        }
        for s in sorted(_editions(actor), key=lambda s: (s.id, s.valid.start))
    ]
    if as_json:
        told({"standards": rows})
        return
    for row in rows:
        until = row["to"] or "…"
        click.echo(f"{row['id']}@{row['version']}  {row['from']}–{until}  {row['criteria']}  {row['title']}")


def _editions(actor: Actor) -> list[rules.Standard]:
    try:
        return editions(actor)
    except NotFound as error:
        raise click.ClickException(str(error)) from error


@standard_group.command("export")
@click.argument("name", metavar="FILE|ID")
@click.option("--excel", "excel", type=PATH, metavar="FILE.xlsx", help="Write a workbook.")
@click.option("--yaml", "text", type=PATH, metavar="FILE.yaml", help="Write the text.")
@acting
def export_command(actor: Actor, name: str, excel: Path | None, text: Path | None) -> None:
    """Write a standard as a workbook or as text."""
    if excel is None and text is None:
        raise click.UsageError(_("Say what to write: --excel FILE.xlsx or --yaml FILE.yaml."))
    made = named(actor, name)
    try:
        if excel is not None:
            excel.write_bytes(workbook(made))
        if text is not None:
            text.write_text(rules.written(made), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
