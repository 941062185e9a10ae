"""An organisation loaded in one go, from a pack: adds what is missing, mends what is named otherwise.

A load never deletes and never moves a unit back: what the bank did since stays. Loading the same organisation
twice changes nothing and leaves no entry in the trail.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied, SystemActor
from kezun.org.models import Assignment, Person, Unit
from kezun.org.planning import Loading, Organisation, Plan
from kezun.org.tree import lock_tree, mark_changed, rebuild_paths


def _save(plan: Plan) -> None:
    """Write a plan: runs of one table in one statement each; deputies after those they stand in for."""
    waiting = list(plan.add)
    while waiting:
        table = type(waiting[0])
        run = [r for r in waiting if type(r) is table]
        waiting = [r for r in waiting if type(r) is not table]
        later = [r for r in run if _stands_on(r, run)]
        table._default_manager.bulk_create([r for r in run if r not in later], batch_size=500)
        for record in later:
            record.save()
    for record, fields in plan.change:
        record.save(update_fields=fields)


def _stands_on(record: models.Model, run: list[models.Model]) -> bool:
    """Whether a record refers to one of its own table that is not saved yet (a sub-line, a deputy)."""
    above = record.deputy_for if isinstance(record, Assignment) else getattr(record, "parent", None)
    return isinstance(above, type(record)) and above.pk is None


@action("org.load")
def load_organisation(actor: Actor, organisation: Organisation, *, pack: str, version: int) -> dict[str, int]:
    """Load a pack's organisation; returns how many records of each table were added or changed."""
    lock_tree()
    plan = Loading(organisation).collect()
    _save(plan)
    mark_changed(record.pk for record, _fields in plan.change if isinstance(record, Unit))
    if plan.places_change:
        rebuild_paths()
    return plan.counts()


def load(actor: Actor, organisation: Organisation, *, pack: str, version: int) -> dict[str, int]:
    """`load_organisation`, but where nothing differs nothing is done and nothing recorded."""
    if Loading(organisation).collect().empty:
        return {}
    return load_organisation(actor, organisation, pack=pack, version=version)


@action("org.load_sign_ins", hidden=("password",))
def load_sign_ins(actor: Actor, names: dict[str, str], *, password: str) -> int:
    """Give people (by staff number) a sign-in name and the one password of a demo; returns how many were new.

    Only `kezun demo` calls this: in a real bank everybody chooses a password of their own.
    """
    if not isinstance(actor, SystemActor):
        raise Denied(_("Administrators issue a one-time password; they do not choose one."))
    people = [p for p in Person.objects.filter(code__in=names) if p.username != names[p.code]]
    for person in people:
        person.username, person.password_at = names[person.code], timezone.now()
        person.set_password(password)
        person.save(update_fields=["username", "password", "password_at"])
    return len(people)
