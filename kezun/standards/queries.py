"""What pages and other rooms ask of standards: editions with their content checked, and which one holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterable
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor, OutOfScope
from kezun.standards import rules
from kezun.standards.editions import EditionQuerySet
from kezun.standards.models import Sheet, SheetQuerySet, Standard
from kezun.standards.rules.form import Over, Validity
from kezun.standards.rules.nodes import Problem, parse
from kezun.standards.rules.overlay import overlaid

log = logging.getLogger("kezun.standards")
NEWEST = ("urn", "-from_date", "-revision")


class NotGenuine(RuntimeError):
    """The text of a published edition is not the one that its hash was made of."""


@lru_cache(maxsize=256)
def _read(text: str) -> tuple[rules.Standard, str]:
    """What a text says, and its hash; both follow from the text alone."""
    made = rules.read(text)
    return made, rules.digest(made)


def standard_of(edition: Standard) -> rules.Standard:
    """What an edition says. Raises NotAStandard for a draft that cannot be read, and NotGenuine where a
    published text was changed behind the product's back: nothing may be judged by it then."""
    made, sha256 = _read(edition.text)
    if edition.published_at is not None and sha256 != edition.sha256:
        log.error("text and hash differ", extra={"standard": edition.pk, "sha256": edition.sha256})
        raise NotGenuine(str(edition))
    return made


def whole(edition: Standard) -> rules.Standard:
    """What is asked by an edition: an overlay together with the edition that it lies over.

    Raises ValidationError where there is none below; `readable` gives the overlay alone then.
    """
    made = standard_of(edition)
    if made.over is None:
        return made
    base = base_of(edition, made.over)
    if base is None:
        raise ValidationError(
            _("The overlay lies over %(urn)s %(version)s, which is not published here.")
            % {"urn": made.over.standard, "version": made.over.version}
        )
    return overlaid(standard_of(base), made)


def readable(edition: Standard) -> rules.Standard:
    """What there is to read of an edition: as `whole`, and an overlay by itself where none lies below."""
    try:
        return whole(edition)
    except ValidationError:
        return standard_of(edition)


def base_of(edition: Standard, over: Over) -> Standard | None:
    """The edition that an overlay lies over: the last revision there was when the overlay was published.

    What is corrected or withdrawn below it later changes nothing that the overlay has judged. One that is
    not published yet lies over what holds now.
    """
    named = {"urn": over.standard, "version": over.version}
    then = Standard.objects.published(edition.published_at).filter(**named).order_by("-revision").first()
    if then is not None or edition.published_at is None:
        return then
    return Standard.objects.filter(**named, published_at__isnull=False).order_by("published_at").first()


def laid_over(edition: Standard) -> list[Standard]:
    """Overlays in force or to come that lie over an edition."""
    open_ = Q(until_date__isnull=True) | Q(until_date__gt=today())
    overlays = Standard.objects.published().filter(open_, kind=Standard.Kind.OVERLAY)
    named = (edition.urn, edition.version)
    return [o for o in overlays if (over := standard_of(o).over) and (over.standard, over.version) == named]


def editions_for(actor: Actor) -> EditionQuerySet[Standard]:
    """Editions that the actor may see, by standard, the newest first."""
    return Standard.objects.visible_to(actor).order_by(*NEWEST)


def edition_by_id(actor: Actor, pk: int) -> Standard:
    """One edition with the people who answer for it; OutOfScope (404) where the actor sees none."""
    people = ("drafted_by", "proposed_by", "approved_by", "asked_by", "withdrawn_by")
    found = Standard.objects.visible_to(actor).select_related(*people).filter(pk=pk).first()
    if found is None:
        raise OutOfScope(_("No such standard."))
    return found


def known(urns: Iterable[str]) -> tuple[rules.Standard, ...]:
    """The published editions of these standards, as the rules need them to check a new one.

    The validity of each ends where a later edition took its place, whatever its own text says.
    """
    rows = list(Standard.objects.published().filter(urn__in=set(urns)))
    latest = {(row.urn, row.version): row for row in sorted(rows, key=lambda r: r.revision)}
    made = []
    for row in latest.values():
        after = [o.from_date for o in latest.values() if o.urn == row.urn and o.from_date > row.from_date]
        end = min((d for d in (row.until_date, *after) if d is not None), default=None)
        made.append(dataclasses.replace(standard_of(row), valid=Validity(row.from_date, end)))
    return tuple(made)


def read_against_known(text: str) -> rules.Standard:
    """The standard that a text states, checked against all editions there are; raises NotAStandard.

    Editions of the same standard that begin before are taken as they hold until then: only an edition that
    nobody replaces may not overlap. An overlay needs an edition to lie over.
    """
    first = rules.read(text)
    urns = {first.id} | ({first.over.standard} if first.over else set())
    others = known(urns)
    if first.over is not None and all(other.id != first.over.standard for other in others):
        named = {"version": f"{first.over.standard}@{first.over.version}", "known": "—"}
        raise rules.NotAStandard((Problem(parse(text).lines["over"], "over", "unknown_edition", named),))
    return rules.read(text, known=others)


def in_force(day: dt.date) -> list[Standard]:
    """The edition of each standard that counts on a day, by title; one statement."""
    first: dict[str, Standard] = {}
    for row in Standard.objects.in_force(day):
        first.setdefault(row.urn, row)
    return sorted(first.values(), key=lambda row: (row.kind == Standard.Kind.OVERLAY, row.title))


def sheets_for(actor: Actor) -> SheetQuerySet:
    """Sheets in the actor's scope, the latest visit first."""
    found = Sheet.objects.visible_to(actor).select_related(
        "standard", "unit", "inspector", "person", "released_by"
    )
    return found.order_by("-visited_date", "-pk")


def sheet_by_id(actor: Actor, pk: int) -> Sheet:
    """One sheet; OutOfScope (404) where the actor sees none."""
    found = sheets_for(actor).filter(pk=pk).first()
    if found is None:
        raise OutOfScope(_("No such sheet."))
    return found


def impact(edition: Standard) -> SheetQuerySet:
    """Submitted sheets of the standard whose visit lies in the edition's validity but which another edition
    judged: what a correction for the past would touch. Nothing is judged anew by itself."""
    found = Sheet.objects.filter(standard__urn=edition.urn, visited_date__gte=edition.from_date)
    if edition.until_date is not None:
        found = found.filter(visited_date__lt=edition.until_date)
    submitted = found.filter(state=Sheet.State.SUBMITTED).exclude(standard=edition)
    return submitted.select_related("unit", "standard").order_by("-visited_date", "-pk")


def today() -> dt.date:
    """The bank's day."""
    return timezone.localdate()


def tomorrow() -> dt.date:
    """The first day on which something new can begin without touching what is over."""
    return today() + dt.timedelta(days=1)
