"""`kezun people`, `kezun password`, `kezun token`: people and their access from the command line."""

from __future__ import annotations

import json

import click
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor, require
from kezun.kernel.command import command
from kezun.org import actions, queries
from kezun.org.command import acting
from kezun.org.models import Token


@command
@click.command("people")
@click.argument("text", default="")
@click.option("--format", "shape", type=click.Choice(["table", "json"]), default="table")
@acting
def people(actor: Actor, text: str, shape: str) -> None:
    """List people in scope, all or those whose name or staff number matches TEXT."""
    require(actor, "org.read")
    rows = [
        {
            "code": p.code,
            "name": p.name,
            "unit": p.home_unit.code if p.home_unit else "",
            "username": p.username or "",
            "active": p.is_active,
        }
        for p in queries.found_people(actor, text, "org.read")
    ]
    if shape == "json":
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = "" if row["active"] else _("disabled")
        click.echo(
            f"{row['code']:<20} {row['unit']:<12} {row['username']:<16} {row['name']} {state}".rstrip()
        )


@command
@click.command("password")
@click.argument("code")
@acting
def password(actor: Actor, code: str) -> None:
    """Issue a one-time password to the person CODE and print it once."""
    person = queries.person_by_code(actor, code, "org.issue_password")
    click.echo(actions.issue_password(actor, person).text)


@command
@click.group("token")
def token() -> None:
    """Tokens with which programs act for people."""


@token.command("issue")
@click.argument("code")
@click.option("--name", required=True, help="What it is for.")
@click.option("--may", "permissions", multiple=True, required=True, help="A permission, such as facts.read.")
@click.option("--days", type=int, default=90, show_default=True)
@acting
def issue(actor: Actor, code: str, name: str, permissions: tuple[str, ...], days: int) -> None:
    """Issue a token for the person CODE and print its secret, once."""
    person = queries.person_by_code(actor, code, "org.issue_token")
    click.echo(actions.issue_token(actor, person, name=name, permissions=permissions, days=days).text)


@token.command("list")
@click.argument("code")
@acting
def show(actor: Actor, code: str) -> None:
    """List the tokens of the person CODE: number, first characters, state, name."""
    person = queries.person_by_code(actor, code, "org.issue_token")
    for row in person.tokens.order_by("pk"):
        state = _("revoked") if row.revoked_at else f"{row.expires_at:%Y-%m-%d}"
        click.echo(f"{row.pk:<6} {row.hint}… {state:<12} {row.name}")


@token.command("revoke")
@click.argument("number", type=int)
@acting
def revoke(actor: Actor, number: int) -> None:
    """Revoke a token by its number; the next request with it is refused."""
    row = Token.objects.select_related("person").filter(pk=number).first()
    if row is None:
        raise click.UsageError(_("There is no token %(n)d; see `kezun token list`.") % {"n": number})
    actions.revoke_token(actor, row)
