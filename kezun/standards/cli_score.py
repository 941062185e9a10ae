"""The command `kezun standard score`: answers in JSON become a score with a line for every criterion."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.org.command import acting
from kezun.standards import rules
from kezun.standards.messages import say_lack, say_reason, say_refusal
from kezun.standards.rules.form import Graded, Standard, Text
from kezun.standards.rules.marks import Given
from kezun.standards.rules.overlay import overlaid
from kezun.standards.rules.writing import plain
from kezun.standards.sources import NotFound, standard_named, text_of

WRONG, UNREADABLE, LACKING = 1, 3, 4
COMMA = re.compile(r"[,，、]")
PATH = click.Path(path_type=Path)


class NotAnswers(ValueError):
    """A file that holds no answers or values; the message says where and what to do."""


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, numbers as Decimal; NotAnswers or NotFound where there is none."""
    told = {"file": str(path)}
    try:
        found = json.loads(text_of(path), parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        message = _("%(file)s, line %(line)d: this is not JSON (%(why)s); correct it there.")
        raise NotAnswers(message % {**told, "line": error.lineno, "why": error.msg}) from error
    except NotAnswers as error:
        raise NotAnswers(f"{path}: {error}") from error
    except RecursionError as error:
        raise NotAnswers(_("%(file)s: nested too deeply for answers.") % told) from error
    if not isinstance(found, dict):
        raise NotAnswers(_('%(file)s: an object is expected, {"criterion": answer, …}.') % told)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(k for k in found if sum(k == other for other, _v in pairs) > 1)
        raise NotAnswers(_("«%(key)s» stands there twice; keep one.") % {"key": twice})
    return found


def answers_in(standard: Standard, said: Mapping[str, Any]) -> dict[str, Given]:
    """Answers as JSON has them, as the rules take them; null is no answer, {"na": reason} is Na."""
    found = {id: _answer(standard, id, value) for id, value in said.items() if value is not None}
    return {id: value for id, value in found.items() if value is not None}


def _answer(standard: Standard, id: str, value: Any) -> Given | None:
    if isinstance(value, dict) and set(value) == {"na"}:
        return rules.Na(value["na"] if isinstance(value["na"], str) else "")
    if isinstance(value, dict | list | bool):
        return json.dumps(value, ensure_ascii=False, default=str)
    criterion = standard.criterion(id)
    if criterion is None or isinstance(criterion.answer, Graded | Text):
        return str(value)
    return number(value) if isinstance(value, str) and number(value) is not None else value


def number(value: object) -> Decimal | None:
    """A finite number written as one; None for anything else."""
    try:
        made = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return made if made.is_finite() else None


def values_in(path: Path) -> dict[str, Decimal]:
    """Indicators' values from a JSON file."""
    found: dict[str, Decimal] = {}
    for ref, value in read_json(path).items():
        made = None if isinstance(value, bool | dict | list) else number(value)
        if value is not None and made is None:
            message = _("%(file)s: the value of %(ref)s is not a number; write digits.")
            raise NotAnswers(message % {"file": str(path), "ref": ref})
        if made is not None:
            found[ref] = made
    return found


def as_json(result: rules.Result) -> dict[str, Any]:
    """A result for machines; numbers are text, so that nothing is lost."""
    return {
        "score": None if result.score is None else f"{result.score:f}",
        "earned": plain(result.earned),
        "applicable": plain(result.applicable),
        "veto": list(result.veto),
        "grade_cap": result.grade_cap,
        "exclude_from_awards": result.exclude_from_awards,
        "rating": result.rating,
        "lines": [_line(line) for line in result.lines],
        "beside": [
            {"id": p.id, "earned": plain(p.earned), "applicable": plain(p.applicable)} for p in result.beside
        ],
    }


def _line(line: rules.Line) -> dict[str, str]:
    return {
        "id": line.id,
        "earned": plain(line.earned),
        "possible": plain(line.possible),
        "reason": say_reason(line),
        "code": line.reason,
    }


@click.command("score")
@click.argument("name", metavar="FILE|ID")
@click.option("--answers", "answers", required=True, type=PATH, metavar="ANSWERS.json", help="The answers.")
@click.option("--tags", default="", metavar="a,b", help="The outlet's tags.")
@click.option("--indicators", type=PATH, metavar="VALUES.json", help="Values of indicators.")
@click.option("--method", default=None, help="Only what this method asks; else all that applies.")
@click.option("--over", metavar="FILE|ID", help="The overlay to lay over the standard.")
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
@acting
def score_command(
    actor: Actor,
    name: str,
    answers: Path,
    tags: str,
    indicators: Path | None,
    method: str | None,
    over: str | None,
    in_json: bool,
) -> None:
    """Score answers by a standard. Exit 4: an answer is missing or not allowed; 3: a file cannot be read."""
    try:
        standard = standard_named(actor, name)
        if over:
            standard = overlaid(standard, standard_named(actor, over))
        given = answers_in(standard, read_json(answers))
        values = values_in(indicators) if indicators else {}
        profile = [t.strip() for t in COMMA.split(tags) if t.strip()]
        result = rules.evaluate(standard, given, tags=profile, indicators=values, method=method)
    except (NotFound, NotAnswers) as error:
        click.echo(str(error), err=True)
        raise SystemExit(UNREADABLE) from error
    except rules.NotAStandard as error:
        click.echo("\n".join(say_refusal(error, name)), err=True)
        raise SystemExit(WRONG) from error
    except rules.NotScorable as error:
        _lacking(error, in_json)
        raise SystemExit(LACKING) from error
    if in_json:
        click.echo(json.dumps(as_json(result), ensure_ascii=False))
    else:
        _tell(result)


def _lacking(error: rules.NotScorable, in_json: bool) -> None:
    for lack in error.lacks:
        click.echo(say_lack(lack), err=True)
    if in_json:
        rows = [{"id": x.criterion, "code": x.code, "message": say_lack(x)} for x in error.lacks]
        click.echo(json.dumps({"lacks": rows}, ensure_ascii=False))


def _tell(result: rules.Result) -> None:
    for line in result.lines:
        click.echo(f"{line.id}  {plain(line.earned)}/{plain(line.possible)}  {say_reason(line)}")
    score = "—" if result.score is None else f"{result.score:f}"
    message = _("Score %(score)s: %(earned)s of %(applicable)s points")
    parts = {"score": score, "earned": plain(result.earned), "applicable": plain(result.applicable)}
    click.echo(message % parts)
    if result.rating:
        click.echo(_("Rating: %(rating)s") % {"rating": result.rating})
    if result.veto:
        told = {"ids": ", ".join(result.veto), "cap": result.grade_cap or "—"}
        click.echo(_("Veto: %(ids)s; grade at most %(cap)s") % told)
    for part in result.beside:
        click.echo(f"+ {part.title}  {plain(part.earned)}/{plain(part.applicable)}")
