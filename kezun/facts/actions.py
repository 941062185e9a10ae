"""Every write to the facts and their ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.facts import profiles, store
from kezun.facts.models import Batch, SavedProfile
from kezun.facts.store import NewFile
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.models import StoredFile
from kezun.kernel.task import enqueue
from kezun.org.models import Assignment, Person, Post, Unit
from kezun.org.scope import roles


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


@action("facts.draft_import")
def draft_import(actor: Actor, file: StoredFile, *, name: str) -> Batch:
    """Put a kept file on the import desk; nothing is read into the facts until somebody confirms it."""
    return Batch.objects.create(
        name=name[:300], sha256=file.sha256, by=actor.trail_name, state=Batch.State.DRAFT
    )


@action("facts.confirm_import")
def confirm_import(actor: Actor, batch: Batch, *, profile: str) -> Batch:
    """Say yes to a draft with the profile `pack/name`: a task brings it in for the one who confirms."""
    row = _held(batch, Batch.State.DRAFT, Batch.State.FAILED)
    known = profiles.load(profile)
    row.fact, row.profile, row.state, row.message = known.fact, profile, Batch.State.WAITING, ""
    row.progress, row.by = 0.0, actor.trail_name
    row.save(update_fields=["fact", "profile", "state", "message", "progress", "by", "seen_at"])
    enqueue("facts.run_import", batch=row.pk, by=actor.trail_name)
    return row


@action("facts.cancel_import")
def cancel_import(actor: Actor, batch: Batch) -> Batch:
    """Take a draft off the desk, or stop an import that waits or runs; what was committed before stays."""
    row = _held(batch, Batch.State.DRAFT, Batch.State.WAITING, Batch.State.RUNNING)
    row.state, row.finished_at = Batch.State.DROPPED, timezone.now()
    row.save(update_fields=["state", "finished_at", "seen_at"])
    return row


@action("facts.resume_import")
def resume_import(actor: Actor, batch: Batch) -> Batch:
    """Begin an import that waited, failed or was killed, under its own number in the ledger."""
    row = _held(batch, Batch.State.WAITING, Batch.State.FAILED, Batch.State.RUNNING)
    row.state, row.message, row.finished_at = Batch.State.RUNNING, "", None
    row.save(update_fields=["state", "message", "finished_at", "seen_at"])
    return row


def _held(batch: Batch, *states: str) -> Batch:
    """The row as it is now, locked; ValidationError unless its state is one of `states`."""
    row = Batch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in states:
        raise ValidationError(_("This import is already: %(state)s.") % {"state": row.get_state_display()})
    return row


@action("facts.save_profile")
def save_profile(actor: Actor, *, name: str, text: str) -> SavedProfile:
    """Keep a profile made in the pages as `saved/<name>`, checked like any other; again replaces it."""
    known = profiles.parse(text, f"saved/{name}")
    if known.profile != name or not profiles.ADDRESS.fullmatch(f"saved/{name}"):
        raise ValidationError(
            {"name": _("Letters a to z, digits, - and _ only, beginning with a letter or digit.")}
        )
    row = SavedProfile.objects.select_for_update().filter(name=name).first() or SavedProfile(name=name)
    row.version += 0 if row.pk is None else 1
    row.fact, row.text, row.by = known.fact, text, actor.trail_name
    row.full_clean()
    row.save()
    return row


@action("facts.import_file", hidden=("change", "errors"))
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
    errors: Sequence[Sequence[object]] = (),
    change: Change | None = None,
) -> Batch:
    """Commit what an import prepared: the files are listed and the batch is done, or neither.

    errors: the first rejected rows as (line, column, code, message). change: None where the store already
    held every row. Raises store.Conflict where the store moved on.
    """
    if change is not None:
        store.commit(batch.fact, change.add, change.remove, batch, base=change.base)
    batch.state, batch.finished_at, batch.progress = Batch.State.DONE, timezone.now(), 1.0
    batch.rows, batch.new, batch.same = rows, new, same
    batch.corrected, batch.rejected, batch.warnings = corrected, rejected, warnings
    batch.rejects_path, batch.errors = rejects_path, [list(error) for error in errors]
    fields = ("state", "finished_at", "progress", "rows", "new", "same", "corrected", "rejected", "warnings")
    batch.save(update_fields=[*fields, "rejects_path", "errors", "seen_at"])
    return batch


@action("facts.fail_import")
def fail_import(actor: Actor, batch: Batch, *, message: str) -> Batch:
    """Close a batch that could not be imported; nothing of it is in the store. A cancelled one stays so."""
    if Batch.objects.select_for_update().filter(pk=batch.pk, state=Batch.State.DROPPED).exists():
        batch.state = Batch.State.DROPPED
        return batch
    batch.state, batch.finished_at, batch.message = Batch.State.FAILED, timezone.now(), message
    batch.save(update_fields=["state", "finished_at", "message", "seen_at"])
    return batch


@action("facts.register_people", target="unit")
def register_people(
    actor: Actor, unit: Unit, *, codes: Sequence[str], batch: Batch, post: str = ""
) -> dict[str, int]:
    """Register people whom a file names and nobody knows: the code is the name, without sign-in.

    post: the code of the post that they take at the unit. Returns primary keys by code, of those
    known already too. Only profiles with `unknown: register` do this. ValidationError where the post
    cannot be given so.
    """
    row = own_post(post) if post else None
    known = dict(Person.objects.filter(code__in=codes).values_list("code", "pk"))
    fresh = [Person(code=code, name=code, home_unit=unit) for code in codes if code not in known]
    for person in fresh:
        person.set_unusable_password()
        person.full_clean(exclude=["password"])
    made = Person.objects.bulk_create(fresh, batch_size=500)
    if row is not None:
        Assignment.objects.bulk_create(
            [Assignment(person=person, unit=unit, post=row) for person in made], batch_size=500
        )
    return dict(Person.objects.filter(code__in=codes).values_list("code", "pk"))


def own_post(code: str) -> Post:
    """The post, which an import may give: a file must not hand out rights over others (ValidationError)."""
    found = Post.objects.filter(code=code).first()
    role = roles().get(found.role) if found else None
    if found is None:
        raise ValidationError(_("There is no post «%(code)s»; load the pack first.") % {"code": code})
    if role is None or role.reach != "own":
        raise ValidationError(
            _("The post «%(code)s» reaches beyond the own records; an import may not give it.")
            % {"code": code}
        )
    return found


def progress(batch: Batch, share: float) -> None:
    """Note in the ledger how far an import is (0 … 1); not an action: it says nothing that is kept."""
    Batch.objects.filter(pk=batch.pk).update(progress=share, seen_at=timezone.now())


@action("facts.tidy")
def tidy(actor: Actor, *, swept: int, merged: Sequence[str]) -> None:
    """Record what upkeep did: files swept, and months compacted as `fact/month@snapshot`."""
