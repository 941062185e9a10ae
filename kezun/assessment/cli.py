"""Commands: `kezun assess` with explain, replay and bridge, and `kezun scheme` check, show, list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import yaml
from django.db import transaction
from django.utils.translation import gettext as _

from kezun.assessment import queries, sheet
from kezun.assessment.actions.replays import replay_run
from kezun.assessment.actions.schemes import install_scheme
from kezun.assessment.inputs import NothingToRun
from kezun.assessment.known import read_known
from kezun.assessment.messages import say_refusal
from kezun.assessment.models import Run, Scheme
from kezun.assessment.repeating import carry_out
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.reading import NotAScheme, digest
from kezun.assessment.running import run as run_now
from kezun.facts.cli_indicators import known_at_option, period_option
from kezun.facts.engine import TooLarge
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor
from kezun.kernel.command import command
from kezun.org.command import acting

REFUSED, DIFFERS = 3, 5
FORMATS = click.Choice(["table", "json", "csv"])
KINDS = click.Choice([Run.Kind.PROVISIONAL.value, Run.Kind.FINAL.value, Run.Kind.RESTATED.value])
PATH = click.Path(path_type=Path, exists=True, dir_okay=False)


@command
@click.group("assess", invoke_without_command=True)
@click.option("--scheme", "urn", metavar="ID", help="The scheme's id, or its last part.")
@click.option("--period", "period_text", metavar="1999-02|1999-Q1|FROM..TO")
@click.option("--kind", type=KINDS, default=Run.Kind.PROVISIONAL.value, help="What the run counts as.")
@click.option("--decision", default="", metavar="NO", help="The decision that orders a restated run.")
@click.option("--reason", default="", metavar="TEXT", help="Why it is restated; everybody judged reads it.")
@click.option("--open", "opens", is_flag=True, help="Open the period at the desk where it is not open yet.")
@click.option("--known-at", metavar="MOMENT", help="Facts and rules as they were known then.")
@click.option(
    "--what-if", "what_if", type=PATH, help="YAML: changed numbers, path: value; counts for nothing."
)
@click.option("--format", "form", type=FORMATS, default="table")
@click.pass_context
@acting
def assess_group(
    context: click.Context, actor: Actor, urn: str | None, period_text: str | None, **told: Any
) -> None:
    """Judge a period by a scheme, explain a score, repeat a run.

    Without a further command: make a run and print it. It counts for its period where that is open at the
    desk, or --open opens it; else it is a trial that nobody judged is shown. Exit 1: nothing to run; 2:
    usage; 3: a scheme or change is refused; 5: a repeated run differs.
    """
    if context.invoked_subcommand is not None:
        return
    if not urn or not period_text:
        raise click.UsageError(_("Name --scheme and --period, or a command: explain, replay, bridge."))
    period = period_option(period_text)
    scheme = queries.scheme_named(actor, urn, period.end)
    known_at, change = known_at_option(told["known_at"]), _change(told["what_if"], scheme)
    ordered = {name: told[name] for name in ("kind", "decision", "reason", "opens")}
    made = _run(actor, scheme, period, known_at=known_at, what_if=change, **ordered)
    _print(actor, made, told["form"])


def _run(actor: Actor, scheme: Scheme, period: Period, **told: Any) -> Run:
    try:
        return run_now(actor, scheme, period.label, **told)
    except NothingToRun as error:
        raise click.ClickException("\n".join(error.messages)) from error
    except TooLarge as error:
        raise click.ClickException(str(error)) from error


def _print(actor: Actor, run: Run, form: str) -> None:
    scores = queries.scores_for(actor, run).select_related("unit", "person", "line")
    rows = list(scores.order_by("rank", "-score", "pk") if form == "table" else scores.order_by("pk"))
    if form == "json":
        click.echo(json.dumps(sheet.as_json(run, rows), ensure_ascii=False, indent=1))
    elif form == "csv":
        click.echo(sheet.as_csv(rows), nl=False)
    else:
        ranked = sorted(rows, key=lambda s: (s.rank is None, s.rank or 0, s.score is None))
        click.echo(sheet.as_table(run, ranked))
        click.echo(
            _("run %(number)d, inputs %(hash)s") % {"number": run.pk, "hash": run.inputs_hash[:12]}, err=True
        )


def _change(path: Path | None, scheme: Scheme) -> dict[str, str] | None:
    """The changed numbers of a file, tried on the scheme; exit 3 where they cannot be."""
    if path is None:
        return None
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--what-if: {path}: {error}") from error
    if not isinstance(raw, dict) or not raw:
        raise click.UsageError(
            _("--what-if: %(path)s holds no «path: value», such as components.csat.weight: 30.")
            % {"path": path}
        )
    change = {str(key): str(value) for key, value in raw.items()}
    try:
        changed(queries.scheme_of(scheme), change)
    except NotAScheme as error:
        _refuse(error, str(path))
    return change


def _refuse(error: NotAScheme, name: str) -> None:
    for line in say_refusal(error, name):
        click.echo(line, err=True)
    raise SystemExit(REFUSED)


@assess_group.command("explain")
@click.argument("number", metavar="RUN", type=int)
@click.argument("subject", metavar="SUBJECT")
@click.option("--json", "as_json", is_flag=True, help="The lines as JSON.")
@acting
def explain_command(actor: Actor, number: int, subject: str, as_json: bool) -> None:
    """Explain one score of a run to the last point; SUBJECT is a code or unit:12, person:7, line:3."""
    card = queries.scorecard(actor, queries.run_by_id(actor, number), subject)
    if as_json:
        told = sheet.as_json(card.run, [card.row])
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        click.echo(sheet.explained(card))


@assess_group.command("replay")
@click.argument("number", metavar="RUN", type=int)
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
@acting
def replay_command(actor: Actor, number: int, as_json: bool) -> None:
    """Repeat a run from its pinned inputs: the same bytes, or what differs. Exit 5 where it differs.

    What it found is kept with the run.
    """
    try:
        held = replay_run(actor, queries.run_by_id(actor, number), later=False)
        found = carry_out(held)
    except NothingToRun as error:
        raise click.ClickException("\n".join(error.messages)) from error
    if as_json:
        differ = [vars(d) for d in found.differences]
        click.echo(json.dumps(vars(found) | {"differences": differ}, ensure_ascii=False, indent=1))
    else:
        for note in found.notes:
            click.echo(note, err=True)
        said = _("equal") if found.equal else _("different")
        click.echo(f"{said}: {found.then[:16]} {found.now[:16]}")
        for d in found.differences:
            click.echo(f"{d.subject} {d.line}: {d.then} → {d.now}")
    if not found.equal:
        raise SystemExit(DIFFERS)


@assess_group.command("bridge")
@click.argument("before", metavar="ID@VERSION")
@click.argument("after", metavar="ID@VERSION")
@click.option("--period", "period_text", required=True, metavar="1999-02|1999-Q1|FROM..TO")
@acting
def bridge_command(actor: Actor, before: str, after: str, period_text: str) -> None:
    """Judge one period by two editions and show what the change of rules moves."""
    period = period_option(period_text)
    runs = [_run(actor, _edition(actor, name), period, kind=Run.Kind.WHAT_IF) for name in (before, after)]
    rows: list[list[Any]] = [[_("code"), _("name"), before, after, _("moved")]]
    rows += [[b.code, b.name, b.before, b.after, b.moved] for b in queries.comparable(actor, *runs)]
    click.echo(sheet.aligned(rows))


def _edition(actor: Actor, name: str) -> Scheme:
    urn, _at, version = name.rpartition("@")
    known = queries.schemes_for(actor).filter(version=version) if urn else queries.schemes_for(actor)
    found = next(
        (s for s in known if s.urn == (urn or version) or s.urn.endswith(f":{urn or version}")), None
    )
    if found is None:
        raise click.ClickException(_("No edition «%(name)s».") % {"name": name})
    return found


@command
@click.group("scheme")
def scheme_group() -> None:
    """Schemes: check a file, show one, list all. FILE is YAML, ID is urn or urn@version."""


@scheme_group.command("check")
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="FILE…")
@acting
def check_command(actor: Actor, paths: tuple[Path, ...]) -> None:
    """Check files against all that they refer to. Exit 3: at least one is refused."""
    wrong = False
    for path in paths:
        try:
            made = read_known(path.read_text(encoding="utf-8"))
        except NotAScheme as error:
            wrong = True
            for line in say_refusal(error, str(path)):
                click.echo(line, err=True)
        except UnicodeDecodeError as error:
            raise click.UsageError(f"{path}: {error}") from error
        else:
            message = _("%(path)s: in order, %(parts)d components, %(rules)d rules, sha256 %(digest)s")
            parts, rules = len(made.components), len(made.adjustments)
            click.echo(message % {"path": path, "parts": parts, "rules": rules, "digest": digest(made)[:12]})
    if wrong:
        raise SystemExit(REFUSED)


@scheme_group.command("show")
@click.argument("name", metavar="ID")
@acting
def show_command(actor: Actor, name: str) -> None:
    """Print the text of an edition, as it was written."""
    click.echo(_edition(actor, name).text, nl=False)


@scheme_group.command("list")
@acting
def list_command(actor: Actor) -> None:
    """List the editions there are, newest first."""
    rows: list[list[Any]] = [[_("id"), _("title"), _("judges"), _("state"), _("from"), _("to")]]
    for s in queries.schemes_for(actor):
        rows.append(
            [str(s), s.name, s.get_subject_display(), s.get_state_display(), s.from_date, s.until_date]
        )
    click.echo(sheet.aligned(rows))


@scheme_group.command("install")
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="FILE…")
@acting
def install_command(actor: Actor, paths: tuple[Path, ...]) -> None:
    """Publish schemes from files, as a pack does, all or none. Exit 3: one is refused."""
    with transaction.atomic():
        for path in paths:
            try:
                made = install_scheme(actor, text=path.read_text(encoding="utf-8"), origin="cli")
            except NotAScheme as error:
                _refuse(error, str(path))
            except UnicodeDecodeError as error:
                raise click.UsageError(f"{path}: {error}") from error
            else:
                click.echo(str(made))
