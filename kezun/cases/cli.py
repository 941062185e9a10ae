"""`kezun cases`: open, show, list, do, verify; the whole group acts as whoever `--as` names."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import actions, cli_deadline, cli_report, escalation, payload, telling
from kezun.cases.actions.verifying import REPLAY
from kezun.cases.models import Case
from kezun.cases.verifying import Report, explain, verify
from kezun.kernel import file
from kezun.kernel.action import once
from kezun.kernel.actor import Actor, require
from kezun.kernel.command import command
from kezun.org.command import acting

__all__ = ["cases_group", "cli_deadline"]
PROOFS = ("png", "jpeg", "pdf", "xlsx", "text")
UNREADABLE = 3


@command
@click.group("cases")
def cases_group() -> None:
    """Cases: register, show, list, take every step, replay the histories. NO is a case's number."""


def as_json(function: Any) -> Any:
    """Add `--json`."""
    return click.option("--json", "plain", is_flag=True, help="The answer as JSON, on the last line.")(
        function
    )


def told(value: object) -> None:
    """One line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))


def refused(error: ValidationError) -> click.ClickException:
    """What is wrong, field by field."""
    if not hasattr(error, "error_dict"):
        return click.ClickException("\n".join(error.messages))
    lines = [f"{name}: {' '.join(said)}" for name, said in error.message_dict.items()]
    return click.ClickException("\n".join(line.removeprefix("__all__: ") for line in lines))


def given_of(sets: tuple[str, ...], source: str) -> dict[str, Any]:
    """What is said with a step: a JSON object (a file, or `-` for what is piped in), then NAME=VALUE."""
    values: dict[str, Any] = {}
    if source:
        try:
            text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
            values = json.loads(text)
        except (OSError, ValueError) as error:
            click.echo(_("%(name)s cannot be read: %(why)s") % {"name": source, "why": error}, err=True)
            raise SystemExit(UNREADABLE) from error
        if not isinstance(values, dict):
            raise click.UsageError(_("%(name)s: a JSON object is expected.") % {"name": source})
    for text in sets:
        name, found, value = text.partition("=")
        if not found or not name:
            raise click.UsageError(_("--set %(text)s: write NAME=VALUE.") % {"text": text})
        values[name] = value
    return values


def saying(function: Any) -> Any:
    """Add what a step takes: values, files, an idempotency key."""
    for option in (
        click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A value; may be repeated."),
        click.option("--given", default="", metavar="FILE|-", help="Values as a JSON object."),
        click.option("--key", default=None, help="Do it at most once under this key."),
    ):
        function = option(function)
    return function


@cases_group.command("open")
@click.argument("kind")
@click.option("--unit", "unit", required=True, metavar="CODE", help="The unit that the case is about.")
@saying
@as_json
@acting
def open_command(
    actor: Actor, kind: str, unit: str, sets: tuple[str, ...], given: str, key: str | None, plain: bool
) -> None:
    """Register a case of KIND. Exit 1: refused, with the reason by field; 3: FILE cannot be read."""
    try:
        about = payload.unit(actor, unit, 0)
        with once(key):
            made = actions.open_case(actor, kind, about, given_of(sets, given))
    except ValidationError as error:
        raise refused(error) from error
    _answer(actor, made, plain)


@cases_group.command("do")
@click.argument("no")
@click.argument("verb")
@click.option("--file", "paths", multiple=True, type=click.Path(path_type=Path), help="A file to attach.")
@saying
@as_json
@acting
def do_command(
    actor: Actor,
    no: str,
    verb: str,
    paths: tuple[Path, ...],
    sets: tuple[str, ...],
    given: str,
    key: str | None,
    plain: bool,
) -> None:
    """Take the step VERB of the case NO. Exit 1: refused, with the reason; 3: FILE cannot be read."""
    values = given_of(sets, given)
    try:
        case = named(actor, no)
        if paths:
            require(actor, "cases.attach")
            values["files"] = [_kept(actor, path) for path in paths]
        with once(key):
            made = actions.do(actor, case, verb, values)
    except ValidationError as error:
        raise refused(error) from error
    _answer(actor, made, plain)


def _kept(actor: Actor, path: Path) -> object:
    try:
        with path.open("rb") as stream:
            return file.keep(actor, stream, path.name, allow=PROOFS)
    except OSError as error:
        click.echo(
            _("%(name)s cannot be read: %(why)s") % {"name": path.name, "why": error.strerror}, err=True
        )
        raise SystemExit(UNREADABLE) from error


def named(actor: Actor, no: str) -> Case:
    """The case of that number in the actor's scope. Raises ValidationError."""
    return payload.case(actor, no, 0)


