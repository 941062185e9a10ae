"""Import of a file: read, map, compare with the store, write, commit. The one way from a file to facts.

Nothing is listed before all of it is ready, so a file is in the store as a whole or not at all, whenever the
process is killed. docs/profiles.md tells it to those who bring files.
"""

from __future__ import annotations

import datetime as dt
import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import duckdb
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.facts import actions, comparing, profiles, rejects, store, writing
from kezun.facts.actions import Change
from kezun.facts.duck import duck
from kezun.facts.models import Batch
from kezun.facts.profiles import Profile
from kezun.facts.readers import Unreadable, digest, open_with
from kezun.facts.rejects import Reject
from kezun.facts.staging import PERMISSION, Staging
from kezun.kernel.actor import Actor, require
from kezun.org.models import Unit

ATTEMPTS = 5
READ, COMPARED, WRITTEN = 0.7, 0.8, 0.95
EVERY = 0.5
SHOWN = 20

T = TypeVar("T")
Progress = Callable[[float], None]


class ImportFailed(Exception):
    """The file could be read, but not brought into the store; nothing of it is there. The text says why."""


class RowsRefused(ImportFailed):
    """Rows were to be taken all or none, and some are bad. errors: the reasons of the first ones."""

    def __init__(self, errors: tuple[Reject, ...], rejected: int) -> None:
        self.errors, self.rejected = errors, rejected
        super().__init__("\n".join(_("line %(n)d: %(reason)s") % {"n": e.line, "reason": e} for e in errors))


