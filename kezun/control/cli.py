"""`kezun trail verify`: the trail replayed on the command line."""

from __future__ import annotations

import json

import click
from django.utils.translation import gettext as _

from kezun.control.actions import VERIFY
from kezun.kernel.actor import Actor, require
from kezun.kernel.anchor import anchor
from kezun.kernel.command import command
from kezun.kernel.verify import Report, explain, verify
from kezun.org.command import acting


@command
@click.group("trail")
def trail() -> None:
    """The trail: who did what, sealed against change."""


@trail.command("verify")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON, on the last line.")
@acting
def verify_trail(as_json: bool, actor: Actor) -> None:
    """Replay the whole trail. Exit 0: intact; 1: changed, with every entry that is not as it was written."""
    require(actor, VERIFY)
    report = verify()
    click.echo(json.dumps(report.as_json(), ensure_ascii=False) if as_json else in_words(report))
    if not report.intact:
        raise SystemExit(1)


@trail.command("anchor")
@acting
def anchor_trail(actor: Actor) -> None:
    """Seal the heads of all chains into KEZUN_HOME/trail/anchors.jsonl now."""
    require(actor, VERIFY)
    made = anchor()
    told = _("Anchor %(number)s: %(seal)s")
    click.echo(
        told % {"number": made["sequence"], "seal": made["seal"]} if made else _("Nothing new to anchor.")
    )


def in_words(report: Report) -> str:
    """The report for people: problems one a line, then what was replayed and what cannot be seen."""
    lines = [
        f"{'-' if p.shard is None else p.shard}/{'-' if p.position is None else p.position}: {explain(p)}"
        for p in report.problems
    ]
    if report.more:
        lines.append(_("… and %(more)s more") % {"more": report.more})
    numbers = {
        **{"entries": report.entries, "chains": report.chains, "seconds": report.seconds},
        **{"anchors": report.anchors, "unanchored": report.unanchored},
    }
    lines.append(_("%(entries)s entries in %(chains)s chains replayed in %(seconds)s s.") % numbers)
    lines.append(
        _(
            "%(anchors)s anchors; %(unanchored)s entries stand after the last one: if those were cut off "
            "together with an older head, it could not be seen."
        )
        % numbers
    )
    lines.append(_("The trail is intact.") if report.intact else _("THE TRAIL WAS CHANGED."))
    return "\n".join(lines)
