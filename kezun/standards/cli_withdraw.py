"""The command `kezun standard withdraw`: one person asks, another carries it out."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.org.command import acting
from kezun.standards import actions, queries
from kezun.standards.models import Standard


@click.command("withdraw")
@click.argument("name", metavar="ID@VERSION")
@click.option("--reason", default="", help="Why; needed to ask and to keep it.")
@click.option("--carry-out", is_flag=True, help="Carry out what another person asked for.")
@click.option("--keep", is_flag=True, help="Refuse what another person asked for, or take back one's own.")
@acting
def withdraw_command(actor: Actor, name: str, reason: str, carry_out: bool, keep: bool) -> None:
    """Ask that a published edition be withdrawn; with --carry-out as the second person. Needs --as CODE."""
    if carry_out and keep:
        raise click.UsageError(_("Either --carry-out or --keep."))
    edition = _edition(actor, name)
    if carry_out:
        actions.withdraw(actor, edition, reason=reason)
        click.echo(_("%(edition)s is withdrawn.") % {"edition": edition})
    elif keep:
        actions.refuse_withdrawal(actor, edition, reason=reason)
        click.echo(_("%(edition)s stays in force.") % {"edition": edition})
    else:
        actions.ask_withdrawal(actor, edition, reason=reason)
        click.echo(
            _("Asked: %(edition)s stays in force until a second person carries it out.")
            % {"edition": edition}
        )


def _edition(actor: Actor, name: str) -> Standard:
    """The last published revision of what is called `urn@version`."""
    urn, _at, version = name.partition("@")
    if not version:
        raise click.UsageError(
            _("Name the edition with its version, for instance urn:bank:std:lobby@2026.1.")
        )
    named = queries.editions_for(actor).filter(urn__in=(urn, f"urn:kezun:std:{urn}"), version=version)
    found = named.filter(published_at__isnull=False, withdrawn_at__isnull=True).order_by("-revision").first()
    if found is None:
        message = _("No published edition is called %(name)s; `kezun standard list` shows those there are.")
        raise click.ClickException(message % {"name": name})
    return found