@dataclass(frozen=True)
class Summary:
    """What became of a file; rows = new + same + corrected + rejected.

    errors: the reasons of the first rejected rows. batch: id in the ledger, None for a dry run.
    """

    fact: str
    rows: int = 0
    new: int = 0
    same: int = 0
    corrected: int = 0
    rejected: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    rejects_file: str | None = None
    batch: int | None = None
    errors: tuple[Reject, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The form that the command line and the API give."""
        names = ("fact", "rows", "new", "same", "corrected", "rejected", "warnings", "rejects_file")
        return {name: getattr(self, name) for name in names}


def run_import(
    actor: Actor,
    path: Path,
    *,
    fact: str,
    profile: str | Profile,
    name: str = "",
    dry_run: bool = False,
    batch: Batch | None = None,
    progress: Progress | None = None,
    whole: bool = False,
) -> Summary:
    """Import one file of `fact` through a profile (`pack/name`, or one made on the spot).

    name: what the ledger calls the file (its own name, by default). dry_run: read, map and compare, write
    nothing at all. batch: a batch of the ledger already opened for this file. progress: told 0 … 1.
    whole: all rows or none, RowsRefused where one is rejected.
    Raises Denied, ProfileError, Unreadable (nothing could be read), ImportFailed; the store is as it was.
    """
    require(actor, PERMISSION)
    known = profiles.load(profile) if isinstance(profile, str) else profile
    if known.fact != fact:
        raise profiles.ProfileError(
            _("The profile is for %(said)s, not for %(wanted)s.") % {"said": known.fact, "wanted": fact}
        )
    address = profile if isinstance(profile, str) else f"{known.source}/{known.profile}"
    run = _Run(actor, path, known, batch, progress or (lambda share: None))
    run.whole = whole
    if dry_run:
        return run.told(lambda: run.go(dry_run=True))
    if not path.is_file():
        raise Unreadable(_("There is no file %(path)s.") % {"path": path})
    if run.batch is None:
        run.batch = run.told(
            lambda: actions.start_import(
                actor, fact=fact, profile=address, name=name or path.name, sha256=digest(path)
            )
        )
    try:
        return run.told(lambda: run.go(dry_run=False))
    except BaseException as error:
        run.close(error)
        raise


class _Run:
    def __init__(
        self, actor: Actor, path: Path, profile: Profile, batch: Batch | None, progress: Progress
    ) -> None:
        self.actor, self.path, self.profile, self.batch = actor, path, profile, batch
        self.listener, self.noted, self.whole = progress, 0.0, False

    def told(self, work: Callable[[], T]) -> T:
        """Do `work`; what the disk, the database or the engine refuse becomes words."""
        try:
            return work()
        except (OSError, duckdb.IOException) as error:
            full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
            text = _("The disk is full: free some space and import again.") if full else str(error)
            raise ImportFailed(text) from error
        except duckdb.OutOfMemoryException as error:
            raise ImportFailed(_("Not enough memory: raise KEZUN_MEMORY or split the file.")) from error
        except OperationalError as error:
            raise ImportFailed(
                _("The database does not answer (%(error)s): import again later.") % {"error": error}
            ) from error

    def go(self, *, dry_run: bool) -> Summary:
        source = open_with(self.path, self.profile)
        with duck() as connection:
            staging = Staging(connection, self.actor, self.profile, source)
            staging.load(lambda share: self.step(share * READ))
            repeats = comparing.settle_repeats(connection, self.profile.fact)
            if repeats:
                staging.warnings["duplicate_row"] += repeats
            rejected = rejects.count(connection)
            summary = Summary(
                self.profile.fact,
                rows=staging.rows,
                rejected=rejected,
                warnings=dict(sorted(staging.warnings.items())),
                errors=tuple(rejects.first(connection, SHOWN)),
            )
            if self.whole and rejected:
                raise RowsRefused(summary.errors, rejected)
            if dry_run:
                met = comparing.meet_store(connection, self.profile.fact, self.profile.source)
                return self.counted(summary, met, repeats)
            assert self.batch is not None
            if rejected:
                path = rejects.folder() / f"batch-{self.batch.pk}.csv"
                rejects.write(connection, source, self.profile, path)
                summary = _with(summary, rejects_file=str(path))
            self.learn_people(staging)
            return self.commit(connection, summary, repeats)

    def learn_people(self, staging: Staging) -> None:
        assert self.batch is not None
        post = self.profile.person.post if self.profile.person else ""
        for pk, codes in staging.unknown_people().items():
            unit = Unit.objects.get(pk=pk)
            try:
                made = actions.register_people(self.actor, unit, codes=codes, batch=self.batch, post=post)
            except ValidationError as error:
                raise ImportFailed(" ".join(error.messages)) from error
            staging.learn_people(made)

    def counted(self, summary: Summary, met: comparing.Met, repeats: int) -> Summary:
        fresh = summary.rows - summary.rejected - repeats - met.same - met.corrected
        return _with(summary, new=fresh, same=met.same + repeats, corrected=met.corrected)

    def commit(self, connection: duckdb.DuckDBPyConnection, summary: Summary, repeats: int) -> Summary:
        """Compare, write and commit; again from the comparison where another commit came between."""
        fact, source = self.profile.fact, self.profile.source
        for attempt in range(1, ATTEMPTS + 1):
            met = comparing.meet_store(connection, fact, source)
            self.step(COMPARED)
            done = self.counted(summary, met, repeats)
            made: list[store.NewFile] = []
            try:
                if done.new or done.corrected:
                    recorded = timezone.now().astimezone(dt.UTC).replace(tzinfo=None)
                    relation = comparing.to_write(connection, fact, source, f"TIMESTAMP '{recorded}'", met)
                    made = writing.write(connection, fact, relation)
                self.step(WRITTEN)
                return self.finish(done, Change(made, met.touched, met.base) if made else None)
            except store.Conflict:
                writing.discard(made)
                if attempt == ATTEMPTS:
                    break
            except BaseException:
                writing.discard(made)
                raise
        raise ImportFailed(_("Other imports of the same source kept coming between: import again."))

    def finish(self, done: Summary, change: Change | None) -> Summary:
        assert self.batch is not None
        actions.import_file(
            self.actor,
            self.batch,
            rows=done.rows,
            new=done.new,
            same=done.same,
            corrected=done.corrected,
            rejected=done.rejected,
            warnings=done.warnings,
            rejects_path=done.rejects_file or "",
            errors=[(e.line, e.column, e.code, e.message) for e in done.errors],
            change=change,
        )
        return _with(done, batch=self.batch.pk)

    def step(self, share: float) -> None:
        self.listener(share)
        now = time.monotonic()
        if self.batch is not None and now - self.noted >= EVERY:
            self.noted = now
            actions.progress(self.batch, share)

    def close(self, error: BaseException) -> None:
        """Note the failure in the ledger; where even that fails, the batch will show as interrupted."""
        if self.batch is None or self.batch.state != Batch.State.RUNNING:
            return
        text = str(error) or _("Stopped.")
        try:
            actions.fail_import(self.actor, self.batch, message=text)
        except OperationalError:
            return


def _with(summary: Summary, **changed: object) -> Summary:
    return Summary(**{**summary.__dict__, **changed})
