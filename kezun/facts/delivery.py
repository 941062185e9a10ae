"""One file through a door (HTTP, watched folder, import desk), at most once.

A delivery has a key. The first one under a key opens a batch in the ledger; a repeat finds that batch: done,
its summary is given again; failed or killed, it is taken up where it stood; still running, it is refused.
"""

from __future__ import annotations

import time
from pathlib import Path

from django.conf import settings
from django.db import OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from kezun.facts import actions, ledger
from kezun.facts.importing import ImportFailed, Progress, Summary, run_import
from kezun.facts.models import Batch
from kezun.facts.profiles import Profile, ProfileError
from kezun.facts.readers import Unreadable, digest
from kezun.facts.staging import PERMISSION
from kezun.kernel.action import once
from kezun.kernel.actor import Actor, Denied, SystemActor, require
from kezun.kernel.file import path_of
from kezun.kernel.task import progress as tell
from kezun.kernel.task import task
from kezun.org import tokens
from kezun.org.command import refusal
from kezun.org.models import Person

LOOK_EVERY = 1.0
BEFORE_COMMIT = 0.95
WORKER = SystemActor("worker")


class Underway(ImportFailed):
    """The same delivery is being imported at this moment."""


class Stopped(ImportFailed):
    """Somebody cancelled the import while it ran; nothing of it is in the store."""


def deliver(
    actor: Actor,
    path: Path,
    *,
    fact: str,
    profile: Profile,
    address: str,
    name: str,
    key: str,
    sha256: str = "",
) -> Summary:
    """Import one file under a delivery's key; see the module for what a repeat does.

    address: what the ledger calls the profile. key "": no key, content alone decides what is new. sha256:
    where the door has worked it out. Raises what run_import raises, Underway, and
    ValidationError where the key was used before for other content.
    """
    require(actor, PERMISSION)
    facts = {"fact": fact, "profile": address, "name": name, "sha256": sha256 or digest(path)}
    with once(key or None):
        opened: object = actions.start_import(actor, **facts)
    batch = _batch_of(opened)
    if not isinstance(opened, Batch):
        if batch.state == Batch.State.DONE:
            return ledger.summary_of(batch)
        if batch.state == Batch.State.RUNNING and not batch.interrupted and _elsewhere(batch):
            raise Underway(_("This delivery is being imported just now; ask again in a moment."))
        batch = actions.resume_import(actor, batch)
    return run_import(
        actor, path, fact=fact, profile=profile, name=name, batch=batch, progress=watching(actor, batch)
    )


def _batch_of(opened: object) -> Batch:
    """The batch, or the one that a repeat names by its label in the trail."""
    return opened if isinstance(opened, Batch) else Batch.objects.get(pk=int(str(opened).split(":")[1]))


def _elsewhere(batch: Batch) -> bool:
    """Whether another process may be at it; the platform's own doors have one process each, and a lease."""
    return not batch.by.startswith("system:")


def watching(actor: Actor, batch: Batch) -> Progress:
    """A listener that stops an import whose right was taken away, or that somebody cancelled.

    It is asked between chunks and once more just before the commit; it looks at most once a second.
    """
    looked = time.monotonic()

    def step(share: float) -> None:
        nonlocal looked
        tell(share, 1.0)
        now = time.monotonic()
        if now - looked < LOOK_EVERY and share < BEFORE_COMMIT:
            return
        looked = now
        still_allowed(actor)
        if Batch.objects.filter(pk=batch.pk, state=Batch.State.DROPPED).exists():
            raise Stopped(_("Cancelled."))

    return step


def still_allowed(actor: Actor) -> None:
    """Raise Denied unless the actor may import at this moment: token, person and role looked up anew."""
    if isinstance(actor, Person):
        now = tokens.refreshed(actor)
        if now is None:
            raise Denied(_("The token was revoked, has expired, or its person may no longer sign in."))
        require(now, PERMISSION)


@task("facts.run_import")
def run_confirmed(batch: int, by: str) -> None:
    """Bring in what somebody confirmed at the import desk, acting for them; bears repetition."""
    row = Batch.objects.get(pk=batch)
    if row.state not in (Batch.State.WAITING, Batch.State.RUNNING):
        return
    actor = actor_of(by)
    row = actions.resume_import(actor if actor and actor.may(PERMISSION) else WORKER, row)
    try:
        if actor is None:
            raise Denied(_("Whoever confirmed it may no longer sign in."))
        path, listener = path_of(row.sha256), watching(actor, row)
        with translation.override(actor.language or settings.LANGUAGE_CODE):  # the reasons are for them
            run_import(actor, path, fact=row.fact, profile=row.profile, batch=row, progress=listener)
    except (Unreadable, ImportFailed, ProfileError, Denied) as error:
        _note(row, refusal(error) if isinstance(error, Denied) else str(error))
        if isinstance(error.__cause__, OperationalError):
            raise


def _note(row: Batch, message: str) -> None:
    """What the import could not note itself, because it was refused before it began."""
    if Batch.objects.filter(pk=row.pk, state=Batch.State.RUNNING).exists():
        actions.fail_import(WORKER, row, message=message)


def actor_of(name: str) -> Person | None:
    """The person behind `person:12`, if still there and active; a token's right ends with the token."""
    kind, _colon, key = name.partition(":")
    if kind != "person" or not key.isdigit():
        return None
    return Person.objects.filter(pk=int(key), is_active=True).first()
