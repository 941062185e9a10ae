"""The schemes that come with the product and with packs: published once, whole or with what is wrong."""

from __future__ import annotations

import datetime as dt
import logging
from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db.models import Max, Min

from kezun.assessment.actions import rounds
from kezun.assessment.actions.runs import show_run
from kezun.assessment.actions.schemes import install_scheme
from kezun.assessment.inputs import NothingToRun
from kezun.assessment.models import Round, Run, Scheme
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.reading import NotAScheme, digest, read
from kezun.assessment.rules.steps import judged_by
from kezun.assessment.running import carry_out, run
from kezun.assessment.schemes import scheme_of
from kezun.facts.models import FactFile
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor

log = logging.getLogger("kezun.assessment")
FOLDER = Path(__file__).parent / "catalog" / "schemes"
ORIGIN = "catalog"


@lru_cache(maxsize=4)
def shipped(folder: Path = FOLDER) -> tuple[tuple[Form, str], ...]:
    """Each scheme of a folder with its text. Raises NotAScheme for a file with a mistake."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    return tuple((read(text), text) for text in texts)


def install_all(
    actor: Actor, folder: Path = FOLDER, origin: str = ORIGIN, *, fitting: bool = False
) -> list[Scheme]:
    """Publish the schemes of a folder that are not published yet; returns those that were new.

    fitting: leave those out that name a post or standard which this bank does not have, or whose version was
    published with another text; the log says so. Raises NotAScheme or ValidationError for the first else.
    """
    there = set(Scheme.objects.values_list("urn", "version", "sha256"))
    fresh = []
    for made, text in shipped(folder):
        if (made.id, made.version, digest(made)) in there:
            continue
        try:
            fresh.append(install_scheme(actor, text=text, origin=origin))
        except (NotAScheme, ValidationError) as error:
            if not fitting:
                raise
            log.warning("scheme does not fit", extra={"scheme": made.id, "why": str(error)})
    return fresh


def covered() -> list[Period]:
    """The last full periods that the facts cover: a quarter where there is one, else the last two months."""
    days = FactFile.objects.filter(fact="ticket", removed=None).aggregate(
        first=Min("min_day"), last=Max("max_day")
    )
    first, last = days["first"], days["last"]
    if first is None or last is None:
        return []
    quarter = _full("quarter", last)
    if first <= quarter.start:
        return [quarter]
    month = _full("month", last)
    return [period for period in (month.previous(), month) if first <= period.start]


def _full(kind: str, last: dt.date) -> Period:
    """The last period of a kind that ends on or before a day."""
    held = Period.of(last, kind)
    return held if held.end <= last else held.previous()


def run_all(actor: Actor, schemes: list[Scheme], desk: tuple[Actor, Actor] | None = None) -> list[Run]:
    """A first run of each scheme over what the facts cover: final for the last period but one, whose round
    is settled; provisional for the last, open to appeal. desk: who asks for the steps and who takes them.

    Editions that do not judge a period's end or periods of its length, and rounds that are there already,
    are left out; where nobody is judged, a failed run says so.
    """
    made = []
    periods = covered()
    for scheme in schemes:
        for at, period in enumerate(periods):
            if Scheme.objects.for_day(scheme.urn, period.end) != scheme or period.start < scheme.from_date:
                continue
            form = scheme_of(scheme)
            if not judged_by(form.cadences, period.kind, period.start, period.end):
                continue
            if Round.objects.filter(urn=scheme.urn, period=period.label).exists():
                continue
            try:
                if at == len(periods) - 1:
                    made.append(_to_appeal(desk or (actor, actor), scheme, period))
                else:
                    made.append(_settled(actor, scheme, period))
            except NothingToRun as error:
                log.warning("no run", extra={"scheme": str(scheme), "why": "; ".join(error.messages)})
    return made


def _settled(actor: Actor, scheme: Scheme, period: Period) -> Run:
    shown = show_run(actor, run(actor, scheme, period.label, kind=Run.Kind.FINAL, opens=True))
    if shown.round is not None:
        rounds.settle_round(actor, shown.round)
    return shown


def _to_appeal(desk: tuple[Actor, Actor], scheme: Scheme, period: Period) -> Run:
    """Take a round step by step until everybody judged may appeal."""
    asks, takes = desk
    held = rounds.open_round(asks, scheme, period=period.label)
    rounds.take_step(takes, rounds.ask_step(asks, held))
    made = carry_out(Run.objects.filter(round=held).latest("pk"))
    rounds.take_step(takes, rounds.ask_step(asks, held))
    made.refresh_from_db()
    return made
