"""What a customer adds to their case later on, in their own words."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import engine, payload, sealing
from kezun.cases.models import Case
from kezun.cases.remarks import remark
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied
from kezun.kernel.models import StoredFile
from kezun.org.models import Person

MOST = 5000


@action("cases.add_words", hidden=("words", "files"))
def add_words(actor: Actor, case: Case, *, words: str, files: Sequence[StoredFile] = ()) -> Case:
    """Add the customer's own words and files to an open case; the words lie under the case's key.

    Only the customer does this: staff write notes. Raises ValidationError for an ended case and for nothing.
    """
    if isinstance(actor, Person):
        raise Denied(_("This step is for: %(who)s.") % {"who": _("the customer")})
    plain = payload.text(actor, words, MOST)
    if not plain and not files:
        raise ValidationError(_("Write something or choose a file."))
    if not case.open:
        raise ValidationError(_("This case has ended; nothing can be added any more."))
    if plain:
        sealing.keep_text(case, "added", plain)
        case = engine.apply(case, "note", actor, {"note": remark("customer_added")})
    if files:
        case = engine.apply(case, "attach", actor, {"files": list(files), "stage": "given"})
    return case
