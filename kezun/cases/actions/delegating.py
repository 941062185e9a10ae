"""Part of a case given to another department: a case of its own, on which the whole one waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import engine, kinds, standing
from kezun.cases.models import Case, Link, Party
from kezun.cases.parties import named_along
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied, OutOfScope
from kezun.org.models import Person, Unit


@action("cases.delegate", hidden=("given",))
def delegate(actor: Actor, case: Case, unit: Unit, given: Mapping[str, Any], kind: str = "") -> Case:
    """Open a part of the case at `unit`, of the case's own kind or of another; returns the part.

    The case cannot be proposed while a part is open. No customer's personal data go along: the part says in
    its title and fields what has to be found out. Who is named steps back from it too. Raises ValidationError
    by field, OutOfScope, Denied.
    """
    row = Case.objects.select_for_update(of=("self",)).select_related("kind").get(pk=case.pk)
    if not row.open:
        raise ValidationError(_("The case has ended: no part of it can be delegated."))
    if isinstance(actor, Person):
        ground = standing.Ground(actor, row)
        if not ground.reached("cases.delegate"):
            raise OutOfScope(_("No such case in your scope."))
        if ground.barred:
            raise Denied(_("You or someone of your unit is named in this case: others have to handle it."))
    now = max(timezone.now(), row.last_at)
    edition = kinds.kind_now(kind) if kind else row.kind
    told = {**given, "owner": unit}
    if Party.Role.NAMED_STAFF in kinds.form_of(edition).parties:
        told["parties"] = [*given.get("parties", ()), *named_along(row)]
    part = engine.open_case(actor, edition, row.unit, told, at=now, part=True)
    Link.objects.create(source=part, target=row, type=Link.Type.PART_OF, at=now)
    engine.apply(row, "join", actor, {"other": part}, at=now)
    return part