def _answer(actor: Actor, made: Case | str, plain: bool) -> None:
    """The case as it stands now; a repeat under a key gives the record's label only."""
    pk = made.pk if isinstance(made, Case) else int(made.rpartition(":")[2])
    case = Case.objects.visible_to(actor).filter(pk=pk).first()
    if case is None:
        no = made.no if isinstance(made, Case) else str(made)
        click.echo(_("%(no)s: done; it no longer lies in your scope.") % {"no": no}, err=True)
        return
    if plain:
        told(telling.brief(case))
        return
    click.echo(f"{case.no}  {case.get_state_display()}  {_due(case)}  {case.title}")


def _due(case: Case) -> str:
    return f"{timezone.localtime(case.act_by_at):%Y-%m-%d %H:%M}" if case.act_by_at else _("no deadline")


@cases_group.command("show")
@click.argument("no")
@as_json
@acting
def show_command(actor: Actor, no: str, plain: bool) -> None:
    """Show a case: where it stands, its clocks, its history, what the actor may do next."""
    case = named(actor, no)
    found = telling.whole(actor, case)
    if plain:
        told(found)
        return
    click.echo(f"{case.no}  {case.title}")
    click.echo(f"{case.get_state_display()}  {case.owner_unit.code} {case.owner_unit.title}")
    for clock in found["clocks"]:
        click.echo(f"  {clock['policy']}  {clock['state']}  {clock['act_by_at']} / {clock['due_at']}")
    for event in found["events"]:
        click.echo(f"  {event['seq']:>3}  {event['at'][:16]}  {event['verb']:<10} {event['actor']}")
    click.echo(_("Possible now: %(verbs)s") % {"verbs": ", ".join(found["possible"]) or "—"})


@cases_group.command("list")
@click.option("--unit", default="", metavar="CODE", help="Cases about this unit or lying with it.")
@click.option("--kind", default="", help="Cases of this kind.")
@click.option("--state", default="", type=click.Choice(["", *Case.State.values]), help="Cases in this state.")
@click.option("--late", is_flag=True, help="Only those whose time to act is over.")
@click.option("--all", "ended", is_flag=True, help="Also those that have ended.")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), help="At most so many.")
@as_json
@acting
def list_command(
    actor: Actor, unit: str, kind: str, state: str, late: bool, ended: bool, limit: int, plain: bool
) -> None:
    """List cases, the most urgent first."""
    found = Case.objects.visible_to(actor)
    if not ended and not state:
        found = found.filter(open=True)
    if unit:
        found = found.filter(Q(unit__code=unit) | Q(owner_unit__code=unit) | Q(pending_unit__code=unit))
    wanted = {"code": kind, "state": state}
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    if late:
        found = found.filter(act_by_at__lt=timezone.now())
    related = ("unit", "owner_unit", "pending_unit", "handler", "verifier")
    page = found.select_related(*related).order_by("act_by_at", "pk")[:limit]
    if plain:
        told([telling.brief(case) for case in page])
        return
    for case in page:
        lies = (case.pending_unit or case.owner_unit).title
        click.echo(f"{case.no}  {_due(case):<16}  {case.get_state_display()}  {lies}  {case.title}")


@cases_group.command("verify")
@click.option("--case", "no", default="", metavar="NO", help="Only this case.")
@as_json
@acting
def verify_command(actor: Actor, no: str, plain: bool) -> None:
    """Replay all histories. Exit 0: rows, clocks and histories agree; 1: they do not, with each fault."""
    require(actor, REPLAY)
    report = verify(named(actor, no) if no else None)
    if plain:
        told(report.as_json())
    else:
        click.echo(in_words(report))
    if not report.intact:
        raise SystemExit(1)


@cases_group.command("sweep")
@click.option("--limit", default=10_000, type=click.IntRange(1, 1_000_000), help="At most so many steps.")
@as_json
@acting
def sweep_command(actor: Actor, limit: int, plain: bool) -> None:
    """Take the steps of ladders that are due now. Exit 1: some could not be taken, or a clock has no next."""
    require(actor, "cases.escalate")
    done = escalation.sweep(limit)
    pulse = escalation.audit(done, timezone.now())
    escalation.beat(pulse)
    if plain:
        told(asdict(pulse) | {"held": done.held})
    else:
        words = _(
            "%(fired)d steps taken, %(failed)d failed; %(running)d clocks run, %(lost)d without a next step."
        )
        click.echo(words % asdict(pulse))
    if pulse.failed or pulse.lost:
        raise SystemExit(1)


def in_words(report: Report) -> str:
    """The report for people: faults one a line, then what was replayed."""
    lines = [f"{wrong.case}#{wrong.seq}: {explain(wrong)}" for wrong in report.faults]
    if report.more:
        lines.append(_("… and %(more)s more") % {"more": report.more})
    numbers = {name: getattr(report, name) for name in ("cases", "events", "clocks", "seconds")}
    words = _("%(events)s events and %(clocks)s clocks of %(cases)s cases replayed in %(seconds)s s.")
    return "\n".join([*lines, words % numbers])


cases_group.add_command(cli_report.report_command)
