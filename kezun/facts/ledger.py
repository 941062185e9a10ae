"""What the ledger of imports tells, and whom: one's own batches, and those of people in scope."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.http import FileResponse, Http404
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.facts.importing import Summary
from kezun.facts.models import Batch
from kezun.facts.profiles import Profile
from kezun.facts.rejects import Reject
from kezun.facts.staging import title_of
from kezun.kernel.actor import Actor, OutOfScope
from kezun.org.models import Person

READ = "facts.read_batches"


def batches_for(actor: Actor) -> QuerySet[Batch]:
    """Batches that the actor may see, newest first: all with a scope of the whole bank, else those of the
    people in scope; what the platform itself imported only with the whole bank.
    """
    found = Batch.objects.order_by("-started_at", "-pk")
    if not isinstance(actor, Person) or actor.scope.whole_bank(READ):
        return found if actor.may(READ) else found.none()
    names = Person.objects.visible_to(actor, READ).annotate(
        trail=Concat(Value("person:"), Cast("pk", CharField()))
    )
    own = Q(by=f"person:{actor.pk}") | Q(by__startswith=f"person:{actor.pk}/")
    return found.filter(own | Q(by__in=names.values("trail"))) if actor.may(READ) else found.none()


def batch_by_id(actor: Actor, pk: int) -> Batch:
    """One batch; OutOfScope (404) where there is none for this actor."""
    batch = batches_for(actor).filter(pk=pk).first()
    if batch is None:
        raise OutOfScope(_("No import %(number)d in your scope.") % {"number": pk})
    return batch


def summary_of(batch: Batch) -> Summary:
    """What an import that is done had to say, read back from the ledger."""
    return Summary(
        batch.fact,
        rows=batch.rows,
        new=batch.new,
        same=batch.same,
        corrected=batch.corrected,
        rejected=batch.rejected,
        warnings=dict(batch.warnings),
        rejects_file=batch.rejects_path or None,
        batch=batch.pk,
        errors=tuple(Reject(*error) for error in batch.errors),
    )


def who(batches: list[Batch]) -> dict[str, str]:
    """Name in the trail → how a reader calls whoever imported; one statement."""
    keys = {b.by: b.by.removeprefix("person:").split("/")[0] for b in batches if b.by.startswith("person:")}
    names = dict(Person.objects.filter(pk__in=set(keys.values())).values_list("pk", "name"))
    people = {by: names.get(int(key), by) for by, key in keys.items()}
    return {b.by: people.get(b.by) or _by_the_platform(b.by) for b in batches}


def _by_the_platform(name: str) -> str:
    if name == "system:inbox":
        return _("Watched folder")
    return _("Command line") if name.startswith("system:cli:") else _("Platform")


def warning_titles(warnings: dict[str, int], profile: Profile | None) -> list[tuple[str, str, int]]:
    """(code, in words, how many) of warnings; a profile's own checks speak in the reader's language."""
    english = (get_language() or settings.LANGUAGE_CODE).startswith("en")
    checks = profile.checks if profile else ()
    own = {c.code: (c.title_en if english else c.title) or c.title or c.title_en for c in checks}
    return [(code, own.get(code) or title_of(code), count) for code, count in sorted(warnings.items())]


def rejects_response(batch: Batch) -> FileResponse:
    """The file of rejected rows, to be kept as `<name>-rejects.csv`; 404 where there is none (any more)."""
    path = Path(batch.rejects_path) if batch.rejects_path else None
    if path is None or not path.is_file():
        raise Http404(_("This import has no rejected rows."))
    name = f"{Path(batch.name).stem[:80] or 'import'}-{batch.pk}-rejects.csv"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/csv")
