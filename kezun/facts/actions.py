"""Every write to the facts and their ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from kezun.facts import store
from kezun.facts.models import Batch
from kezun.facts.store import NewFile
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import Person, Unit


@dataclass(frozen=True)
class Change:
    """What a commit lists and ends; base is the snapshot its rows were compared with."""

    add: Sequence[NewFile]
    remove: Sequence[int]
    base: int


@action("facts.start_import")
def start_import(actor: Actor, *, fact: str, profile: str, name: str, sha256: str = "") -> Batch:
    """Open a batch in the ledger before the first row is read, so that a killed import shows."""
    return Batch.objects.create(
        fact=fact, profile=profile, name=name[:300], sha256=sha256, by=actor.trail_name
    )


@action("facts.import_file", hidden=("change",))
def import_file(
    actor: Actor,
    batch: Batch,
    *,
    rows: int,
    new: int,
    same: int,
    corrected: int,
    rejected: int,
    warnings: dict[str, int],
    rejects_path: str = "",
    change: Change | None = None,
) -> Batch:
    """Commit what an import prepared: the files are listed and the batch is done, or neither.

    change: None where the store already held every row. Raises store.Conflict where the store moved on.
    """
    if change is not None:
        store.commit(batch.fact, change.add, change.remove, batch, base=change.base)
    batch.state, batch.finished_at, batch.progress = Batch.State.DONE, timezone.now(), 1.0
    batch.rows, batch.new, batch.same = rows, new, same
    batch.corrected, batch.rejected, batch.warnings = corrected, rejected, warnings
    batch.rejects_path = rejects_path
    fields = ("state", "finished_at", "progress", "rows", "new", "same", "corrected", "rejected", "warnings")
    batch.save(update_fields=[*fields, "rejects_path", "seen_at"])
    return batch


@action("facts.fail_import")
def fail_import(actor: Actor, batch: Batch, *, message: str) -> Batch:
    """Close a batch that could not be imported; nothing of it is in the store."""
    batch.state, batch.finished_at, batch.message = Batch.State.FAILED, timezone.now(), message
    batch.save(update_fields=["state", "finished_at", "message", "seen_at"])
    return batch


@action("facts.register_people", target="unit")
def register_people(actor: Actor, unit: Unit, *, codes: Sequence[str], batch: Batch) -> dict[str, int]:
    """Register people whom a file names and nobody knows: the code is the name, without sign-in.

    Returns primary keys by code, of those known already too. Only profiles with `unknown: register` do this.
    """
    known = dict(Person.objects.filter(code__in=codes).values_list("code", "pk"))
    fresh = [Person(code=code, name=code, home_unit=unit) for code in codes if code not in known]
    for person in fresh:
        person.set_unusable_password()
        person.full_clean(exclude=["password"])
    Person.objects.bulk_create(fresh, batch_size=500)
    return dict(Person.objects.filter(code__in=codes).values_list("code", "pk"))


def progress(batch: Batch, share: float) -> None:
    """Note in the ledger how far an import is (0 … 1); not an action: it says nothing that is kept."""
    Batch.objects.filter(pk=batch.pk).update(progress=share, seen_at=timezone.now())
