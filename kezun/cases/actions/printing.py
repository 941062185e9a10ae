"""What is handed out on paper and leaves a trace: the receipt of a case."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases.models import Case
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, OutOfScope
from kezun.org.models import Person


@action("cases.print_receipt")
def print_receipt(actor: Actor, case: Case) -> Case:
    """Print the receipt of a case: for whoever registered it, as long as they do not handle it."""
    if isinstance(actor, Person) and case.opener_id != actor.pk:
        raise OutOfScope(_("No such case in your scope."))
    if isinstance(actor, Person) and case.handler_id == actor.pk:
        raise ValidationError(_("Who handles a case does not hold the customer's receipt."))
    return case
